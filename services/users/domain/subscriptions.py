"""Subscriptions: habilitations as they are asked for, and given up, by espaces."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.event import Event
from contracts.structures import DEFAULT_UNIT
from contracts.users import Habilitation, Level
from kit.change import Change
from kit.entitled import gives_all_of
from kit.problems import Conflict, Invalid, NotFound
from services.users.domain.drafts import Held, Place, held, row_of, without
from services.users.domain.espaces import (
    Espace,
    FixedEspace,
    Offer,
    Openings,
    is_open,
    standing_in,
)
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitation_requests import (
    HabilitationsRequest,
    NotAttached,
    goes_beyond,
    put,
)
from services.users.domain.habilitations import Submitted, applied
from services.users.domain.rattachements import MOST, Rattachement, TooManyRights
from services.users.domain.requests import LATEST, InactiveStructure, UnknownStructure, WrongDates

Known = tuple[HabilitationsRequest | None, Entry | None]
"""A request by the id it will have, and the entry of the history by the same."""

_REQUESTS: Final = UUID("8a1c1f0e-5f57-4be6-8f0d-5c0b7a0f7d0a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One unit and the levels ticked for it; without a unit the whole structure (ESP-14, 15)."""

    unit: str | None
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    espaces: tuple[str, ...]
    ticks: tuple[Tick, ...]
    valid_from: date
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One espace at one level, on the whole structure or one unit."""

    espace: str
    level: Level
    unit: str | None = None


class NoSuchEspace(Invalid):
    """There is no such espace, or it does not have that level."""


class EspaceNotOpened(Conflict):
    """This structure has not opened that espace."""


class NotYourUnits(Invalid):
    """You are not attached to this unit."""


class AlreadySubscribed(Conflict):
    """You are already subscribed to this espace, there and at these levels."""


class NotSubscribed(NotFound):
    """There is no such subscription."""


def request_id(of: str, espace: str) -> str:
    """Of the request for one espace, when several were asked for together."""
    return uuid5(_REQUESTS, f"{of}:{espace}").hex


def ask(
    openings: Openings | None,
    tie: Rattachement | None,
    known: Sequence[Known],
    place: Place,
    *,
    wanted: Wanted,
    offer: Offer,
    submitted: Submitted,
) -> tuple[Change[Rattachement], list[Change[Any]], list[Change[Any]]]:
    """
    Ask for one or several espaces, all or none, each by a request of its own (ESP-12..18, 21).

    ``known``: for each espace, in order. What a principal manager asks for is his to grant.
    Gives the change of the rattachement, those of the requests, and those of the history.
    """
    if any(request for request, _ in known):
        put_before = [Change(request) for request, _ in known]
        return Change(tie), put_before, [Change(entry) for _, entry in known]
    today = submitted.today
    tie = _attached(tie, place, today)
    ticks = _theirs(wanted, place, tie, today)
    all_asked, all_noted = list[Change[Any]](), list[Change[Any]]()
    events: tuple[Event, ...] = ()
    for nth, (code, (_, entry)) in enumerate(zip(wanted.espaces, known, strict=True)):
        field = f"body/espaces/{nth}"
        espace = _opened(offer.get(code), openings, field)
        ticked = _ticked(espace, ticks, wanted.valid_from, field)
        own = replace(submitted, id=request_id(submitted.id, code))
        asked, tied, noted = _put(
            tie, entry, place, espace, ticked, comment=wanted.comment, field=field, submitted=own
        )
        # The last word on their rights says all.
        tie, events = tied.state or tie, tied.events or events
        all_asked.append(asked)
        all_noted.append(noted)
    return Change(tie, events), all_asked, all_noted


def end(
    tie: Rattachement | None,
    entry: Entry | None,
    subscriptions: Iterable[tuple[int, Subscription]],
    *,
    offer: Offer,
    submitted: Submitted,
) -> tuple[Change[Rattachement], Change[Entry]]:
    """Give up one or several of one's own, all or none (ESP-19, 20); numbered as they were sent."""
    if entry:
        return Change(tie), Change(entry)
    had = held(tie, submitted.today) if tie else ()
    gone = set[Habilitation]()
    for nth, one in subscriptions:
        espace, field = offer.get(one.espace), f"body/subscriptions/{nth}"
        if espace and espace.fixed:
            raise FixedEspace(field=field)
        given = {
            own
            for own in had
            if espace and espace.opens(own) and (own.level, own.unit) == (one.level, one.unit)
        }
        if tie is None or not given:
            raise NotSubscribed(field=field)
        gone |= given
    if tie is None:
        return Change(None), Change(None)
    return applied(tie, without(had, gone), cause="own", submitted=submitted)


def missing(tie: Rattachement, wanted: Iterable[Habilitation], today: date) -> Held:
    """What of it somebody does not hold, there and for as long; what ends earlier is continued."""
    had = {row_of(one): one for one in held(tie, today)}
    return tuple(
        _continued(had.get(row_of(one)), one)
        for one in dict.fromkeys(wanted)
        if not any(gives_all_of(other, one, today) for other in had.values())
    )


def replaced_by(tie: Rattachement, more: Held, today: date) -> Held:
    """What is held of the same rows, for other days."""
    rows = {row_of(one) for one in more}
    return tuple(one for one in held(tie, today) if row_of(one) in rows)


def _attached(tie: Rattachement | None, place: Place, today: date) -> Rattachement:
    """Espaces are asked for where one is attached, in an active structure."""
    structure = place.structure
    if structure is None or (structure.discreet and standing_in(tie, today) is None):
        raise UnknownStructure("No structure has this id.", field="body/structure_id")
    if tie is None or not tie.standing(today):
        raise NotAttached
    if not structure.active:
        raise InactiveStructure
    return tie


def _put(
    tie: Rattachement,
    entry: Entry | None,
    place: Place,
    espace: Espace,
    ticked: Held,
    *,
    comment: str,
    field: str,
    submitted: Submitted,
) -> tuple[Change[HabilitationsRequest], Change[Rattachement], Change[Entry]]:
    """Ask for what of it they do not hold yet, in place of what is held for other days."""
    more = missing(tie, ticked, submitted.today)
    if not more:
        raise AlreadySubscribed(espace=espace.code, field=field)
    taken = replaced_by(tie, more, submitted.today)
    if goes_beyond(tie, more, taken, submitted.today):
        raise TooManyRights(most=MOST, field=field)
    return put(
        tie,
        entry,
        place,
        given=more,
        taken=taken,
        comment=comment,
        espace=espace.code,
        submitted=submitted,
    )


def _continued(had: Habilitation | None, more: Habilitation) -> Habilitation:
    """One row that begins when the first of them does, since there is one row alone for both."""
    first = had and min(had.valid_from or date.min, more.valid_from or date.min)
    if first is None:
        return more
    return more.model_copy(update={"valid_from": None if first == date.min else first})


def _theirs(wanted: Wanted, place: Place, tie: Rattachement, today: date) -> tuple[Tick, ...]:
    """
    Its ticks, where each is on something that its user is attached to (ESP-17).

    Whoever is attached to the whole structure ticks all of it by its default unit (ESP-15).
    """
    if not today <= wanted.valid_from <= today + LATEST:
        raise WrongDates("It begins today, or within five years.", field="body/valid_from")
    lines, theirs = {line.unit for line in tie.standing(today)}, []
    for nth, tick in enumerate(wanted.ticks):
        there = tick.unit is None or place.has(tick.unit, today)
        if not there or not lines & {None, tick.unit}:
            raise NotYourUnits(field=f"body/units/{nth}/unit")
        everywhere = None in lines and tick.unit == DEFAULT_UNIT
        theirs.append(replace(tick, unit=None) if everywhere else tick)
    return tuple(theirs)


def _opened(espace: Espace | None, openings: Openings | None, field: str) -> Espace:
    if espace is None:
        raise NoSuchEspace(field=field)
    if espace.fixed:
        raise FixedEspace(field=field)
    if not is_open(espace, openings):
        raise EspaceNotOpened(espace=espace.code, field=field)
    return espace


def _ticked(espace: Espace, ticks: tuple[Tick, ...], since: date, field: str) -> Held:
    """What the ticks come to in an espace."""
    ticked: Held = ()
    for tick in ticks:
        for level in tick.levels:
            there = espace.on(tick.unit, level, since=since)
            if not there:
                raise NoSuchEspace(level=level, field=field)
            ticked += there
    return ticked
