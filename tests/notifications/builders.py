"""What the tests of notifications are made of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.notifications.domain.letters import Letter, Link
from services.notifications.domain.people import Person

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)


def a_person(**but: Any) -> Person:
    return Person(
        **{
            "id": "u-lea",
            "first_name": "Léa",
            "last_name": "Martin",
            "email": "lea@example.org",
            "language": "fr",
            "active": True,
            "heard": 1,
        }
        | but
    )


def a_letter(**but: Any) -> Letter:
    return Letter(
        **{
            "id": "r-1:refused",
            "recipient_id": "u-lea",
            "template": "rattachement-refused",
            "params": {"structure_name": "Menuiserie Petit"},
            "reason": "Inconnue ici",
            "created_at": NOW,
            "wake_at": NOW,
        }
        | but
    )


def a_link(**but: Any) -> Link:
    return Link(**{"purpose": "activation", "nonce": "n-1", "expires_at": SOON} | but)


def a_link_letter(**but: Any) -> Letter:
    return a_letter(
        **{
            "id": "u-lea:activation:n-1",
            "template": "activation",
            "params": {},
            "reason": "",
            "link": a_link(),
        }
        | but
    )
