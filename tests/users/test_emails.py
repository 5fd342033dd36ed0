"""How a login or a contact address is changed, and how that is stopped."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.users import AccountChanged, LinkRequestedV2, PersonChanged, SessionRevoked
from kit.attempts import Attempts, TooManyAttempts
from kit.problems import NotFound
from services.users.domain.accounts import (
    Account,
    AccountMoved,
    LinkNoLongerValid,
    SecondFactor,
    SecretQuestion,
)
from services.users.domain.deactivations import deactivate
from services.users.domain.emails import (
    LetterLimit,
    LoginTaken,
    ask_for_login,
    confirm_contact,
    confirm_login,
    release,
    stop_login_change,
    take_login_back,
)
from services.users.domain.logins import Login, login_id
from services.users.domain.passwords import WrongPassword
from services.users.domain.provider_sign_ins import LinkedIdentity
from services.users.domain.second_factor import method
from tests.users.people import ACCESS, FIVE_AN_HOUR, NOW, a_link, a_session, an_account

OLD, NEW = "lea@example.org", "lea@elsewhere.org"
WEEK = NOW + timedelta(days=7)
CONFIRM = a_link(nonce="confirm", purpose="login-confirmation", email=NEW)
CANCEL = a_link(nonce="cancel", purpose="login-cancellation", expires_at=WEEK, email=OLD)
LIMIT = LetterLimit(to_address="to", of_user="of", limit=FIVE_AN_HOUR)


def asked(account: Account | None, **but: Any) -> Any:
    tries = but.pop("to_address", None), but.pop("of_user", None)
    about = {
        "confirmation": CONFIRM,
        "cancellation": replace(CANCEL, email=""),
        "password_version": 0,
        "letters": LIMIT,
        "now": NOW,
    }
    return ask_for_login(account, *tries, **about | but)


def a_login(email: str = OLD, **but: Any) -> Login:
    return Login(**{"id": login_id(email), "user_id": "u-lea"} | but)


def confirmed(account: Account | None, **but: Any) -> Any:
    new, old = but.pop("new", None), but.pop("old", a_login())
    return confirm_login(account, new, old, **{"nonce": "confirm", "now": NOW} | but)


def awaiting(**but: Any) -> Account:
    return an_account(**{"links": (CONFIRM, CANCEL)} | but)


def renamed(**but: Any) -> Account:
    state = confirmed(awaiting(**but))[0].state
    assert isinstance(state, Account)
    return state


class TestAskForLogin:
    def test_writes_to_both_addresses_and_changes_neither(self):
        account, to_address, of_user = asked(an_account())

        assert account.state.email == OLD
        person, confirm, cancel, told = account.events
        assert isinstance(person, PersonChanged)
        assert (person.login, person.new_login, person.old_login) == (OLD, NEW, OLD)
        assert (person.new_login_nonce, person.old_login_nonce) == ("confirm", "cancel")
        assert isinstance(confirm, LinkRequestedV2)
        assert [confirm.purpose, cancel.purpose] == ["login-confirmation", "login-cancellation"]
        assert NEW not in confirm.model_dump_json() + cancel.model_dump_json()
        assert told.action == "login-change-asked"
        assert to_address.state.made == of_user.state.made == (NOW,)

    def test_awaits_one_address_only(self):
        first = asked(an_account())[0].state
        other = replace(CONFIRM, nonce="other", email="lea@third.org")

        second = asked(first, confirmation=other)[0].state

        with pytest.raises(LinkNoLongerValid):
            confirmed(second)
        assert confirmed(second, nonce="other")[0].state.email == "lea@third.org"

    def test_of_the_present_address_stops_the_change(self):
        back = asked(awaiting(), confirmation=replace(CONFIRM, email=OLD))[0]

        assert back.state.links == ()
        assert asked(back.state, confirmation=replace(CONFIRM, email=OLD))[0].events == ()

    @pytest.mark.parametrize("whose", ["to_address", "of_user"])
    def test_is_refused_beyond_the_limit_of_letters(self, whose: str):
        with pytest.raises(TooManyAttempts):
            asked(an_account(), **{whose: Attempts(id="x", made=(NOW,) * 5)})

    def test_needs_the_password_of_this_moment(self):
        with pytest.raises(WrongPassword):
            asked(an_account(password_version=1))

    @pytest.mark.parametrize("account", [None, an_account(status="deactivated")])
    def test_is_for_active_accounts(self, account: Account | None):
        with pytest.raises(NotFound):
            asked(account)


class TestConfirmLogin:
    @pytest.mark.feature("ACC-01")
    def test_claims_the_new_address_and_keeps_the_old_one_for_a_week(self):
        account, new, old = confirmed(awaiting())

        assert account.state.email == NEW
        assert new.state == a_login(NEW)
        assert old.state == a_login(wake_at=WEEK)
        person, told = account.events
        assert (person.login, person.email, person.new_login) == (NEW, NEW, "")
        assert told == AccountChanged(
            user_id="u-lea", action="login-changed", by="", changed_at=NOW
        )

    @pytest.mark.feature("ACC-05")
    def test_leaves_the_contact_address(self):
        account = renamed(contact_email="lea@letters.org")

        assert account.written_to == "lea@letters.org"
        assert renamed(contact_email=NEW).contact_email is None

    @pytest.mark.feature("ACC-01")
    def test_is_refused_for_the_address_of_another_account(self):
        with pytest.raises(LoginTaken):
            confirmed(awaiting(), new=a_login(NEW, user_id="u-omar"))

    def test_takes_an_address_back_that_was_left_before(self):
        _, new, _ = confirmed(awaiting(), new=a_login(NEW, wake_at=WEEK))

        assert new.state == a_login(NEW)

    def test_works_once(self):
        with pytest.raises(LinkNoLongerValid):
            confirmed(renamed())

    def test_voids_links_to_a_new_password_sent_to_the_old_address(self):
        reset = a_link(nonce="reset", purpose="password-reset")

        assert [one.nonce for one in renamed(links=(reset, CONFIRM, CANCEL)).links] == ["cancel"]

    @pytest.mark.parametrize(
        "account",
        [
            None,
            an_account(),
            awaiting(status="deactivated"),
            awaiting(links=(replace(CONFIRM, expires_at=NOW), CANCEL)),
            awaiting(links=(replace(CONFIRM, purpose="contact-confirmation"), CANCEL)),
        ],
    )
    def test_needs_a_link_sent_for_it(self, account: Account | None):
        with pytest.raises(LinkNoLongerValid):
            confirmed(account)

    def test_is_decided_again_when_the_login_has_moved(self):
        with pytest.raises(AccountMoved):
            confirmed(awaiting(), old=a_login("lea@third.org"))


class TestStopLoginChange:
    def test_voids_the_link_to_the_new_address(self):
        change = stop_login_change(awaiting(), nonce="cancel", now=NOW)

        assert change.state
        assert change.state.links == ()
        assert [type(event) for event in change.events] == [PersonChanged, AccountChanged]
        with pytest.raises(LinkNoLongerValid):
            stop_login_change(change.state, nonce="cancel", now=NOW)

    def test_is_for_a_change_that_has_not_happened(self):
        with pytest.raises(AccountMoved):
            stop_login_change(renamed(), nonce="cancel", now=NOW)

    @pytest.mark.parametrize("account", [None, an_account(), awaiting(status="deactivated")])
    def test_needs_its_link(self, account: Account | None):
        with pytest.raises(LinkNoLongerValid):
            stop_login_change(account, nonce="cancel", now=NOW)


def an_identity(id: str, linked_at: datetime) -> LinkedIdentity:
    return LinkedIdentity(
        id=id, user_id="u-lea", provider="p", issuer="i", subject="s", linked_at=linked_at
    )


def taken_back(account: Account | None, *sessions: Any, **but: Any) -> Any:
    old, new = but.pop("old", a_login(wake_at=WEEK)), but.pop("new", a_login(NEW))
    about = {"nonce": "cancel", "access_for": ACCESS, "now": NOW}
    return take_login_back(account, old, new, *sessions, **about | but)


class TestTakeLoginBack:
    def test_undoes_all_that_whoever_changed_it_may_have(self):
        account, old, new, session = taken_back(
            replace(renamed(), session_ids=("s-1",)), a_session()
        )

        assert (account.state.email, account.state.links) == (OLD, ())
        assert (account.state.password_hash, account.state.password_version) == ("", 1)
        assert account.state.session_ids == ()
        assert [type(event) for event in session.events] == [SessionRevoked]
        assert old.state == a_login()
        assert new.state.wake_at == NOW

    def test_takes_out_what_was_brought_along_since_the_change_was_asked_for(self):
        before, since = NOW - timedelta(minutes=1), NOW
        account = replace(
            renamed(links=(CONFIRM, replace(CANCEL, asked_at=since))),
            linked_ids=("own", "thiefs"),
            contact_email="thief@letters.org",
            email_codes=True,
            recovery_codes=("hash",),
            codes_since=since,
            secret_question=SecretQuestion(question="?", answer_hash="a", chosen_at=since),
        )

        back, _, _, own, thiefs = taken_back(
            account, an_identity("own", before), an_identity("thiefs", since)
        )

        assert (own.state, thiefs.state) == (an_identity("own", before), None)
        assert back.state.linked_ids == ("own",)
        assert (method(back.state), back.state.recovery_codes) == (None, ())
        assert back.state.secret_question is None
        assert back.state.written_to == OLD

    def test_leaves_the_proofs_that_stood_before(self):
        before = NOW - timedelta(minutes=1)
        own = {
            "second_factor": SecondFactor(secret="s", on=True),
            "recovery_codes": ("hash",),
            "codes_since": before,
            "secret_question": SecretQuestion(question="?", answer_hash="a", chosen_at=before),
        }
        account = replace(renamed(links=(CONFIRM, replace(CANCEL, asked_at=NOW))), **own)

        back = taken_back(account)[0].state

        assert {name: getattr(back, name) for name in own} == own

    def test_counts_from_the_first_time_that_it_was_asked_for(self):
        first = asked(an_account(), cancellation=replace(CANCEL, asked_at=NOW))[0].state
        later = replace(CANCEL, nonce="later", asked_at=NOW + timedelta(minutes=5))

        again = asked(first, cancellation=later)[0].state

        assert [one.asked_at for one in again.links if one.nonce == "later"] == [NOW]

    def test_misses_no_identity_linked_meanwhile(self):
        with pytest.raises(AccountMoved):
            taken_back(replace(renamed(), linked_ids=("thiefs",)))

    def test_of_an_account_that_was_deactivated_leaves_it_to_its_owner(self):
        left = deactivate(renamed(), password_version=0, access_for=ACCESS, now=NOW)[0].state

        back = taken_back(left)[0].state

        assert (back.status, back.email, back.password_hash) == ("deactivated", OLD, "")
        with pytest.raises(LinkNoLongerValid):
            taken_back(replace(renamed(), status="erased"))

    def test_reaches_over_every_change_since(self):
        third = replace(CONFIRM, nonce="third", email="lea@third.org")
        later = replace(CANCEL, nonce="later", email="")
        account = asked(renamed(), confirmation=third, cancellation=later)[0].state
        moved = confirmed(account, nonce="third", old=a_login(NEW))[0].state

        back, *_ = taken_back(moved, new=a_login("lea@third.org"))

        assert back.state.email == OLD
        with pytest.raises(LinkNoLongerValid):
            taken_back(back.state, nonce="later", new=a_login())

    def test_is_possible_for_a_week(self):
        assert taken_back(renamed(), now=WEEK - timedelta(seconds=1))
        with pytest.raises(LinkNoLongerValid):
            taken_back(renamed(), now=WEEK)

    def test_misses_no_session_opened_meanwhile(self):
        with pytest.raises(AccountMoved):
            taken_back(replace(renamed(), session_ids=("s-1",)))

    @pytest.mark.parametrize("new", [None, a_login("lea@third.org")])
    def test_is_decided_again_when_the_login_has_moved(self, new: Login | None):
        with pytest.raises(AccountMoved):
            taken_back(renamed(), new=new)


class TestConfirmContact:
    @pytest.mark.feature("ACC-05")
    def test_writes_there_and_leaves_the_login(self):
        link = a_link(purpose="contact-confirmation", email="lea@letters.org")

        change = confirm_contact(an_account(links=(link,)), nonce="n-1", now=NOW)

        assert change.state
        assert (change.state.written_to, change.state.email) == ("lea@letters.org", OLD)
        assert change.events[0].email == "lea@letters.org"
        with pytest.raises(LinkNoLongerValid):
            confirm_contact(change.state, nonce="n-1", now=NOW)

    @pytest.mark.parametrize(
        "account",
        [
            None,
            an_account(),
            an_account(links=(replace(CONFIRM, nonce="n-1"),)),
            an_account(
                links=(a_link(purpose="contact-confirmation", email="x@y.org", expires_at=NOW),)
            ),
        ],
    )
    def test_needs_a_link_sent_for_it(self, account: Account | None):
        with pytest.raises(LinkNoLongerValid):
            confirm_contact(account, nonce="n-1", now=NOW)


class TestRelease:
    def test_waits_until_the_address_can_no_longer_come_back(self):
        left = a_login(wake_at=WEEK)

        assert release(left, renamed(), now=NOW)[0].state == left
        assert release(left, renamed(), now=WEEK)[0].state is None

    def test_keeps_what_may_still_come_back(self):
        hurried = a_login(wake_at=NOW)

        assert release(hurried, renamed(), now=NOW)[0].state == a_login(wake_at=WEEK)

    def test_keeps_what_has_come_back(self):
        assert release(a_login(wake_at=NOW), an_account(), now=NOW)[0].state == a_login()

    @pytest.mark.parametrize("login", [None, a_login()])
    def test_changes_nothing_when_repeated(self, login: Login | None):
        assert release(login, an_account(), now=WEEK)[0].state == login
