"""The main job, as people and other systems do it: over real HTTP, Kafka protocol and SMTP."""

from functools import partial

import pytest

from deploy.installation import service_names
from kit.clock import today
from tests.platform import (
    PASSWORD,
    Platform,
    User,
    an_address,
    answered,
    refused,
    token_in,
    until,
)


@pytest.fixture
async def claire(platform: Platform) -> User:
    return await platform.register("Claire")


@pytest.fixture
async def lea(platform: Platform) -> User:
    return await platform.register("Léa", "Dupont", email=an_address("lea"))


class TestOpeningAnAccount:
    @pytest.mark.feature("ACC-25", "NOT-08")
    async def test_takes_the_link_of_a_letter(self, platform: Platform) -> None:
        email = an_address("nadia")
        account = {"email": email, "first_name": "Nadia", "last_name": "Faure"}
        wanted = account | {"password": PASSWORD}
        assert answered(await platform.ask("POST", "/v1/accounts", json=wanted), 202)
        credentials = {"email": email, "password": PASSWORD}
        early = await platform.ask("POST", "/v1/sessions", json=credentials)
        refused(early, 401, "wrong-credentials")

        token = token_in(await platform.letter(email, "Activez"))
        for _ in range(2):  # A mail program may follow the link before its reader does.
            activated = await platform.ask("POST", "/v1/accounts/activation", json={"token": token})
            answered(activated, 200)
        nadia = await platform.sign_in(email)
        me = answered(await platform.ask("GET", "/v1/me", by=nadia), 200)
        assert (me["personal"]["first_name"], me["operator"]) == ("Nadia", False)

    @pytest.mark.feature("ACC-01")
    async def test_answers_the_same_for_an_address_that_has_one(
        self, platform: Platform, claire: User
    ) -> None:
        again = {"email": claire.email.upper(), "first_name": "X", "last_name": "Y"}
        body = again | {"password": PASSWORD}
        taken = await platform.ask("POST", "/v1/accounts", json=body)
        body["email"] = an_address("free")
        free = await platform.ask("POST", "/v1/accounts", json=body)
        assert answered(taken, 202) == answered(free, 202)
        assert taken.headers.keys() == free.headers.keys()
        await platform.letter(claire.email, "déjà")
        await platform.sign_in(claire.email)


class TestARattachement:
    @pytest.mark.feature("STR-04", "STR-05", "STR-17")
    async def test_begins_with_a_structure(self, platform: Platform, claire: User) -> None:
        """Whoever creates it reads it at once and in full, and manages it."""
        created = await platform.create_structure(claire)
        structure = created.json()
        assert structure["legal_name"]
        assert structure["kind"] == "private"
        path = created.headers["location"]
        assert answered(await platform.ask("GET", path, by=claire), 200) == structure
        listed = await platform.ask("GET", "/v1/rattachements", by=claire, after=created)
        [mine] = answered(listed, 200)["items"]
        assert (mine["structure_id"], mine["role"], mine["status"]) == (
            structure["id"],
            "principal_manager",
            "granted",
        )

    @pytest.mark.feature("RAT-04", "RAT-09", "RAT-10", "APP-03", "APP-05", "APP-06", "NOT-09")
    async def test_is_asked_for_and_reaches_the_principal_manager(
        self, platform: Platform, claire: User, lea: User
    ) -> None:
        created = await platform.create_structure(claire)
        asked = await platform.request_rattachement(lea, created, comment="Je compte.")
        request = asked.json()
        assert request["status"] == "requested"

        waiting = await platform.ask("GET", "/v1/approvals?state=requested", by=claire, after=asked)
        listed = answered(waiting, 200)
        [approval] = listed["items"]
        assert (listed["pending"], listed["next"]) == (1, None)
        assert approval["id"] == request["id"]
        assert approval["requester"] == {"id": lea.id, "name": "Léa Dupont"}
        assert approval["structure_id"] == created.json()["id"]
        assert approval["comment"] == "Je compte."

        letter = await platform.letter(claire.email, "rattachement")
        assert "Léa Dupont" in letter
        assert lea.email not in letter
        card = await platform.ask("GET", created.headers["location"], by=lea)
        assert "created_by" not in answered(card, 200)

    @pytest.mark.feature("RAT-01", "APP-13", "APP-19", "NOT-10", "STR-53")
    async def test_once_approved_opens_the_structure(
        self, platform: Platform, claire: User, lea: User
    ) -> None:
        created = await platform.create_structure(claire)
        asked = await platform.request_rattachement(lea, created)
        decided = await platform.decide(claire, asked, verdict="approved")
        assert decided.json()["state"] == "approved"

        path = f"/v1/rattachements/{asked.json()['id']}"
        mine = answered(await platform.ask("GET", path, by=lea, after=decided), 200)
        assert (mine["status"], mine["role"]) == ("granted", "user")
        record = await until(
            partial(platform.ask, "GET", created.headers["location"], by=lea, after=decided),
            lambda seen: "created_by" in answered(seen, 200),  # users told it, not approvals
        )
        assert record.json()["created_by"] == claire.id
        letter = await platform.letter(lea.email, "acceptée")
        assert created.json()["legal_name"] in letter

    @pytest.mark.feature("APP-14", "NOT-10", "RAT-10")
    async def test_once_refused_stays_closed_and_says_why(
        self, platform: Platform, claire: User, lea: User
    ) -> None:
        created = await platform.create_structure(claire)
        asked = await platform.request_rattachement(lea, created)
        path = f"/v1/approvals/{asked.json()['id']}/decision"
        for reason in ({}, {"reason": "  "}):
            silent = await platform.ask(
                "PUT", path, by=claire, after=asked, json={"verdict": "refused"} | reason
            )
            refused(silent, 422, "reason-missing", "body/reason")
        reason = "Inconnue <de> nos services & partie."
        decided = await platform.decide(claire, asked, verdict="refused", reason=reason)

        listed = await platform.ask("GET", "/v1/rattachements", by=lea, after=decided)
        [mine] = answered(listed, 200)["items"]
        assert (mine["status"], mine["reason"], mine["role"]) == ("refused", reason, None)
        assert reason in await platform.letter(lea.email, "refusée")
        card = await platform.ask("GET", created.headers["location"], by=lea, after=decided)
        assert "created_by" not in answered(card, 200)

    @pytest.mark.feature("APP-15")
    async def test_is_never_decided_by_its_requester(
        self, platform: Platform, claire: User, lea: User
    ) -> None:
        asked = await platform.request_rattachement(lea, await platform.create_structure(claire))
        path = f"/v1/approvals/{asked.json()['id']}/decision"
        own = await platform.ask("PUT", path, by=lea, after=asked, json={"verdict": "approved"})
        refused(own, 403, "not-your-own")
        waiting = await platform.ask("GET", "/v1/approvals", by=lea, after=asked)
        listed = answered(waiting, 200)
        assert (listed["items"], listed["pending"]) == ([], 0)
        still = answered(await platform.ask("GET", "/v1/rattachements", by=lea), 200)
        assert [one["status"] for one in still["items"]] == ["requested"]

    @pytest.mark.feature("APP-13", "APP-20")
    async def test_is_decided_once(self, platform: Platform, claire: User, lea: User) -> None:
        asked = await platform.request_rattachement(lea, await platform.create_structure(claire))
        decided = await platform.decide(claire, asked, verdict="approved")
        again = await platform.decide(claire, asked, verdict="approved")
        assert again.json() == decided.json()
        otherwise = await platform.ask(
            "PUT",
            f"/v1/approvals/{asked.json()['id']}/decision",
            by=claire,
            json={"verdict": "refused", "reason": "Trop tard."},
        )
        refused(otherwise, 409, "already-decided")
        await platform.letter(lea.email, "acceptée")
        subjects = [one["subject"] for one in platform.letters(lea.email)]
        assert len(subjects) == 2  # this one, and the link that activated the account

    @pytest.mark.feature("RAT-11")
    async def test_is_asked_for_once_however_often_the_request_is_sent(
        self, platform: Platform, claire: User, lea: User
    ) -> None:
        created = await platform.create_structure(claire)
        wanted = {"structure_id": created.json()["id"], "valid_from": today().isoformat()}
        same = {"json": wanted, "by": lea, "after": created}
        key = {"idempotency-key": "ask-once"}
        first = await platform.ask("POST", "/v1/rattachements", headers=key, **same)
        again = await until(  # The first answer is kept a moment after it was given.
            partial(platform.ask, "POST", "/v1/rattachements", headers=key, **same),
            lambda seen: answered(seen, 202) and "idempotency-replayed" in seen.headers,
        )
        assert first.json() == again.json()
        refused(await platform.ask("POST", "/v1/rattachements", **same), 409, "already-requested")
        refused(
            await platform.ask(
                "POST",
                "/v1/rattachements",
                headers=key,
                by=lea,
                json=same["json"] | {"comment": "Another."},
            ),
            422,
            "idempotency-key-reused",
            "header/idempotency-key",
        )


class TestASession:
    async def test_is_refreshed_and_its_old_token_ends_it(
        self, platform: Platform, lea: User
    ) -> None:
        refresh = partial(platform.ask, "POST", "/v1/sessions/refresh")
        first = answered(await refresh(json={"refresh_token": lea.refresh_token}), 200)
        second = answered(await refresh(json={"refresh_token": first["refresh_token"]}), 200)
        refreshed = User(lea.email, second["access_token"])
        answered(await platform.ask("GET", "/v1/me", by=refreshed), 200)

        stolen = await refresh(json={"refresh_token": lea.refresh_token})
        refused(stolen, 401, "session-ended")
        await self.ends(platform, refreshed)
        rightful = await refresh(json={"refresh_token": second["refresh_token"]})
        refused(rightful, 401, "session-ended")

    async def test_is_revoked_from_another_device(self, platform: Platform, lea: User) -> None:
        telephone = await platform.sign_in(lea.email)
        listed = answered(await platform.ask("GET", "/v1/sessions", by=telephone), 200)
        [other] = [one["id"] for one in listed["items"] if not one["current"]]
        answered(await platform.ask("DELETE", f"/v1/sessions/{other}", by=telephone), 204)
        await self.ends(platform, lea)
        answered(await platform.ask("GET", "/v1/me", by=telephone), 200)

    async def test_ends_where_one_signs_out(self, platform: Platform, lea: User) -> None:
        answered(await platform.ask("DELETE", "/v1/sessions/current", by=lea), 204)
        await self.ends(platform, lea)

    async def ends(self, platform: Platform, user: User) -> None:
        """The gateway hears of it, and refuses the access token from then on."""
        me = partial(platform.ask, "GET", "/v1/me", by=user)
        refusal = await until(me, lambda answer: answer.status_code != 200)
        refused(refusal, 401, "session-ended")


class TestAForgottenPassword:
    async def test_is_replaced_by_the_link_of_a_letter(self, platform: Platform, lea: User) -> None:
        for email in (lea.email, an_address("nobody")):
            asked = await platform.ask("POST", "/v1/password-resets", json={"email": email})
            assert answered(asked, 202) == {"status": "accepted"}
        token = token_in(await platform.letter(lea.email, "mot de passe"))
        chosen = {"token": token, "password": "un autre mot de passe, tout neuf"}
        confirm = partial(platform.ask, "POST", "/v1/password-resets/confirmation", json=chosen)
        answered(await confirm(), 200)

        await TestASession().ends(platform, lea)
        await platform.sign_in(lea.email, chosen["password"])
        old = {"email": lea.email, "password": PASSWORD}
        refused(await platform.ask("POST", "/v1/sessions", json=old), 401, "wrong-credentials")
        refused(await confirm(), 422, "link-no-longer-valid", "body/token")


class TestAnotherSystem:
    async def test_reads_the_structures_it_was_given(
        self, platform: Platform, operator: User, claire: User
    ) -> None:
        given = await platform.create_structure(claire)
        system = await platform.system(operator, given.json()["id"])
        card = answered(await platform.ask("GET", given.headers["location"], by=system), 200)
        assert card["status"] == "active"
        assert "created_by" not in card

        refused(await platform.ask("GET", "/v1/approvals", by=system), 403)
        path = f"/v1/clients/{system.id}"
        answered(await platform.ask("DELETE", path, by=operator), 204)

    async def test_without_its_secret_gets_no_token(
        self, platform: Platform, operator: User
    ) -> None:
        system = await platform.system(operator)
        form = {"grant_type": "client_credentials", "client_id": system.id}
        wrong = await platform.ask("POST", "/v1/tokens", data=form | {"client_secret": "x"})
        assert answered(wrong, 401)["error"] == "invalid_client"


class TestOperators:
    async def test_see_that_all_is_well(self, platform: Platform, operator: User) -> None:
        health = answered(await platform.ask("GET", "/v1/ops/health", by=operator), 200)
        services = {one["service"] for one in health["services"]}
        assert health["ready"]
        assert services == {*service_names()}
        parked = answered(await platform.ask("GET", "/v1/ops/parked", by=operator), 200)
        assert (parked["next"], parked["silent"]) == (None, [])
        assert not [one for one in parked["items"] if one["blocks"]]  # only what is not from us

    async def test_see_how_far_each_service_has_heard(
        self, platform: Platform, operator: User, claire: User
    ) -> None:
        await platform.create_structure(claire)
        lag = answered(await platform.ask("GET", "/v1/ops/lag", by=operator), 200)
        heard = {one["service"]: one["heard"] for one in lag["services"]}
        assert lag["silent"] == []
        assert any(place.startswith("structures.events/") for place in heard["users"])

    async def test_see_letters_but_no_link_and_no_address(
        self, platform: Platform, operator: User
    ) -> None:
        claire = await platform.register("Claire")
        sent = await platform.letter(claire.email, "Activez")
        page = answered(await platform.ask("GET", "/v1/ops/letters?size=500", by=operator), 200)
        [letter] = [
            one
            for one in page["items"]
            if (one["recipient_id"], one["template"]) == (claire.id, "activation")
        ]
        path = f"/v1/ops/letters/{letter['id']}"
        read = answered(await platform.ask("GET", path, by=operator), 200)
        assert letter["status"] == "sent"
        assert "Bonjour" in read["text"]
        for shown in map(str, (page, read)):
            assert token_in(sent) not in shown
            assert claire.email not in shown
