"""The letters about tickets. Pure."""

from contracts.support import TicketOpened
from services.notifications.domain.letters import Letter


def on_ticket_opened(event: TicketOpened) -> Letter:
    return Letter(
        id=f"{event.ticket_id}:ticket-opened",
        recipient_id=event.emitter_id,
        template="ticket-opened",
        params={"number": event.number},
        created_at=event.opened_at,
    )
