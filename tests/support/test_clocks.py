"""How long a ticket may wait, and when it is late."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Final, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.support import Promise
from kit.business_days import WorkingHours
from services.support.domain.clocks import (
    Clocks,
    Patience,
    Timing,
    begun,
    ran_out,
    turned,
)
from services.support.domain.states import State

HOUR: Final = timedelta(hours=1)
MONDAY: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
"""At nine o'clock in Paris."""
TIMING: Final = Timing(WorkingHours(time(9), time(17)), at_least=2 * HOUR)
PATIENCE: Final = Patience(first_answer=4, solution=8)


def after(
    clocks: Clocks | None, before: State, to: State, at: datetime, *, answered: bool
) -> Clocks:
    turn = turned(clocks, before, to, TIMING, answered=answered, now=at)
    assert turn
    return turn


def sent(at: datetime = MONDAY) -> Clocks:
    return begun(PATIENCE, TIMING, now=at)


class TestBegun:
    def test_counts_working_time(self):
        clocks = sent(MONDAY + 6 * HOUR)

        assert clocks.first_answer.due_at == MONDAY + timedelta(days=1) + 2 * HOUR
        assert clocks.solution.due_at == MONDAY + timedelta(days=1) + 6 * HOUR
        assert clocks.next_due == clocks.first_answer.due_at


class TestTurned:
    def test_keeps_the_promise_of_an_answer_with_the_first_one(self):
        asked = after(sent(), "open", "waiting", MONDAY + HOUR, answered=True)

        assert asked.first_answer.kept_at == MONDAY + HOUR
        assert asked.first_answer.late_at is None

    def test_pauses_while_the_emitter_is_waited_for(self):
        asked = after(sent(), "open", "waiting", MONDAY + HOUR, answered=True)
        weeks_later = MONDAY + timedelta(weeks=3)
        given_ = after(asked, "waiting", "open", weeks_later, answered=False)

        assert (asked.next_due, asked.solution.left) == (None, 7 * 3600)
        assert given_.solution.due_at == weeks_later + 7 * HOUR

    def test_leaves_some_time_to_whoever_is_given_information_at_the_last_moment(self):
        asked = after(sent(), "open", "waiting", MONDAY + 8 * HOUR, answered=True)
        tuesday = MONDAY + timedelta(days=1)

        given_ = after(asked, "waiting", "open", tuesday, answered=False)

        assert given_.solution.due_at == tuesday + 2 * HOUR

    def test_begins_again_without_being_late_when_a_late_solution_is_refused(self):
        late, _ = ran_out(sent(), now=MONDAY + 9 * HOUR)
        solved = after(late, "open", "resolved", MONDAY + 26 * HOUR, answered=True)

        refused = after(solved, "resolved", "open", MONDAY + 27 * HOUR, answered=False)

        assert (solved.solution.late_at, refused.solution.late_at) == (MONDAY + 8 * HOUR, None)
        assert refused.solution.due_at == MONDAY + 29 * HOUR

    def test_gives_some_time_to_whoever_it_is_handed_to(self):
        at = MONDAY + 7 * HOUR

        handed = after(sent(), "open", "open", at, answered=False)

        assert handed.solution.due_at == MONDAY + timedelta(days=1) + HOUR

    def test_says_that_an_answer_came_late_though_nobody_had_noticed(self):
        answered = after(sent(), "open", "resolved", MONDAY + 7 * HOUR, answered=True)

        assert answered.first_answer.late_at == MONDAY + 4 * HOUR
        assert (answered.solution.late_at, answered.next_due) == (None, None)

    def test_promises_nothing_of_a_ticket_from_before_there_were_clocks(self):
        assert turned(None, "open", "resolved", TIMING, answered=True, now=MONDAY) is None


class TestRanOut:
    def test_names_each_once(self):
        late, names = ran_out(sent(), now=MONDAY + 4 * HOUR)
        again, none = ran_out(late, now=MONDAY + 5 * HOUR)

        assert (names, none, again) == (("first_answer",), (), late)
        assert late.first_answer.late_at == MONDAY + 4 * HOUR
        assert late.next_due == MONDAY + 8 * HOUR


Step = Literal["ask", "inform", "answer", "refuse", "hand_on", "ring"]
MOVES: Final[dict[Step, tuple[State, State, bool]]] = {
    "ask": ("open", "waiting", True),
    "inform": ("waiting", "open", False),
    "answer": ("open", "resolved", True),
    "refuse": ("resolved", "open", False),
    "hand_on": ("open", "open", False),
}


@dataclass
class History:
    """What anybody may do in any order, at any pace; and what must hold of it."""

    at: datetime = MONDAY
    state: State = "open"
    since: datetime = MONDAY
    """When whoever treats it was last given it."""
    open_for: timedelta = timedelta()
    """Working time for which it was treated since the present solution was asked for."""
    clocks: Clocks = field(default_factory=sent)
    told: set[Promise] = field(default_factory=set)

    def do(self, step: Step, pause: timedelta) -> None:
        was, self.at = self.at, self.at + pause
        if self.state == "open":
            self.open_for += TIMING.hours.between(was, self.at)
        if step == "ring":
            self.ring()
        elif (move := MOVES[step])[0] == self.state:
            self.move(move)

    def ring(self) -> None:
        due = self.clocks.next_due
        self.clocks, late = ran_out(self.clocks, now=self.at)
        assert bool(late) == (due is not None and due <= self.at)
        for name in late:
            assert self.state == "open"
            assert name not in self.told
            waited = TIMING.hours.between(self.since, self.at)
            assert waited >= TIMING.at_least
            assert self.open_for >= getattr(PATIENCE, name) * HOUR - timedelta(seconds=30)
        self.told |= {*late}

    def move(self, move: tuple[State, State, bool]) -> None:
        before, self.state, answered = move
        turn = turned(self.clocks, before, self.state, TIMING, answered=answered, now=self.at)
        assert turn
        self.clocks = turn
        if before == "resolved":
            self.told.discard("solution")
        if self.state == "open":
            self.since = self.at
            assert all(
                one.late_at or one.kept_at or (one.due_at and one.due_at > self.at)
                for _, one in turn.each()
            )
        else:
            assert turn.next_due is None


@pytest.mark.feature("SUP-23")
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*MOVES, "ring"]),
            st.timedeltas(timedelta(0), timedelta(days=4)),
        ),
        max_size=20,
    )
)
@settings(max_examples=80, deadline=None)
def test_no_history_is_late_too_soon_twice_or_while_its_emitter_is_waited_for(
    steps: list[tuple[Step, timedelta]],
):
    history = History()
    for step, pause in steps:
        history.do(step, pause)
