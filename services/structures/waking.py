"""What structures does when a day or an hour has come."""

from kit.clock import now
from kit.collection import Ask, Collection
from kit.workers import Job, Timer
from services.structures.domain import units as domain
from services.structures.domain.units import Unit


def timers(units: Collection[Unit]) -> list[Job]:
    def wake(unit: Unit) -> Ask:
        at = now()
        return units.ask(unit.id, lambda current: domain.wake(current, now=at))

    return [Timer(units, wake=wake)]
