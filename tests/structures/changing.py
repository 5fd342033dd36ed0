"""Changes of a structure, as the tests of this folder ask for them."""

from datetime import timedelta
from typing import Any

from contracts.structures import StructureChanged
from kit.change import Change
from services.structures.domain.changes import Asked, activate, modify
from services.structures.domain.identifiers import Identifier
from services.structures.domain.structures import Address, Structure
from tests.structures.builders import NOW, an_establishment

ACME = Identifier("HORS_UE", "USACME")
BONJEAN = Identifier("PARTICULIER", "1990193160BONJEAN")
HALF_AN_HOUR = timedelta(minutes=30)
AT_ONCE = Asked(by="u-lea", at=NOW)
LATER = Asked(by="u-lea", at=NOW, waits=HALF_AN_HOUR)
QUAI = Address(line="2 QUAI DU PORT", postcode="44000", city="NANTES")


def modified(structure: Structure | None, asked: Asked = AT_ONCE, **said: Any) -> Change[Structure]:
    return modify(structure, said=said, bank_details=False, asked=asked)


def activated(structure: Structure | None, asked: Asked = AT_ONCE, **but: Any) -> Change[Structure]:
    known = {"establishment": an_establishment(), "bank_details": False}
    return activate(structure, asked=asked, **known | but)


def kept(change: Change[Structure]) -> Structure:
    assert change.state
    return change.state


def pointer(refusal: Any) -> str:
    return str(refusal.value.members["errors"][0]["pointer"])


def kept_events(change: Change[Structure]) -> tuple[StructureChanged, ...]:
    assert all(isinstance(one, StructureChanged) for one in change.events)
    return tuple(one for one in change.events if isinstance(one, StructureChanged))
