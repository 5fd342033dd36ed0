"""What approvals keeps of people: the one list of it, for exports and for erasure."""

from contracts.approvals import ApprovalsGathered
from kit.collection import Collection
from kit.personal import Kept, PersonalElsewhere
from kit.service import Service
from services.approvals.domain.approvals import Approval, without_words
from services.approvals.domain.people import Person


def personal(
    service: Service, approvals: Collection[Approval], people: Collection[Person]
) -> PersonalElsewhere:
    return PersonalElsewhere(
        service,
        [
            Kept(name="personne", collection=people, of=lambda user_id: {"_id": user_id}),
            Kept(
                name="demandes",
                collection=approvals,
                of=lambda user_id: {"requester_id": user_id},
                hides=_STRUCTURE | {"decided_by"},
                without=without_words,
            ),
            Kept(
                name="decisions",
                collection=approvals,
                of=lambda user_id: {"decided_by": user_id},
                # The requester's own words, and who they are.
                hides=_STRUCTURE | {"comment", "requester_id"},
            ),
        ],
        tell=lambda **said: ApprovalsGathered(**said),
    )


_STRUCTURE = frozenset({"structure_identifier", "structure_name"})
"""Whoever asks to be attached learns no more of a structure than its id; nor who decided."""
