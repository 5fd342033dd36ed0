"""What operators watch of structures."""

from prometheus_client import Gauge

from kit.collection import Collection
from kit.measures import Measure
from services.structures.domain.structures import Structure
from services.structures.following import awaiting

awaiting_grams = Gauge(
    "chorale_structures_awaiting_search",
    "Imported structures that no word finds yet (up to 100,000; max over replicas)",
    ["service"],
)


def measuring(structures: Collection[Structure]) -> Measure:
    async def measure() -> None:
        awaiting_grams.labels("structures").set(await awaiting(structures))

    return measure
