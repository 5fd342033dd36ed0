"""What was told after a backup still holds once it is brought back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.approvals import ApprovalWithdrawnV2
from contracts.event import Event
from kit import journal
from kit.clock import now
from services.approvals.domain.numbers import sequence_of
from services.approvals.domain.opening import opened
from services.approvals.restored import put_right
from tests.approvals.asking import a_request, rights
from tests.approvals.builders import NOW, an_approval
from tests.approvals.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rows(*events: Event) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        yield journal.row(event, clock=1, correlation="", at=now())


async def test_gives_no_number_again_and_ends_what_had_ended(stage: Stage):
    await stage.hear(rights("u-omar"), a_request())
    first = (await stage.by("u-omar").get("/v1/approvals/r-1")).json()["number"]
    beyond = f"RITM{int(first.removeprefix('RITM')) + 16 * 5:07}"
    lost = opened(an_approval(id="r-lost", kind="mandate", number=beyond), (), now=NOW)
    end = ApprovalWithdrawnV2(
        approval_id="r-1",
        kind="rattachement",
        subject_id="r-1",
        structure_id="s-9",
        requester_id="u-lea",
        withdrawn_at=now(),
    )

    await put_right(stage.service, rows(lost, end))

    assert (await stage.by("u-omar").get("/v1/approvals/r-1")).json()["state"] == "withdrawn"
    same_slice = next(
        id for n in range(500) if journal.slice_of(id := f"r-{n}") == sequence_of(first) and n > 1
    )
    await stage.hear(a_request(same_slice))
    following = (await stage.by("u-omar").get(f"/v1/approvals/{same_slice}")).json()["number"]
    assert int(following[4:]) == int(beyond[4:]) + 16
