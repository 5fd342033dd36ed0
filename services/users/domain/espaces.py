"""Espaces: what each opens, and which of them a structure has opened."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal

from contracts.users import EspaceClosed, EspaceOpened, Habilitation, Level
from kit.change import Change, Entity
from kit.days import day_of, within
from kit.entitled import attached, effective, manages
from kit.problems import Conflict, Forbidden, NotFound
from services.users.domain.delegation import principal_manager
from services.users.domain.rattachements import Rattachement
from services.users.domain.requests import InactiveStructure
from services.users.domain.structures import Structure

Standing = Literal["principal_manager", "secondary_manager", "user"]

LISTING_LASTS: Final = timedelta(minutes=1)
"""After that, whoever was bringing users in line is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Espace:
    """A set of functions; ``fixed`` ones come with a standing and are nobody's to open or close."""

    code: str
    name: str
    habilitations: tuple[Habilitation, ...] = ()
    """What all of it comes to on a whole structure: its applications, at each of their levels."""
    given_to: tuple[Standing, ...] = ()
    fixed: bool = False
    open: bool = False
    """Whether every structure has it open from the start."""

    @property
    def levels(self) -> tuple[Level, ...]:
        return tuple(dict.fromkeys(one.level for one in self.habilitations))

    def on(
        self, unit: str | None, level: Level | None = None, *, since: date | None = None
    ) -> tuple[Habilitation, ...]:
        """What a subscription to it gives on a unit, at one level or all."""
        return tuple(
            one.model_copy(update={"unit": unit, "valid_from": since})
            for one in self.habilitations
            if level in (None, one.level)
        )

    def opens(self, habilitation: Habilitation) -> bool:
        return any(one.application == habilitation.application for one in self.habilitations)


Offer = Mapping[str, Espace]
"""Every espace there is, by its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the managers of a structure did last with an espace."""

    espace: str
    open: bool
    number: int
    """Counted for the structure: what came after a turn has a higher one."""
    by: str
    at: datetime
    principal: bool = True
    """Whether the principal manager did it: nobody else changes what he may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings(Entity):
    """
    The espaces that a structure, whose id this has, opened or closed; others are as from the start.

    ``wake_at`` is set while some of those attached are not in line with the last turn.
    """

    turns: tuple[Turn, ...] = ()
    """Of each espace the last."""
    listed: int = 0
    """The last turn that has reached everybody who was attached then."""
    newcomers: int = 0
    """Counted, so that one who comes while others are brought in line is not overlooked."""

    @property
    def last(self) -> int:
        return max((one.number for one in self.turns), default=0)

    def list_of(self, espace: str) -> str | None:
        """What a list of requests is known by; who comes once it is complete is no part of it."""
        numbers = [one.number for one in self.turns if one.espace == espace]
        return f"{self.id}:{numbers[0]}" if numbers and numbers[0] > self.listed else None


class UnknownEspace(NotFound):
    """There is no such espace."""


class FixedEspace(Conflict):
    """This espace comes with the role: it is neither opened nor closed, and nobody subscribes."""


class NotForYouToOpen(Forbidden):
    """Only those who manage this structure open and close its espaces."""


class NotASecondaryManager(NotFound):
    """This user does not help to manage this structure."""


def is_open(espace: Espace, openings: Openings | None) -> bool:
    turns = openings.turns if openings else ()
    return next((one.open for one in turns if one.espace == espace.code), espace.open)


def still_open(code: str, offer: Offer, openings: Openings | None) -> bool:
    """Whether what was asked for by an espace can be granted; by no espace it always can."""
    espace = offer.get(code)
    return not code or (espace is not None and is_open(espace, openings))


def standing_in(tie: Rattachement | None, on: date) -> Standing | None:
    """What somebody is in a structure that day, as the older vocabulary has it (ESP-01)."""
    if tie is None or tie.role is None or not attached(tie, on):
        return None
    if tie.role == "principal_manager":
        return "principal_manager"
    return "secondary_manager" if manages(tie, on) else "user"


def configures(tie: Rattachement | None, on: date) -> bool:
    """Whether they open and close espaces: a secondary manager as the principal one chose."""
    standing = standing_in(tie, on)
    return standing == "principal_manager" or bool(
        tie and standing == "secondary_manager" and tie.may_configure
    )


def available(
    offer: Offer, openings: Openings | None, tie: Rattachement | None, on: date
) -> tuple[Espace, ...]:
    """The espaces that somebody finds in a structure that day."""
    standing = standing_in(tie, on)
    if tie is None or standing is None:
        return ()
    usable = [one for one in effective(tie) if within(one.valid_from, one.valid_until, on)]
    return tuple(
        espace
        for espace in offer.values()
        if (
            standing in espace.given_to
            if espace.fixed
            else is_open(espace, openings) and any(map(espace.opens, usable))
        )
    )


def known(structure: Structure | None, tie: Rattachement | None, on: date) -> Structure:
    """The structure, for whoever is attached to it; for all others there is none."""
    if structure is None or standing_in(tie, on) is None:
        raise NotFound
    return structure


def turn(
    structure: Structure | None,
    current: Openings | None,
    tie: Rattachement | None,
    *,
    code: str,
    open: bool,
    offer: Offer,
    by: str,
    now: datetime,
) -> Change[Openings]:
    """Open an espace of a structure, or close it (ESP-05..08); as it is, nothing changes."""
    today = day_of(now)
    of = known(structure, tie, today)
    if not configures(tie, today):
        raise NotForYouToOpen
    espace = offer.get(code)
    if espace is None:
        raise UnknownEspace
    if espace.fixed:
        raise FixedEspace
    if is_open(espace, current) == open:
        return Change(current)
    if open and not of.active:
        raise InactiveStructure
    before = current or Openings(id=of.id)
    latest = Turn(
        espace=code,
        open=open,
        number=before.last + 1,
        by=by,
        at=now,
        principal=standing_in(tie, today) == "principal_manager",
    )
    others = tuple(one for one in before.turns if one.espace != code)
    # Nobody is in line with this turn yet: all who are attached are looked at again.
    turned = replace(before, turns=(*others, latest), wake_at=now)
    return Change(turned, (_told(latest, of.id),))


def claim(current: Openings | None, now: datetime) -> Change[Openings]:
    """Begin to bring everybody in line, for as long as somebody alive takes."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LISTING_LASTS))


def newcomer(
    current: Openings | None, tie: Rattachement | None, *, now: datetime
) -> Change[Openings]:
    """Somebody may have been attached since: bring them in line too."""
    if current is None or tie is None or not tie.lines or tie.in_line >= current.last:
        return Change(current)
    woken = current.wake_at or now
    return Change(replace(current, wake_at=woken, newcomers=current.newcomers + 1))


def go_on(current: Openings | None, now: datetime) -> Change[Openings]:
    return Change(current and replace(current, wake_at=now + LISTING_LASTS))


def done(begun: Openings, current: Openings | None, *, now: datetime) -> Change[Openings]:
    """All were in line; look again if there has been another turn, or a newcomer, since."""
    if current is None or current.wake_at is None:
        return Change(current)
    again = None if current.version == begun.version else now
    return Change(replace(current, listed=begun.last, wake_at=again))


def choose(
    structure: Structure | None,
    principal: Rattachement | None,
    secondary: Rattachement | None,
    *,
    configures: bool,
    now: datetime,
) -> Change[Rattachement]:
    """Say whether a secondary manager acts as the principal one or as a user (ESP-07)."""
    today = day_of(now)
    known(structure, principal, today)
    principal_manager(principal, today)
    if secondary is None or standing_in(secondary, today) != "secondary_manager":
        raise NotASecondaryManager
    return Change(replace(secondary, may_configure=configures))


def _told(turn: Turn, structure_id: str) -> EspaceOpened | EspaceClosed:
    if turn.open:
        return EspaceOpened(
            structure_id=structure_id, espace=turn.espace, opened_by=turn.by, opened_at=turn.at
        )
    return EspaceClosed(
        structure_id=structure_id, espace=turn.espace, closed_by=turn.by, closed_at=turn.at
    )
