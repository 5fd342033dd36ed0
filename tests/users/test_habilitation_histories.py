"""Whoever changes whatever in whichever order, nobody comes by more than a manager could give."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.approvals import Verdict
from contracts.users import HabilitationsGranted, RightsChanged
from kit.days import day_of
from kit.problems import Problem
from services.users.domain.drafts import (
    MANAGES,
    Add,
    Operation,
    Remove,
    RemoveAll,
    Replace,
    row_of,
)
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.habilitations import Submitted
from services.users.domain.rattachements import Rattachement, rights_of
from services.users.habilitations import Habilitations
from tests.users.habilitating import HALF_AN_HOUR, READS, WRITES
from tests.users.kept import Kept, a_membership
from tests.users.people import an_account
from tests.users.rattaching import NOW, TODAY, a_decision, a_known_unit, a_line, a_structure

DAY = timedelta(days=1)
OMAR, USERS = "u-omar", ("u-ada", "u-lea", "u-zoe")
UNITS = ("ovens", "shop")
PROFILES = (MANAGES, READS, WRITES)
DAYS = [TODAY + DAY * nth for nth in range(9)]

Point = tuple[str, str, str | None, date]
"""One profile on one unit, or on the whole, on one day."""


def points(tie: Rattachement, since: date) -> set[Point]:
    """All that a rattachement gives from a day on, by looking at every unit and every day."""
    return {
        (one.application, one.level, unit, day)
        for one, unit, day in product(tie.habilitations, (None, *UNITS), DAYS)
        if day >= since
        and one.unit in (None, unit)
        and (one.valid_from or day) <= day <= (one.valid_until or day)
        and any(
            line.unit in (None, unit) and line.valid_from <= day <= (line.valid_until or day)
            for line in tie.lines
        )
    }


@dataclass
class World:
    """The habilitations of a bakery, in memory; every fact is heard twice."""

    waits: timedelta
    now: datetime = NOW
    kept: Kept = field(default_factory=Kept)
    given: set[Point] = field(default_factory=set)
    """All that the principal manager ever gave, or approved, or that was there."""

    def __post_init__(self) -> None:
        self.of, self.accounts = a_membership()
        self.shell = Habilitations(self.of, self.accounts, self.waits)
        self._turn = 0
        self.put(self.of.structures, a_structure())
        for code in UNITS:
            self.put(self.of.units, a_known_unit(code))
        self.put(self.of.rattachements, self.tie_of(OMAR, "principal_manager", a_line()))
        for user, line in zip(
            USERS,
            (a_line(), a_line("ovens"), a_line(valid_until=TODAY + 4 * DAY)),
            strict=True,
        ):
            self.put(self.accounts, an_account(id=user))
            self.put(self.of.rattachements, self.tie_of(user, "user", line))

    def tie_of(self, user: str, role: Any, line: Any) -> Rattachement:
        held = (MANAGES,) if role == "principal_manager" else ()
        return Rattachement(
            id=f"{user}:s-bakery",
            version=1,
            user_id=user,
            structure_id="s-bakery",
            role=role,
            lines=(line,),
            habilitations=held,
        )

    def put(self, collection: Any, entity: Any) -> None:
        self.kept.states[collection.at(entity.id)] = entity

    def tie(self, user: str) -> Rattachement:
        found = self.kept.states[self.of.rattachements.at(f"{user}:s-bakery")]
        assert isinstance(found, Rattachement)
        return found

    @property
    def today(self) -> date:
        return day_of(self.now)

    def submitted(self, by: str) -> Submitted:
        self._turn += 1
        return self.shell.submitted(f"h-{self._turn}", by, self.now)

    def submit(self, by: str, user: str, operations: tuple[Operation, ...]) -> None:
        own, before = points(self.tie(by), self.today), self.tie(user)
        ask = self.shell.submit("s-bakery", user, operations, self.submitted(by))
        told = len(self.kept.told)
        with suppress(Problem):
            self.kept.keep(ask)
            self.kept.keep(ask)
        after = self.tie(user)
        if by == OMAR:
            self.given |= self.to_come(after)
        elif after != before:
            assert before.role != "principal_manager"
            assert by != user
            assert self.to_come(after) <= self.to_come(before) | own
        assert len(self.kept.told) <= told + 1

    def request(self, user: str, operations: tuple[Operation, ...]) -> None:
        before = self.tie(user)
        ask = self.shell.ask("s-bakery", operations, "", self.submitted(user))
        with suppress(Problem):
            self.kept.keep(ask)
            self.kept.keep(ask)
        assert user == OMAR or self.tie(user).habilitations == before.habilitations
        assert user == OMAR or self.tie(user).waiting == before.waiting

    def decide(self, by: str, nth: int, verdict: Verdict) -> None:
        if not (requests := self.kept.all(HabilitationsRequest)):
            return
        request = requests[nth % len(requests)]
        own, before = points(self.tie(by), self.today), self.tie(request.user_id)
        decided = a_decision(
            kind="habilitation",
            subject_id=request.id,
            requester_id=request.user_id,
            verdict=verdict,
            decided_by=by,
            decided_at=self.now,
        )
        if by == request.user_id:
            return  # approvals lets nobody decide on their own
        self.kept.keep(self.shell.settle(decided))
        self.kept.keep(self.shell.settle(decided))
        after = self.tie(request.user_id)
        if verdict == "refused":
            assert (after.habilitations, after.waiting) == (before.habilitations, before.waiting)
        elif by == OMAR:
            self.given |= self.to_come(after)
        else:
            assert self.to_come(after) <= self.to_come(before) | own

    def let(self, user: str, may_approve: bool) -> None:
        ask = self.shell.let_approve(
            "s-bakery", user, may_approve=may_approve, submitted=self.submitted(OMAR)
        )
        with suppress(Problem):
            self.kept.keep(ask)

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        while due := [one for one in self.kept.all(Rattachement) if self.shell.turn(one, self.now)]:
            for one in due:
                for _ in range(2):
                    self.kept.keep(self.shell.turn(one, self.now))

    def to_come(self, tie: Rattachement) -> set[Point]:
        """All that it gives, what waits included."""
        waiting = tuple(one.habilitation for one in tie.waiting)
        return points(replace(tie, habilitations=(*tie.habilitations, *waiting)), self.today)


somebody = st.sampled_from((OMAR, *USERS))
habilitations = st.builds(
    lambda profile, unit, first, last: profile.model_copy(
        update={
            "unit": unit,
            "valid_from": None if first is None else TODAY + first * DAY,
            "valid_until": None if last is None else TODAY + last * DAY,
        }
    ),
    st.sampled_from(PROFILES),
    st.sampled_from((None, None, *UNITS)),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(0, 8),
)
rows = st.builds(
    lambda profile, unit: row_of(profile.model_copy(update={"unit": unit})),
    st.sampled_from(PROFILES),
    st.sampled_from((None, *UNITS)),
)
one_operation = st.one_of(
    st.builds(Add, st.sampled_from(PROFILES)),
    st.builds(Add, habilitations),
    st.builds(RemoveAll),
    st.builds(Remove, rows),
    st.builds(Replace, rows, habilitations),
)
operations = st.one_of(
    st.tuples(one_operation),
    # Whatever was there: a draft of rows that are held already would only be refused.
    st.tuples(st.builds(RemoveAll), one_operation),
    st.tuples(one_operation, one_operation),
)
steps = st.one_of(
    st.tuples(st.just("submit"), somebody, somebody, operations),
    st.tuples(st.just("submit"), st.sampled_from(USERS), st.sampled_from(USERS), operations),
    st.tuples(st.just("request"), somebody, operations),
    st.tuples(
        st.just("decide"),
        somebody,
        st.integers(0, 5),
        st.sampled_from(["approved", "approved", "refused"]),
    ),
    st.tuples(st.just("let"), st.sampled_from(USERS), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 40)),
)
delegations = st.tuples(
    st.just("submit"),
    st.just(OMAR),
    st.sampled_from(USERS),
    st.builds(
        lambda unit, held: tuple(
            Add(one.model_copy(update={"unit": unit})) for one in (MANAGES, *held)
        ),
        st.sampled_from([None, None, "ovens"]),
        st.sampled_from([(), (READS,), (READS, WRITES)]),
    ),
)
histories = st.builds(
    lambda delegated, rest: [*delegated, *rest],
    st.lists(delegations, min_size=1, max_size=3),
    st.lists(steps, min_size=4, max_size=15),
)
steps_of_the_manager = st.tuples(
    st.just("submit"), st.just(OMAR), st.sampled_from((OMAR, *USERS)), operations
)
delays = st.sampled_from([timedelta(), HALF_AN_HOUR])


def lived(waits: timedelta, history: list[tuple[Any, ...]]) -> World:
    world = World(waits)
    for what, *how in history:
        getattr(world, what)(*how)
    return world


class TestAnyHistory:
    @pytest.mark.feature("HAB-05", "HAB-13", "HAB-16")
    @given(delays, histories)
    def test_leaves_nobody_with_more_than_the_principal_manager_gave(self, waits, history):
        world = lived(waits, history)

        for user in USERS:
            assert points(world.tie(user), world.today) <= world.given
        assert MANAGES in world.tie(OMAR).habilitations
        granted = [one.key for one in world.kept.told if isinstance(one, HabilitationsGranted)]
        assert len({*granted}) == len(granted)
        for user in (OMAR, *USERS):
            assert_told_in_order_and_as_it_stands(world, user)
        world.wait(24 * len(DAYS))
        held = [one for user in USERS for one in world.tie(user).habilitations]
        assert [one for one in held if one.valid_until and one.valid_until < world.today] == []

    @pytest.mark.feature("HAB-15")
    @settings(max_examples=40)
    @given(st.lists(steps_of_the_manager, max_size=12))
    def test_comes_to_the_same_once_what_waits_has_waited(self, history):
        """For as long as nobody acts on what is not yet in force."""
        at_once, later = lived(timedelta(), history), lived(HALF_AN_HOUR, history)
        later.wait(1)
        at_once.wait(1)

        for user in (OMAR, *USERS):
            assert points(at_once.tie(user), TODAY) == points(later.tie(user), TODAY)


def assert_told_in_order_and_as_it_stands(world: World, user: str) -> None:
    rights = [one for one in world.kept.told if isinstance(one, RightsChanged)]
    told = [one for one in rights if one.user_id == user]
    versions = [one.version for one in told]
    assert versions == sorted({*versions})
    if told:
        assert told[-1].habilitations == rights_of(world.tie(user)).habilitations
