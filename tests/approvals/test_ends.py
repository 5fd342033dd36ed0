"""Every request that was accepted comes to exactly one end, whatever happens meanwhile."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.approvals import (
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalReminded,
    ApproverMissing,
)
from contracts.event import Event
from kit.business_days import business_days_after
from tests.approvals.builders import LADDER
from tests.approvals.history import ADA, DESK, ENDING, LEA, OMAR, OPENED, World
from tests.approvals.owners import BEN, OVENS

ENDS = {
    "approved": {"granted", "not_applied", "approved"},
    "refused": {"refused"},
    "withdrawn": {"withdrawn"},
    "expired": {"expired"},
}
"""Of an approval, and what users and structures make of each."""

who = st.sampled_from([OMAR, ADA, LEA, BEN])
which = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just(World.ask), who),
    st.tuples(st.just(World.ask), who, st.just(OVENS)),
    st.tuples(
        st.just(World.ask_for),
        st.sampled_from([BEN, LEA]),
        st.sampled_from(["factures-emises", "factures-recues"]),
        st.sampled_from([None, "l-1"]),
    ),
    st.tuples(st.just(World.ask_for_mandate), who),
    st.tuples(st.just(World.write), who, which, st.booleans()),
    st.tuples(
        st.just(World.converse), st.integers(0, 1), st.sampled_from([1, 8, 14, 35]), st.booleans()
    ),
    st.tuples(
        st.just(World.decide), st.just(DESK), which, st.sampled_from(["approved", "refused"])
    ),
    st.tuples(st.just(World.end_unit)),
    st.tuples(st.just(World.decide), who, which, st.sampled_from(["approved", "refused"])),
    st.tuples(st.just(World.decide), st.just(OMAR), st.just(0), st.just("approved")),
    st.tuples(st.just(World.withdraw), who, which),
    st.tuples(
        st.just(World.let_decide),
        st.sampled_from([OMAR, ADA]),
        st.sampled_from(["principal_manager", "user", None]),
    ),
    st.tuples(
        st.just(World.let_decide),
        st.just(ADA),
        st.just("user"),
        st.sampled_from([None, OVENS]),
        st.sampled_from([None, 10]),
    ),
    st.tuples(st.just(World.leave_or_return), who),
    st.tuples(st.just(World.wait), st.sampled_from([1, 3, 14, 60])),
    st.tuples(st.just(World.deliver), which),
    st.tuples(st.just(World.again), which),
    st.tuples(st.just(World.wake), which),
    st.tuples(st.just(World.look)),
)


@pytest.mark.feature("APP-16", "APP-20")
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(steps, st.booleans()), min_size=8, max_size=40))
# The seat of the only one who may answer ends by its date while more is asked of the requester.
@example(
    [
        ((World.ask, OMAR), False),
        ((World.wait, 14), True),
        ((World.let_decide, ADA, "user", None, 10), False),
        ((World.converse, 1, 14, True), True),
    ]
)
# Each kind is answered, and applied.
@example([((World.decide, OMAR, n, "approved"), True) for n in range(4)] + [((World.look,), True)])
@example([((World.decide, OMAR, n, "refused"), True) for n in range(4)] + [((World.look,), True)])
def test_every_request_ends_once_and_nobody_decides_on_their_own(
    story: list[tuple[tuple[Any, ...], bool]],
) -> None:
    world = World()
    world.let_decide(OMAR, "principal_manager")
    world.let_decide(ADA, "user")
    world.ask(LEA)
    world.ask_for(BEN, "factures-emises")
    world.ask_for(BEN, "factures-recues", "l-1")
    world.ask_for_mandate(BEN)
    for (step, *said), heard in story:
        if heard:
            world.deliver_all()
        step(world, *said)
    world.come_to_an_end()

    assert world.approvals.keys() == world.asked.keys()
    ends = Counter(one.key for one in world.told if isinstance(one, ENDING))
    assert ends == dict.fromkeys(world.asked, 1)
    for id, approval in world.approvals.items():
        assert world.asked[id].status in ENDS[approval.state]
        assert approval.decided_by != approval.requester_id
        assert (approval.decided_by is None) == (approval.state in ("withdrawn", "expired"))
    _steps_were_taken_in_order(world)


def last(world: World, kind: type[Event] | tuple[type[Event], ...], approval_id: str) -> int:
    """Where it was last told of this one; -1: never."""
    told = (n for n, one in enumerate(world.told) if isinstance(one, kind))
    return max((n for n in told if world.told[n].approval_id == approval_id), default=-1)


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
        if isinstance(event, OPENED):
            # Those it is put to now have all the time that the others had.
            reminded.pop(event.key, None)
        if isinstance(event, ApprovalReminded):
            assert event.business_days > reminded.get(event.key, 0)
            reminded[event.key] = event.business_days
        if isinstance(event, ApprovalExpired):
            # Nor before those who decide were reminded of it, if there is anybody.
            since = world.turns.get(event.key, 0)
            reminded_of = last(world, ApprovalReminded, event.key)
            missing = last(world, ApproverMissing, event.key)
            nobody = missing > last(world, OPENED, event.key)
            assert nobody or reminded_of >= since
            assert event.expired_at >= business_days_after(event.opened_at, LADDER.expiry)
