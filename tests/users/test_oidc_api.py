"""Signing in with an identity provider, over HTTP: a stub of one says what it is told to."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from kit.change import Change
from kit.clock import now
from kit.links import sign_link
from services.users import identity_providers
from services.users.domain.accounts import Registration, SentLink
from services.users.domain.invitations import Invitation, Invitee
from services.users.domain.logins import Login, login_id
from services.users.passwords import Passwords
from tests.structures.test_api import pointers
from tests.stub_provider import CLIENT_ID, REDIRECT
from tests.users.belongings import Belongings
from tests.users.house import HASHED, KNOWN
from tests.users.rattaching import a_gift

ADA = "ada@example.org"


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def owner(belongings: Belongings, answer: Any) -> str:
    """Whose session this is."""
    assert answer.status_code == 201, answer.text
    session_id = answer.json()["refresh_token"].partition(".")[0]
    return str((await belongings.collection("sessions").get(session_id)).user_id)


class TestBeginning:
    async def test_says_which_providers_there_are(self, belongings: Belongings):
        answer = await belongings.by()("GET", "/v1/oidc/providers")
        assert answer.json() == {"items": [{"name": "stub-0", "label": "Agents publics"}]}

    async def test_sends_the_browser_with_state_nonce_and_challenge(self, belongings: Belongings):
        first, second = await belongings.begin(), await belongings.begin()

        asked = parse_qs(urlsplit(first["authorization_url"]).query)

        assert asked["tenant"] == ["1"]
        assert asked["response_type"] == ["code"]
        assert asked["client_id"] == [CLIENT_ID]
        assert asked["redirect_uri"] == [REDIRECT]
        assert asked["scope"] == ["openid email profile"]
        assert asked["code_challenge_method"] == ["S256"]
        own = {asked[name][0] for name in ("state", "nonce", "code_challenge")}
        assert len(own) == 3
        other = parse_qs(urlsplit(second["authorization_url"]).query)
        assert own.isdisjoint(other[name][0] for name in ("state", "nonce", "code_challenge"))
        assert first["sign_in"] not in first["authorization_url"]

    @pytest.mark.parametrize(
        ("but", "pointer"),
        [
            ({"provider": "another"}, "/body/provider"),
            ({"redirect_uri": "https://evil.example.org/"}, "/body/redirect_uri"),
            ({"redirect_uri": REDIRECT + "/../x"}, "/body/redirect_uri"),
            ({"redirect_uri": REDIRECT + "?next=x"}, "/body/redirect_uri"),
        ],
    )
    async def test_goes_only_where_it_may(self, belongings: Belongings, but: Any, pointer: str):
        asked = {"provider": "stub-0", "redirect_uri": REDIRECT} | but
        answer = await belongings.by()("POST", "/v1/oidc/authorizations", json=asked)
        assert (answer.status_code, pointers(answer)) == (422, [pointer])

    async def test_keeps_no_secret(self, belongings: Belongings):
        begun = await belongings.begin()
        [kept] = await belongings.collection("provider-sign-ins").documents.find({}).to_list(None)
        asked = parse_qs(urlsplit(begun["authorization_url"]).query)
        for secret in (begun["sign_in"], asked["state"][0], asked["nonce"][0]):
            assert secret not in str(kept)


class TestComingBack:
    async def test_opens_a_new_account_without_password(self, belongings: Belongings):
        answer = await belongings.arrive("s-ada", email="Ada@Example.org")

        account = await belongings.account(await owner(belongings, answer))
        assert (account.status, account.email) == ("active", ADA)
        assert (account.first_name, account.last_name) == ("Ada", "Byron")
        assert account.password_hash == ""
        assert (await belongings.told("person-changed"))[0]["active"] is True
        again = await belongings.arrive("s-ada", email="other@example.org")
        assert await owner(belongings, again) == account.id

    async def test_links_the_account_of_a_verified_address_and_tells_its_owner(
        self, belongings: Belongings
    ):
        ada = await belongings.person(ADA)

        assert await owner(belongings, await belongings.arrive("s-ada", email=ADA)) == ada
        [told] = await belongings.told("identity-linked")
        assert (told["user_id"], told["provider"]) == (ada, "Agents publics")
        assert (await belongings.account(ada)).password_hash == "hash-of-lea"
        await belongings.arrive("s-ada", email=ADA)
        assert len(await belongings.told("identity-linked")) == 1

    @pytest.mark.parametrize(
        "claims",
        [{"email_verified": False}, {"email_verified": None}, {"email": None}, {"email": "x"}],
    )
    async def test_links_nothing_by_an_address_that_is_not_verified(
        self, belongings: Belongings, claims: Any
    ):
        await belongings.person(ADA)
        refused = await belongings.arrive("s-mallory", **{"email": ADA} | claims)
        assert kind(refused) == (401, "email-not-verified")
        assert await belongings.collection("linked-identities").select({}) == []

    @pytest.mark.parametrize("email", ["ada@faß.de", "ada@xn--fa-hia.de"])
    async def test_opens_no_account_of_another_domain(self, belongings: Belongings, email: str):
        """Folded as words are, the sharp s would be the domain of somebody else."""
        ada = await belongings.person("ada@fass.de")

        other = await owner(belongings, await belongings.arrive("s-mallory", email=email))

        assert other != ada
        assert (await belongings.account(other)).email == "ada@xn--fa-hia.de"

    async def test_a_linked_identity_needs_no_address_any_more(self, belongings: Belongings):
        first = await owner(belongings, await belongings.arrive("s-ada", email=ADA))
        again = await belongings.arrive("s-ada", email=None)
        assert await owner(belongings, again) == first

    async def test_what_somebody_else_typed_before_is_void(self, belongings: Belongings):
        """Whoever registers with an address of others waits for its owner to sign in: in vain."""
        typed = Registration(first_name="Mallory", last_name="M", password_hash="of-mallory")
        link = SentLink(
            nonce="n",
            purpose="activation",
            expires_at=now() + timedelta(hours=1),
            registration=typed,
        )
        ada = await belongings.person(
            ADA, status="pending", first_name="Mallory", password_hash="", links=(link,)
        )

        assert await owner(belongings, await belongings.arrive("s-ada", email=ADA)) == ada

        account = await belongings.account(ada)
        assert (account.status, account.first_name, account.links) == ("active", "Ada", ())
        assert account.password_hash == ""

    @pytest.mark.parametrize("status", ["deactivated", "erased"])
    async def test_a_closed_account_stays_closed(self, belongings: Belongings, status: str):
        first = await owner(belongings, await belongings.arrive("s-ada", email=ADA))
        await belongings.collection("accounts").change(
            first, lambda current: Change(replace(current, status=status))
        )
        assert kind(await belongings.arrive("s-ada", email=ADA)) == (401, "account-not-open")
        assert kind(await belongings.arrive("s-new", email=ADA)) == (401, "account-not-open")

    async def test_an_address_that_was_left_opens_nothing(self, belongings: Belongings):
        ada = await belongings.person(ADA)
        moved = "moved@example.org"
        await belongings.collection("accounts").change(
            ada, lambda current: Change(replace(current, email=moved))
        )
        assert kind(await belongings.arrive("s-ada", email=ADA)) == (401, "account-not-open")

    async def test_a_second_factor_still_stands_before_the_session(self, belongings: Belongings):
        ada = await owner(belongings, await belongings.arrive("s-ada", email=ADA))
        known = {"current_password": "a long enough one"}
        made = (await belongings.by(ada)("POST", "/v1/second-factor", json={})).json()
        code = pyotp.TOTP(made["secret"]).at(now() - timedelta(seconds=30))
        shown = known | {"code": code}
        without = await belongings.by(ada)("PUT", "/v1/second-factor", json=shown)
        assert kind(without) == (422, "wrong-password")
        hashed = await Passwords(memory=64, passes=1).hash(known["current_password"])
        await belongings.collection("accounts").change(
            ada, lambda current: Change(replace(current, password_hash=hashed))
        )
        on = await belongings.by(ada)("PUT", "/v1/second-factor", json=shown)
        assert on.status_code == 200, on.text

        challenged = await belongings.arrive("s-ada", email=ADA)
        assert challenged.status_code == 202
        answer = {"challenge": challenged.json()["challenge"]}
        answer["code"] = pyotp.TOTP(made["secret"]).at(now())
        done = await belongings.by()("POST", "/v1/sessions/challenge", json=answer)
        assert await owner(belongings, done) == ada

    async def test_takes_the_address_from_the_userinfo_endpoint(self, belongings: Belongings):
        belongings.provider.in_token = False
        ada = await owner(belongings, await belongings.arrive("s-ada", email=ADA))
        assert (await belongings.account(ada)).first_name == "Ada"

    @pytest.mark.parametrize(
        ("in_token", "asked", "status"),
        [
            ({"email": ADA, "email_verified": None}, {"email_verified": True}, 201),
            ({"email": None}, {"email": ADA, "email_verified": None}, 401),
            ({}, {"email": ADA, "email_verified": None}, 201),
        ],
    )
    async def test_believes_what_is_verified_only_of_the_address_said_beside_it(
        self, belongings: Belongings, in_token: Any, asked: Any, status: int
    ):
        """An ID token and the UserInfo endpoint may each speak of another address."""
        await belongings.person(ADA)
        own = {"email": "mallory@example.org", "email_verified": True}

        answer = await belongings.arrive("s-mallory", lies=own | in_token, **own | asked)

        assert answer.status_code == status
        linked = await belongings.collection("linked-identities").select({})
        opened = [(await belongings.account(one.user_id)).email for one in linked]
        assert opened == ["mallory@example.org"] * (status == 201)

    @pytest.mark.feature("RAT-13")
    async def test_accepts_what_invites_the_verified_address(self, belongings: Belongings):
        """As activating does: a worker attaches those who have accepted."""
        ada = await belongings.person(ADA, status="pending", password_hash="")
        good = Invitation(gift=a_gift(), nonce="n-1", expires_at=now() + timedelta(days=1))
        late = Invitation(gift=a_gift(id="g-2"), nonce="n-2", expires_at=now())
        invitee = Invitee(id=ada, email=ADA, invitations=(late, good))
        invitees = belongings.collection("invitees")
        await invitees.change(ada, lambda _: Change(invitee))

        assert await owner(belongings, await belongings.arrive("s-ada", email=ADA)) == ada

        accepted = await invitees.get(ada)
        assert accepted.invitations == (good,)
        assert accepted.accepted_at == accepted.wake_at
        assert accepted.accepted_at <= now()

    async def test_greets_nobody_by_a_name_that_is_not_seen(self, belongings: Belongings):
        names = {"given_name": "\u202e\u3164", "family_name": "By\u2028ron\u200b"}
        ada = await owner(belongings, await belongings.arrive("s-ada", email=ADA, **names))
        account = await belongings.account(ada)
        assert (account.first_name, account.last_name) == ("", "By ron")

    async def test_many_at_once_open_one_account(self, belongings: Belongings):
        answers = await asyncio.gather(*(belongings.arrive("s-ada", email=ADA) for _ in range(6)))
        assert len({await owner(belongings, one) for one in answers}) == 1
        assert len(await belongings.collection("accounts").select({})) == 1


class TestOneSignIn:
    async def test_is_good_once(self, belongings: Belongings):
        begun = await belongings.begin()
        back = belongings.provider.sign_in(
            begun["authorization_url"], "s-ada", email=ADA, email_verified=True
        )
        answers = await asyncio.gather(*(belongings.finish(begun, back) for _ in range(4)))
        assert sorted(one.status_code for one in answers) == [201, 401, 401, 401]

    async def test_is_of_the_browser_that_began_it(self, belongings: Belongings):
        """Sign-in CSRF: the victim's browser is brought back with the attacker's code and state."""
        attackers, victims = await belongings.begin(), await belongings.begin()
        back = belongings.provider.sign_in(
            attackers["authorization_url"], "s-mallory", email="m@example.org", email_verified=True
        )

        assert kind(await belongings.finish(victims, back)) == (401, "sign-in-over")
        guessed = {"sign_in": "A" * 43}
        assert kind(await belongings.finish(guessed, back)) == (401, "sign-in-over")
        # Nor was either used up.
        assert (await belongings.finish(attackers, back)).status_code == 201

    async def test_is_refused_from_another_issuer(self, belongings: Belongings):
        begun = await belongings.begin()
        back = belongings.provider.sign_in(begun["authorization_url"], "s-ada")
        answer = await belongings.finish(begun, back, iss="https://evil.example.org")
        assert kind(answer) == (401, "sign-in-over")

    async def test_expires(self, belongings: Belongings, monkeypatch: pytest.MonkeyPatch):
        begun = await belongings.begin()
        back = belongings.provider.sign_in(begun["authorization_url"], "s-ada")
        later = now() + timedelta(minutes=10, seconds=1)
        monkeypatch.setattr("services.users.api.oidc.now", lambda: later)
        assert kind(await belongings.finish(begun, back)) == (401, "sign-in-over")

    async def test_a_code_of_another_sign_in_is_refused(self, belongings: Belongings):
        """PKCE: the verifier of one does not fit the challenge of the other."""
        one, other = await belongings.begin(), await belongings.begin()
        stolen = belongings.provider.sign_in(one["authorization_url"], "s-ada", email=ADA)
        own = belongings.provider.sign_in(other["authorization_url"], "s-eve")
        answer = await belongings.finish(other, own | {"code": stolen["code"]})
        assert kind(answer) == (401, "provider-refused")


class TestAnIdToken:
    @pytest.mark.parametrize(
        "lies",
        [
            {"iss": "https://evil.example.org"},
            {"aud": "another client"},
            {"aud": [CLIENT_ID, "another"]},
            {"azp": "another client"},
            {"aud": None},
            {"exp": 1},
            {"exp": None},
            {"iat": 9_999_999_999},
            {"nonce": "of another sign-in"},
            {"nonce": None},
            {"sub": None},
            {"sub": ""},
            {"sub": ["x"]},
            {"nbf": 9_999_999_999},
        ],
        ids=str,
    )
    async def test_is_refused_with_a_wrong_claim(self, belongings: Belongings, lies: Any):
        refused = await belongings.arrive("s-ada", email=ADA, lies=lies)
        assert kind(refused) == (401, "provider-refused")
        assert await belongings.collection("accounts").select({}) == []

    @pytest.mark.parametrize("algorithm", ["none", "HS256"])
    async def test_is_refused_unsigned_or_signed_with_the_public_key(
        self, belongings: Belongings, algorithm: str
    ):
        belongings.provider.algorithm = algorithm
        refused = await belongings.arrive("s-ada", email=ADA)
        assert kind(refused) == (401, "provider-refused")

    async def test_is_read_with_new_keys_once_they_are_there(
        self, belongings: Belongings, monkeypatch: pytest.MonkeyPatch
    ):
        assert (await belongings.arrive("s-ada", email=ADA)).status_code == 201
        belongings.provider.rotate()
        monkeypatch.setattr(identity_providers, "KEYS_AGAIN_AFTER", 0)

        assert (await belongings.arrive("s-ada", email=ADA)).status_code == 201

        asked = belongings.provider.asked_for_keys
        assert (await belongings.arrive("s-ada", email=ADA)).status_code == 201
        assert belongings.provider.asked_for_keys == asked

    async def test_with_an_unknown_key_has_keys_looked_for_now_and_then(
        self, belongings: Belongings
    ):
        assert (await belongings.arrive("s-ada", email=ADA)).status_code == 201
        known, asked = belongings.provider.key, belongings.provider.asked_for_keys
        belongings.provider.rotate()
        for _ in range(3):
            assert kind(await belongings.arrive("s-x", email=ADA)) == (401, "provider-refused")
        assert belongings.provider.asked_for_keys - asked <= 1
        belongings.provider.key = known


class TestAProvider:
    async def test_that_is_away_is_503(self, belongings: Belongings):
        said = belongings.service.settings.oidc_providers[0]
        absent = said.model_copy(update={"issuer": "http://127.0.0.1:9"})
        one = identity_providers.IdentityProvider(absent, patience=0.5)
        with pytest.raises(identity_providers.ProviderUnavailable):
            await one.sends_to(REDIRECT, state="s", nonce="n", verifier="v")

    @pytest.mark.parametrize(
        "metadata",
        [
            {"issuer": "https://evil.example.org"},
            {"token_endpoint": "http://evil.example.org/token"},
            {"jwks_uri": "file:///etc/passwd"},
            {"userinfo_endpoint": "http://10.0.0.1/"},
            {"authorization_endpoint": "javascript:alert(1)"},
        ],
        ids=str,
    )
    async def test_that_is_not_the_one_it_should_be_is_not_believed(
        self, belongings: Belongings, metadata: Any
    ):
        belongings.provider.metadata |= metadata
        said = belongings.service.settings.oidc_providers[0]
        one = identity_providers.IdentityProvider(said, patience=2)
        with pytest.raises(identity_providers.ProviderUnavailable):
            await one.sends_to(REDIRECT, state="s", nonce="n", verifier="v")


class TestLinkedIdentities:
    async def test_of_a_thief_go_when_the_login_is_taken_back_even_from_a_closed_account(
        self, belongings: Belongings
    ):
        ada, theirs = await belongings.person(ADA, password_hash=HASHED), "mallory@evil.example"
        week = now() + timedelta(days=7)
        undo = SentLink(
            nonce="undo",
            purpose="login-cancellation",
            email=ADA,
            expires_at=week,
            asked_at=now(),
        )
        await belongings.collection("accounts").change(
            ada, lambda current: Change(replace(current, email=theirs, links=(undo,)))
        )
        claim = Login(id=login_id(theirs), user_id=ada)
        await belongings.collection("logins").change(claim.id, lambda _: Change(claim))
        assert await owner(belongings, await belongings.arrive("s-mallory", email=theirs)) == ada
        said = KNOWN | {"confirmed": True}
        left = await belongings.by(ada)("PUT", "/v1/me/deactivation", json=said)
        assert left.status_code == 204

        key = belongings.service.settings.link_key.get_secret_value()
        token = sign_link(
            key, purpose="login-cancellation", user_id=ada, nonce="undo", expires_at=week
        )
        path = "/v1/accounts/login-cancellation"
        taken_back = await belongings.by()("POST", path, json={"token": token})
        assert taken_back.status_code == 200, taken_back.text

        assert await belongings.collection("linked-identities").select({}) == []
        assert kind(await belongings.arrive("s-mallory", email=theirs)) == (401, "account-not-open")
        account = await belongings.account(ada)
        assert (account.status, account.email, account.linked_ids) == ("deactivated", ADA, ())
        await belongings.by()("POST", "/v1/accounts/reactivation-links", json={"email": ADA})
        [link] = (await belongings.account(ada)).links
        assert link.purpose == "reactivation"

    async def test_go_with_a_forgotten_password_and_come_back_by_the_verified_address_alone(
        self, belongings: Belongings
    ):
        ada = await owner(belongings, await belongings.arrive("s-ada", email=ADA))
        link = SentLink(
            nonce="new", purpose="password-reset", expires_at=now() + timedelta(hours=1)
        )
        await belongings.collection("accounts").change(
            ada, lambda current: Change(replace(current, links=(link,)))
        )
        key = belongings.service.settings.link_key.get_secret_value()
        token = sign_link(
            key, purpose=link.purpose, user_id=ada, nonce="new", expires_at=link.expires_at
        )

        chosen = {"token": token, "password": "correct horse battery"}
        replaced = await belongings.by()("POST", "/v1/password-resets/confirmation", json=chosen)

        assert replaced.status_code == 200, replaced.text
        assert await belongings.collection("linked-identities").select({}) == []
        assert kind(await belongings.arrive("s-ada", email=None)) == (401, "email-not-verified")
        assert await owner(belongings, await belongings.arrive("s-ada", email=ADA)) == ada

    async def test_are_seen_and_given_up_by_their_owner(self, belongings: Belongings):
        ada = await owner(belongings, await belongings.arrive("s-ada", email=ADA))
        omar = await belongings.person()
        [one] = (await belongings.by(ada)("GET", "/v1/me/identities")).json()["items"]
        path = f"/v1/me/identities/{one['id']}"
        assert one["provider"] == "stub-0"

        assert (await belongings.by(omar)("GET", "/v1/me/identities")).json()["items"] == []
        assert (await belongings.by(omar)("DELETE", path)).status_code == 404
        assert (await belongings.by(ada)("DELETE", path)).status_code == 204
        assert (await belongings.by(ada)("DELETE", path)).status_code == 404
        assert kind(await belongings.arrive("s-ada", email=None)) == (401, "email-not-verified")
