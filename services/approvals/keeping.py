"""What approvals keeps of people: the one list of it, for exports and for erasure."""

from contracts.approvals import ApprovalsGathered
from kit.personal import Kept, PersonalElsewhere
from kit.service import Service
from services.approvals.domain.approvals import without_reason, without_words
from services.approvals.domain.comments import without_text
from services.approvals.records import Records
from services.approvals.settings import ApprovalsSettings


def personal(service: Service[ApprovalsSettings], records: Records) -> PersonalElsewhere:
    return PersonalElsewhere(
        service,
        [
            Kept(name="personne", collection=records.people, of=lambda user_id: {"_id": user_id}),
            Kept(
                name="demandes",
                collection=records.approvals,
                of=lambda user_id: {"requester_id": user_id},
                hides=_STRUCTURE | {"decided_by", "asked_by", "put_to", "told_to"},
                without=without_words,
            ),
            Kept(
                name="decisions",
                collection=records.approvals,
                of=lambda user_id: {"decided_by": user_id},
                # The requester's own words, and who they are.
                hides=_STRUCTURE | {"comment", "requester_id", "named"},
                without=without_reason,
            ),
            Kept(
                name="commentaires",
                collection=records.comments,
                of=lambda user_id: {"by": user_id},
                hides=frozenset({"requester_id"}),
                without=without_text,
            ),
            Kept(
                # What others have written to somebody says something of them too.
                name="commentaires-recus",
                collection=records.comments,
                of=lambda user_id: {"requester_id": user_id},
                hides=frozenset({"by"}),
                without=without_text,
            ),
        ],
        tell=lambda **said: ApprovalsGathered(**said),
    )


_STRUCTURE = frozenset({"structure_identifier", "structure_name"})
"""Whoever asks to be attached learns no more of a structure than its id; nor who decided."""
