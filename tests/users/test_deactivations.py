"""Leaving the platform, and coming back in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.users import PersonChanged, ReactivationRefused, SessionRevoked
from kit.change import Change
from kit.problems import NotFound
from services.users.domain.accounts import (
    Account,
    LinkNoLongerValid,
    SecretQuestion,
    person_changed,
)
from services.users.domain.deactivations import (
    Reactivation,
    SuccessorsMissing,
    TooLateToReactivate,
    TwiceNamed,
    ask_to_reactivate,
    deactivate,
    in_time,
    reactivate,
    successors,
)
from services.users.domain.passwords import WrongPassword
from services.users.domain.sessions import WrongCredentials, sign_in
from services.users.domain.transfers import ManagementMoved
from tests.users.people import ACCESS, FIVE_AN_HOUR, NOW, a_link, a_session, an_account

SIXTY = timedelta(days=60)
QUESTION = SecretQuestion(question="Mon premier animal ?", answer_hash="hash-of-answer")
CHOSEN = Reactivation(nonce="n-back", password_hash="another", question=QUESTION)
LINK = a_link(nonce="n-back", purpose="reactivation")


def who_left(**but: Any) -> Account:
    return an_account(status="deactivated", deactivated_at=NOW, **but)


def left(account: Account | None, *sessions: Any) -> Any:
    return deactivate(account, *sessions, password_version=0, access_for=ACCESS, now=NOW)


def asked(account: Account | None, letters: Any = None, *, now: datetime = NOW) -> Any:
    return ask_to_reactivate(
        account,
        letters,
        link=LINK,
        letters_id="letters",
        limit=FIVE_AN_HOUR,
        within=SIXTY,
        now=now,
    )


def back(account: Account | None, *, now: datetime = NOW, chosen: Reactivation = CHOSEN) -> Any:
    return reactivate(account, None, chosen=chosen, within=SIXTY, now=now)


class TestSuccessors:
    @pytest.mark.feature("ACC-13")
    def test_may_be_one_for_all(self):
        named = successors(("s-1", "s-2"), one_for_all="u-lea", each={})

        assert named == {"s-1": "u-lea", "s-2": "u-lea"}

    @pytest.mark.feature("ACC-13")
    def test_may_be_one_for_each(self):
        each = {"s-1": "u-lea", "s-2": "u-zoe"}

        assert successors(("s-1", "s-2"), one_for_all=None, each=each) == each

    @pytest.mark.feature("ACC-12")
    def test_are_needed_for_every_structure(self):
        with pytest.raises(SuccessorsMissing) as refusal:
            successors(("s-1", "s-2"), one_for_all=None, each={"s-1": "u-lea"})

        assert refusal.value.members["structure_ids"] == ["s-2"]
        assert refusal.value.members["errors"][0]["pointer"] == "/body/successors"

    def test_are_not_named_twice(self):
        with pytest.raises(TwiceNamed):
            successors(("s-1",), one_for_all="u-lea", each={"s-1": "u-zoe"})

    def test_are_not_needed_by_who_manages_nothing(self):
        assert successors((), one_for_all=None, each={}) == {}


class TestDeactivate:
    @pytest.mark.feature("ACC-10", "ACC-11")
    def test_lets_nobody_in_and_has_no_letter_sent_any_more(self):
        change, *_ = left(an_account())

        assert (change.state.status, change.state.deactivated_at) == ("deactivated", NOW)
        [told] = [one for one in change.events if isinstance(one, PersonChanged)]
        assert not told.active
        with pytest.raises(WrongCredentials):
            sign_in(
                None,
                None,
                change.state,
                None,
                session=a_session(),
                password_version=change.state.password_version,
                asked_for=None,
                attempted_at=NOW,
                access_for=ACCESS,
            )

    def test_is_refused_when_the_password_was_replaced_meanwhile(self):
        with pytest.raises(WrongPassword):
            left(an_account(password_version=1))

    @pytest.mark.feature("ACC-11")
    def test_ends_every_session(self):
        account = an_account(session_ids=("s-1", "s-2"))

        change, *ended = left(account, a_session(), a_session(id="s-2"))

        assert change.state.session_ids == ()
        assert [one.state.revoked_at for one in ended] == [NOW, NOW]
        assert all(isinstance(one, SessionRevoked) for change in ended for one in change.events)

    @pytest.mark.feature("ACC-12")
    def test_is_decided_anew_while_something_is_still_managed(self):
        with pytest.raises(ManagementMoved):
            left(an_account(manages=1))

    @pytest.mark.feature("ACC-10")
    def test_loses_what_was_under_way_but_what_brings_a_stolen_login_back(self):
        undo = a_link(nonce="n-undo", purpose="login-cancellation")

        change, *_ = left(an_account(links=(a_link(purpose="contact-confirmation"), undo)))

        assert change.state.links == (undo,)

    def test_changes_nothing_when_repeated(self):
        assert left(who_left()) == (Change(who_left()),)

    @pytest.mark.parametrize("account", [None, an_account(status="pending")])
    def test_is_of_an_account_that_is_one(self, account: Any):
        with pytest.raises(NotFound):
            left(account)


class TestInTime:
    @pytest.mark.feature("ACC-15")
    @pytest.mark.parametrize(
        ("at", "answer"),
        [
            (datetime(2026, 3, 6, 22, 59, 59, tzinfo=UTC), True),
            (datetime(2026, 3, 6, 23, 0, tzinfo=UTC), False),
        ],
        ids=["the last second of the sixtieth day in Paris", "the first of the next"],
    )
    def test_includes_the_sixtieth_day(self, at: datetime, answer: bool):
        assert in_time(who_left(), SIXTY, at) is answer

    def test_begins_with_the_day_in_paris(self):
        late = who_left()
        late = replace(late, deactivated_at=datetime(2026, 1, 5, 23, 30, tzinfo=UTC))

        assert in_time(late, SIXTY, datetime(2026, 3, 7, 22, 0, tzinfo=UTC))


class TestAskToReactivate:
    @pytest.mark.feature("ACC-16")
    def test_sends_a_link(self):
        account, letters = asked(who_left())

        assert account.state.links == (LINK,)
        assert [one.purpose for one in account.events] == ["reactivation"]
        assert letters.state.made == (NOW,)

    @pytest.mark.feature("ACC-16")
    def test_may_be_repeated_for_another(self):
        once, letters = asked(who_left())

        account, _ = asked(once.state, letters.state)

        assert len(account.events) == 1

    @pytest.mark.feature("ACC-18")
    def test_sends_word_to_ask_the_desk_when_it_is_too_late(self):
        account, _ = asked(who_left(), now=NOW + timedelta(days=61))

        assert account == Change(
            who_left(),
            (
                ReactivationRefused(
                    user_id="u-lea", refusal_id="n-back", refused_at=NOW + timedelta(days=61)
                ),
            ),
        )

    @pytest.mark.parametrize("account", [None, an_account(), an_account(status="pending")])
    def test_is_counted_for_whoever_has_no_such_account_and_does_nothing(self, account: Any):
        change, letters = asked(account)

        assert change == Change(account)
        assert letters.state.made == (NOW,)

    def test_sends_no_more_than_the_limit(self):
        letters = None
        for _ in range(5):
            _, counted = asked(who_left(), letters)
            letters = counted.state

        assert asked(who_left(), letters) == (Change(who_left()), Change(letters))


class TestReactivate:
    @pytest.mark.feature("ACC-15", "ACC-17")
    def test_opens_the_account_with_what_was_chosen_anew(self):
        was = who_left(links=(LINK,), password_version=3, contact_email="thief@letters.org")

        account, _ = back(was)

        opened = account.state
        assert (opened.status, opened.deactivated_at, opened.links) == ("active", None, ())
        assert opened.written_to == opened.email
        assert (opened.password_hash, opened.password_version) == ("another", 4)
        assert opened.secret_question == QUESTION
        assert person_changed(opened) in account.events

    @pytest.mark.feature("ACC-16")
    def test_takes_a_link_once(self):
        account, _ = back(who_left(links=(LINK,)))

        with pytest.raises(LinkNoLongerValid):
            back(account.state)

    @pytest.mark.feature("ACC-16")
    @pytest.mark.parametrize(
        "link",
        [
            a_link(nonce="n-back", purpose="reactivation", expires_at=NOW),
            a_link(nonce="another", purpose="reactivation"),
            a_link(nonce="n-back", purpose="password-reset"),
        ],
        ids=["expired", "another's", "for something else"],
    )
    def test_refuses_a_link_that_is_not_good(self, link: Any):
        with pytest.raises(LinkNoLongerValid):
            back(who_left(links=(link,)))

    @pytest.mark.feature("ACC-15", "ACC-18")
    def test_is_refused_the_day_after_even_with_a_good_link(self):
        late = NOW + timedelta(days=61)
        link = replace(LINK, expires_at=late + timedelta(minutes=1))

        with pytest.raises(TooLateToReactivate):
            back(who_left(links=(link,)), now=late)
