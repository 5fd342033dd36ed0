"""What a letter may say, made up: for previews, and for the tests of its words. Pure."""

from datetime import UTC, datetime
from typing import Final, get_args

from services.notifications.domain.letters import Letter, Link, Moved, Template
from services.notifications.domain.movements import Kind
from services.notifications.domain.people import Person
from services.notifications.rendering import Told

AT: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PARAMS: Final = {
    "action": "password-changed",
    "count": "3",
    "invoice": "F-2026-0042",
    "kind": "rattachement",
    "last_day": "2026-01-12",
    "left_out": "yes",
    "more": "12",
    "news": "information-asked",
    "number": "CPROCS0000001",
    "opened_day": "2026-01-05",
    "outcome": "granted",
    "provider": "Agents publics",
    "reference": "10001",
    "rhythm": "daily",
    "status": "Mise en paiement",
    "structure_name": "Menuiserie Petit",
    "title": "Souscrire un mandat de facturation",
    "supplier_name": "Papeterie Roux",
    "system": "ERP",
    "units": "COMPTA",
    "until": "2026-01-20T09:00:00+00:00",
    "valid_from": "2026-01-05",
    "valid_until": "2026-12-31",
    "verdict": "refused",
}
"""One value for each word that some letter is given; a letter uses those it knows."""
MOVEMENTS: Final = tuple(
    Moved(structure="Menuiserie Petit", kind=kind, count=count)
    for count, kind in enumerate(get_args(Kind), 1)
)
TOLD: Final = Told(("Facture F-2026-0042 : Mise en paiement",), more=12)


def a_recipient(language: str) -> Person:
    return _somebody("Léa", "Martin", language)


def another(language: str) -> Person:
    return _somebody("Omar", "Sy", language)


def _somebody(first_name: str, last_name: str, language: str) -> Person:
    return Person(
        id=first_name.lower(),
        first_name=first_name,
        last_name=last_name,
        email=f"{first_name.lower()}@example.org",
        language=language,
        active=True,
        heard=1,
    )


def a_letter(template: Template) -> Letter:
    """With a link, which only the letters that have one show."""
    return Letter(
        id=f"preview:{template}",
        recipient_id="",
        template=template,
        params=PARAMS,
        reason="Inconnue ici.\nVoyez la mairie.",
        movements=MOVEMENTS,
        link=Link(purpose=template, nonce="preview", expires_at=AT),
        created_at=AT,
    )
