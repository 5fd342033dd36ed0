"""What a service would keep and tell, in memory: the committer's rules without its transactions."""

from dataclasses import replace
from typing import TypeVar

from contracts.event import Event
from kit.change import Entity
from kit.collection import Ask, Place

E = TypeVar("E", bound=Entity)


class Kept:
    def __init__(self) -> None:
        self.states: dict[Place, Entity] = {}
        self.told: list[Event] = []

    def keep(self, ask: Ask | None) -> None:
        """All of it or, when the decision refuses, nothing."""
        if ask is None:
            return
        current = [self.states.get(place) for place in ask.places]
        changes = ask.decide(*current)
        for place, state, change in zip(ask.places, current, changes, strict=True):
            if change.state == state and not change.events:
                continue
            assert {event.key for event in change.events} <= {place.id}
            self.told += change.events
            if change.state is None:
                self.states.pop(place, None)
                continue
            assert change.state.id == place.id
            version = state.version + 1 if state else 1
            self.states[place] = replace(change.state, version=version)

    def all(self, kind: type[E]) -> list[E]:
        return [state for state in self.states.values() if isinstance(state, kind)]
