"""Whatever the order in which things are told, asked and repeated."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalOpened,
    ApprovalOpenedV2,
)
from contracts.event import Event
from contracts.users import Habilitation, RightsChanged
from kit.change import Change, Entity
from kit.problems import Problem
from kit.rights import Rights, applied
from services.approvals.domain import approvers, deciding, opening
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.deciding import Answer, Decider
from services.approvals.domain.numbers import Numbers
from services.approvals.domain.opening import ASKED_BY
from services.approvals.seats import seat_of
from tests.approvals.builders import (
    LADDER,
    NOW,
    TODAY,
    a_habilitations_request,
    a_mandate_question,
    a_request,
)

USERS = ("u-ada", "u-lea", "u-omar")
UNITS = ("COMPTA", "VOIRIE")

modifies = Habilitation(application="organisation", level="modification")
units = st.lists(st.sampled_from(UNITS), unique=True, max_size=2).map(tuple)
QUESTIONS: dict[str, Callable[[str, str, tuple[str, ...]], Event]] = {
    "rattachement": lambda id, by, units: a_request(request_id=id, user_id=by, units=units),
    "habilitation": lambda id, by, units: a_habilitations_request(
        request_id=id, user_id=by, units=units
    ),
    "line of a list": lambda id, by, units: a_habilitations_request(
        request_id=id, user_id=by, units=units, list_id="l-1"
    ),
    "mandate": lambda id, by, units: a_mandate_question(
        question_id=id, subject_id=id, requester_id=by, units=units
    ),
}
ASKING, OPENED, DECIDED = (
    tuple(ASKED_BY),
    (ApprovalOpened, ApprovalOpenedV2),
    (ApprovalDecided, ApprovalDecidedV2),
)
requests = st.lists(
    st.tuples(st.sampled_from([*QUESTIONS]), st.sampled_from(USERS), units), min_size=1, max_size=4
).map(lambda asked: [QUESTIONS[kind](f"r-{n}", by, of) for n, (kind, by, of) in enumerate(asked)])
held = st.builds(
    dict,
    role=st.sampled_from(["principal_manager", "user", None]),
    units=units,
    habilitations=st.sampled_from([(), (modifies,)]),
    may_approve=st.booleans(),
    valid_until=st.sampled_from([None, TODAY.replace(year=2025)]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[RightsChanged]:
    """For each user, what users told of their rights, version by version."""
    return [
        RightsChanged(
            rattachement_id=f"{user}:s-9", user_id=user, structure_id="s-9", version=n, **state
        )
        for user in USERS
        for n, state in enumerate(draw(st.lists(held, max_size=3)), start=1)
    ]


class World:
    """The service without its shell: the same decisions on states kept in memory."""

    def __init__(self) -> None:
        self.approvals: dict[str, Approval] = {}
        self.rights: dict[str, Rights] = {}
        self.approvers: Approvers | None = None
        self.numbers: Numbers | None = None
        self.looking = self._look_for_ever()
        self.told: list[Event] = []

    def keep(self, change: Change[Any], current: Entity | None) -> Any:
        self.told += change.events
        if change.state == current:
            return current
        return replace(change.state, version=current.version + 1 if current else 1)

    def hear(self, event: Event) -> None:
        if isinstance(event, ASKING):
            current = self.approvals.get(event.key)
            opened, seats, given, _ = opening.open_for(
                ASKED_BY[type(event)](event),
                current,
                self.approvers,
                self.numbers,
                None,
                sequence=0,
                ladder=LADDER,
                now=NOW,
            )
            self.numbers = self.keep(given, self.numbers)
            self.approvals[event.key] = self.keep(opened, current)
            self.approvers = self.keep(seats, self.approvers)
        elif isinstance(event, RightsChanged):
            copied = self.rights.get(event.user_id)
            rights = self.keep(applied(event, copied), copied)
            self.rights[event.user_id] = rights
            seated = approvers.take_seat(seat_of(rights), self.approvers, now=NOW)
            self.approvers = self.keep(seated, self.approvers)

    def decide(self, by: str, id: str, verdict: Any) -> None:
        current = self.approvals.get(id)
        try:
            change = deciding.decide(
                current,
                self.approvers,
                None,
                (),
                answer=Answer(verdict=verdict, reason="Motif"),
                by=Decider(user_id=by),
                now=NOW,
            )
        except Problem:
            return
        self.approvals[id] = self.keep(change, current)

    def look(self) -> None:
        """The next step of what the worker does, so that anything may happen between two."""
        next(self.looking)

    def _look_for_ever(self) -> Iterator[None]:
        while True:
            begun = self.keep(approvers.look(self.approvers, NOW), self.approvers)
            if begun == self.approvers:
                yield
                continue
            self.approvers = begun
            yield
            left = None
            for id, current in self.approvals.items():
                change = opening.tell_opened(current, self.approvers, ladder=LADDER, now=NOW)
                self.approvals[id] = self.keep(change, current)
                left = left if self.approvals[id].told else id
            yield
            looked = approvers.looked(begun, self.approvers, still_waiting=left, now=NOW)
            self.approvers = self.keep(looked, self.approvers)
            yield


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Event], list[Any]]:
    """Events told at least once each, in any order, among decisions and looks."""
    asked: list[Event] = [*draw(requests), *draw(histories())]
    again = draw(st.lists(st.sampled_from(asked), max_size=5))
    decision = st.tuples(
        st.sampled_from(USERS),
        st.sampled_from([one.key for one in asked if isinstance(one, ASKING)]),
        st.sampled_from(["approved", "refused"]),
    )
    others = draw(st.lists(decision | st.none(), max_size=16))
    return asked, draw(st.permutations([*asked, *again, *others]))


@pytest.mark.feature("APP-04", "APP-16", "APP-20")
@settings(max_examples=400, deadline=None)
@given(stories())
def test_every_question_is_kept_told_once_and_never_answered_by_its_requester(
    story: tuple[list[Event], list[Any]],
) -> None:
    events, steps = story
    world = World()
    for step in steps:
        if step is None:
            world.look()
        elif isinstance(step, Event):
            world.hear(step)
        else:
            world.decide(*step)
    for _ in range(9):
        world.look()

    assert set(world.approvals) == {one.key for one in events if isinstance(one, ASKING)}
    opened = Counter(one.key for one in world.told if isinstance(one, OPENED))
    decided = Counter(one.key for one in world.told if isinstance(one, DECIDED))
    facts = [(isinstance(one, DECIDED), one.key) for one in world.told]
    seats = [seat_of(one) for one in world.rights.values()]
    for id, approval in world.approvals.items():
        answerable = any(seat.decides(approval, TODAY) for seat in seats)
        assert opened[id] >= approval.told
        if approval.state == "requested":
            assert approval.told == answerable
            assert not approval.told or any(
                seat.decides(approval, TODAY) and seat.user_id in approval.put_to for seat in seats
            )
        assert decided[id] == (approval.state != "requested")
        assert approval.decided_by != approval.requester_id
        if decided[id]:
            assert facts.index((False, id)) < facts.index((True, id))
    newest = {}
    for one in events:
        if isinstance(one, RightsChanged):
            newest[one.user_id] = max(newest.get(one.user_id, 0), one.version)
    numbers = [one.number for one in world.approvals.values()]
    assert len({*numbers}) == len(numbers)
    assert {user: one.told for user, one in world.rights.items()} == newest
