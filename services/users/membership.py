"""What the rattachement side of users keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kit.mongo import IndexModel
from services.users.domain.actions import Action
from services.users.domain.claims import Claim
from services.users.domain.duplications import Duplication
from services.users.domain.espaces import Openings
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.management import Management
from services.users.domain.rattachements import Rattachement
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure
from services.users.domain.transfers import Transfer
from services.users.domain.units import Unit

if TYPE_CHECKING:
    from kit.collection import Collection, Place
    from kit.committer import Committer
    from kit.service import Service


_NEWEST_FIRST: Final = [("requested_at", -1), ("_id", -1)]

_DECIDED: Final = IndexModel(
    [("decided_by", 1), ("_id", 1)], partialFilterExpression={"decided_by": {"$gt": ""}}
)

_MANAGEMENT: Final = [IndexModel([("principal_manager_id", 1), ("_id", 1)])]
_REQUESTS: Final = [
    _DECIDED,
    IndexModel([("user_id", 1), *_NEWEST_FIRST]),
    IndexModel([("user_id", 1), ("status", 1), *_NEWEST_FIRST]),
    IndexModel([("user_id", 1), ("structure_id", 1)]),
    IndexModel(
        [("structure_id", 1), ("extent.units", 1), ("_id", 1)],
        partialFilterExpression={"status": "requested"},
    ),
]
_RATTACHEMENTS: Final = [
    IndexModel([("structure_id", 1), ("_id", 1)]),
    IndexModel([("user_id", 1), ("structure_id", 1)]),
    IndexModel([("structure_id", 1), ("lines.unit", 1), ("_id", 1)]),
    IndexModel([("structure_id", 1), ("named_units", 1), ("_id", 1)]),
    IndexModel([("structure_id", 1), ("in_line", 1)]),
    IndexModel([("user_id", 1), ("_id", 1)]),
]
_CLAIMS: Final = [
    _DECIDED,
    IndexModel([("user_id", 1), ("opened_at", -1), ("_id", -1)]),
    IndexModel(
        [("opened_at", 1), ("_id", 1)],
        name="awaits_the_desk",
        partialFilterExpression={"state": "open", "proof": "documents"},
    ),
    IndexModel(
        [("opened_at", 1), ("_id", 1)],
        name="left_to_the_desk",
        partialFilterExpression={"state": "desk"},
    ),
]
_HABILITATION_REQUESTS: Final = [
    _DECIDED,
    IndexModel([("user_id", 1), *_NEWEST_FIRST]),
    IndexModel([("structure_id", 1), ("espace", 1), *_NEWEST_FIRST]),
    IndexModel([("structure_id", 1), ("espace", 1), ("status", 1), *_NEWEST_FIRST]),
    IndexModel(
        [("structure_id", 1), ("given.unit", 1), ("_id", 1)],
        partialFilterExpression={"status": "requested"},
    ),
]
_HISTORY: Final = [
    IndexModel([("structure_id", 1), ("user_id", 1), ("at", -1), ("_id", -1)]),
    IndexModel([("user_id", 1), ("_id", 1)]),
]
_ACTIONS: Final = [
    IndexModel([("by", 1), ("_id", 1)], partialFilterExpression={"by": {"$gt": ""}}),
    IndexModel([("structure_id", 1), ("at", -1), ("_id", -1)]),
    IndexModel([("structure_id", 1), ("user_id", 1), ("at", -1), ("_id", -1)]),
    IndexModel([("user_id", 1), ("_id", 1)]),
]


def _with_its_units(tie: Rattachement) -> dict[str, Any]:
    """
    The units it names, by which it is found when one of them is over.

    An index on its habilitations, which mostly name none, would have a key made for each of them
    at every change, and cost more than all other indexes together.
    """
    return {"named_units": sorted(tie.named_units())}


@dataclass(frozen=True, slots=True)
class Membership:
    """Who belongs to which structure, and who manages it."""

    committer: Committer
    structures: Collection[Structure]
    units: Collection[Unit]
    management: Collection[Management]
    requests: Collection[RattachementRequest]
    rattachements: Collection[Rattachement]
    duplications: Collection[Duplication]
    transfers: Collection[Transfer]
    claims: Collection[Claim]
    habilitation_requests: Collection[HabilitationsRequest]
    habilitation_history: Collection[Entry]
    actions: Collection[Action]
    openings: Collection[Openings]

    @classmethod
    def of(cls, service: Service) -> Membership:
        kept = service.collection
        return cls(
            committer=service.committer,
            structures=kept("structures", Structure, indexes=[IndexModel("identifier")]),
            units=kept("units", Unit, indexes=[IndexModel("structure_id")]),
            management=kept("management", Management, indexes=_MANAGEMENT),
            requests=kept("requests", RattachementRequest, indexes=_REQUESTS),
            rattachements=kept(
                "rattachements", Rattachement, indexes=_RATTACHEMENTS, derived=_with_its_units
            ),
            duplications=kept("duplications", Duplication),
            transfers=kept("transfers", Transfer),
            claims=kept("claims", Claim, indexes=_CLAIMS),
            habilitation_requests=kept(
                "habilitation-requests", HabilitationsRequest, indexes=_HABILITATION_REQUESTS
            ),
            habilitation_history=kept("habilitation-history", Entry, indexes=_HISTORY),
            actions=kept("actions", Action, indexes=_ACTIONS),
            openings=kept("openings", Openings),
        )

    def histories(self, ids: tuple[str, str, str]) -> tuple[Place, ...]:
        """Where it is kept how the management of a structure changed hands."""
        action, *entries = ids
        return self.actions.at(action), *map(self.habilitation_history.at, entries)

    async def managed_by(self, user_id: str) -> tuple[str, ...]:
        """All the structures of which somebody is the principal manager."""
        found = self.management.documents.find(
            {"principal_manager_id": user_id}, {"_id": 1}, batch_size=10_000
        )
        return tuple([one["_id"] async for one in found])
