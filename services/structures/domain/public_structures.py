"""Public structures: created once the support desk has agreed, by the rules of all others."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.structures import IdentifierType, PublicStructureSettled
from contracts.support import PublicStructureAccepted
from kit.change import Change, Entity
from kit.problems import Problem
from services.structures.domain.identifiers import Identifier
from services.structures.domain.structures import (
    Details,
    Establishment,
    KindContradicted,
    Structure,
    Wanted,
    create,
    refuse_nameless,
    values_of,
)

LEASE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed(Entity):
    """One agreement of the desk, under the id of its ticket."""

    acceptance: int
    identifier_type: IdentifierType
    identifier: str
    legal_name: str
    requester_id: str
    structure_id: str | None = None
    """Once it is settled; empty if its identifier could not be read."""
    refusal: str = ""


def agree(current: Agreed | None, told: PublicStructureAccepted) -> Change[Agreed]:
    if current and current.acceptance >= told.acceptance:
        return Change(current)
    return Change(
        Agreed(
            id=told.ticket_id,
            version=current.version if current else 0,
            acceptance=told.acceptance,
            identifier_type=told.identifier_type,
            identifier=told.identifier,
            legal_name=told.legal_name,
            requester_id=told.requester_id,
            wake_at=told.accepted_at,
        )
    )


def claim(current: Agreed | None, now: datetime) -> Change[Agreed]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))


def describe(identifier: Identifier, legal_name: str) -> Wanted:
    if identifier.type == "PARTICULIER":
        raise KindContradicted("A person is no public structure.", field="body/identifier/type")
    said = Details(legal_name=legal_name)
    if not identifier.siret:
        refuse_nameless(said, "public")
    return Wanted(identifier=identifier, kind="public", **values_of(said, Details))


def make_known(
    current: Agreed | None,
    structure: Structure | None,
    *,
    agreed: Agreed,
    wanted: Wanted,
    establishment: Establishment | None,
    now: datetime,
) -> tuple[Change[Agreed], Change[Structure]]:
    """Create it, or tell the desk why not. Whoever asked becomes its principal manager."""
    if settled(current, agreed):
        return Change(current), Change(structure)
    try:
        created = create(
            structure,
            wanted=wanted,
            establishment=establishment,
            by=agreed.requester_id,
            now=now,
        )
    except Problem as refused:
        return refuse(current, agreed=agreed, refusal=refused, now=now), Change(structure)
    return _settle(agreed, current, wanted.identifier.structure_id, "", now), created


def refuse(
    current: Agreed | None, *, agreed: Agreed, refusal: Problem, now: datetime
) -> Change[Agreed]:
    """What INSEE or the rules of structures say against it."""
    if settled(current, agreed):
        return Change(current)
    return _settle(agreed, current, "", refusal.type(), now)


def settled(current: Agreed | None, agreed: Agreed) -> bool:
    """Somebody else was quicker, or the desk has agreed to something else since."""
    return (
        current is None
        or current.structure_id is not None
        or current.acceptance != agreed.acceptance
    )


def _settle(
    agreed: Agreed, current: Agreed | None, structure_id: str, refusal: str, now: datetime
) -> Change[Agreed]:
    told = PublicStructureSettled(
        ticket_id=agreed.id,
        acceptance=agreed.acceptance,
        structure_id=structure_id,
        refusal=refusal,
        settled_at=now,
    )
    left = replace(current or agreed, structure_id=structure_id, refusal=refusal, wake_at=None)
    return Change(left, (told,))
