"""What operators watch of approvals."""

from typing import Any

from prometheus_client import Gauge

from kit.collection import Collection
from kit.measures import MOST, Measure
from services.approvals.domain.approvals import Approval

waiting = Gauge(
    "chorale_approvals_waiting",
    "Approvals that wait, somebody may decide on them or nobody (up to 100,000; max over replicas)",
    ["service", "state"],
)


def measuring(approvals: Collection[Approval]) -> Measure:
    async def count(where: dict[str, Any]) -> int:
        return int(await approvals.documents.count_documents(where, limit=MOST))

    async def measure() -> None:
        # Named for its index, which has those that wait alone.
        every = await count({"state": "requested", "structure_id": {"$gte": ""}})
        nobody = await count({"told": False})
        waiting.labels("approvals", "answerable").set(max(every - nobody, 0))
        waiting.labels("approvals", "nobody decides").set(nobody)

    return measure
