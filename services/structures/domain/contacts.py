"""Writing to a structure itself: the one time that the address it has given is told."""

from dataclasses import dataclass

from contracts.structures import ContactTold
from contracts.users import VacancyCodeRequested
from kit.change import Change, Entity
from services.structures.domain.structures import Structure


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Entity):
    """That a claim had a letter written to a structure, or could not: it is asked once."""

    structure_id: str
    reached: bool


def tell(
    asked: VacancyCodeRequested, current: Contact | None, structure: Structure | None
) -> Change[Contact]:
    """Tell where to write, if the structure has said; the claimant does not learn if it has."""
    if current:
        return Change(current)
    email = structure.email if structure else None
    noted = Contact(id=asked.claim_id, structure_id=asked.structure_id, reached=bool(email))
    if structure is None or not email:
        return Change(noted)
    told = ContactTold(
        request_id=asked.claim_id,
        structure_id=structure.id,
        structure_name=structure.legal_name,
        email=email,
        nonce=asked.nonce,
        expires_at=asked.expires_at,
    )
    return Change(noted, (told,))
