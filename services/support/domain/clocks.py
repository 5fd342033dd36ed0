"""
How long a ticket may wait for its first answer and for its solution. Pure.

Working time alone is counted, and none of it while the emitter is the one who is waited for.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.support import Promise
from kit.business_days import WorkingHours
from services.support.domain.states import State

STOPPED: Final[frozenset[State]] = frozenset({"waiting", "resolved", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What is promised of a category, in working hours."""

    first_answer: float
    solution: float


@dataclass(frozen=True, slots=True)
class Timing:
    """By what time is counted, and what remains at least of a promise that runs again."""

    hours: WorkingHours
    at_least: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One promise, and how far it has been used up."""

    promised: int
    """Seconds of working time; so is ``left``."""
    left: int
    since: datetime | None = None
    """Since when it runs; None while it is stopped."""
    due_at: datetime | None = None
    """While it runs: when nothing will be left."""
    late_at: datetime | None = None
    """When nothing was left; it does not run again then, unless the ticket is opened again."""
    kept_at: datetime | None = None
    """When what was promised was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    first_answer: Clock
    solution: Clock

    @property
    def next_due(self) -> datetime | None:
        return min((one.due_at for _, one in self.each() if one.due_at), default=None)

    @property
    def overdue(self) -> bool:
        """Whether something is late and still to be done."""
        return any(one.late_at and not one.kept_at for _, one in self.each())

    def each(self) -> tuple[tuple[Promise, Clock], ...]:
        return ("first_answer", self.first_answer), ("solution", self.solution)


def begun(patience: Patience, timing: Timing, *, now: datetime) -> Clocks:
    """Both promises, from the moment a ticket is sent."""
    return Clocks(
        first_answer=_run(_new(patience.first_answer), timing, now=now),
        solution=_run(_new(patience.solution), timing, now=now),
    )


def turned(
    clocks: Clocks | None,
    before: State,
    after: State,
    timing: Timing,
    *,
    answered: bool,
    now: datetime,
) -> Clocks | None:
    """
    What an act leaves of them: from which state to which, and whether the emitter was answered.

    An act that leaves a ticket open hands it on: whoever has it now has some time too.
    """
    if clocks is None:
        return None
    if answered:
        clocks = first_answered(clocks, timing, now=now)
    first, solution = clocks.first_answer, clocks.solution
    if after == "resolved":
        solution = _kept(solution, timing, now=now)
    elif before == "resolved" and after == "open":
        # Told once of each opening: what was late then is not late now.
        solution = replace(solution, late_at=None, kept_at=None)
    step = _stop if after in STOPPED else _run
    return Clocks(
        first_answer=step(first, timing, now=now), solution=step(solution, timing, now=now)
    )


def first_answered(clocks: Clocks, timing: Timing, *, now: datetime) -> Clocks:
    """The emitter has been answered; the solution is due when it was."""
    if clocks.first_answer.kept_at:
        return clocks
    return replace(clocks, first_answer=_kept(clocks.first_answer, timing, now=now))


def ran_out(clocks: Clocks, *, now: datetime) -> tuple[Clocks, tuple[Promise, ...]]:
    """Those whose time has come, each once."""
    late = tuple(name for name, one in clocks.each() if one.due_at and one.due_at <= now)
    return replace(clocks, **{name: _late(getattr(clocks, name)) for name in late}), late


def _new(hours: float) -> Clock:
    seconds = int(hours * 3600)
    return Clock(promised=seconds, left=seconds)


def _run(clock: Clock, timing: Timing, *, now: datetime) -> Clock:
    if clock.kept_at or clock.late_at:
        return clock
    stopped = _stop(clock, timing, now=now)
    least = min(int(timing.at_least.total_seconds()), clock.promised)
    left = max(stopped.left, least)
    due_at = timing.hours.after(now, timedelta(seconds=left))
    return replace(stopped, left=left, since=now, due_at=due_at)


def _stop(clock: Clock, timing: Timing, *, now: datetime) -> Clock:
    if clock.since is None:
        return clock
    used = timing.hours.between(clock.since, now).total_seconds()
    return replace(clock, left=max(clock.left - int(used), 0), since=None, due_at=None)


def _kept(clock: Clock, timing: Timing, *, now: datetime) -> Clock:
    """Done; late if it was only done after its time, told or not."""
    over = clock.due_at if clock.due_at and clock.due_at <= now else None
    stopped = _stop(clock, timing, now=now)
    return replace(stopped, kept_at=now, late_at=clock.late_at or over)


def _late(clock: Clock) -> Clock:
    return replace(clock, left=0, since=None, due_at=None, late_at=clock.due_at)
