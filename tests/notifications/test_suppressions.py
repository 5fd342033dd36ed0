"""Addresses that were refused for good."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.notifications import AddressRestored, AddressSuppressed
from kit.change import Change
from services.notifications.domain import attempts, suppressions
from services.notifications.domain.attempts import NoSuchLetter, NotToBeSentAgain
from services.notifications.domain.letters import Status
from services.notifications.domain.suppressions import NoSuchAddress, SuppressedAddress
from tests.notifications.builders import NOW, SOON, a_letter, a_link

CODE, ANSWER = "550 5.1.1", "550 5.1.1 <l***@example.org>: no such user"
ID = suppressions.address_id("key", "lea@example.org")
KNOWN = SuppressedAddress(
    id=ID, user_id="u-lea", letter_id="r-1:refused", code=CODE, answer=ANSWER, since=NOW
)
RESTORED = replace(KNOWN, restored_at=SOON, restored_by="u-ops")


def suppress(current: SuppressedAddress | None, **but: Any) -> Change[SuppressedAddress]:
    letter = but.pop("letter", a_letter())
    given = {"id": ID, "code": CODE, "answer": ANSWER, "now": NOW} | but
    return suppressions.suppress(current, letter, **given)


class TestAddressId:
    def test_is_the_same_however_it_is_written(self):
        assert suppressions.address_id("key", " Lea@Example.ORG ") == ID

    def test_tells_nothing_without_the_key(self):
        assert suppressions.address_id("another", "lea@example.org") != ID
        assert "lea" not in ID


class TestSaysNoSuchAddress:
    @pytest.mark.parametrize(
        ("status", "answer", "code", "expected"),
        [
            (550, "5.1.1 <x>: no such user", "550 5.1.1", True),
            (550, "5.1.10 null MX", "550 5.1.10", True),
            (550, "5.2.1 disabled", "550 5.2.1", True),
            (550, "No such user here", "550", True),
            (553, "mailbox name not allowed", "553", True),
            (552, "5.2.2 mailbox full", "552 5.2.2", False),
            (550, "5.7.1 blocked by policy", "550 5.7.1", False),
            (550, "5.1.8 bad sender", "550 5.1.8", False),
            (554, "no", "554", False),
        ],
    )
    def test_tells_the_address_from_all_else(
        self, status: int, answer: str, code: str, expected: bool
    ):
        assert suppressions.code_of(status, answer) == code
        assert suppressions.says_no_such_address(code) is expected

    def test_is_not_said_where_no_recipient_was_refused(self):
        assert not suppressions.says_no_such_address("")


class TestSuppress:
    @pytest.mark.feature("NOT-15")
    def test_tells_operators_once(self):
        new = suppress(None)

        assert new.state == KNOWN
        assert new.events == (
            AddressSuppressed(
                address_id=ID,
                user_id="u-lea",
                letter_id="r-1:refused",
                code=CODE,
                suppressed_at=NOW,
            ),
        )
        assert suppress(new.state) == Change(KNOWN)

    def test_begins_anew_if_it_is_refused_again_once_restored(self):
        again = suppress(RESTORED, now=SOON)

        assert again.state == replace(KNOWN, since=SOON)
        assert len(again.events) == 1

    def test_names_nobody_of_an_address_without_an_account(self):
        state = suppress(None, letter=a_letter(to="mairie@example.org")).state

        assert state
        assert state.user_id is None


class TestRestore:
    def test_is_told_and_signed(self):
        change = suppressions.restore(KNOWN, by="u-ops", now=SOON)

        assert change.state == RESTORED
        assert change.events == (
            AddressRestored(address_id=ID, user_id="u-lea", restored_by="u-ops", restored_at=SOON),
        )

    def test_is_done_once(self):
        assert suppressions.restore(RESTORED, by="u-eve", now=SOON) == Change(RESTORED)

    def test_knows_no_other(self):
        with pytest.raises(NoSuchAddress):
            suppressions.restore(None, by="u-ops", now=NOW)


class TestSendAgain:
    @pytest.mark.feature("NOT-15")
    @pytest.mark.parametrize("status", ["failed", "suppressed"])
    def test_gives_a_letter_all_its_attempts_back(self, status: Status):
        given_up = a_letter(status=status, attempts=7, wake_at=None)

        change = attempts.send_again(given_up, known=True, now=SOON)

        assert change.state == a_letter(status="waiting", attempts=0, held=True, wake_at=SOON)

    def test_leaves_one_that_waits_as_it_is(self):
        waiting = a_letter(attempts=1, wake_at=SOON)

        assert attempts.send_again(waiting, known=True, now=NOW) == Change(waiting)

    @pytest.mark.parametrize("but", [{"status": "sent"}, {"status": "failed", "forgotten": True}])
    def test_is_refused_for_what_has_left_or_lost_its_words(self, but: Any):
        with pytest.raises(NotToBeSentAgain):
            attempts.send_again(a_letter(**but), known=True, now=NOW)

    def test_is_refused_where_nobody_knows_any_more_whom_it_is_for(self):
        """The address of whoever has no account is forgotten once the letter has left."""
        came_back = a_letter(status="failed", recipient_id="t-1", wake_at=None)

        with pytest.raises(NotToBeSentAgain):
            attempts.send_again(came_back, known=False, now=NOW)
        waits = attempts.send_again(replace(came_back, to="a@b.fr"), known=False, now=NOW).state
        assert waits
        assert waits.status == "waiting"

    def test_of_many_leaves_what_cannot_be_sent_again(self):
        given_up = a_letter(status="failed", attempts=7, wake_at=None)
        unknown, gone = replace(given_up, recipient_id="t-1"), replace(given_up, forgotten=True)

        again = attempts.send_all_again(given_up, unknown, gone, None, known={"u-lea"}, now=SOON)

        waits = replace(given_up, status="waiting", attempts=0, held=True, wake_at=SOON)
        assert [one.state for one in again] == [waits, unknown, gone, None]

    def test_knows_no_other(self):
        with pytest.raises(NoSuchLetter):
            attempts.send_again(None, known=True, now=NOW)


class TestHeldBack:
    def test_is_no_attempt(self):
        claimed = a_letter(attempts=1, wake_at=NOW, link=a_link())

        held = attempts.held(claimed, claimed, until=SOON).state

        assert held
        assert (held.attempts, held.wake_at, held.last_error) == (0, SOON, "")
