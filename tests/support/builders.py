"""Tickets as the tests of decisions begin with them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.support.domain.catalogue import Catalogue, Category, Subcategory
from services.support.domain.contents import Content, Known
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket

ID = "0190" + "a" * 28
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

CATALOGUE = Catalogue(
    (
        Category(
            code="PAIEMENT",
            label="Paiement",
            subcategories=(
                Subcategory(code="DELAI", label="Délai de paiement"),
                Subcategory(code="M_REJET", label="M - Question sur une demande rejetée"),
                Subcategory(
                    code="M_FACTURE",
                    label="M - Question pour le destinataire de ma facture",
                    object_types=("invoice", "refund_request"),
                ),
                Subcategory(code="AVOIR", label="Demande d'avoir", form="/v1/credits"),
                Subcategory(code="ANCIEN", label="Ancien motif", active=False),
            ),
        ),
        Category(
            code="SAISIE",
            label="Saisie",
            subcategories=(
                Subcategory(code="DEPOT", label="Saisie et dépôt"),
                Subcategory(code="FACTURE", label="Facture", object_types=("invoice",)),
            ),
        ),
        Category(
            code="FERMEE",
            label="Catégorie fermée",
            active=False,
            subcategories=(Subcategory(code="MOTIF", label="Motif"),),
        ),
    )
)


KNOWN = Known(attached=True, unit=True, recipient=True)


def a_content(**but: Any) -> Content:
    return replace(
        Content(category="PAIEMENT", subcategory="DELAI", title="Rien reçu", structure_id="s-1"),
        **but,
    )


def a_ticket(**but: Any) -> Ticket:
    ticket = Ticket(
        id=ID, number="CPROCS0048685", emitter_id="ana", content=a_content(), created_at=NOW
    )
    return replace(ticket, **but)


def a_reach(user_id: str = "ana", *attached: str, **but: Any) -> Reach:
    """Attached to s-1, unless other structures are named."""
    attached_to = frozenset(attached or {"s-1"})
    return replace(Reach(user_id=user_id, attached=attached_to), **but)


def fields(refusal: Any) -> list[str]:
    return [error["pointer"] for error in refusal.value.members["errors"]]
