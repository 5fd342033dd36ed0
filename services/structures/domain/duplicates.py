"""A structure made anew under another identifier, as after a move; its model ends. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from contracts.structures import Kind, StructureDuplicated
from kit.change import Change
from kit.problems import Conflict, Invalid, NotFound
from services.structures.domain.changes import (
    deactivate,
    dropped,
    settled,
    told,
)
from services.structures.domain.identifiers import Identifier, check_name
from services.structures.domain.options import NOT_CONNECTED, NOTHING_ASKED
from services.structures.domain.structures import (
    Details,
    Establishment,
    KindContradicted,
    NameMissing,
    Structure,
    StructureInactive,
    Wanted,
    create,
    created,
    refuse_nameless,
    refuse_what_others_say,
    refuse_without_bank_details,
    values_of,
)

Changes = tuple[Change[Structure], Change[Structure]]

_OF_THE_OLD_ONE: Final = {"legal_name": None, "vat_number": None, "billing_mandates": ()}
"""What the new one does not have from its model: it is another body in law."""


UNITS_MOST: Final = 1_000
"""Of them all is kept in one transaction, which MongoDB ends after five seconds."""


class TooManyUnits(Conflict):
    """This structure has more units than a duplicate can carry over."""


class KindKept(Invalid):
    """A duplicate is of the same kind as its model."""


def describe_duplicate(
    model: Structure, identifier: Identifier, *, kind: Kind | None, said: Mapping[str, Any]
) -> Wanted:
    """What the new one will be: as its model once what waits is in force, but for what is said."""
    if kind and kind != model.kind:
        raise KindKept(field="body/kind")
    if (identifier.type == "PARTICULIER") != (model.kind == "person"):
        raise KindContradicted(
            "A person, and only a person, is a PARTICULIER.", field="body/identifier/type"
        )
    model = settled(model)
    refuse_what_others_say(identifier, Details(**said))
    rcs_number = model.rcs_number if _siren(identifier) == _siren(model.identifier) else None
    details = replace(model.details, **_OF_THE_OLD_ONE | {"rcs_number": rcs_number} | {**said})
    if model.kind == "person":
        details = replace(details, legal_name=None)
    if not identifier.siret:
        refuse_nameless(details, model.kind)
    check_name(identifier, details.legal_name)
    return Wanted(identifier=identifier, kind=model.kind, **values_of(details, Details))


def duplicate(
    model: Structure | None,
    known: Structure | None,
    *,
    identifier: Identifier,
    kind: Kind | None,
    said: Mapping[str, Any],
    establishment: Establishment | None,
    bank_details: bool,
    users: bool,
    by: str,
    managed_by: str | None,
    now: datetime,
) -> Changes:
    """
    The new one, managed by who manages the model, and the model, which from now on is inactive.

    ``known``: what has the new identifier already. ``establishment`` is what INSEE answered for a
    SIRET; ``bank_details``: whether the new one will have some. The new identifier is judged
    before anything else.
    """
    if model is None:
        raise NotFound
    wanted = describe_duplicate(model, identifier, kind=kind, said=said)
    fresh = create(known, wanted=wanted, establishment=establishment, by=managed_by, now=now)
    if model.status != "active":
        raise StructureInactive
    refuse_without_bank_details(wanted, known=bank_details)
    lasting = settled(model)
    made = replace(_kept(fresh), edi=lasting.edi, flags=lasting.flags, origin_structure=model.id)
    if made.kind != "person" and not made.legal_name and not made.non_diffusible:
        raise NameMissing("INSEE does not say it.", field="body/legal_name")
    ended = deactivate(dropped(model), now=now)
    over = replace(_kept(ended), duplicates=(*model.duplicates, made.id))
    duplicated = StructureDuplicated(
        structure_id=made.id, model_id=model.id, users=users, duplicated_by=by, duplicated_at=now
    )
    has_options = (made.edi, made.flags) != (NOT_CONNECTED, NOTHING_ASKED)
    options = (told(made, now=now),) if has_options else ()
    return Change(over, ended.events), Change(made, (created(made), *options, duplicated))


def _siren(identifier: Identifier) -> str | None:
    return identifier.siret and identifier.siret[:9]


def _kept(change: Change[Structure]) -> Structure:
    if change.state is None:
        raise NotFound
    return change.state
