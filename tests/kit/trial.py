"""A service that hears, and what it has heard."""

from dataclasses import replace

from kit.bus import Subscriptions
from kit.change import Change
from kit.collection import Ask
from kit.service import Service
from tests.counters import Counted, Counter, Told, count


class Trial:
    """A service that hears; each test says what it does on hearing."""

    def __init__(self, service: Service, *, guarded: bool = False) -> None:
        self.service, self.counters = service, service.collection("counters", Counter)
        self.handle = self.add
        self.heard: list[tuple[str, int]] = []
        self.told = Told()
        on = Subscriptions()

        @on(Counted, otherwise=self.mark if guarded else None)
        def hear(event: Counted) -> Ask | None:
            self.heard.append((event.counter, event.n))
            return self.handle(event)

        service.app(hears=on)
        self.bus, self.parking = service.bus, service.parking

    def add(self, event: Counted) -> Ask | None:
        return self.counters.ask(event.counter, count(event.counter, event.n))

    def mark(self, key: str) -> Ask:
        return self.counters.ask(key, lambda now: Change(replace(now or Counter(id=key), note="?")))

    async def counted(self) -> dict[str, int]:
        return {one.id: one.n for one in await self.counters.select({})}

    async def parked(self) -> list[tuple[str, str]]:
        rows = await self.parking.rows.find().sort("order", 1).to_list(None)
        return [(one["record"]["key"], one["error"]["type"]) for one in rows]

    async def positions(self) -> dict[str, int]:
        return await self.service.heard.positions()
