"""Time goes on for what waits, whichever process is alive to see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.approvals import ApprovalExpired
from kit.business_days import business_days_after
from kit.clock import now
from kit.workers import Timer
from services.approvals.metrics import measuring, waiting
from services.approvals.restored import put_right
from services.approvals.settings import ApprovalsSettings
from services.approvals.waking import timers
from tests.approvals.asking import a_request, lea, rights
from tests.approvals.builders import LADDER
from tests.approvals.stage import Stage, soon
from tests.conftest import settings_for

STATES = ("answerable", "nobody decides")


@asynccontextmanager
async def another_process(stage: Stage) -> AsyncIterator[None]:
    """Its timers alone, which look all the time; what is under way is cut off in the end."""
    owned = {one.name: one for one in stage.service.collections}
    jobs = timers(owned["approvals"], owned["approvers"], LADDER)
    for job in jobs:
        if isinstance(job, Timer):
            job.every = 0.01
    running = [asyncio.create_task(job.run(stage.service.committer)) for job in jobs]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def waits_since(stage: Stage, days: int) -> None:
    """As if it had been put so many days ago, a few seconds more, and nothing was done since."""
    since = now() - timedelta(days=days, seconds=5)
    end = business_days_after(since, LADDER.expiry)
    put = {"waits_since": since, "expires_at": end, "wake_at": min(end, now())}
    await stage.service.mongo["approvals"].update_one({"_id": "r-1"}, {"$set": put})


async def told(stage: Stage, type: str) -> int:
    return (await stage.told()).count(f"approvals.{type}.v1")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.feature("APP-16")
async def test_steps_are_taken_once_by_whatever_process_is_alive(stage: Stage):
    await stage.hear(lea(), rights("u-omar"), a_request())

    await waits_since(stage, 7)
    async with another_process(stage):
        await asyncio.sleep(0)
    async with another_process(stage), another_process(stage):
        assert await soon(partial(told, stage, "approval-reminded"))
        await waits_since(stage, 60)
        # The last reminder and escalation come before the end, on another day.
        assert await soon(lambda: _told_twice(stage))
        await waits_since(stage, 60)
        assert await soon(partial(told, stage, "approval-expired"))

    refused = await stage.by("u-omar").put(
        "/v1/approvals/r-1/decision", json={"verdict": "approved"}
    )
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/already-expired")
    assert [await told(stage, one) for one in ("approval-reminded", "approval-expired")] == [2, 1]
    assert await told(stage, "approval-decided") == 0


async def _told_twice(stage: Stage) -> bool:
    return await told(stage, "approval-reminded") == 2


@pytest.mark.asyncio(loop_scope="module")
async def test_what_waits_without_a_time_gets_one(stage: Stage):
    await stage.hear(lea(), rights("u-omar"), a_request())
    put = {"waits_since": None, "expires_at": None, "wake_at": None}
    await stage.service.mongo["approvals"].update_one({"_id": "r-1"}, {"$set": put})

    async def known() -> bool:
        [one] = await stage.service.mongo["approvals"].find().to_list(None)
        return one["wake_at"] is not None and one["expires_at"] > one["wake_at"]

    async with another_process(stage):
        assert await soon(known)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_end_that_was_told_stands_when_a_backup_is_brought_back(stage: Stage):
    await stage.hear(lea(), rights("u-omar"), a_request())
    told_since = ApprovalExpired(
        approval_id="r-1",
        kind="rattachement",
        subject_id="r-1",
        structure_id="s-9",
        requester_id="u-lea",
        opened_at=now(),
        expired_at=now(),
    )

    async def rows() -> AsyncIterator[dict[str, Any]]:
        data = told_since.model_dump_json()
        yield {"type": told_since.type, "key": told_since.key, "data": data}

    await put_right(stage.service, rows())

    [one] = await stage.service.mongo["approvals"].find().to_list(None)
    assert (one["state"], one["wake_at"]) == ("expired", None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.feature("APP-16")
async def test_operators_see_how_many_wait_that_nobody_may_decide_on(stage: Stage):
    await stage.hear(lea(), a_request(), a_request("r-2", structure_id="s-8"), rights("u-omar"))
    owned = {one.name: one for one in stage.service.collections}
    assert await soon(partial(told, stage, "approval-opened"))

    await measuring(owned["approvals"])()

    seen = {state: waiting.labels("approvals", state)._value.get() for state in STATES}
    assert seen == {"answerable": 1, "nobody decides": 1}


class TestSettings:
    @pytest.mark.parametrize(
        "but",
        [
            {"approval_expires_after": 20},
            {"approval_escalated_after": 30},
            {"approval_reminded_after": (0,)},
            {"approval_expires_after": 0},
        ],
    )
    def test_refuse_a_ladder_that_does_not_end_last_or_does_not_end(self, but: dict[str, Any]):
        with pytest.raises(ValidationError):
            ApprovalsSettings(**settings_for("mongodb://nowhere") | but)

    def test_may_leave_out_every_step_but_the_end(self):
        steps = {"approval_reminded_after": (), "approval_escalated_after": 0}

        ladder = ApprovalsSettings(**settings_for("mongodb://nowhere") | steps).ladder

        assert (ladder.rungs, ladder.expiry) == ((), 30)
