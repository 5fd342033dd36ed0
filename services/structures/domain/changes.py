"""What may happen to a structure once it is known. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.structures import StructureChanged
from kit.change import Change
from kit.problems import Conflict, Invalid, NotFound
from services.structures.domain.options import Edi, Flags
from services.structures.domain.structures import (
    BankDetailsMissing,
    ComesFromInsee,
    Details,
    Establishment,
    Structure,
    StructureInactive,
    Waiting,
    Waits,
    named,
    needs_bank_details,
    refuse_nameless,
    refuse_what_others_say,
    refuse_without_bank_details,
    values_of,
)

ELSEWHERE: Final = {
    "identifier": "An identifier is for good: duplicate the structure.",
    "kind": "A kind is for good.",
    "status": "It is changed by activation and deactivation.",
    "principal_manager_id": "It is changed by a transfer.",
    "non_diffusible": "INSEE says so: refresh.",
    "edi": "It has an address of its own: edi-options.",
    "flags": "Operators set them.",
}
"""Fields of a record that a modification does not touch, and what does."""


class NotChangedHere(Invalid):
    """This field is not changed by a modification."""


class NotOfThisKind(Invalid):
    """This kind of structure has no such field."""


class PublicStructuresOnly(Conflict):
    """Only a public structure has flags."""


class NotAtInsee(Conflict):
    """Only a structure that is identified by its SIRET can be refreshed from INSEE."""


class ClosedAtInsee(Conflict):
    """INSEE says that this establishment is closed."""


class UnknownAtInsee(Conflict):
    """INSEE does not know this establishment any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for a change, when, and how long it waits before it is in force."""

    by: str
    at: datetime
    waits: timedelta = timedelta()

    def to_wait(self, what: Waits, **then: Any) -> Waiting:
        return Waiting(
            what=what, by=self.by, asked_at=self.at, effective_at=self.at + self.waits, **then
        )


def refuse_elsewhere(said: Iterable[str]) -> None:
    for field in said:
        raise NotChangedHere(ELSEWHERE.get(field, "There is no such field."), field=f"body/{field}")


def modify(
    current: Structure | None, *, said: Mapping[str, Any], bank_details: bool, asked: Asked
) -> Change[Structure]:
    """``said``: the new values of some details. What waits already is changed with them."""
    structure = _active(current)
    _refuse_grey(structure, said)
    waits = _waiting(structure, "details")
    details = replace(waits.details if waits and waits.details else structure.details, **said)
    if not structure.identifier.siret:
        refuse_nameless(details, structure.kind)
    # Who has none yet is refused only what would need them.
    if {"justice_category", "agricultural"} & said.keys():
        refuse_without_bank_details(details, known=bank_details)
    return _submit(structure, asked.to_wait("details", details=details), asked.at)


def choose_edi(current: Structure | None, *, edi: Edi, asked: Asked) -> Change[Structure]:
    return _submit(_active(current), asked.to_wait("edi", edi=edi), asked.at)


def flag(current: Structure | None, *, flags: Flags, asked: Asked) -> Change[Structure]:
    """Say what a public structure asks of senders. Where only a MOA takes part, one does."""
    structure = _active(current)
    if structure.kind != "public":
        raise PublicStructuresOnly
    flags = replace(flags, moa=flags.moa or flags.moa_only)
    return _submit(structure, asked.to_wait("flags", flags=flags), asked.at)


def activate(
    current: Structure | None,
    *,
    establishment: Establishment | None,
    bank_details: bool,
    asked: Asked,
) -> Change[Structure]:
    """``establishment`` is what INSEE says of a SIRET now."""
    structure = _known(current)
    if structure.status == "active":
        return Change(structure)
    if structure.identifier.siret:
        _still_open(establishment)
    if needs_bank_details(structure) and not bank_details:
        raise BankDetailsMissing
    return _submit(structure, asked.to_wait("activation"), asked.at)


def deactivate(current: Structure | None, *, now: datetime) -> Change[Structure]:
    """At once, whatever else waits: nothing is taken away later than asked."""
    structure = _known(current)
    waiting = tuple(one for one in structure.waiting if one.what != "activation")
    return _changed(structure, _waits(replace(structure, status="inactive"), waiting), now)


def refresh(
    current: Structure | None, *, establishment: Establishment | None, now: datetime
) -> Change[Structure]:
    """Take over what INSEE says, at once; what the structure says of itself stays."""
    structure = _active(current)
    if not structure.identifier.siret:
        raise NotAtInsee
    found = _still_open(establishment)
    fresh: dict[str, Any] = {
        "legal_name": (found.legal_name or structure.legal_name) if found.diffusible else None,
        "address": found.address,
        "label": structure.label or found.label,
    }
    # Or what waits would bring back what INSEE said when it was asked for.
    waiting = tuple(
        replace(one, details=_refreshed(one.details, fresh, found)) if one.details else one
        for one in structure.waiting
    )
    refreshed = replace(structure, **fresh, non_diffusible=not found.diffusible, waiting=waiting)
    return _changed(structure, refreshed, now)


def _refreshed(details: Details, fresh: Mapping[str, Any], found: Establishment) -> Details:
    named = fresh["legal_name"] or (details.legal_name if found.diffusible else None)
    label = details.label or found.label
    return replace(details, address=found.address, legal_name=named, label=label)


def first_due(current: Structure | None, now: datetime) -> Waiting | None:
    due = [one for one in current.waiting if one.effective_at <= now] if current else []
    return min(due, key=lambda one: one.effective_at, default=None)


def take_effect(current: Structure | None, *, now: datetime) -> Change[Structure]:
    """Put in force the first change whose time has come."""
    due = first_due(current, now)
    if current is None or due is None:
        return Change(current)
    rest = tuple(one for one in current.waiting if one != due)
    return _changed(current, _waits(_in_force(current, due), rest), now)


def settled(structure: Structure) -> Structure:
    """As it will be once everything that waits is in force, but as active as it is."""
    then = structure
    for one in sorted(structure.waiting, key=lambda one: one.effective_at):
        then = then if one.what == "activation" else _in_force(then, one)
    return dropped(then)


def dropped(structure: Structure) -> Structure:
    """Without what waits."""
    return _waits(structure, ())


def told(structure: Structure, *, now: datetime) -> StructureChanged:
    """All that others need to know, numbered with the version that this change is about to get."""
    flags, edi = structure.flags, structure.edi
    return StructureChanged(
        **named(structure),
        requires=flags.requires,
        moa=flags.moa,
        moa_only=flags.moa_only,
        payment_status_withheld=flags.payment_status_withheld,
        delegated_validator=flags.delegated_validator,
        receives_life_cycles=edi.receives_life_cycles,
        sends_flows=edi.sends_flows,
        version=structure.version + 1,
        changed_at=now,
    )


def _submit(structure: Structure, wanted: Waiting, now: datetime) -> Change[Structure]:
    """The latest submit of its sort wins; one that repeats what waits changes nothing."""
    then, before = _in_force(structure, wanted), _waiting(structure, wanted.what)
    if before and _in_force(structure, before) == then:
        return Change(structure)
    others = tuple(one for one in structure.waiting if one.what != wanted.what)
    if then == structure:
        return _changed(structure, _waits(structure, others), now)
    if wanted.effective_at <= now:
        return _changed(structure, _waits(then, others), now)
    return _changed(structure, _waits(structure, (*others, wanted)), now)


def _in_force(structure: Structure, one: Waiting) -> Structure:
    if one.details:
        return replace(structure, **values_of(one.details, Details))
    if one.edi:
        return replace(structure, edi=one.edi)
    if one.flags:
        return replace(structure, flags=one.flags)
    return replace(structure, status="active")


def _waits(structure: Structure, waiting: tuple[Waiting, ...]) -> Structure:
    wake_at = min((one.effective_at for one in waiting), default=None)
    return replace(structure, waiting=waiting, wake_at=wake_at)


def _waiting(structure: Structure, what: Waits) -> Waiting | None:
    return next((one for one in structure.waiting if one.what == what), None)


def _changed(before: Structure, after: Structure, now: datetime) -> Change[Structure]:
    """Told only where it is something that others need to know."""
    event = told(after, now=now)
    return Change(after, () if event == told(before, now=now) else (event,))


def _known(current: Structure | None) -> Structure:
    if current is None:
        raise NotFound
    return current


def _active(current: Structure | None) -> Structure:
    structure = _known(current)
    if structure.status != "active":
        raise StructureInactive
    return structure


def _still_open(establishment: Establishment | None) -> Establishment:
    if establishment is None:
        raise UnknownAtInsee
    if not establishment.open:
        raise ClosedAtInsee
    return establishment


def _refuse_grey(structure: Structure, said: Mapping[str, Any]) -> None:
    """A grey field is refused even with the value that it has; a name that INSEE lacks is none."""
    if structure.identifier.siret:
        nameless = structure.legal_name is None and not structure.non_diffusible
        for field in ("address",) if nameless else ("legal_name", "address"):
            if field in said:
                raise ComesFromInsee(field=f"body/{field}")
    refuse_what_others_say(structure.identifier, Details(**said))
    person = structure.kind == "person"
    for field in ("legal_name",) if person else ("last_name", "first_name"):
        if field in said:
            raise NotOfThisKind(field=f"body/{field}")
