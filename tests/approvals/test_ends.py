"""Every request that was accepted comes to exactly one end, whatever happens meanwhile."""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.approvals import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalOpened,
    ApprovalReminded,
    ApprovalWithdrawn,
    ApproverMissing,
)
from contracts.event import Event
from contracts.users import PersonChanged, RattachementRequested, RightsChanged
from kit.change import Change, Entity
from kit.days import day_of
from kit.problems import Problem
from kit.rights import Rights, applied
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, take_seat
from services.approvals.domain.business_days import business_days_after
from services.approvals.domain.deciding import Answer, Decider, decide
from services.approvals.domain.ladder import climb
from services.approvals.domain.opening import of_rattachement, open_for, tell_opened
from services.approvals.domain.people import Person, copy_person
from services.approvals.domain.withdrawing import withdraw, withdraw_of_who_left
from services.approvals.seats import seat_of
from services.users.domain import requests, vacancies
from services.users.domain.lines import Extent
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from tests.approvals.builders import LADDER, NOW
from tests.users.rattaching import DEFAULTS, MANAGE, a_rattachement, a_structure

S = "s-bakery"
OMAR, ADA, LEA = "u-omar", "u-ada", "u-lea"
ENDS = {
    "approved": {"granted", "not_applied"},
    "refused": {"refused"},
    "withdrawn": {"withdrawn"},
    "expired": {"expired"},
}
"""Of an approval, and what users makes of each."""
ENDING = (ApprovalDecided, ApprovalWithdrawn, ApprovalExpired)


class World:
    """Users and approvals without their shells: the same decisions on states kept in memory."""

    def __init__(self) -> None:
        self.now = NOW
        self.requests: dict[str, RattachementRequest] = {}
        self.ties: dict[str, Rattachement] = {}
        self.approvals: dict[str, Approval] = {}
        self.approvers: Approvers | None = None
        self.deciders: dict[str, Rattachement | None] = {}
        self.rights: dict[str, Rights] = {}
        self.people: dict[str, Person] = {}
        self.inactive: set[str] = set()
        self.versions: Counter[str] = Counter()
        self.told: list[Event] = []
        self.on_their_way: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self.heard: list[Event] = []

    def keep(self, change: Change[Any], current: Entity | None) -> Any:
        for event in change.events:
            self.tell(event)
        if change.state is None or change.state == current:
            return current
        return replace(change.state, version=current.version + 1 if current else 1)

    def tell(self, event: Event) -> None:
        """The facts of one entity arrive in order; between two entities there is none."""
        self.told.append(event)
        self.on_their_way[event.topic(), event.key].append(event)

    # What people do.

    def ask(self, by: str) -> None:
        id, tie = f"r-{len(self.requests)}", rattachement_id(by, S)
        today = day_of(self.now)
        with suppress(Problem):
            asked, tied = requests.ask(
                a_structure(),
                None,
                self.ties.get(tie),
                id=id,
                user_id=by,
                extent=Extent(valid_from=today),
                comment="",
                today=today,
                now=self.now,
                defaults=DEFAULTS,
            )
            self.requests[id] = self.keep(asked, None)
            self.ties[tie] = self.keep(tied, self.ties.get(tie))

    def decide(self, by: str, which: int, verdict: Any) -> None:
        answer = Answer(verdict=verdict, reason="Motif")
        self._answer(
            which,
            lambda current: decide(
                current,
                self.approvers,
                self.people.get(current.requester_id),
                (),
                answer=answer,
                by=Decider(user_id=by),
                now=self.now,
            ),
        )

    def withdraw(self, by: str, which: int) -> None:
        self._answer(which, lambda current: withdraw(current, by=by, now=self.now))

    def _answer(self, which: int, decision: Callable[[Approval], Change[Approval]]) -> None:
        for current in [*self.approvals.values()][which : which + 1]:
            with suppress(Problem):
                self.approvals[current.id] = self.keep(decision(current), current)

    def let_decide(self, who: str, role: Any) -> None:
        """Users gives somebody the rights of this role, or takes them away."""
        id = rattachement_id(who, S)
        self.versions[id] += 1
        held = {"id": id, "user_id": who, "role": role, "habilitations": (MANAGE,)}
        self.deciders[who] = a_rattachement(**held) if role else None
        self.tell(
            RightsChanged(
                rattachement_id=id,
                user_id=who,
                structure_id=S,
                role=role,
                habilitations=(MANAGE,) if role else (),
                # Whatever users tells by itself comes before.
                version=1000 + self.versions[id],
            )
        )

    def leave_or_return(self, who: str) -> None:
        self.inactive ^= {who}
        self.versions[who] += 1
        self.tell(
            PersonChanged(
                user_id=who,
                first_name="",
                last_name="",
                email="",
                active=who not in self.inactive,
                version=self.versions[who],
            )
        )

    # What the platform does by itself.

    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def deliver(self, which: int) -> None:
        queues = [one for one in self.on_their_way.values() if one]
        if queues:
            event = queues[which % len(queues)].pop(0)
            self.heard.append(event)
            self.hear(event)

    def deliver_all(self) -> None:
        while any(self.on_their_way.values()):
            self.deliver(0)

    def again(self, which: int) -> None:
        if self.heard:
            self.hear(self.heard[which % len(self.heard)])

    def wake(self, which: int) -> None:
        """The timer comes to one that is due, or to one that another process has just woken."""
        for current in [*self.approvals.values()][which : which + 1]:
            change, seats = climb(current, self.approvers, ladder=LADDER, now=self.now)
            self.approvals[current.id] = self.keep(change, current)
            self.approvers = self.keep(seats, self.approvers)

    def look(self) -> None:
        """What workers do, of those who may decide by now and of those who have left."""
        for id, current in self.approvals.items():
            opened = tell_opened(current, self.approvers, ladder=LADDER, now=self.now)
            looked = self.keep(opened, current)
            person = self.people.get(looked.requester_id)
            taken_back = withdraw_of_who_left(looked, person, now=self.now)
            self.approvals[id] = self.keep(taken_back, looked)

    def hear(self, event: Event) -> None:
        if isinstance(event, RattachementRequested):
            self._open(event)
        elif isinstance(event, RightsChanged):
            held = self.rights.get(event.user_id)
            self.rights[event.user_id] = rights = self.keep(applied(event, held), held)
            seated = take_seat(seat_of(rights), self.approvers, now=self.now)
            self.approvers = self.keep(seated, self.approvers)
        elif isinstance(event, PersonChanged):
            known = self.people.get(event.user_id)
            self.people[event.user_id] = self.keep(copy_person(event, known, now=self.now), known)
        elif isinstance(event, ENDING):
            self._settle(event)
        elif isinstance(event, ApproverMissing):
            request = self.requests[event.approval_id]
            self.requests[request.id] = self.keep(
                vacancies.tell_blocked(event, None, request), request
            )

    def _open(self, event: RattachementRequested) -> None:
        current = self.approvals.get(event.request_id)
        opened, seats, _ = open_for(
            of_rattachement(event),
            current,
            self.approvers,
            None,
            sequence=0,
            ladder=LADDER,
            now=self.now,
        )
        self.approvals[event.request_id] = self.keep(opened, current)
        self.approvers = self.keep(seats, self.approvers)

    def _settle(self, event: Any) -> None:
        request = self.requests[event.subject_id]
        tie = self.ties[rattachement_id(request.user_id, S)]
        changes: Any
        if isinstance(event, ApprovalDecided):
            active = request.user_id not in self.inactive
            changes = requests.settle(
                event,
                request,
                tie,
                a_structure(),
                self.deciders[event.decided_by],
                requester_active=active,
                defaults=DEFAULTS,
                on=day_of(event.decided_at),
            )
        else:
            end = requests.expire if isinstance(event, ApprovalExpired) else requests.withdraw
            changes = end(event, request, tie)
        self.requests[request.id] = self.keep(changes[0], request)
        self.ties[tie.id] = self.keep(changes[1], tie)

    def come_to_an_end(self) -> None:
        """Everything arrives in the end, and time goes on until nothing waits."""
        for _ in range(100):
            self.deliver_all()
            self.look()
            waiting = [one.wake_at for one in self.approvals.values() if one.wake_at]
            if not waiting and not any(self.on_their_way.values()):
                return
            self.now = max(self.now, min(waiting, default=self.now))
            for which in range(len(self.approvals)):
                self.wake(which)
        raise AssertionError("Something waits for ever.")


who = st.sampled_from([OMAR, ADA, LEA])
which = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just(World.ask), who),
    st.tuples(st.just(World.decide), who, which, st.sampled_from(["approved", "refused"])),
    st.tuples(st.just(World.decide), st.just(OMAR), st.just(0), st.just("approved")),
    st.tuples(st.just(World.withdraw), who, which),
    st.tuples(
        st.just(World.let_decide),
        st.sampled_from([OMAR, ADA]),
        st.sampled_from(["principal_manager", "user", None]),
    ),
    st.tuples(st.just(World.leave_or_return), who),
    st.tuples(st.just(World.wait), st.sampled_from([1, 3, 14, 60])),
    st.tuples(st.just(World.deliver), which),
    st.tuples(st.just(World.deliver_all)),
    st.tuples(st.just(World.again), which),
    st.tuples(st.just(World.wake), which),
    st.tuples(st.just(World.look)),
)


@pytest.mark.feature("APP-16", "APP-20")
@settings(max_examples=200, deadline=None)
@given(st.lists(steps, min_size=5, max_size=40))
def test_every_request_ends_once_and_nobody_decides_on_their_own(
    story: list[tuple[Any, ...]],
) -> None:
    world = World()
    world.let_decide(OMAR, "principal_manager")
    world.let_decide(ADA, "user")
    world.ask(LEA)
    for step, *said in story:
        step(world, *said)
    world.come_to_an_end()

    assert world.approvals.keys() == world.requests.keys()
    ends = Counter(one.key for one in world.told if isinstance(one, ENDING))
    assert ends == dict.fromkeys(world.requests, 1)
    for id, approval in world.approvals.items():
        assert world.requests[id].status in ENDS[approval.state]
        assert approval.decided_by != approval.requester_id
        assert (approval.decided_by is None) == (approval.state in ("withdrawn", "expired"))
    _steps_were_taken_in_order(world)


def _steps_were_taken_in_order(world: World) -> None:
    ended: set[str] = set()
    reminded: dict[str, int] = {}
    for event in world.told:
        if isinstance(event, ENDING):
            ended.add(event.key)
        if isinstance(event, ApprovalReminded | ApprovalEscalated):
            approval = world.approvals[event.key]
            assert event.key not in ended
            assert approval.requester_id not in event.approver_ids
        if isinstance(event, ApprovalOpened):
            # Those it is put to now have all the time that the others had.
            reminded.pop(event.key, None)
        if isinstance(event, ApprovalReminded):
            assert event.business_days > reminded.get(event.key, 0)
            reminded[event.key] = event.business_days
        if isinstance(event, ApprovalExpired):
            assert event.expired_at >= business_days_after(event.opened_at, LADDER.expiry)
