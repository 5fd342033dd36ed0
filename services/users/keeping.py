"""What users keeps of people: the one list of it, for exports and for erasure."""

from functools import partial
from typing import Any

from kit.clock import now
from kit.collection import Ask
from kit.person import gone
from kit.personal import Kept, KeptFile, Personal, of_user
from kit.service import Service
from services.users.attachments import PersonalAttachments
from services.users.domain.erasure import (
    as_seen,
    detach,
    without_comment,
    without_reason,
    without_refusal,
    without_words,
    without_words_of_change,
)
from services.users.domain.rattachements import Rattachement
from services.users.exporting import Exporting
from services.users.identity import Identity
from services.users.membership import Membership

SECRETS = frozenset(
    {
        "activated_by",
        "codes_since",
        "linked_ids",
        "links",
        "password_hash",
        "password_version",
        "recovery_codes",
        "second_factor",
        "secret_question",
        "sent_code",
        "session_ids",
    }
)
PROOFS = frozenset({"family_hash", "secret_hash", "previous_hash"})

_STRUCTURE = frozenset({"structure_identifier", "structure_name"})
"""Not every name of a structure is for whoever asks."""
_DECIDER = frozenset({"decided_by"})
"""Whoever asked is not told who has decided."""
_OTHERS = frozenset({"by", "former_manager_id"})


def personal(
    service: Service[Any],
    identity: Identity,
    membership: Membership,
    attachments: PersonalAttachments,
    exporting: Exporting,
) -> Personal:
    return Personal(
        service,
        [
            *_of_the_account(identity),
            *_asked(membership),
            *_held(membership),
            Kept(collection=identity.invitees, of=_the_account, without=gone),
            *_files(attachments, exporting),
            Kept(collection=exporting.pieces, of=of_user, without=gone),
        ],
    )


def _of_the_account(identity: Identity) -> list[Kept[Any]]:
    return [
        Kept(name="compte", collection=identity.accounts, of=_the_account, hides=SECRETS),
        Kept(collection=identity.logins, of=of_user, without=gone),
        Kept(name="identites", collection=identity.linked, of=of_user, without=gone),
        Kept(name="sessions", collection=identity.sessions, of=of_user, hides=PROOFS, without=gone),
    ]


def _asked(of: Membership) -> list[Kept[Any]]:
    return [
        Kept(
            name="demandes-de-rattachement",
            collection=of.requests,
            of=of_user,
            hides=_DECIDER,
            seen=as_seen,
            without=without_words,
        ),
        Kept(collection=of.requests, of=_decided, without=without_refusal),
        Kept(
            name="demandes-d-habilitations",
            collection=of.habilitation_requests,
            of=of_user,
            hides=_STRUCTURE | _DECIDER,
            without=without_words_of_change,
        ),
        Kept(collection=of.habilitation_requests, of=_decided, without=without_refusal),
        Kept(
            name="revendications",
            collection=of.claims,
            of=of_user,
            hides=_STRUCTURE | _DECIDER | {"manager_id", "nonce"},
            without=without_reason,
        ),
        Kept(collection=of.claims, of=_decided, without=without_refusal),
    ]


def _held(of: Membership) -> list[Kept[Any]]:
    return [
        Kept(
            name="rattachements",
            collection=of.rattachements,
            of=_the_rattachements,
            taking=partial(_detach, of),
        ),
        Kept(
            name="historique-des-habilitations",
            collection=of.habilitation_history,
            of=of_user,
            hides=_OTHERS,
        ),
        Kept(
            name="historique-des-rattachements",
            collection=of.actions,
            of=of_user,
            hides=_OTHERS,
            without=without_comment,
        ),
        Kept(collection=of.actions, of=lambda user_id: {"by": user_id}, without=without_comment),
    ]


def _files(attachments: PersonalAttachments, exporting: Exporting) -> list[KeptFile[Any]]:
    files = attachments.files
    return [
        KeptFile(
            name="pieces-jointes",
            collection=files.collection,
            of=lambda user_id: {"added_by": user_id},
            hides=frozenset({"content"}),
            without=gone,
            contents=files.contents,
        ),
        KeptFile(
            name="exports",
            collection=exporting.exports,
            of=of_user,
            hides=frozenset({"content", "key"}),
            without=gone,
            contents=exporting.contents,
        ),
    ]


def _detach(of: Membership, tie: Rattachement) -> Ask:
    id = f"{tie.id}:erased"
    places = of.rattachements.at(tie.id), of.actions.at(id), of.habilitation_history.at(id)
    return Ask(places, partial(detach, id=id, now=now()))


def _the_account(user_id: str) -> dict[str, Any]:
    """Its own decision erases it: only then is the rest taken out."""
    return {"_id": user_id}


def _decided(user_id: str) -> dict[str, Any]:
    return {"decided_by": user_id}


def _the_rattachements(user_id: str) -> dict[str, Any]:
    # Their ids begin with the user's.
    return {"_id": {"$gt": f"{user_id}:", "$lt": f"{user_id};"}}
