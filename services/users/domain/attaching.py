"""How managers attach users on their own initiative."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from contracts.users import RattachementMade
from kit.change import Change
from kit.problems import Forbidden, NotFound
from services.users.domain.accounts import Account
from services.users.domain.actions import Action, done
from services.users.domain.delegation import Administrator, OutsideYourUnits, administrator
from services.users.domain.giving import Rows, attached, left_out
from services.users.domain.lines import Extent, Lines, cover
from services.users.domain.logins import Login
from services.users.domain.rattachements import Defaults, Rattachement, nothing_yet
from services.users.domain.requests import (
    Changes,
    InactiveStructure,
    RattachementRequest,
    refuse_unknown_units,
    refuse_wrong_dates,
)
from services.users.domain.structures import Structure
from services.users.domain.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """What a manager gives to whoever has an address. ``id``: of what is kept of it."""

    id: str
    structure_id: str
    extent: Extent
    by: str
    at: datetime


class NotYourself(Forbidden):
    """Nobody attaches themselves: ask to be attached, and somebody else decides."""


def refuse_outside(acting: Administrator, lines: Lines) -> None:
    for line in lines:
        if not acting.reaches(line.unit):
            raise OutsideYourUnits(unit=line.unit)


def judge(
    gift: Gift,
    acting: Rattachement | None,
    structure: Structure | None,
    units: tuple[Unit | None, ...],
    *,
    user_id: str,
    today: date,
) -> Structure:
    """
    Refuse what this manager may not give. ``units``: in their order.

    Whoever else it is for, with an account or without, the refusal is the same.
    """
    manager = administrator(acting, today)
    if structure is None:
        raise NotFound
    if not structure.active:
        raise InactiveStructure
    refuse_unknown_units(gift.extent, structure, units, today)
    refuse_wrong_dates(gift.extent, today)
    refuse_outside(manager, gift.extent.lines())
    if user_id == gift.by:
        raise NotYourself
    return structure


def reached(
    login: Login | None, account: Account | None, *, user_id: str
) -> Literal["attached", "invited"] | None:
    """
    What becomes of whoever had this address when it was read.

    None: it is somebody else's by now, or of an account that is not to be used.
    """
    if login is not None and login.user_id != user_id:
        return None
    status = account.status if account else "pending"
    return "attached" if status == "active" else "invited" if status == "pending" else None


def give(
    gift: Gift,
    structure: Structure,
    request: RattachementRequest | None,
    tie: Rattachement | None,
    *,
    user_id: str,
    on: date,
    defaults: Defaults,
    own: Rows | None,
) -> Changes:
    """
    Attach a user beside what they have, once.

    It is kept among their requests, granted, so that their list shows every structure. ``own``: all
    that whoever gives it may give (RAT-12).
    """
    current, tie = tie, tie or nothing_yet(user_id, structure.id)
    stood = tie.standing(on)
    to_come = gift.extent.to_come(on)
    if request or gift.extent.ended(on) or all(cover(stood, line) for line in to_come.lines()):
        return Change(request), Change(current)
    given = attached(tie, gift.extent, on=on, defaults=defaults, own=own)
    told = RattachementMade(
        rattachement_id=tie.id,
        user_id=user_id,
        structure_id=structure.id,
        structure_name=structure.legal_name,
        units=gift.extent.units,
        valid_from=gift.extent.valid_from,
        valid_until=gift.extent.valid_until,
        left_out=bool(left_out(own, gift.extent, defaults, on)),
        made_by=gift.by,
        made_at=gift.at,
    )
    granted = _granted(gift, structure, user_id)
    return Change(granted), replace(given, events=(*given.events, told))


def _granted(gift: Gift, structure: Structure, user_id: str) -> RattachementRequest:
    return RattachementRequest(
        id=gift.id,
        user_id=user_id,
        structure_id=structure.id,
        structure_identifier=structure.identifier,
        structure_name=structure.legal_name,
        structure_discreet=structure.discreet,
        extent=gift.extent,
        status="granted",
        requested_at=gift.at,
        decided_at=gift.at,
    )


def noted(gift: Gift, tied: Change[Rattachement], action: Action | None) -> Change[Action]:
    """What is shown of it afterwards to those who manage, if it gave anything."""
    if tied.state is None or not tied.events:
        return Change(action)
    about = gift.extent
    return done(action, tied.state, "attached", about, id=gift.id, by=gift.by, at=gift.at)
