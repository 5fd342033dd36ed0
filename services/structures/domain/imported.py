"""Public structures that come from the directory. Pure."""

from datetime import datetime

from contracts.structures import Status
from kit.change import Change
from services.structures.domain.identifiers import Identifier
from services.structures.domain.options import NOT_CONNECTED, NOTHING_ASKED, Edi, Flags
from services.structures.domain.structures import Address, Structure, created


def import_one(
    current: Structure | None,
    *,
    identifier: Identifier,
    status: Status = "active",
    legal_name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    address: Address | None = None,
    edi: Edi = NOT_CONNECTED,
    flags: Flags = NOTHING_ASKED,
    now: datetime,
) -> Change[Structure]:
    """A line of the public directory; what is already known stays as it is."""
    if current:
        return Change(current)
    structure = Structure(
        id=identifier.structure_id,
        identifier=identifier,
        kind="public",
        status=status,
        legal_name=legal_name,
        email=email,
        phone=phone,
        address=address,
        edi=edi,
        flags=flags,
        origin="import",
        created_at=now,
    )
    return Change(structure, (created(structure),))
