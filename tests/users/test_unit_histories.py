"""However units end, and in whatever order that is heard beside requests and decisions."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import RightsChanged
from kit.change import Change
from kit.collection import Ask
from kit.problems import Problem
from services.users.domain import rattachements, requests
from services.users.domain.lines import Extent
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from services.users.domain.units import Unit, begin, done, known_unit_id
from tests.users.rattaching import DEFAULTS, a_changed_unit, a_new_unit, an_ended_unit
from tests.users.test_rattachement_histories import USERS, World

CODES = ("ovens", "tills")


@dataclass
class Bakery(World):
    """One structure with its units; the worker comes by when the history says so."""

    versions: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.create("s-bakery", "u-omar")

    @property
    def units(self) -> dict[str, Unit]:
        return {one.code: one for one in self.kept.all(Unit)}

    def unit(self, code: str, *, ends: bool) -> None:
        self.versions[code] += 1
        version = {"version": self.versions[code]}
        if version["version"] == 1:
            self.hear(a_new_unit(code, **version, created_at=self.now))
        elif ends:
            self.hear(an_ended_unit(code, **version, ended_at=self.now))
        else:
            self.hear(a_changed_unit(code, **version, changed_at=self.now))

    def request(self, user: str, codes: tuple[str, ...]) -> None:
        id, today = f"r-{len(self.requests)}", self.today
        places = (
            self.of.structures.at("s-bakery"),
            self.of.requests.at(id),
            self.of.rattachements.at(rattachement_id(user, "s-bakery")),
            *(self.of.units.at(known_unit_id("s-bakery", code)) for code in codes),
        )
        extent = Extent(units=codes, valid_from=today)
        rest = {"user_id": user, "extent": extent, "comment": "", "today": today, "now": self.now}
        rest |= {"defaults": DEFAULTS}

        def decide(known: Any, request: Any, tie: Any, *units: Any) -> tuple[Change[Any], ...]:
            changes = requests.ask(known, request, tie, *units, id=id, **rest)
            return Change(known), *changes, *(Change(unit) for unit in units)

        with suppress(Problem):
            self.kept.keep(Ask(places, decide))

    def approve(self, nth: int) -> None:
        self.decide(nth, "approved")

    def work(self) -> None:
        """What ``Endings`` does, on what is kept in memory."""
        for unit in [one for one in self.units.values() if one.wake_at]:
            place = self.of.units.at(unit.id)
            self.kept.keep(Ask((place,), lambda one: (begin(one, self.now),)))
            for _ in range(self.times):
                self._each(RattachementRequest, self.of.requests, unit, requests.unit_ended)
                self._each(Rattachement, self.of.rattachements, unit, rattachements.unit_ended)
            self.kept.keep(Ask((place,), lambda one, unit=unit: (done(unit, one),)))

    def _each(self, kind: type, among: Any, unit: Unit, ended: Any) -> None:
        for one in self.kept.all(kind):
            ask = Ask((among.at(one.id),), lambda current: (ended(current, unit.code),))
            self.kept.keep(ask)


codes = st.sampled_from(CODES)
some_codes = st.lists(codes, unique=True, max_size=2).map(tuple)
actions = st.one_of(
    st.tuples(st.just("unit"), codes, st.booleans()),
    st.tuples(st.just("request"), st.sampled_from(USERS), some_codes),
    st.tuples(st.just("approve"), st.integers(0, 5)),
    st.tuples(st.just("repeat"), st.integers(0, 9)),
    st.tuples(st.just("work")),
)


def lived(history: list[tuple[Any, ...]], times: int = 1) -> Bakery:
    bakery = Bakery(times)
    for what, *how in [("unit", "ovens", False), *history, ("work",)]:
        if what == "unit":
            bakery.unit(how[0], ends=how[1])
        else:
            getattr(bakery, what)(*how)
    return bakery


class TestAnyHistory:
    @pytest.mark.feature("SRV-04")
    @given(st.lists(actions, max_size=25))
    def test_leaves_nobody_anything_in_a_unit_that_is_over(self, history):
        bakery = lived(history)

        over = {code for code, unit in bakery.units.items() if unit.over}
        for tie in bakery.kept.all(Rattachement):
            assert not over & {line.unit for line in tie.lines}
            assert not over & {one.unit for one in tie.habilitations}
            if tie.role == "user":
                assert tie.lines
        waiting = [one for one in bakery.requests if one.status == "requested"]
        assert all(one.ended_unit for one in waiting if over & {*one.extent.units})
        assert not any(one.wake_at for one in bakery.units.values())

    @given(st.lists(actions, max_size=25))
    def test_never_makes_a_unit_the_whole_structure(self, history):
        bakery = lived(history)

        asked_for_all = {
            one.user_id
            for one in bakery.requests
            if one.status == "granted" and not one.extent.units
        }
        for rights in bakery.kept.told:
            if isinstance(rights, RightsChanged) and None in {line.unit for line in rights.lines}:
                assert rights.user_id in asked_for_all

    @given(st.lists(actions, max_size=25))
    def test_heard_and_done_twice_is_once(self, history):
        once, twice = lived(history), lived(history, times=2)

        def seen(bakery: Bakery) -> list[Any]:
            return [
                (place.collection.name, replace(state, version=0))
                for place, state in bakery.kept.states.items()
            ]

        assert twice.kept.told == once.kept.told
        assert seen(twice) == seen(once)
