"""How the tests of decisions do something to a ticket."""

from dataclasses import replace
from typing import Any

from services.support.domain import acts
from services.support.domain.activity import Entry
from services.support.domain.acts import Doing
from services.support.domain.contents import About
from services.support.domain.known import Structure
from services.support.domain.reach import Reach
from services.support.domain.table import Act
from services.support.domain.tickets import Ticket
from tests.support.builders import CATALOGUE, LATER

BUSINESS = ("PAIEMENT", "M_REJET")
TOWN = Structure(id="r-1", name="Mairie", identifier="1", public=True, told=0)
CLOSED_TOWN = replace(TOWN, active=False)


def do(
    act: Act, ticket: Ticket | None, by: Reach, entry: Entry | None = None, **said: Any
) -> tuple[Any, Any]:
    """As a request has it done."""
    doing = Doing(entry_id="e-1", reach=by, now=LATER)
    match act:
        case "take":
            return acts.take(ticket, entry, by=doing, **said)
        case "release":
            return acts.release(ticket, entry, by=doing)
        case "transfer" | "call_in":
            return acts.transfer(ticket, entry, text="Not ours.", by=doing)
        case "refile":
            category, subcategory = said.get("filed", ("SAISIE", "DEPOT"))
            return acts.refile(
                ticket,
                entry,
                category=category,
                subcategory=subcategory,
                about=About(
                    object_type=said.get("object_type"),
                    object_number=said.get("object_number", ""),
                ),
                sent_to=said.get("sent_to"),
                recipient=said.get("recipient"),
                named=said.get("named", said.get("recipient") is not None),
                lets_in=said.get("lets_in", True),
                catalogue=CATALOGUE,
                by=doing,
            )
        case "accept" | "close":
            return acts.end(act, ticket, entry, by=doing)
        case _:
            return acts.write(act, ticket, entry, text="As said.", by=doing)


def told(changes: tuple[Any, Any]) -> list[str]:
    return [event.type for change in changes for event in change.events]
