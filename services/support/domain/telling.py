"""What others are told of a ticket: one fact for each act."""

from typing import Any

from contracts.event import Event
from contracts.support import (
    CorrespondentAnswered,
    TicketAttachmentAdded,
    TicketClosed,
    TicketInformationAsked,
    TicketInformationGiven,
    TicketNoted,
    TicketRefiled,
    TicketReleased,
    TicketRequestDone,
    TicketRequestFailed,
    TicketSolutionProposed,
    TicketSolutionRefused,
    TicketTaken,
    TicketTransferred,
)
from services.support.domain.activity import Entry
from services.support.domain.tickets import Ticket


def told(entry: Entry, ticket: Ticket) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """
    What the ticket's change tells, and its entry's.

    What was written is told by its entry: erasing the entry of its writer reaches it there. So is
    a note, which leaves its ticket as it was.
    """
    said = _of_ticket(entry, ticket)
    match entry.kind:
        case "information-asked":
            return (), (TicketInformationAsked(**said, text=entry.text),)
        case "solution-proposed" if not ticket.emitter_id:
            return _to_correspondent(entry, ticket), (TicketSolutionProposed(**said, text=""),)
        case "solution-proposed":
            return (), (TicketSolutionProposed(**said, text=entry.text),)
        case "request-done" if not ticket.emitter_id:
            return _to_correspondent(entry, ticket), (TicketRequestDone(**said, text=""),)
        case "request-done":
            return (), (TicketRequestDone(**said, text=entry.text),)
        case "request-failed":
            return (), (TicketRequestFailed(**said),)
        case "note":
            return (), (TicketNoted(**said),)
    return _without_words(entry, ticket, said), ()


def _to_correspondent(entry: Entry, ticket: Ticket) -> tuple[Event, ...]:
    """Who wrote without signing in reads the answer in a letter, and nowhere else (SUP-41)."""
    if not ticket.content.contact_email:
        return ()
    answered = CorrespondentAnswered(
        ticket_id=ticket.id,
        number=ticket.number,
        rank=entry.rank,
        email=ticket.content.contact_email,
        text=entry.text,
        answered_at=entry.at,
        answered_by=entry.by,
    )
    return (answered,)


def _without_words(entry: Entry, ticket: Ticket, said: dict[str, Any]) -> tuple[Event, ...]:
    match entry.kind:
        case "taken":
            return (TicketTaken(**said),)
        case "attachment-added":
            return (TicketAttachmentAdded(**said, attachment_id=entry.id, side=entry.side),)
        case "released":
            return (TicketReleased(**said),)
        case "information-given":
            return (TicketInformationGiven(**said),)
        case "solution-refused":
            return (TicketSolutionRefused(**said),)
        case "transferred":
            return (TicketTransferred(**said),)
        case "refiled":
            filed = ticket.content
            named: dict[str, Any] = {"category": filed.category, "subcategory": filed.subcategory}
            return (TicketRefiled(**said, **named),)
        case "solution-accepted" | "closed":
            return (TicketClosed(**said, accepted=ticket.accepted),)
    return ()


def _of_ticket(entry: Entry, ticket: Ticket) -> dict[str, Any]:
    return {
        "ticket_id": ticket.id,
        "number": ticket.number,
        "emitter_id": ticket.emitter_id,
        "structure_id": ticket.content.structure_id,
        "unit": ticket.content.unit,
        "recipient_id": ticket.recipient_id,
        "treated_by": ticket.treated_by,
        "assignee_id": ticket.assignee_id,
        "state": ticket.state,
        "entry_id": entry.id,
        "rank": entry.rank,
        "by": entry.by,
        "at": entry.at,
    }
