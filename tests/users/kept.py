"""What a service would keep and tell, in memory: the committer's rules without its transactions."""

from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from contracts.event import Event
from kit.change import Entity
from kit.collection import Ask, Collection, Place
from kit.committer import Committer
from services.users.domain.accounts import Account
from services.users.membership import Membership

E = TypeVar("E", bound=Entity)
M = TypeVar("M")


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


def a_collection(name: str, kind: type[Any]) -> Collection[Any]:
    nowhere: Any = None
    return Collection(name, nowhere, kind, nowhere)


@cache
def in_memory(side: type[M]) -> M:
    """A side of a service, with a collection of each kind that it has; what they hold is in a Kept."""
    known = {"Collection": Collection, "Committer": Committer}
    hints = get_type_hints(side, localns=known)
    kinds = {name: get_args(hint) for name, hint in hints.items()}
    return side(
        **{name: a_collection(name, kind[0]) if kind else None for name, kind in kinds.items()}
    )


def a_membership() -> tuple[Membership, Collection[Account]]:
    """The rattachement side of users, and its accounts, to keep nowhere but here."""
    return in_memory(Membership), a_collection("accounts", Account)
