"""How somebody without an account is invited, and attached once they have one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.users import InvitationSent
from kit.attempts import Attempts, Limit, attempt, locked_until
from kit.change import Change, Entity
from kit.days import day_of
from kit.problems import Conflict, NotFound, Problem
from services.users.domain.accounts import (
    Account,
    LinkNoLongerValid,
    Registration,
    activated,
)
from services.users.domain.actions import Action
from services.users.domain.attaching import Gift, give, noted, refuse_outside
from services.users.domain.delegation import administrator, gives
from services.users.domain.lines import Lines
from services.users.domain.rattachements import Defaults, Rattachement
from services.users.domain.requests import RattachementRequest, unknown_units
from services.users.domain.structures import Structure
from services.users.domain.units import Unit

MOST = 100
"""Invitations of one structure that wait for one address; its oldest goes."""
MOST_OF_ALL = 1000
"""And of all structures: none loses its own to another, which is refused."""
KEPT_AFTER = timedelta(days=30)
"""So long a letter that has expired can be written again."""
TAKING_IN_LASTS = timedelta(minutes=1)
"""After that, whoever was attaching somebody who accepted is taken for dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    gift: Gift
    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitee(Entity):
    """Somebody whose account waits for them, under its id, and all that invites them."""

    email: str
    """As the managers typed it."""
    invitations: tuple[Invitation, ...] = ()
    """The oldest first."""
    accepted_at: datetime | None = None
    """When the account became active; until then it waits to be forgotten."""

    def to(self, structure_id: str) -> tuple[Invitation, ...]:
        return tuple(one for one in self.invitations if one.gift.structure_id == structure_id)

    def lines_in(self, structure_id: str) -> Lines:
        sent = self.to(structure_id)
        return tuple(line for one in sent for line in one.gift.extent.lines())


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Who writes again, when, and with what."""

    by: str
    at: datetime
    nonce: str
    expires_at: datetime


class AccountActive(Conflict):
    """This account is active: there is nothing to activate any more."""


class InvitedTooOften(Conflict):
    """Too many structures invite this address already: it may open an account by itself."""


Invited = tuple[Change[Invitee], Change[Attempts]]


def invite(
    current: Invitee | None,
    letters: Attempts | None,
    structure: Structure,
    invitation: Invitation,
    *,
    user_id: str,
    email: str,
    letters_id: str,
    limit: Limit,
) -> Invited:
    """Keep what will be given, and have a letter written unless too many were."""
    invitee = current or Invitee(id=user_id, email=email)
    if any(one.gift.id == invitation.gift.id for one in invitee.invitations):
        return Change(current), Change(letters)
    own, full = invitee.to(structure.id), len(invitee.invitations) >= MOST_OF_ALL
    if full and not own:
        raise InvitedTooOften(field="body/email")
    room = len(own) if full else MOST
    over = own[: max(0, len(own) + 1 - room)]
    left = (one for one in invitee.invitations if one not in over)
    kept = replace(invitee, invitations=(*left, invitation))
    return _written(kept, letters, structure, invitation, letters_id=letters_id, limit=limit)


def remind(
    acting: Rattachement | None,
    tie: Rattachement | None,
    current: Invitee | None,
    letters: Attempts | None,
    structure: Structure | None,
    *,
    renewed: Renewal,
    letters_id: str,
    limit: Limit,
) -> Invited:
    """Write the letter of an invitation once more, good for as long as a first one."""
    manager = administrator(acting, day_of(renewed.at))
    theirs = current.to(structure.id) if current and structure else ()
    if current is None or structure is None or not theirs:
        if tie and manager.meets(tie):
            raise AccountActive
        raise NotFound
    if current.accepted_at:
        raise AccountActive
    for one in theirs:
        refuse_outside(manager, one.gift.extent.lines())
    again = [
        Invitation(
            gift=replace(one.gift, by=renewed.by, at=renewed.at),
            nonce=renewed.nonce,
            expires_at=renewed.expires_at,
        )
        for one in theirs
    ]
    others = [one for one in current.invitations if one not in theirs]
    kept = replace(current, invitations=(*others, *again))
    return _written(kept, letters, structure, again[-1], letters_id=letters_id, limit=limit)


def is_open(current: Invitee | None, nonce: str, now: datetime) -> bool:
    """Whether a letter with this nonce still opens the account."""
    sent = current.invitations if current else ()
    return any(one.nonce == nonce and now < one.expires_at for one in sent)


def accept(
    account: Account | None,
    current: Invitee | None,
    *,
    nonce: str,
    registration: Registration,
    now: datetime,
) -> tuple[Change[Account], Change[Invitee]]:
    """
    Open the account with the letter, which proves the address: once.

    Repeated it is refused: the password that comes with it then would not be the account's.
    """
    if account is None or account.status != "pending" or not is_open(current, nonce, now):
        raise LinkNoLongerValid
    return activated(account, registration, by=nonce), accepted(current, now=now)


def accepted(current: Invitee | None, *, now: datetime) -> Change[Invitee]:
    """The account is active: what is still good is given from now on."""
    if current is None:
        return Change(None)
    good = tuple(one for one in current.invitations if now < one.expires_at)
    taken = replace(current, invitations=good, accepted_at=now, wake_at=now)
    return Change(taken if good else None)


def begin(current: Invitee | None, now: datetime) -> Change[Invitee]:
    """Begin to attach somebody who accepted, or to forget them."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + TAKING_IN_LASTS))


def lapse(current: Invitee | None, *, now: datetime) -> Change[Invitee]:
    """Forget an address that nobody opened an account for."""
    if current is None or current.accepted_at:
        return Change(current)
    return _waits(current, [one for one in current.invitations if now < kept_until(one)])


def without(current: Invitee, gone: Iterable[Invitation]) -> Change[Invitee]:
    """What was dealt with, or is no longer meant, is forgotten."""
    dropped = [*gone]
    return _waits(current, [one for one in current.invitations if one not in dropped])


def uninvited(current: Invitee, structure_id: str, units: tuple[str, ...]) -> Change[Invitee]:
    """Nothing invites to this structure (no ``units``), or to these of it, any more."""
    left = []
    for one in current.invitations:
        asked = one.gift.extent
        kept = tuple(code for code in asked.units if code not in units) if units else ()
        if one.gift.structure_id != structure_id or (units and not asked.units):
            left.append(one)
        elif kept:
            gift = replace(one.gift, extent=replace(asked, units=kept))
            left.append(replace(one, gift=gift))
    return _waits(current, left)


def kept_until(invitation: Invitation) -> datetime:
    return invitation.expires_at + KEPT_AFTER


def _waits(current: Invitee, left: list[Invitation]) -> Change[Invitee]:
    if not left:
        return Change(None)
    wake_at = current.wake_at if current.accepted_at else max(map(kept_until, left))
    return Change(replace(current, invitations=tuple(left), wake_at=wake_at))


def take_in(
    invitee: Invitee | None,
    structure: Structure | None,
    request: RattachementRequest | None,
    tie: Rattachement | None,
    action: Action | None,
    *units: Unit | None,
    acting: Rattachement | None,
    gift_id: str,
    now: datetime,
    defaults: Defaults,
) -> tuple[Change[Invitee], Change[RattachementRequest], Change[Rattachement], Change[Action]]:
    """
    Attach somebody who accepted, to as much of what they were invited to as there still is.

    With as much as whoever invited them, whose rattachement is ``acting``, may give by now.
    """
    sent = invitee.invitations if invitee else ()
    invitation = next((one for one in sent if one.gift.id == gift_id), None)
    nothing = Change(request), Change(tie), Change(action)
    if invitee is None or invitation is None or structure is None or not invitee.accepted_at:
        return Change(invitee), *nothing
    dealt_with, on, asked = without(invitee, [invitation]), day_of(now), invitation.gift.extent
    lost = unknown_units(asked, structure, units, on)
    left = replace(asked, units=tuple(code for code in asked.units if code not in lost))
    if not structure.active or (lost and not left.units):
        return dealt_with, *nothing
    gift = replace(invitation.gift, extent=left, at=now)
    own = gives(acting, on)
    try:
        granted, attached = give(
            gift, structure, request, tie, user_id=invitee.id, on=on, defaults=defaults, own=own
        )
    except Problem:  # It cannot be given at all, to whoever has so much already.
        return dealt_with, *nothing
    return dealt_with, granted, attached, noted(gift, attached, action)


def _written(
    invitee: Invitee,
    letters: Attempts | None,
    structure: Structure,
    invitation: Invitation,
    *,
    letters_id: str,
    limit: Limit,
) -> Invited:
    gift, waits = invitation.gift, _waits(invitee, [*invitee.invitations])
    if locked_until(letters, limit, gift.at):
        return waits, Change(letters)
    sent = InvitationSent(
        user_id=invitee.id,
        structure_id=structure.id,
        structure_name=structure.legal_name,
        invited_by=gift.by,
        nonce=invitation.nonce,
        expires_at=invitation.expires_at,
        sent_at=gift.at,
    )
    counted = attempt(letters, id=letters_id, limit=limit, now=gift.at)
    return replace(waits, events=(sent,)), counted
