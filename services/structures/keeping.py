"""
What structures keeps of people as people: the one list of it, for exports and for erasure.

A structure is no person, nor is what is written in its name, even one of kind ``person``: its
record and its correspondence stay. What names its users is their ids alone.
"""

from dataclasses import fields
from typing import Any

from contracts.structures import RecordsGathered
from kit.collection import Collection
from kit.person import gone
from kit.personal import Kept, PersonalElsewhere
from kit.service import Service
from services.structures.bank_details import BankAccounts
from services.structures.clientele import Clientele
from services.structures.domain.mandates import Mandate, without_words
from services.structures.domain.structures import Structure
from services.structures.records import Records


def personal(
    service: Service[Any],
    records: Records,
    accounts: BankAccounts,
    clientele: Clientele,
    mandates: Collection[Mandate],
) -> PersonalElsewhere:
    files = accounts.attachments.files.collection
    return PersonalElsewhere(
        service,
        [
            Kept(
                name="structures-creees",
                collection=records.structures,
                of=lambda user_id: {"created_by": user_id},
                hides=_RECORD,
            ),
            Kept(
                name="modifications",
                collection=records.history,
                of=lambda user_id: {"by": user_id},
                hides=frozenset({"changes"}),
            ),
            Kept(name="pieces-jointes-ajoutees", collection=files, of=_added, hides=_BYTES),
            Kept(
                name="coordonnees-bancaires-ajoutees",
                collection=accounts.details,
                of=_added,
                hides=_NUMBERS,
            ),
            Kept(
                name="messages",
                collection=clientele.messages,
                of=lambda user_id: {"author_id": user_id},
            ),
            Kept(
                name="controles-de-commande",
                collection=clientele.checks,
                of=lambda user_id: {"checked_by": user_id},
            ),
            Kept(
                name="mandats",
                collection=mandates,
                of=lambda user_id: {"requester_id": user_id},
                hides=frozenset({"told_by", "decided_by"}),
                without=without_words,
            ),
            Kept(
                collection=mandates,
                of=lambda user_id: {"decided_by": user_id},
                without=without_words,
            ),
            Kept(
                name="reglages",
                collection=clientele.contacts,
                of=lambda user_id: {"user_id": user_id},
                without=gone,
            ),
        ],
        tell=lambda **said: RecordsGathered(**said),
    )


_RECORD = frozenset(one.name for one in fields(Structure)) - {"id", "created_at", "identifier"}
"""What is said of a structure is for those who are attached to it now."""
_BYTES = frozenset({"content"})
_NUMBERS = frozenset({"account", "factor"})
"""Those of the structure: whoever added them may see them no more."""


def _added(user_id: str) -> dict[str, Any]:
    return {"added_by": user_id}
