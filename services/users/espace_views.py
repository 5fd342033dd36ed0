"""What people read of espaces and subscriptions. Reads only."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import BaseModel

from contracts.users import Habilitation, Level
from kit.clock import today
from kit.http import Caller
from kit.pages import Asked, Page, page
from services.users.domain import espaces as domain
from services.users.domain.delegation import ManagersOnly, administrator
from services.users.domain.drafts import Place, held
from services.users.domain.espaces import Espace, Offer, Openings
from services.users.domain.habilitation_requests import Status
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import UnknownUnits
from services.users.domain.structures import Structure
from services.users.domain.units import known_unit_id
from services.users.espaces import Espaces
from services.users.habilitation_views import Contact, RequestShown, contacts, request_shown

State = Literal["open", "closed"]


class EspaceShown(BaseModel):
    code: str
    name: str
    levels: tuple[Level, ...]
    applications: tuple[str, ...]
    """What a subscription to it opens."""
    fixed: bool
    """It comes with a role, and is neither opened, closed nor subscribed to."""


class EspaceOfStructure(BaseModel):
    """One espace at one level; null: it has none."""

    code: str
    name: str
    level: Level | None
    unit: str | None
    state: State


class Named(BaseModel):
    code: str
    name: str


class MyEspaces(BaseModel):
    """The espaces somebody finds in one structure."""

    structure_id: str
    structure_name: str | None
    espaces: list[Named]


class SubscriptionShown(BaseModel):
    """One espace at one level; the other level is another subscription."""

    espace: str
    espace_name: str
    level: Level
    units: list[str]
    """None: the whole structure."""
    status: Literal["validated", "pending"]
    valid_from: date | None
    valid_until: date | None
    request_id: str | None
    """Of the request that waits."""


class MySubscriptions(BaseModel):
    """What somebody is subscribed to or waits for in one structure."""

    structure_id: str
    structure_name: str | None
    subscriptions: list[SubscriptionShown]


class Listed(RequestShown):
    """A request for an espace, as those who manage the structure see it."""

    user: Contact
    listed: bool
    """Its user did not ask: the espace was opened."""


def every(offer: Offer) -> list[EspaceShown]:
    return [
        EspaceShown(
            code=one.code,
            name=one.name,
            levels=one.levels,
            applications=tuple(dict.fromkeys(had.application for had in one.habilitations)),
            fixed=one.fixed,
        )
        for one in offer.values()
    ]


def rows(
    offer: Offer, openings: Openings | None, unit: str | None = None, *, only: str = ""
) -> list[EspaceOfStructure]:
    """Those that are open, or were: on each unit as in the whole structure (ESP-22)."""
    turned = {one.espace for one in openings.turns} if openings else set()
    return [
        EspaceOfStructure(
            code=espace.code,
            name=espace.name,
            level=level,
            unit=unit,
            state="open" if is_open else "closed",
        )
        for espace in offer.values()
        if espace.code == only or not only
        for is_open in (domain.is_open(espace, openings),)
        if is_open or espace.code in turned
        for level in espace.levels or (None,)
    ]


async def of_structure(
    espaces: Espaces, structure_id: str, caller: Caller, unit: str | None
) -> list[EspaceOfStructure]:
    """Raises NotFound or UnknownUnits; operators see those of all, systems those they are for."""
    of, day = espaces.of, today()
    structure = await of.structures.find(structure_id)
    if structure is None or not (caller.operator or caller.is_system_for(structure_id)):
        tie = await of.rattachements.find(rattachement_id(caller.user_id, structure_id))
        structure = domain.known(structure, tie, day)
    if unit is not None:
        known = await of.units.find(known_unit_id(structure_id, unit))
        if not Place(structure=structure, units={unit: known}).has(unit, day):
            raise UnknownUnits(field="query/unit", unknown=[unit])
    return rows(espaces.offer, await of.openings.find(structure_id), unit)


async def available(espaces: Espaces, asked: Asked, *, user_id: str) -> Page[MyEspaces]:
    """Structure by structure, where there is one today."""
    found, structures, openings, following = await _mine(espaces, asked, user_id)
    items = []
    for tie in found:
        opened = openings.get(tie.structure_id)
        there = domain.available(espaces.offer, opened, tie, today())
        if there:
            items.append(
                MyEspaces(
                    structure_id=tie.structure_id,
                    structure_name=_name(structures.get(tie.structure_id)),
                    espaces=[Named(code=one.code, name=one.name) for one in there],
                )
            )
    return Page(items=items, next=following)


async def subscriptions(espaces: Espaces, asked: Asked, *, user_id: str) -> Page[MySubscriptions]:
    """Structure by structure, where there is one."""
    found, structures, openings, following = await _mine(espaces, asked, user_id)
    items = [
        MySubscriptions(
            structure_id=tie.structure_id,
            structure_name=_name(structures.get(tie.structure_id)),
            subscriptions=shown,
        )
        for tie in found
        if (shown := _subscriptions(espaces.offer, openings.get(tie.structure_id), tie))
    ]
    return Page(items=items, next=following)


async def listed(
    espaces: Espaces,
    asked: Asked,
    *,
    structure_id: str,
    espace: str,
    by: str,
    status: Status | None,
) -> Page[Listed]:
    """Newest first. Raises NotFound or ManagersOnly."""
    of, day = espaces.of, today()
    tie = await of.rattachements.find(rattachement_id(by, structure_id))
    domain.known(await of.structures.find(structure_id), tie, day)
    if not administrator(tie, day).reaches(None):
        raise ManagersOnly
    where = {"structure_id": structure_id, "espace": espace}
    where |= {"status": status} if status else {}
    found, following = await page(of.habilitation_requests, where, asked, by="requested_at")
    users = sorted({one.user_id for one in found})
    names = await contacts(espaces.habilitations.accounts, users)
    items = [
        Listed(
            **dict(request_shown(one)),
            user=names[one.user_id],
            listed=one.list_id is not None,
        )
        for one in found
    ]
    return Page(items=items, next=following)


async def _mine(
    espaces: Espaces, asked: Asked, user_id: str
) -> tuple[list[Rattachement], dict[str, Structure], dict[str, Openings], str | None]:
    where = {"user_id": user_id, "role": {"$ne": None}}
    found, following = await page(espaces.of.rattachements, where, asked, descending=False)
    ids = [one.structure_id for one in found]
    structures = await espaces.of.structures.many(ids)
    return found, structures, await espaces.of.openings.many(ids), following


def _name(structure: Structure | None) -> str | None:
    return structure.legal_name if structure else None


def _subscriptions(
    offer: Offer, openings: Openings | None, tie: Rattachement
) -> list[SubscriptionShown]:
    """Held wholly, or asked for in part or wholly; two rows where both levels are (ESP-14)."""
    shown = []
    had = held(tie, today())
    for espace in offer.values():
        if espace.fixed:
            continue
        if domain.is_open(espace, openings):
            shown += _rows(espace, had, whole=True)
        for pending in tie.pending_changes:
            shown += _rows(espace, pending.given, request_id=pending.request_id)
    return shown


def _rows(
    espace: Espace,
    habilitations: Iterable[Habilitation],
    *,
    whole: bool = False,
    request_id: str | None = None,
) -> list[SubscriptionShown]:
    """One for each level and days; ``whole``: only where all the applications are there."""
    found: dict[tuple[Level, str | None], list[Habilitation]] = {}
    for one in habilitations:
        if espace.opens(one):
            found.setdefault((one.level, one.unit), []).append(one)
    rows: dict[tuple[Level, bool, date | None, date | None], list[str]] = {}
    for (level, unit), those in found.items():
        if whole and len(those) < len(espace.on(unit, level)):
            continue
        first = max((one.valid_from for one in those if one.valid_from), default=None)
        last = min((one.valid_until for one in those if one.valid_until), default=None)
        rows.setdefault((level, unit is None, first, last), []).extend([unit] if unit else [])
    return [
        SubscriptionShown(
            espace=espace.code,
            espace_name=espace.name,
            level=level,
            units=sorted(units),
            status="pending" if request_id else "validated",
            valid_from=first,
            valid_until=last,
            request_id=request_id,
        )
        for (level, _, first, last), units in rows.items()
    ]
