"""What the support service tells. Topic: support.events."""

from pydantic import AwareDatetime

from contracts.event import Event, Gathered


class TicketOpened(Event, type="support.ticket-opened.v1", key="ticket_id", audience="public"):
    """Somebody asks the support desk for help."""

    ticket_id: str
    number: str
    emitter_id: str
    structure_id: str | None
    category: str
    subcategory: str
    opened_at: AwareDatetime


class TicketsGathered(Gathered, Event, type="support.tickets-gathered.v1", key="export_id"):
    """What support keeps of a person."""
