"""Handing structures over to other principal managers: all that were chosen, or none of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from contracts.users import ManagementTransferred
from kit import entitled
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid, NotFound, Unavailable
from services.users.domain.accounts import Account
from services.users.domain.management import Management, appoint, given, managing, relieve
from services.users.domain.rattachements import Defaults, Rattachement
from services.users.domain.structures import Structure

Type = Literal["unitary", "global", "multiple"]
Kind = Type | Literal["deactivation"]

SHOWN = 50
"""Of the structures that stand in the way, as many are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Entity):
    """One decision to hand structures over. Never changed: who made whom a manager, and when."""

    kind: Kind
    by: str
    successors: dict[str, str]
    """The new principal manager of each structure."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Handed:
    """What says of one structure who manages it, and what ties both of them to it."""

    management: Management | None
    former: Rattachement | None
    successor: Rattachement | None


@dataclass(frozen=True, slots=True)
class Transferred:
    """What becomes of everything a transfer is about, in the order in which it was given."""

    transfer: Change[Transfer]
    former: Change[Account]
    successors: tuple[Change[Account], ...]
    handed: tuple[Change[Any], ...]


class WrongSelection(Invalid):
    """These are not the structures that this type of transfer asks for."""


class TooManyStructures(Conflict):
    """More structures than can be handed over at once: hand some of them over first."""


class HandedToYourself(Invalid):
    """You manage these structures already: choose somebody else."""


class NotItsPrincipalManager(Forbidden):
    """Only its principal manager hands a structure over."""


class SuccessorNotAttached(Conflict):
    """Whoever is to manage a structure must be attached to it today, with an active account."""


class ManagementMoved(Unavailable):
    """What you manage was changing at the same moment: ask again."""


def selected(kind: Kind, structure_ids: Sequence[str], managed: Iterable[str]) -> tuple[str, ...]:
    """The structures that a transfer of this type is about; ``managed`` are all one's own."""
    if kind == "global":
        if structure_ids:
            raise WrongSelection(
                "A global transfer is of all your structures.", field="body/structure_ids"
            )
        if not (every := tuple(managed)):
            raise NotItsPrincipalManager
        return every
    if kind == "unitary" and len(structure_ids) != 1:
        raise WrongSelection("A unitary transfer is of one.", field="body/structure_ids")
    if not structure_ids:
        raise WrongSelection("Choose some of your structures.", field="body/structure_ids")
    return tuple(dict.fromkeys(structure_ids))


def transfer(
    current: Transfer | None,
    former: Account | None,
    successors: Mapping[str, Account | None],
    handed: Mapping[str, Handed],
    *,
    asked: Transfer,
    named: Mapping[str, Structure],
    field: str,
    on: date,
    defaults: Defaults,
    counted: int | None = None,
) -> Transferred:
    """
    Replace the principal manager of each structure of ``asked``, who is who asks, or of none.

    ``named``: as many of these structures as letters may name. A transfer that is of all that
    somebody manages is refused when that has changed since their account ``counted`` so many,
    which was read before the structures.
    """
    if current:
        return _unchanged(current, former, successors, handed)
    every = asked.kind in ("global", "deactivation")
    if former is None or (every and not _is_everything(asked, former, handed, counted)):
        raise ManagementMoved
    _refuse_strangers(asked, handed, on)
    if asked.by in successors:
        raise HandedToYourself(field=field)
    _refuse_unattached(asked, successors, handed, field=field, on=on)
    received = {
        user: tuple(one for one, chosen in asked.successors.items() if chosen == user)
        for user in successors
    }
    told = tuple(_told(asked, user, theirs, named) for user, theirs in received.items())
    return Transferred(
        transfer=Change(asked, told),
        former=Change(replace(former, manages=0) if every else managing(former, -len(handed))),
        successors=tuple(
            Change(account and managing(account, len(received[user])))
            for user, account in successors.items()
        ),
        handed=tuple(
            change
            for structure, one in handed.items()
            for change in _handed_over(one, asked.successors[structure], on, defaults)
        ),
    )


def _is_everything(
    asked: Transfer, former: Account, handed: Mapping[str, Handed], counted: int | None
) -> bool:
    """Whether what was read beforehand is still all that they manage, and nothing else."""
    own = (one.management and one.management.principal_manager_id for one in handed.values())
    return former.manages == counted and all(one == asked.by for one in own)


def _refuse_strangers(asked: Transfer, handed: Mapping[str, Handed], on: date) -> None:
    for structure_id, one in handed.items():
        if one.management and one.management.principal_manager_id == asked.by:
            continue
        if one.former is None or not entitled.attached(one.former, on):
            raise NotFound
        raise NotItsPrincipalManager(structure_id=structure_id)


def _refuse_unattached(
    asked: Transfer,
    successors: Mapping[str, Account | None],
    handed: Mapping[str, Handed],
    *,
    field: str,
    on: date,
) -> None:
    """An account that is not there is refused like one that is: nobody learns who has one."""
    active = {user for user, one in successors.items() if one and one.status == "active"}
    obstacles = [
        structure_id
        for structure_id, one in handed.items()
        if asked.successors[structure_id] not in active
        or one.successor is None
        or not entitled.attached(one.successor, on)
    ]
    if obstacles:
        raise SuccessorNotAttached(
            field=field, structure_ids=obstacles[:SHOWN], count=len(obstacles)
        )


def _handed_over(
    one: Handed, successor_id: str, on: date, defaults: Defaults
) -> tuple[Change[Any], ...]:
    if one.management is None or one.former is None or one.successor is None:
        raise ManagementMoved
    return (
        Change(given(one.management, successor_id)),
        relieve(one.former, defaults),
        appoint(one.successor, on, defaults),
    )


def _unchanged(
    current: Transfer,
    former: Account | None,
    successors: Mapping[str, Account | None],
    handed: Mapping[str, Handed],
) -> Transferred:
    return Transferred(
        transfer=Change(current),
        former=Change(former),
        successors=tuple(map(Change, successors.values())),
        handed=tuple(
            Change(state)
            for one in handed.values()
            for state in (one.management, one.former, one.successor)
        ),
    )


def _told(
    asked: Transfer, user: str, structures: tuple[str, ...], named: Mapping[str, Structure]
) -> ManagementTransferred:
    only = named.get(structures[0]) if len(structures) == 1 else None
    return ManagementTransferred(
        transfer_id=asked.id,
        structure_ids=structures,
        structure_name=only.legal_name if only else None,
        former_manager_id=asked.by,
        principal_manager_id=user,
        transferred_at=asked.at,
    )
