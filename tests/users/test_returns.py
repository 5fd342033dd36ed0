"""Coming back long after: once the support desk has agreed, and however often it is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.support import ReactivationAccepted
from contracts.users import LinkRequestedV2, ReactivationSettled
from services.users.domain import returns
from services.users.domain.accounts import Account
from services.users.domain.returns import Return
from tests.users.people import NOW, a_link, an_account

LINK = a_link(nonce="n-back", purpose="reactivation", sent_by="the-desk")


def told(**but: Any) -> ReactivationAccepted:
    said = {
        "ticket_id": "t-1",
        "acceptance": 1,
        "login": "lea@example.org",
        "reason": "Un congé de six mois.",
        "accepted_by": "the-desk",
        "accepted_at": NOW,
    }
    return ReactivationAccepted(**said | but)


def agreed(**but: Any) -> Return:
    state = returns.agree(None, told(**but)).state
    assert state
    return state


def applied(current: Return | None, account: Account | None, of: Return | None = None) -> Any:
    return returns.apply(current, account, agreed=of or agreed(), link=LINK, now=NOW)


class TestAgree:
    def test_waits_for_a_worker(self):
        assert agreed().wake_at == NOW

    def test_says_nothing_new_the_second_time(self):
        current = replace(agreed(), login="", wake_at=None)
        assert returns.agree(current, told()).state is current

    def test_begins_anew_once_the_desk_has_agreed_again(self):
        current = replace(agreed(), login="", wake_at=None)
        assert returns.agree(current, told(acceptance=2)).state == agreed(acceptance=2)


class TestClaim:
    def test_takes_what_is_due_for_a_while(self):
        state = returns.claim(agreed(), NOW).state
        assert state
        assert state.wake_at == NOW + returns.LEASE

    def test_leaves_what_is_not_due(self):
        later = replace(agreed(), wake_at=NOW + timedelta(minutes=1))
        assert returns.claim(later, NOW).state is later
        assert returns.claim(None, NOW).state is None


class TestApply:
    @pytest.mark.feature("SUP-44")
    def test_sends_the_link_however_late_and_forgets_the_address(self):
        account = an_account(status="deactivated", deactivated_at=NOW - timedelta(days=400))
        settled, sent = applied(agreed(), account)

        assert isinstance(sent.events[0], LinkRequestedV2)
        told_of = sent.events[0].reason, sent.events[0].sent_by
        assert told_of == ("Un congé de six mois.", "the-desk")
        assert (settled.state.login, settled.state.reason, settled.state.wake_at) == ("", "", None)
        [fact] = settled.events
        assert (fact.user_id, fact.refusal, fact.acceptance) == (account.id, "", 1)

    @pytest.mark.feature("SUP-44")
    @pytest.mark.parametrize(
        ("account", "refusal"),
        [
            (None, "/problems/not-found"),
            (an_account(), "/problems/nothing-to-reactivate"),
        ],
    )
    def test_tells_the_desk_why_it_cannot_be_done(self, account: Account | None, refusal: str):
        settled, untouched = applied(agreed(), account)

        [fact] = settled.events
        assert isinstance(fact, ReactivationSettled)
        assert fact.refusal == refusal
        assert (untouched.state, untouched.events) == (account, ())

    def test_does_nothing_twice_nor_what_was_agreed_before(self):
        account = an_account(status="deactivated", deactivated_at=NOW)
        done = applied(agreed(), account)[0].state
        newer = agreed(acceptance=2)

        for current, of in ((done, agreed()), (newer, agreed()), (None, agreed())):
            again, untouched = applied(current, account, of)
            assert (again.state, again.events) == (current, ())
            assert (untouched.state, untouched.events) == (account, ())
