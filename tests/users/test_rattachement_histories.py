"""Whatever people ask and decide, and however often and late it is heard."""

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.approvals import Verdict
from contracts.event import Event
from contracts.structures import Status, StructureChanged, StructureCreated
from contracts.users import (
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RightsChanged,
)
from kit.bus import Subscriptions
from kit.change import Change
from kit.collection import Ask
from kit.problems import Conflict, NotFound
from services.users.domain.accounts import Account
from services.users.domain.lines import Extent
from services.users.domain.management import Management
from services.users.domain.rattachements import (
    Rattachement,
    rattachement_id,
    rights_of,
)
from services.users.domain.requests import RattachementRequest, ask
from services.users.domain.structures import Structure
from services.users.handlers import handlers
from tests.users.kept import Kept, a_membership
from tests.users.rattaching import (
    DEFAULTS,
    NOW,
    a_change,
    a_creation,
    a_decision,
    a_manager,
)

USERS = ("u-lea", "u-omar", "u-zoe")
DECIDER = "u-boss"
STRUCTURES = ("s-bakery", "s-garage")
OUTCOMES = {
    RattachementGranted: "granted",
    RattachementRefused: "refused",
    RattachementNotApplied: "not_applied",
}


@dataclass
class World:
    """The rattachement side of users, with what it keeps in memory; it hears all ``times`` over."""

    times: int = 1
    now: datetime = NOW
    kept: Kept = field(default_factory=Kept)
    heard: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.of, self.accounts = a_membership()
        self.on: Subscriptions = handlers(self.of, self.accounts, DEFAULTS)
        for user in USERS:
            account = Account(
                id=user,
                status="active",
                email=f"{user}@example.org",
                first_name=user,
                last_name="Martin",
                created_at=NOW,
            )
            self.kept.states[self.accounts.at(user)] = account
        for structure in STRUCTURES:
            decider = a_manager(
                id=f"{DECIDER}:{structure}", user_id=DECIDER, structure_id=structure
            )
            self.kept.states[self.of.rattachements.at(decider.id)] = decider

    @property
    def ties(self) -> list[Rattachement]:
        """Of all but whoever decides."""
        return [one for one in self.kept.all(Rattachement) if one.user_id != DECIDER]

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def requests(self) -> list[RattachementRequest]:
        return self.kept.all(RattachementRequest)

    def hear(self, event: Event) -> None:
        self.heard.append(event)
        _, handler = self.on.handlers[event.type]
        for _ in range(self.times):
            self.kept.keep(handler(event))

    def create(self, structure: str, creator: str | None) -> None:
        if not any(
            isinstance(one, StructureCreated) and one.key == structure for one in self.heard
        ):
            self.hear(a_creation(structure_id=structure, created_by=creator, created_at=self.now))

    def ask(self, user: str, structure: str, starts_in: int, lasts: int | None) -> None:
        first = self.today + timedelta(days=starts_in)
        last = None if lasts is None else first + timedelta(days=lasts)
        id, today, now = f"r-{len(self.requests)}", self.today, self.now
        places = (
            self.of.structures.at(structure),
            self.of.requests.at(id),
            self.of.rattachements.at(rattachement_id(user, structure)),
        )
        extent = Extent(valid_from=first, valid_until=last)
        rest = {"user_id": user, "extent": extent, "comment": "", "today": today, "now": now}
        rest |= {"defaults": DEFAULTS}
        with suppress(Conflict, NotFound):
            self.kept.keep(
                Ask(places, lambda known, *own: (Change(known), *ask(known, *own, id=id, **rest)))
            )

    def decide(self, nth: int, verdict: Verdict, **but: Any) -> None:
        if self.requests:
            request = self.requests[nth % len(self.requests)]
            about = {
                "approval_id": request.id,
                "subject_id": request.id,
                "structure_id": request.structure_id,
                "requester_id": request.user_id,
            }
            rest = {"verdict": verdict, "reason": "…", "decided_at": self.now}
            rest |= {"decided_by": DECIDER}
            self.hear(a_decision(**about | rest | but))

    def attach(self, user: str, structure: str, lasts: int) -> None:
        self.ask(user, structure, 0, lasts)
        self.decide(-1, "approved")

    def repeat(self, nth: int) -> None:
        if self.heard:
            self.hear(self.heard[nth % len(self.heard)])

    def turn(self, structure: str, status: Status) -> None:
        """The structure is activated or deactivated."""
        told = [one for one in self.heard if isinstance(one, StructureChanged)]
        version = 2 + max((one.version for one in told if one.key == structure), default=0)
        self.hear(a_change(structure_id=structure, status=status, version=version))

    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def deactivate(self, user: str) -> None:
        place = self.accounts.at(user)
        account = self.kept.states[place]
        assert isinstance(account, Account)
        self.kept.states[place] = replace(account, status="deactivated")


users, structures = st.sampled_from(USERS), st.sampled_from(STRUCTURES)
some = st.integers(0, 9)
verdicts = st.sampled_from(["approved", "approved", "refused"])
actions = st.one_of(
    st.tuples(st.just("create"), structures, st.none() | users),
    st.tuples(st.just("ask"), users, structures, st.integers(0, 9), st.none() | some),
    st.tuples(st.just("attach"), users, structures, some),
    st.tuples(st.just("decide"), some, verdicts),
    st.tuples(st.just("repeat"), some),
    st.tuples(st.just("wait"), st.integers(1, 8)),
    st.tuples(st.just("deactivate"), users),
    st.tuples(st.just("turn"), structures, st.sampled_from(["active", "inactive"])),
)
histories = st.lists(actions, max_size=40).map(
    lambda rest: [("create", "s-bakery", "u-omar"), ("create", "s-garage", None), *rest]
)


def lived(history: list[tuple[Any, ...]], times: int = 1) -> World:
    world = World(times)
    for what, *how in history:
        getattr(world, what)(*how)
    return world


class TestAnyHistory:
    @pytest.mark.feature("APP-20")
    @given(histories)
    def test_heard_twice_is_heard_once(self, history):
        once, twice = lived(history), lived(history, times=2)

        assert twice.kept.told == once.kept.told
        by_id = [
            {(place.collection.name, place.id): state for place, state in kept.states.items()}
            for kept in (once.kept, twice.kept)
        ]
        assert by_id[0] == by_id[1]

    @pytest.mark.feature("APP-19", "APP-20")
    @given(histories)
    def test_gives_each_request_one_outcome(self, history):
        world = lived(history)

        told = [one for one in world.kept.told if type(one) in OUTCOMES]
        asked_for = [one for one in world.requests if one.id != one.structure_id]
        assert {one.key: OUTCOMES[type(one)] for one in told} == {
            one.id: one.status for one in asked_for if one.status != "requested"
        }
        assert len({one.key for one in told}) == len(told)

    @pytest.mark.feature("RAT-11")
    @given(histories)
    def test_lets_one_request_wait_at_a_time(self, history):
        world = lived(history)

        waiting = Counter(
            rattachement_id(one.user_id, one.structure_id)
            for one in world.requests
            if one.status == "requested"
        )
        assert set(waiting.values()) <= {1}
        assert {*waiting} == {one.id for one in world.ties if one.pending_request_id}

    @given(histories)
    def test_never_makes_two_principal_managers(self, history):
        world = lived(history)

        managers = defaultdict(list)
        for one in world.ties:
            if one.role == "principal_manager":
                managers[one.structure_id].append(one.user_id)
        assert managers == {
            one.id: [one.principal_manager_id] for one in world.kept.all(Management)
        }

    @given(histories)
    def test_tells_rights_in_order_and_as_they_stand(self, history):
        world = lived(history)

        rights = defaultdict(list)
        for event in world.kept.told:
            if isinstance(event, RightsChanged):
                rights[event.rattachement_id].append(event)
        for tie in world.ties:
            versions = [one.version for one in rights[tie.id]]
            assert versions == sorted({*versions})
            if tie.role:
                last = rights[tie.id][-1]
                assert last == rights_of(replace(tie, version=last.version - 1))
                assert last.version <= tie.version
            else:
                assert not versions

    @pytest.mark.feature("RAT-20")
    @given(histories)
    def test_shows_each_structure_one_is_attached_to(self, history):
        world = lived(history)

        granted = {
            rattachement_id(one.user_id, one.structure_id)
            for one in world.requests
            if one.status == "granted"
        }
        assert granted == {one.id for one in world.ties if one.role}

    @pytest.mark.feature("STR-23")
    @given(histories)
    def test_lets_nobody_in_while_the_structure_is_inactive(self, history):
        world = lived(history)
        standing = {one.id: one.role for one in world.ties}

        for structure in STRUCTURES:
            world.turn(structure, "inactive")
        asked = len(world.requests)
        for user in USERS:
            for structure in STRUCTURES:
                world.ask(user, structure, 0, None)
        for nth in range(asked):
            world.decide(nth, "approved")

        assert len(world.requests) == asked
        assert standing == {one.id: one.role for one in world.ties}
        assert not [one for one in world.requests if one.status == "requested"]

    @given(histories)
    def test_knows_of_a_structure_what_was_told_last(self, history):
        world = lived(history)

        told = [one for one in world.heard if isinstance(one, StructureChanged)]
        newest = {one.key: one for one in sorted(told, key=lambda one: one.version)}
        known = {one.id: one for one in world.kept.all(Structure)}
        assert {key: known[key].status for key in newest} == {
            key: one.status for key, one in newest.items()
        }

    @given(histories, st.sampled_from(["approved", "refused"]))
    def test_never_goes_back_on_a_decision(self, history, verdict):
        world = lived(history)
        before = dict(world.kept.states)

        for nth, request in enumerate(world.requests):
            if request.status != "requested":
                world.decide(nth, verdict)

        assert world.kept.states == before

    @given(histories)
    def test_heeds_no_decision_about_somebody_else(self, history):
        world = lived(history)
        before = dict(world.kept.states)

        for nth, _ in enumerate(world.requests):
            world.decide(nth, "approved", requester_id="u-nobody")

        assert world.kept.states == before


def test_hears_nothing_of_a_habilitation():
    world = lived([("create", "s-bakery", None), ("ask", "u-lea", "s-bakery", 0, None)])
    before = dict(world.kept.states)

    world.decide(0, "approved", kind="habilitation")

    assert world.kept.states == before
