"""Time goes on for what waits, whichever process is alive to see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest

from kit.clock import now
from kit.workers import Timer
from services.approvals.domain.business_days import business_days_after
from services.approvals.waking import timers
from tests.approvals.asking import a_request, lea, rights
from tests.approvals.builders import LADDER
from tests.approvals.stage import Stage, soon

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


async def test_what_waits_without_a_time_gets_one(stage: Stage):
    await stage.hear(lea(), rights("u-omar"), a_request())
    put = {"waits_since": None, "expires_at": None, "wake_at": None}
    await stage.service.mongo["approvals"].update_one({"_id": "r-1"}, {"$set": put})

    async def known() -> bool:
        [one] = await stage.service.mongo["approvals"].find().to_list(None)
        return one["wake_at"] is not None and one["expires_at"] > one["wake_at"]

    async with another_process(stage):
        assert await soon(known)
