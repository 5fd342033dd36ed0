"""What operators and the orchestrator ask a service: is it well, what waits, what is parked."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from kit import metrics
from kit.clock import now
from kit.http import Anyone, Operator, Said
from kit.measures import MOST
from kit.one_line import lines
from kit.problems import Invalid, NotFound

if TYPE_CHECKING:
    from kit.service import Service

EventId = Annotated[str, Path(max_length=300)]


class Discarding(Said):
    reason: Annotated[str, lines(1000, least=3)]


def probes(service: "Service") -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def alive() -> Response:
        return Response("ok")

    @routes.get("/readyz")
    async def ready() -> Response:
        wrong = await service.unwell()
        return Response("; ".join(wrong) or "ok", 503 if wrong else 200)

    @routes.get("/metrics")
    async def watched() -> Response:
        return Response(metrics.shown(service.name), media_type=CONTENT_TYPE_LATEST)

    return routes


def internal(service: "Service") -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/internal/positions")
    async def positions(
        caller: Anyone, rows: Annotated[str, Query(max_length=1000)]
    ) -> dict[str, dict[str, int]]:
        """Where the facts of a write are in the slices: for the gateway, which resolves tokens."""
        ids = rows.split(",")[:20]
        patience = service.settings.consistency_patience
        found = await service.journal.positions(ids, patience)
        if found is None:
            raise NotFound("These rows are not known.")
        return {"positions": {f"{service.name}.events/{s}": at for s, at in found.items()}}

    @routes.get("/ops/health")
    async def health(caller: Operator) -> dict[str, Any]:
        wrong = await service.unwell()
        return {"service": service.name, "ready": not wrong, "wrong": wrong}

    @routes.get("/ops/lag")
    async def lag(caller: Operator) -> dict[str, Any]:
        """What waits to be told, and how far behind others' facts this service is."""
        depth, oldest = await service.journal.waiting(MOST)
        told = await service.journal.told()
        return {
            "service": service.name,
            "journal_waiting": depth,
            "journal_unacknowledged": sum(last - acked for last, acked in told.values()),
            "journal_oldest_seconds": (now() - oldest).total_seconds() if oldest else 0,
            "behind_seconds": {t: await service.heard.age(t) for t in sorted(service.topics)},
            "heard": await service.heard.positions(),
            "parked": await service.parking.count(MOST),
        }

    @routes.get("/ops/parked")
    async def parked(
        caller: Operator,
        cursor: Annotated[str, Query(max_length=300)] = "",
        size: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> dict[str, Any]:
        rows = await service.parking.list(cursor, size + 1)
        items = [shown(one) for one in rows[:size]]
        return {"items": items, "next": items[-1]["id"] if len(rows) > size else None}

    @routes.post("/ops/parked/{id:path}/retry", status_code=202)
    async def retry(id: EventId, caller: Operator) -> dict[str, str]:
        await service.parking.retry(id)
        return {"id": id, "state": "to be heard again"}

    @routes.post("/ops/parked/{id:path}/discard")
    async def discard(id: EventId, why: Discarding, caller: Operator) -> dict[str, str]:
        if not why.reason.strip():
            raise Invalid(field="body/reason")
        await service.parking.discard(id, by=caller.user_id, reason=why.reason)
        return {"id": id, "state": "discarded"}

    return routes


def shown(row: dict[str, Any]) -> dict[str, Any]:
    record = row["record"]
    return {
        "id": row["_id"],
        "lane": row["lane"],
        "topic": record["topic"],
        "partition": record["partition"],
        "offset": record["offset"],
        "attempts": row["attempts"],
        "first": row["first"],
        "due": row["due"],
        "blocks": row["blocks"],
        "error": row["error"],
    }
