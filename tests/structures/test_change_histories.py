"""Any history of changes to a structure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.structures import StructureChanged
from kit.change import Change
from kit.problems import Problem
from services.structures.domain.changes import Asked, choose_edi, deactivate, take_effect, told
from services.structures.domain.options import Edi
from services.structures.domain.structures import Structure
from tests.structures.builders import NOW, a_structure
from tests.structures.changing import ACME, HALF_AN_HOUR, activated, kept, kept_events, modified

emails = st.sampled_from(["a@example.org", "b@example.org", None])
names = st.sampled_from(["Acme", "Acme & Co"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("email"), emails),
        st.tuples(st.just("legal_name"), names),
        st.tuples(st.just("edi"), st.booleans()),
        st.tuples(st.just("activate"), st.none()),
        st.tuples(st.just("deactivate"), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=30,
)


class Life:
    """One structure, its changes in force half an hour after they were asked for."""

    def __init__(self, times: int, waits: timedelta) -> None:
        self.structure = a_structure(identifier=ACME, legal_name="Acme")
        self.now, self._times, self._waits = NOW, times, waits
        self.told: list[StructureChanged] = []
        self.last: dict[str, Any] = {}
        """What was asked last of each sort, and is not refused."""

    def live(self, what: str, value: Any) -> None:
        if what == "wait":
            self.now += timedelta(minutes=value)
            while self.structure.wake_at and self.structure.wake_at <= self.now:
                self._keep(take_effect(self.structure, now=self.now))
            return
        for _ in range(self._times):
            try:
                self._keep(self._asked(what, value))
            except Problem:
                return
        if what.endswith("activate"):
            self.last["status"] = what
        else:
            self.last[what] = value

    def _asked(self, what: str, value: Any) -> Change[Structure]:
        asked = Asked(by="u-lea", at=self.now, waits=self._waits)
        if what == "edi":
            return choose_edi(self.structure, edi=Edi(sends_flows=value), asked=asked)
        if what == "activate":
            return activated(self.structure, asked, establishment=None)
        if what == "deactivate":
            return deactivate(self.structure, now=self.now)
        return modified(self.structure, asked, **{what: value})

    def _keep(self, change: Change[Structure]) -> None:
        if change.state != self.structure or change.events:
            self.structure = replace(kept(change), version=self.structure.version + 1)
            self.told += kept_events(change)


class TestAnyLife:
    @pytest.mark.feature("STR-31")
    @given(steps, st.sampled_from([timedelta(), HALF_AN_HOUR]))
    def test_asked_twice_is_asked_once_and_the_last_word_holds(self, history, waits):
        once, twice = Life(1, waits), Life(2, waits)
        for step in [*history, ("wait", 60)]:
            once.live(*step)
            twice.live(*step)

        assert (once.structure, once.told) == (twice.structure, twice.told)
        structure = once.structure
        assert (structure.waiting, structure.wake_at) == ((), None)
        says = {
            "email": structure.email,
            "legal_name": structure.legal_name,
            "edi": structure.edi.sends_flows,
            "status": "activate" if structure.status == "active" else "deactivate",
        }
        assert once.last.items() <= says.items()

    @given(steps, st.sampled_from([timedelta(), HALF_AN_HOUR]))
    def test_tells_each_change_once_in_order_and_as_it_then_stands(self, history, waits):
        life = Life(2, waits)
        for step in history:
            life.live(*step)

        versions = [one.version for one in life.told]
        assert versions == sorted({*versions})
        for before, after in zip(life.told, life.told[1:], strict=False):
            unnumbered = {"version": 0, "changed_at": NOW}
            assert before.model_copy(update=unnumbered) != after.model_copy(update=unnumbered)
        if life.told:
            last = told(life.structure, now=life.told[-1].changed_at)
            assert life.told[-1] == last.model_copy(update={"version": versions[-1]})
