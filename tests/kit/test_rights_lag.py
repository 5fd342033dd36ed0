"""A right that was taken away is gone from every answer within the stated age, however slow."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.users import Line, RightsChanged
from kit import heard
from kit.heard import Heard, TooStale
from kit.journal import SLICES
from kit.rights import Rights, applied

BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MAX_AGE = 3.0
TOPIC = RightsChanged.topic()
LINE = Line(valid_from=BEGINNING.date())


class Nothing:
    """A database in which nobody has said anything."""

    def __getitem__(self, _: str) -> "Nothing":
        return self

    async def find_one(self, _: Any) -> None:
        return None


def told(version: int) -> RightsChanged:
    """Given by every odd version, taken away by every even one."""
    given = {"role": "user", "lines": (LINE,)} if version % 2 else {"role": None}
    named = {"rattachement_id": "u:s", "user_id": "u", "structure_id": "s"}
    return RightsChanged(**named, **given, version=version)


def truth(changes: list[float], at: float) -> bool:
    return sum(moment <= at for moment in changes) % 2 == 1


moments = st.floats(0.001, 6)
lateness = st.sampled_from((0.0, 0.1, 2.0, 5.0, 9.0))


class TestAnswers:
    @given(
        gaps=st.lists(moments, min_size=1, max_size=8),
        lags=st.lists(lateness, min_size=40, max_size=40),
        asked=st.lists(st.floats(0, 40), min_size=20, max_size=20),
    )
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_are_what_was_true_within_the_age_or_are_refused(
        self,
        monkeypatch: pytest.MonkeyPatch,
        gaps: list[float],
        lags: list[float],
        asked: list[float],
    ):
        changes = [*accumulate(gaps)]
        # One channel: changes and the heartbeats of each second arrive late, and in order.
        sent = sorted(
            [(at, n + 1) for n, at in enumerate(changes)] + [(float(s), 0) for s in range(32)]
        )
        arrivals, last = [], 0.0
        for (at, version), lag in zip(sent, lags, strict=False):
            last = max(last, at + lag)
            arrivals.append((last, at, version))
        clock = [BEGINNING]
        monkeypatch.setattr(heard, "now", lambda: clock[0])

        async def ask() -> None:
            state = Heard(Nothing(), max_age=MAX_AGE, patience=0)  # type: ignore[arg-type]  # it is never read
            copy: Rights | None = None
            for at in sorted(asked):
                clock[0] = BEGINNING + timedelta(seconds=at)
                while arrivals and arrivals[0][0] <= at:
                    _, as_of, version = arrivals.pop(0)
                    if version:
                        copy = applied(told(version), copy).state
                    for n in range(0 if version else SLICES):
                        state.beat(f"{TOPIC}/{n}", BEGINNING + timedelta(seconds=as_of))
                try:
                    await state.require_fresh(TOPIC)
                except TooStale:
                    continue
                answer = bool(copy and copy.valid(BEGINNING.date()))
                since = max(0.0, at - MAX_AGE)
                moments = [since, at, *(one for one in changes if since <= one <= at)]
                assert answer in {truth(changes, one) for one in moments}, (at, changes)

        asyncio.run(ask())
