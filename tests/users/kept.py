"""What a service would keep and tell, in memory: the committer's rules without its transactions."""

from dataclasses import replace
from typing import Any, TypeVar

from contracts.event import Event
from kit.change import Entity
from kit.collection import Ask, Collection, Place
from services.users.domain.accounts import Account
from services.users.domain.actions import Action
from services.users.domain.duplications import Duplication
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.management import Management
from services.users.domain.rattachements import Rattachement
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure
from services.users.domain.units import Unit
from services.users.membership import Membership

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


def a_membership() -> tuple[Membership, Collection[Account]]:
    """The rattachement side of users, and its accounts, to keep nowhere but here."""
    nowhere: Any = None

    def a_collection(name: str, kind: type[Any]) -> Collection[Any]:
        return Collection(name, nowhere, kind, nowhere)

    membership = Membership(
        committer=nowhere,
        structures=a_collection("structures", Structure),
        units=a_collection("units", Unit),
        management=a_collection("management", Management),
        requests=a_collection("requests", RattachementRequest),
        rattachements=a_collection("rattachements", Rattachement),
        duplications=a_collection("duplications", Duplication),
        actions=a_collection("actions", Action),
        habilitation_requests=a_collection("habilitation-requests", HabilitationsRequest),
        habilitation_history=a_collection("habilitation-history", Entry),
    )
    return membership, a_collection("accounts", Account)
