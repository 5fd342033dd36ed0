"""The letters about belonging to a structure, however that came about. Pure."""

from hashlib import sha256

from contracts.users import (
    InvitationSent,
    RattachementBegun,
    RattachementEnded,
    RattachementGranted,
    RattachementMade,
    RattachementRemoved,
)
from kit.days import beginning_of
from services.notifications.domain.letters import Letter, Link, author_of, of_structure


def of_rattachement(event: RattachementGranted | RattachementMade) -> dict[str, str]:
    given = {
        **of_structure(event.structure_name),
        "units": ", ".join(event.units),
        "valid_from": event.valid_from.isoformat(),
        "valid_until": event.valid_until.isoformat() if event.valid_until else "",
    }
    # Letters that were kept before it was told have no such word.
    return given | {"left_out": "yes"} if event.left_out else given


def on_made(event: RattachementMade) -> Letter:
    return Letter(
        id=f"{event.rattachement_id}:made:{event.made_at.isoformat()}",
        recipient_id=event.user_id,
        template="rattachement-made",
        about_id=event.made_by,
        params=of_rattachement(event),
        created_at=event.made_at,
    )


def on_removed(event: RattachementRemoved) -> tuple[Letter, ...]:
    """Whoever left knows it."""
    if event.removed_by == event.user_id:
        return ()
    letter = Letter(
        id=f"{event.rattachement_id}:removed:{event.removed_at.isoformat()}",
        recipient_id=event.user_id,
        template="rattachement-removed",
        about_id=author_of(event.comment, event.removed_by),
        params={**of_structure(event.structure_name), "units": ", ".join(event.units)},
        reason=event.comment,
        created_at=event.removed_at,
    )
    return (letter,)


def on_turned(event: RattachementBegun | RattachementEnded) -> Letter:
    began = isinstance(event, RattachementBegun)
    return Letter(
        id=f"{event.rattachement_id}:{'begun' if began else 'ended'}:{event.day.isoformat()}",
        recipient_id=event.user_id,
        template="rattachement-begun" if began else "rattachement-ended",
        params={**of_structure(event.structure_name), "units": ", ".join(event.units)},
        created_at=beginning_of(event.day),
    )


def on_invitation_sent(event: InvitationSent) -> Letter:
    return Letter(
        id=f"{event.user_id}:invitation:{sha256(event.nonce.encode()).hexdigest()[:16]}",
        recipient_id=event.user_id,
        template="invitation",
        about_id=event.invited_by,
        params=of_structure(event.structure_name),
        link=Link(purpose="invitation", nonce=event.nonce, expires_at=event.expires_at),
        created_at=event.sent_at,
    )
