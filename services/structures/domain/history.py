"""Who changed what of a structure, and when. Pure."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from kit.change import Change, Entity
from services.structures.domain.structures import Address, Details, Structure, values_of

Value = str | bool | None
Decides = Callable[..., Change[Structure]]
"""Of a structure, and of what else the decision rests on."""
Recorded = tuple[Change[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Entity):
    """One change of a structure. Addresses, numbers and names of people are masked for good."""

    structure_id: str
    by: str
    asked_at: datetime
    at: datetime
    changes: tuple[FieldChange, ...]


def recorded(
    id: str, decide: Decides, *, by: str, asked_at: datetime, at: datetime
) -> Callable[..., Recorded]:
    """The same decision, with its entry in the history when it changes a field."""

    def both(current: Structure | None, kept: Entry | None, *beside: Entity | None) -> Recorded:
        relied_on = map(Change, beside)
        if kept:
            return Change(current), Change(kept), *relied_on
        change = decide(current, *beside)
        if current is None or change.state is None:
            return change, Change(None), *relied_on
        changes = differences(current, change.state)
        entry = Entry(
            id=id, structure_id=current.id, by=by, asked_at=asked_at, at=at, changes=changes
        )
        return change, Change(entry if changes else None), *relied_on

    return both


def differences(before: Structure, after: Structure) -> tuple[FieldChange, ...]:
    old, new = _flat(before), _flat(after)
    person = after.kind == "person"
    return tuple(
        FieldChange(
            field=field,
            before=_masked(field, old[field], person=person),
            after=_masked(field, new[field], person=person),
        )
        for field in old
        if old[field] != new[field]
    )


def _flat(structure: Structure) -> dict[str, Value]:
    details = {name: _written(value) for name, value in values_of(structure, Details).items()}
    return details | {
        "status": structure.shown_status,
        "non_diffusible": structure.non_diffusible,
        **{f"edi/{name}": value for name, value in asdict(structure.edi).items()},
        **{f"flags/{name}": value for name, value in asdict(structure.flags).items()},
    }


def _written(value: object) -> Value:
    if isinstance(value, Address):
        street = (value.line, *value.complements, f"{value.postcode} {value.city}".strip())
        return ", ".join(filter(None, (*street, value.country)))
    if isinstance(value, tuple):
        return ", ".join(value)
    return value if isinstance(value, bool) or value is None else str(value)


def _masked(field: str, value: Value, *, person: bool) -> Value:
    if not isinstance(value, str):
        return value
    if field == "email":
        name, _, domain = value.partition("@")
        return f"{name[:1]}…@{domain}"
    if field == "phone":
        return f"…{value[-2:]}"
    if field in _NAMES or (person and field in _OF_A_PERSON):
        return f"{value[:1]}…"
    return value


_NAMES: Final = frozenset({"last_name", "first_name"})
_OF_A_PERSON: Final = frozenset({"label", "address"})
