"""What happens to a question while nobody answers it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalReminded,
    ApproverMissing,
)
from kit.business_days import business_days_after
from kit.change import Change
from services.approvals.domain.approvals import Approval
from services.approvals.domain.ladder import Ladder, ask_back, begin, climb, go_on, set_foot
from tests.approvals.builders import (
    LADDER,
    NOW,
    TODAY,
    a_delegate_s_seat,
    a_seat,
    an_approval,
    some_approvers,
    types,
)

OMAR_AND_ADA = some_approvers(a_seat(), a_delegate_s_seat())
SECOND = timedelta(seconds=1)


def after(days: int) -> datetime:
    return business_days_after(NOW, days)


def waiting(**but: Any) -> Approval:
    """Asked on Monday 5 January at ten; its ladder is 3, 5, 10 and 20 business days."""
    return begin(an_approval(**but), LADDER, now=NOW)


def climbed(
    current: Approval | None, now: datetime, approvers: Any = OMAR_AND_ADA, ladder: Ladder = LADDER
) -> Change[Approval]:
    return climb(current, approvers, ladder=ladder, now=now)[0]


def up_to(days: int, **but: Any) -> Approval:
    """An approval whose steps were taken in time, those of that day included."""
    state = waiting(**but)
    for rung in (3, 5, 10, 20):
        if rung <= days:
            state = climbed(state, after(rung)).state
    return state


def asked(state: Approval, days: int) -> Approval:
    return ask_back(state, LADDER, by="u-omar", now=after(days))


def answered(state: Approval, days: int) -> Approval:
    return go_on(state, LADDER, now=after(days))


class TestBegin:
    def test_waits_for_the_first_step_and_knows_its_end(self):
        assert (waiting().wake_at, waiting().expires_at) == (after(3), after(20))

    def test_of_a_ladder_without_steps_waits_for_the_end(self):
        ladder = Ladder(reminders=(), escalation=None, expiry=20)

        assert begin(an_approval(), ladder, now=NOW).wake_at == after(20)

    def test_anew_asks_the_principal_manager_alone_at_first(self):
        assert not begin(up_to(5), LADDER, now=after(6)).escalated


class TestAskBack:
    def test_lets_no_step_fall_due_and_leaves_the_end_where_it_was(self):
        state = asked(waiting(), 2)

        assert (state.asked_by, state.wake_at, state.expires_at) == ("u-omar", after(20), after(20))

    def test_again_counts_from_the_first_time(self):
        assert asked(asked(waiting(), 2), 4).asked_at == after(2)

    def test_that_is_never_answered_ends_after_all_were_reminded(self):
        change = climbed(asked(waiting(), 2), after(20))

        assert types(change) == [ApprovalEscalated, ApprovalReminded]
        assert change.state.expires_at == after(21)
        assert types(climbed(change.state, after(21))) == [ApprovalExpired]


class TestGoOn:
    def test_takes_the_steps_as_if_the_clock_had_stood_still(self):
        state = answered(asked(waiting(), 2), 6)

        assert (state.asked_by, state.wake_at) == (None, after(7))
        reminder = climbed(state, after(7))
        [told] = reminder.events
        assert isinstance(told, ApprovalReminded)
        assert told.business_days == 7
        assert types(climbed(reminder.state, after(9))) == [ApprovalEscalated]

    def test_adds_up_however_often_the_requester_was_asked(self):
        state = answered(asked(answered(asked(waiting(), 1), 2), 2), 4)

        assert state.wake_at == after(3 + 1 + 2)

    def test_loses_no_time_where_no_business_day_passed(self):
        state = go_on(asked(waiting(), 2), LADDER, now=after(2) + timedelta(hours=3))

        assert state.wake_at == after(3)

    def test_reminds_again_before_the_end(self):
        change = climbed(answered(asked(up_to(10), 12), 15), after(20))

        [told] = change.events
        assert isinstance(told, ApprovalReminded)
        assert told.approver_ids == ("u-omar", "u-ada")
        assert told.expires_at == after(21)
        assert types(climbed(change.state, after(21))) == [ApprovalExpired]

    def test_tells_at_the_end_what_it_overtakes(self):
        change = climbed(answered(asked(waiting(), 2), 19), after(20))

        assert types(change) == [ApprovalEscalated, ApprovalReminded]


class TestSetFoot:
    def test_gives_a_time_to_what_waits_without_one(self):
        assert set_foot(an_approval(), ladder=LADDER, now=NOW) == Change(waiting())

    @pytest.mark.parametrize("approval", [waiting(), an_approval(state="refused"), None])
    def test_leaves_what_has_one_or_is_over(self, approval: Any):
        assert set_foot(approval, ladder=LADDER, now=after(1)) == Change(approval)


class TestReminder:
    def test_goes_to_the_principal_manager_alone_before_escalation(self):
        change = climbed(waiting(), after(3))

        [told] = change.events
        assert isinstance(told, ApprovalReminded)
        assert (told.approver_ids, told.business_days) == (("u-omar",), 3)
        assert told.expires_at == after(20)
        assert change.state.state == "requested"
        assert change.state.wake_at == after(5)

    def test_goes_to_all_who_may_decide_after_escalation(self):
        [told] = climbed(up_to(5), after(10)).events

        assert isinstance(told, ApprovalReminded)
        assert told.approver_ids == ("u-omar", "u-ada")

    def test_goes_to_all_where_there_is_no_principal_manager(self):
        delegates = some_approvers(a_delegate_s_seat(), a_delegate_s_seat(user_id="u-zoe"))

        [told] = climbed(waiting(), after(3), delegates).events

        assert told.approver_ids == ("u-ada", "u-zoe")

    def test_goes_to_who_decides_by_then_and_not_to_who_did_before(self):
        [told] = climbed(waiting(), after(3), some_approvers(a_seat(user_id="u-zoe"))).events

        assert told.approver_ids == ("u-zoe",)

    def test_says_which_units_are_asked_about_and_so_does_the_escalation(self):
        state = waiting(units=("COMPTA",))

        told = (
            climbed(state, after(3)).events + climbed(up_to(3, units=("COMPTA",)), after(5)).events
        )

        assert [(type(one), one.units) for one in told] == [
            (ApprovalReminded, ("COMPTA",)),
            (ApprovalEscalated, ("COMPTA",)),
        ]

    def test_never_goes_to_whoever_asked(self):
        [told] = climbed(up_to(5, requester_id="u-ada"), after(10)).events

        assert told.approver_ids == ("u-omar",)


class TestEscalation:
    def test_asks_all_others_who_may_decide(self):
        change = climbed(up_to(3), after(5))

        [told] = change.events
        assert isinstance(told, ApprovalEscalated)
        assert told.approver_ids == ("u-ada",)
        assert change.state.escalated
        # Whoever is left of them has been told.
        assert change.state.put_to == ("u-omar", "u-ada")

    @pytest.mark.feature("APP-16")
    def test_leaves_nobody_who_was_not_told(self):
        put = {"put_to": ("u-ada",)}
        new = (a_seat(user_id="u-new"), a_delegate_s_seat())
        joined = (a_delegate_s_seat(), a_delegate_s_seat(user_id="u-zoe"))
        for seats, told in (
            (new, [(ApprovalEscalated, ("u-ada",)), (ApprovalReminded, ("u-new",))]),
            (joined, [(ApprovalReminded, ("u-zoe",))]),
        ):
            change = climbed(up_to(3, **put), after(5), some_approvers(*seats))

            assert [(type(one), one.approver_ids) for one in change.events] == told
            assert {*change.state.put_to} == {seat.user_id for seat in seats}

    def test_tells_nothing_where_nobody_else_decides(self):
        change = climbed(up_to(3), after(5), some_approvers(a_seat()))

        assert change.events == ()
        assert change.state.wake_at == after(10)

    def test_may_be_left_out(self):
        ladder = replace(LADDER, escalation=None)

        assert climbed(
            begin(an_approval(), ladder, now=NOW), after(3), ladder=ladder
        ).state.wake_at == after(10)


class TestExpiry:
    @pytest.mark.feature("APP-16")
    def test_ends_a_question_and_approves_nothing(self):
        change = climbed(up_to(10), after(20))

        [told] = change.events
        assert isinstance(told, ApprovalExpired)
        assert (told.approval_id, told.requester_id, told.expired_at) == ("r-1", "u-lea", after(20))
        assert (change.state.state, change.state.wake_at) == ("expired", None)
        assert change.state.decided_by is None

    @pytest.mark.feature("APP-16")
    def test_ends_one_that_nobody_may_decide_on(self):
        state = waiting(told=False)
        for days in (3, 5, 10):
            state = climbed(state, after(days), None).state

        assert types(climbed(state, after(20), None)) == [ApprovalExpired]

    def test_keeps_to_what_was_promised_when_the_setting_changes(self):
        shorter = replace(LADDER, expiry=12)

        assert climbed(up_to(10), after(12), ladder=shorter).state.state == "requested"
        assert climbed(up_to(10), after(20), ladder=shorter).state.state == "expired"

    def test_comes_only_after_who_decides_was_reminded_also_after_an_outage(self):
        late = after(25)

        change = climbed(waiting(), late)

        assert types(change) == [ApprovalEscalated, ApprovalReminded]
        reminder = change.events[1]
        assert reminder.expires_at == change.state.expires_at == business_days_after(late, 1)
        assert types(climbed(change.state, change.state.wake_at)) == [ApprovalExpired]


class TestClimb:
    @pytest.mark.feature("APP-16")
    def test_says_at_each_step_that_nobody_may_decide(self):
        change = climbed(waiting(told=False), after(3), None)

        assert types(change) == [ApproverMissing]
        assert change.state.state == "requested"

    @pytest.mark.feature("APP-16")
    def test_puts_it_anew_to_whoever_decides_next_once_nobody_does(self):
        ended = some_approvers(a_seat(valid_until=TODAY))

        change, seats = climb(waiting(put_to=("u-omar",)), ended, ladder=LADDER, now=after(3))

        assert types(change) == [ApproverMissing]
        assert (change.state.told, change.state.put_to) == (False, ())
        assert seats.state.awaited_by == "r-1"

    def test_reminds_nobody_while_the_requester_is_asked_for_more(self):
        change = climbed(waiting(asked_by="u-omar"), after(3))

        assert change.events == ()
        assert (change.state.rung, change.state.wake_at) == (0, after(20))

    def test_does_nothing_before_its_time(self):
        assert climbed(waiting(), after(3) - SECOND) == Change(waiting())

    def test_does_nothing_twice(self):
        once = climbed(waiting(), after(3))

        assert climbed(once.state, after(3)) == Change(once.state)

    @pytest.mark.parametrize("state", ["approved", "refused", "withdrawn", "expired"])
    def test_leaves_what_is_over(self, state: Any):
        change = climbed(replace(waiting(), state=state), after(20))

        assert change == Change(replace(waiting(), state=state, wake_at=None))

    def test_passes_over_steps_that_a_new_setting_puts_behind_it(self):
        denser = replace(LADDER, reminders=(1, 2, 4, 10))

        [told] = climbed(up_to(5), after(10), ladder=denser).events

        assert told.business_days == 10

    def test_is_nothing_to_what_is_not_there(self):
        assert climbed(None, NOW) == Change(None)
