"""Who has a place among those who decide."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kit.change import Change
from services.approvals.domain.approvers import looked, take_seat
from tests.approvals.builders import (
    NOW,
    TOMORROW,
    YESTERDAY,
    a_delegate_s_seat,
    a_seat,
    some_approvers,
)


class TestTakeSeat:
    def test_seats_whoever_may_decide(self):
        change = take_seat(a_seat(), None, now=NOW)

        assert change.state == some_approvers(a_seat())

    def test_seats_whoever_will_decide(self):
        later = a_seat(valid_from=TOMORROW)

        change = take_seat(later, None, now=NOW)

        assert change.state == some_approvers(later)

    def test_of_a_seat_with_a_last_day_has_what_was_put_to_it_looked_at_after_that_day(self):
        delegated = a_delegate_s_seat(valid_until=TOMORROW)
        after = datetime(2026, 1, 6, 23, 0, tzinfo=UTC)

        change = take_seat(delegated, some_approvers(a_seat()), now=NOW)

        assert change.state.wake_at == after
        rested = looked(change.state, change.state, still_waiting=None, now=NOW)
        assert rested.state.wake_at == after

    def test_keeps_no_trace_of_somebody_who_never_decides(self):
        reader = a_seat(role="user")

        assert take_seat(reader, None, now=NOW) == Change(None)

    @pytest.mark.parametrize("but", [{"role": "user"}, {"role": None}, {"valid_until": YESTERDAY}])
    def test_takes_the_seat_away_with_the_rights(self, but: dict[str, Any]):
        current = some_approvers(a_seat())

        change = take_seat(a_seat(**but), current, now=NOW)

        assert change.state.seats == ()

    def test_leaves_what_is_due_to_be_looked_at_when_another_takes_a_seat(self):
        left = take_seat(a_seat(role=None), some_approvers(a_seat()), now=NOW).state

        change = take_seat(a_delegate_s_seat(), left, now=NOW)

        assert (left.wake_at, change.state.wake_at) == (NOW, NOW)

    def test_withdraws_a_delegate_the_principal_manager_no_longer_lets_decide(self):
        current = some_approvers(a_delegate_s_seat())

        change = take_seat(a_delegate_s_seat(may_approve=False), current, now=NOW)

        assert change.state.seats == ()

    def test_changes_nothing_when_repeated(self):
        current = some_approvers(a_seat(), awaited_by="r-1")

        assert take_seat(a_seat(), current, now=NOW) == Change(current)

    def test_has_what_waits_looked_at_at_once(self):
        change = take_seat(a_seat(), some_approvers(awaited_by="r-1"), now=NOW)

        assert change.state.wake_at == NOW


class TestLooked:
    def test_ends_when_nothing_waits_any_more(self):
        begun = some_approvers(a_seat(), awaited_by="r-1", version=3)

        change = looked(begun, begun, still_waiting=None, now=NOW)

        assert (change.state.awaited_by, change.state.wake_at) == (None, None)

    def test_goes_on_when_something_changed_meanwhile(self):
        begun = some_approvers(awaited_by="r-1", version=3)
        current = some_approvers(a_seat(), awaited_by="r-2", version=4)

        change = looked(begun, current, still_waiting=None, now=NOW)

        assert (change.state.awaited_by, change.state.wake_at) == ("r-2", NOW)

    def test_waits_for_nothing_where_nobody_s_time_ends(self):
        begun = some_approvers(a_seat(), a_delegate_s_seat(valid_from=TOMORROW), version=3)

        assert looked(begun, begun, still_waiting=None, now=NOW).state.wake_at is None

    def test_waits_for_rights_that_begin_later(self):
        begun = some_approvers(a_seat(valid_from=TOMORROW), awaited_by="r-1", version=3)

        change = looked(begun, begun, still_waiting="r-1", now=NOW)

        assert change.state.awaited_by == "r-1"
        assert change.state.wake_at == datetime(2026, 1, 5, 23, 0, tzinfo=UTC)
