"""How a session is opened, renewed and ended."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import SessionRevoked
from kit.attempts import Attempts
from kit.change import Change
from services.users.domain.accounts import (
    Account,
    AccountMoved,
    LinkNoLongerValid,
    SecondFactor,
    SecretQuestion,
)
from services.users.domain.emails import confirm_contact
from services.users.domain.passwords import WrongPassword
from services.users.domain.provider_sign_ins import LinkedIdentity
from services.users.domain.questions import AnswerNeeded
from services.users.domain.sessions import (
    GRACE,
    NoSuchSession,
    Session,
    WrongCredentials,
    change_password,
    end_others,
    expire,
    refresh,
    rehash,
    reset_password,
    revoke,
    sign_in,
)
from tests.users.people import ACCESS, NOW, a_link, a_session, a_token, an_account


def signed_in(account: Account | None, *oldest: Session | None, **but: Any) -> Any:
    asked = {
        "session": a_session(),
        "password_version": 0,
        "asked_for": None,
        "attempted_at": NOW,
        "access_for": ACCESS,
    }
    tries, address = but.pop("tries", None), but.pop("from_address", None)
    return sign_in(tries, address, account, None, *oldest, **asked | but)


class TestSignIn:
    def test_opens_a_session_and_clears_the_failures(self):
        tries = Attempts(id="a", made=(NOW,) * 4)

        cleared, _, account, session = signed_in(an_account(), tries=tries)

        assert cleared.state is None
        assert account.state.session_ids == ("s-1",)
        assert session.state == a_session()

    def test_gives_its_address_back_one_try_and_no_more(self):
        earlier = NOW - timedelta(minutes=1)
        address = Attempts(id="b", made=(earlier, NOW))

        _, kept, *_ = signed_in(an_account(), from_address=address)

        assert kept.state.made == (earlier,)

    def test_ends_the_oldest_to_make_room(self):
        old = a_session(id="s-0")

        _, _, account, _, ended = signed_in(an_account(session_ids=("s-0", "s-5")), old)

        assert account.state.session_ids == ("s-5", "s-1")
        assert ended.state.revoked_at == NOW
        assert [type(event) for event in ended.events] == [SessionRevoked]

    @pytest.mark.parametrize(
        "account",
        [None, an_account(status="pending"), an_account(status="deactivated")],
    )
    def test_is_for_active_accounts(self, account: Account | None):
        with pytest.raises(WrongCredentials):
            signed_in(account)

    def test_is_refused_when_the_password_was_replaced_meanwhile(self):
        with pytest.raises(WrongCredentials):
            signed_in(an_account(password_version=1))

    @pytest.mark.parametrize(
        "factor", [{"email_codes": True}, {"second_factor": SecondFactor(secret="x", on=True)}]
    )
    def test_passes_over_no_second_factor_that_was_turned_on_meanwhile(self, factor: Any):
        with pytest.raises(AccountMoved):
            signed_in(an_account(**factor))


class TestRehash:
    def test_keeps_the_same_password_under_another_hash(self):
        account = an_account(password_hash="old")

        renewed = rehash(account, known="old", renewed="new")

        assert (renewed.state.password_hash, renewed.events) == ("new", ())
        assert renewed.state.password_version == account.password_version

    def test_leaves_a_password_that_was_replaced_meanwhile(self):
        account = an_account(password_hash="another")

        assert rehash(account, known="old", renewed="new").state == account


def refreshed(session: Session | None, **but: Any) -> Any:
    account = but.pop("account", an_account(session_ids=("s-1",)))
    asked = {"shown": a_token(), "new_secret": "secret-2", "access_for": ACCESS, "now": NOW}
    return refresh(session, account, **asked | but)


class TestRefresh:
    def test_uses_the_token_up(self):
        later = NOW + timedelta(minutes=5)

        session, _ = refreshed(a_session(), now=later)

        assert session.state.secret_hash == "secret-2"
        assert session.state.last_used_at == later
        assert session.events == ()

    def test_gives_a_lost_answer_again(self):
        renewed = refreshed(a_session())[0].state

        again, _ = refreshed(renewed, now=NOW + GRACE)

        assert again.state == renewed

    def test_ends_the_session_of_a_token_used_twice(self):
        renewed = refreshed(a_session())[0].state

        session, account = refreshed(renewed, now=NOW + GRACE + timedelta(seconds=1))

        assert session.state.revoked_at
        assert [type(event) for event in session.events] == [SessionRevoked]
        assert account.state.session_ids == ()

    def test_changes_nothing_for_a_token_that_was_never_issued(self):
        session, _ = refreshed(a_session(), shown=a_token(family="made up"))

        assert session.state == a_session()

    @pytest.mark.parametrize(
        "session",
        [
            None,
            a_session(revoked_at=NOW),
            a_session(expires_at=NOW),
        ],
    )
    def test_does_not_bring_back_what_has_ended(self, session: Session | None):
        assert refreshed(session)[0].state == session

    def test_is_for_active_accounts(self):
        session, _ = refreshed(a_session(), account=an_account(status="deactivated"))

        assert session.state == a_session()

    @given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from([0, 4, 11])), max_size=30))
    def test_leaves_one_good_token_whatever_is_shown(self, shown: list[tuple[int, int]]):
        """The newest renews, the one before only within the grace, any other ends the session."""
        session, now, newest = a_session(), NOW, 1
        for number, seconds in shown:
            now += timedelta(seconds=seconds)
            lost_answer = number == newest - 1 and now - session.last_used_at <= GRACE
            before = session
            change, _ = refreshed(
                session,
                shown=a_token(secret=f"secret-{number}"),
                new_secret=f"secret-{number + 1}",
                now=now,
            )
            session = change.state
            if before.revoked_at:
                assert session == before
            elif number == newest:
                newest += 1
                assert session.secret_hash == f"secret-{newest}"
            elif lost_answer and newest > 1:
                assert session == before
            else:
                assert session.revoked_at == now
                assert len(change.events) == 1


def revoked(session: Session | None, **but: Any) -> Any:
    asked = {"by": "u-lea", "access_for": ACCESS, "now": NOW}
    return revoke(session, an_account(session_ids=("s-0", "s-1")), **asked | but)


class TestRevoke:
    def test_tells_until_when_its_access_tokens_would_have_been_good(self):
        session, account = revoked(a_session())

        assert session.events == (
            SessionRevoked(session_id="s-1", user_id="u-lea", expires_at=NOW + ACCESS),
        )
        assert account.state.session_ids == ("s-0",)

    def test_changes_nothing_when_repeated(self):
        ended = revoked(a_session())[0].state

        assert [change.events for change in revoked(ended)] == [(), ()]

    @pytest.mark.parametrize("session", [None, a_session(user_id="u-omar")])
    def test_finds_only_your_own(self, session: Session | None):
        with pytest.raises(NoSuchSession):
            revoked(session)


LATER = {"access_for": ACCESS, "now": NOW}


def an_identity(id: str) -> LinkedIdentity:
    return LinkedIdentity(
        id=id, user_id="u-lea", provider="p", issuer="i", subject=id, linked_at=NOW
    )


def forgotten(**but: Any) -> Account:
    link = a_link(purpose="password-reset")
    return an_account(**{"links": (link,), "session_ids": ("s-1", "s-2")} | but)


def reset(account: Account | None, *sessions: Any, **but: Any) -> Any:
    asked = {"nonce": "n-1", "answered": None, "password_hash": "new"} | LATER
    return reset_password(account, Attempts(id="a", made=(NOW,) * 5), *sessions, **asked | but)


class TestResetPassword:
    def test_signs_every_device_out_and_unlocks(self):
        account, tries, *sessions = reset(forgotten(), a_session(), a_session(id="s-2"))

        assert account.state.password_hash == "new"
        assert account.state.session_ids == ()
        assert tries.state is None
        assert [len(one.events) for one in sessions] == [1, 1]

    def test_voids_what_was_proved_with_the_old_password(self):
        account, *_ = reset(forgotten(session_ids=()))

        with pytest.raises(WrongCredentials):
            signed_in(account.state, password_version=0)

    @pytest.mark.feature("ACC-05")
    def test_has_letters_go_to_the_login_again(self):
        awaited = a_link(nonce="n-2", purpose="contact-confirmation", email="thief@else.org")
        account = forgotten(session_ids=(), contact_email="thief@letters.org")

        change, *_ = reset(replace(account, links=(*account.links, awaited)))

        assert change.state.contact_email is None
        person, told = change.events
        assert (person.email, person.new_contact) == ("lea@example.org", "")
        assert told.action == "password-reset"
        with pytest.raises(LinkNoLongerValid):
            confirm_contact(change.state, nonce="n-2", now=NOW)

    def test_works_once(self):
        account, *_ = reset(forgotten(session_ids=()))

        with pytest.raises(LinkNoLongerValid):
            reset(account.state)

    def test_leaves_no_identity_of_a_provider_that_opens_the_account_without_it(self):
        account = forgotten(session_ids=("s-1",), linked_ids=("own", "thiefs"))

        account, _, own, session, thiefs = reset(
            account, an_identity("own"), a_session(), an_identity("thiefs")
        )

        assert account.state.linked_ids == ()
        assert (own.state, thiefs.state) == (None, None)
        assert session.state.revoked_at == NOW

    @pytest.mark.parametrize("opening", [{}, {"session_ids": (), "linked_ids": ("thiefs",)}])
    def test_misses_no_session_opened_and_no_identity_linked_meanwhile(self, opening: Any):
        with pytest.raises(AccountMoved):
            reset(forgotten(**opening), a_session())

    @pytest.mark.parametrize(
        "account",
        [
            None,
            forgotten(status="pending"),
            forgotten(status="deactivated"),
            forgotten(links=(a_link(),)),
            forgotten(links=(a_link(purpose="password-reset", expires_at=NOW),)),
        ],
    )
    def test_needs_a_link_sent_for_it(self, account: Account | None):
        with pytest.raises(LinkNoLongerValid):
            reset(account, a_session(), a_session(id="s-2"))

    def test_asks_the_secret_question_as_well(self):
        cat = SecretQuestion(question="Votre chat ?", answer_hash="minouche")
        account = forgotten(session_ids=(), secret_question=cat)

        with pytest.raises(AnswerNeeded) as refused:
            reset(account)
        assert refused.value.as_json()["question"] == "Votre chat ?"
        assert reset(account, answered=cat)[0].state.password_hash == "new"

    def test_takes_no_answer_to_a_question_that_was_changed_meanwhile(self):
        cat = SecretQuestion(question="Votre chat ?", answer_hash="minouche")
        account = forgotten(session_ids=(), secret_question=replace(cat, answer_hash="félix"))

        with pytest.raises(AnswerNeeded):
            reset(account, answered=cat)


def changed(account: Account | None, *sessions: Session | None, **but: Any) -> Any:
    asked = {"password_version": 0, "password_hash": "new", "current": "s-1"} | LATER
    return change_password(account, None, *sessions, **asked | but)


class TestChangePassword:
    @pytest.mark.feature("ACC-06")
    def test_signs_every_other_device_out(self):
        account, _, here, there = changed(
            an_account(session_ids=("s-1", "s-2")), a_session(), a_session(id="s-2")
        )

        assert account.state.password_hash == "new"
        assert account.state.session_ids == ("s-1",)
        assert here.state == a_session()
        assert [type(event) for event in there.events] == [SessionRevoked]
        assert [event.action for event in account.events] == ["password-changed"]

    def test_voids_the_links_to_another_password(self):
        account, *_ = changed(forgotten(session_ids=()))

        with pytest.raises(LinkNoLongerValid):
            reset(account.state)

    def test_awaits_no_contact_address_that_the_old_password_named(self):
        awaited = a_link(purpose="contact-confirmation", email="thief@else.org")

        account, *_ = changed(an_account(links=(awaited,)))

        with pytest.raises(LinkNoLongerValid):
            confirm_contact(account.state, nonce="n-1", now=NOW)

    def test_misses_no_session_opened_meanwhile(self):
        with pytest.raises(AccountMoved):
            changed(an_account(session_ids=("s-1", "s-2")), a_session())

    @pytest.mark.parametrize(
        "account", [None, an_account(password_version=1), an_account(status="deactivated")]
    )
    def test_needs_the_password_of_this_moment(self, account: Account | None):
        with pytest.raises(WrongPassword):
            changed(account)


class TestEndOthers:
    def test_leaves_this_device_alone(self):
        account = an_account(session_ids=("s-1", "s-2"))

        kept, here, there = end_others(
            account, a_session(), a_session(id="s-2"), current="s-1", **LATER
        )

        assert kept.state.session_ids == ("s-1",)
        assert [event.action for event in kept.events] == ["signed-out-elsewhere"]
        assert (here.events, len(there.events)) == ((), 1)
        again, *_ = end_others(kept.state, a_session(), current="s-1", **LATER)
        assert again == Change(kept.state)


class TestExpire:
    def test_forgets_what_has_ended_by_itself(self):
        session, account = expire(
            a_session(expires_at=NOW), an_account(session_ids=("s-1",)), now=NOW
        )

        assert session.state is None
        assert account.state == replace(an_account(), session_ids=())

    def test_leaves_the_others_alone(self):
        session, _ = expire(a_session(), an_account(session_ids=("s-1",)), now=NOW)

        assert session.state == a_session()
