"""The letters to those a supplier keeps as clients. Pure."""

from contracts.structures import ClientWelcomed
from services.notifications.domain.letters import Letter


def on_client_welcomed(event: ClientWelcomed) -> Letter:
    return Letter(
        id=f"{event.client_account_id}:client-welcomed",
        recipient_id=event.recipient_id,
        template="client-welcomed",
        params={"supplier_name": event.supplier_name or "", "reference": event.reference},
        language=event.language,
        created_at=event.welcomed_at,
    )
