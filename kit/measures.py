"""What has to be looked for in the database to be watched: now and then, and through indexes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import TYPE_CHECKING, Any

import structlog

from kit import metrics
from kit.clock import now
from kit.collection import Collection
from kit.journal import SLICES
from kit.workers import due_by

if TYPE_CHECKING:
    from kit.service import Service

log = structlog.get_logger(__name__)

MOST = 100_000  # what is counted no further: to know that it is so many is enough
EVERY = 5
PATIENCE = 20

Measure = Callable[[], Awaitable[None]]


async def keep_measuring(service: Service[Any]) -> None:
    metrics.begin_at_zero(service.name, service.topics)
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                await measure(service)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"[:200]
            log.warning("unable to measure", service=service.name, reason=why)
        await asyncio.sleep(EVERY)


async def measure(service: Service[Any]) -> None:
    name = service.name
    metrics.partitions.labels(name).set(service.listener.partitions)
    if service.tells:
        await _telling(service)
    await _hearing(service)
    for collection in service.waking:
        await _due(name, collection)
    for other in service.measures:
        await other()
    metrics.measured.labels(name).set_to_current_time()


async def _telling(service: Service[Any]) -> None:
    name, topic = service.name, f"{service.name}.events"
    metrics.leases.labels(name).set(len(service.leases.slices) if service.leases.sure else 0)
    depth, oldest = await service.journal.waiting(MOST)
    metrics.journal_waiting.labels(name).set(depth)
    metrics.journal_age.labels(name).set((now() - oldest).total_seconds() if oldest else 0)
    told = await service.journal.told()
    metrics.unacknowledged.labels(name).set(sum(last - acked for last, acked in told.values()))
    for slice, (_, acked) in told.items():
        metrics.told.labels(name, topic, slice).set(acked)


async def _hearing(service: Service[Any]) -> None:
    name, heard = service.name, await service.heard.positions()
    for topic in service.topics:
        age = await service.heard.age(topic)
        metrics.knowledge_age.labels(name, topic).set(inf if age is None else age)
        for slice in range(SLICES):
            position = heard.get(f"{topic}/{slice}", 0)
            metrics.heard_position.labels(name, topic, slice).set(position)
    metrics.parked.labels(name).set(await service.parking.count(MOST))
    metrics.parked_lanes.labels(name).set(await service.parking.lanes(MOST))


async def _due(name: str, collection: Collection[Any]) -> None:
    at = now()
    behind = due_by(at)
    count = await collection.documents.count_documents(behind, limit=MOST)
    first = await collection.documents.find_one(behind, {"wake_at": 1}, sort=[("wake_at", 1)])
    age = (at - first["wake_at"]).total_seconds() if first else 0
    metrics.due.labels(name, collection.name).set(count)
    metrics.due_age.labels(name, collection.name).set(age)
