"""What the rattachement side of users keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        newest_first = [("requested_at", -1), ("_id", -1)]
        return cls(
            committer=service.committer,
            structures=service.collection(
                "structures", Structure, indexes=[IndexModel("identifier")]
            ),
            units=service.collection("units", Unit),
            management=service.collection(
                "management",
                Management,
                indexes=[IndexModel([("principal_manager_id", 1), ("_id", 1)])],
            ),
            requests=service.collection(
                "requests",
                RattachementRequest,
                indexes=[
                    IndexModel([("user_id", 1), *newest_first]),
                    IndexModel([("user_id", 1), ("status", 1), *newest_first]),
                    IndexModel([("user_id", 1), ("structure_id", 1)]),
                    IndexModel(
                        [("structure_id", 1), ("extent.units", 1), ("_id", 1)],
                        partialFilterExpression={"status": "requested"},
                    ),
                ],
            ),
            rattachements=service.collection(
                "rattachements",
                Rattachement,
                indexes=[
                    IndexModel([("structure_id", 1), ("_id", 1)]),
                    IndexModel([("user_id", 1), ("structure_id", 1)]),
                    IndexModel([("structure_id", 1), ("lines.unit", 1), ("_id", 1)]),
                    IndexModel([("structure_id", 1), ("extent.units", 1), ("_id", 1)]),
                    IndexModel([("structure_id", 1), ("habilitations.unit", 1), ("_id", 1)]),
                    IndexModel([("structure_id", 1), ("waiting.habilitation.unit", 1), ("_id", 1)]),
                    IndexModel([("structure_id", 1), ("in_line", 1)]),
                    IndexModel([("user_id", 1), ("_id", 1)]),
                ],
            ),
            duplications=service.collection("duplications", Duplication),
            transfers=service.collection("transfers", Transfer),
            claims=service.collection(
                "claims",
                Claim,
                indexes=[
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
                ],
            ),
            habilitation_requests=service.collection(
                "habilitation-requests",
                HabilitationsRequest,
                indexes=[
                    IndexModel([("user_id", 1), *newest_first]),
                    IndexModel([("structure_id", 1), ("espace", 1), *newest_first]),
                    IndexModel([("structure_id", 1), ("espace", 1), ("status", 1), *newest_first]),
                    IndexModel(
                        [("structure_id", 1), ("given.unit", 1), ("_id", 1)],
                        partialFilterExpression={"status": "requested"},
                    ),
                ],
            ),
            habilitation_history=service.collection(
                "habilitation-history",
                Entry,
                indexes=[
                    IndexModel([("structure_id", 1), ("user_id", 1), ("at", -1), ("_id", -1)]),
                    IndexModel([("user_id", 1), ("_id", 1)]),
                ],
            ),
            actions=service.collection(
                "actions",
                Action,
                indexes=[
                    IndexModel([("structure_id", 1), ("at", -1), ("_id", -1)]),
                    IndexModel([("structure_id", 1), ("user_id", 1), ("at", -1), ("_id", -1)]),
                    IndexModel([("user_id", 1), ("_id", 1)]),
                ],
            ),
            openings=service.collection("openings", Openings),
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
