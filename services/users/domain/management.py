"""Who manages a structure: one principal manager at most, and never replaced in passing."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from contracts.structures import StructureCreated
from contracts.users import Habilitation, Level
from kit.change import Change, Entity
from kit.days import day_of
from services.users.domain.accounts import Account
from services.users.domain.actions import Action, Done, done
from services.users.domain.habilitation_history import Entry, recorded
from services.users.domain.lines import Extent
from services.users.domain.rattachements import (
    Defaults,
    Rattachement,
    attach,
    nothing_yet,
    rights_of,
)
from services.users.domain.requests import RattachementRequest
from services.users.domain.structures import Structure, learn


@dataclass(frozen=True, slots=True, kw_only=True)
class Management(Entity):
    """Kept from the day a structure gets its first principal manager; an imported one has none."""

    principal_manager_id: str | None = None
    vacant_since: datetime | None = None
    """When it was noticed that nobody decides here."""
    claim_id: str | None = None
    """The claim whose notice runs: one at a time."""


def appoint_creator(
    structure: Structure | None,
    management: Management | None,
    request: RattachementRequest | None,
    rattachement: Rattachement | None,
    account: Account | None,
    *,
    created: StructureCreated,
    user_id: str,
    defaults: Defaults,
    on: date,
) -> tuple[
    Change[Structure],
    Change[Management],
    Change[RattachementRequest],
    Change[Rattachement],
    Change[Account],
]:
    """
    Attach whoever created the structure as its principal manager, unless it has one.

    Who has deactivated their account meanwhile would manage nothing: it then has none.
    """
    known = learn(created, structure)
    appointed = appoint_first(
        known.state,
        management,
        request,
        rattachement,
        account,
        user_id=user_id,
        defaults=defaults,
        at=created.created_at,
        on=on,
    )
    return known, *appointed


def appoint_first(
    structure: Structure | None,
    management: Management | None,
    request: RattachementRequest | None,
    rattachement: Rattachement | None,
    account: Account | None,
    *,
    user_id: str,
    defaults: Defaults,
    at: datetime,
    on: date,
) -> tuple[
    Change[Management],
    Change[RattachementRequest],
    Change[Rattachement],
    Change[Account],
]:
    """The same of a structure that is known, as it was created ``at`` that moment."""
    if structure is None:
        return Change(management), Change(request), Change(rattachement), Change(account)
    asked = request or _as_request(structure, user_id, Extent(valid_from=on), at)
    if management and management.principal_manager_id:
        # A backup came back, and what was told after it, before it was heard who created it.
        shown = asked if management.principal_manager_id == user_id else request
        return Change(management), Change(shown), Change(rattachement), Change(account)
    if account and account.status != "active":
        denied = deny(rattachement, user_id, structure.id)
        return Change(management), Change(request), denied, Change(account)
    appointed = given(management or Management(id=structure.id), user_id)
    return (
        Change(appointed),
        Change(asked),
        appoint(rattachement or nothing_yet(user_id, structure.id), on, defaults),
        Change(account and managing(account, 1)),
    )


def deny(tie: Rattachement | None, user_id: str, structure_id: str) -> Change[Rattachement]:
    """
    Tell that somebody is not attached, unless their rights here were ever told.

    Until then structures takes whoever it named the manager of a new structure for that.
    """
    if tie:
        return Change(tie)
    nothing = nothing_yet(user_id, structure_id)
    return Change(nothing, (rights_of(nothing),))


def given(management: Management, user_id: str) -> Management:
    """Managed by this user from now on, whatever somebody else claimed."""
    return replace(management, principal_manager_id=user_id, vacant_since=None, claim_id=None)


def appoint(tie: Rattachement, on: date, defaults: Defaults) -> Change[Rattachement]:
    """Make somebody the principal manager: of the whole structure, and until another is."""
    whole = Extent(valid_from=on)
    attached = attach(tie, role="principal_manager", extent=whole, on=on, defaults=defaults)
    # What was given to a user and is not in force yet would only take away from this.
    return replace(attached, state=attached.state and replace(attached.state, waiting=()))


def relieve(tie: Rattachement, defaults: Defaults) -> Change[Rattachement]:
    """Leave a former principal manager as a user, without what only a manager is given (GPT-09)."""
    of_users = set(map(_profile, defaults["user"]))
    of_managers = set(map(_profile, defaults["principal_manager"]))
    gone = of_managers - of_users
    left = replace(
        tie,
        role="user",
        habilitations=tuple(one for one in tie.habilitations if _profile(one) not in gone),
        waiting=tuple(one for one in tie.waiting if _profile(one.habilitation) not in gone),
    )
    return Change(left, (rights_of(left),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """How and when the management of structures changes hands. ``id``: of what is kept of it."""

    id: str
    how: Done
    by: str | None
    at: datetime
    comment: str = ""

    def ids(self, structure_id: str) -> tuple[str, str, str]:
        """Of what the histories have of one structure: for all, of the new manager, the former."""
        of = f"{self.id}:{structure_id}"
        return of, f"{of}:gained", f"{of}:lost"


Histories = tuple[Action | None, Entry | None, Entry | None]


def noted(
    occasion: Occasion,
    histories: Histories,
    successor: tuple[Rattachement | None, Change[Rattachement]],
    former: tuple[Rattachement | None, Change[Rattachement]],
) -> tuple[Change[Action], Change[Entry], Change[Entry]]:
    """What is shown of it afterwards. Each tie: as it was, and what becomes of it."""
    action, gained, lost = histories
    was, appointed = successor
    became = appointed.state
    if became is None or not appointed.events or (was and was.role == "principal_manager"):
        return Change(action), Change(gained), Change(lost)
    whole = Extent(valid_from=day_of(occasion.at))
    ids = occasion.ids(became.structure_id)
    by, at, comment = occasion.by, occasion.at, occasion.comment
    shown = done(action, became, occasion.how, whole, id=ids[0], by=by, at=at, comment=comment)
    gone = former[1].state
    if shown.state and gone and not action:
        shown = Change(replace(shown.state, former_manager_id=gone.user_id))
    record = partial(recorded, cause="management", by=by, at=at)
    return shown, record(was, appointed, gained, id=ids[1]), record(*former, lost, id=ids[2])


def managing(account: Account, more: int) -> Account:
    """With so many more structures to manage: every change of a management counts them."""
    return replace(account, manages=account.manages + more)


def _profile(habilitation: Habilitation) -> tuple[str, Level]:
    return habilitation.application, habilitation.level


def _as_request(
    structure: Structure, user_id: str, extent: Extent, at: datetime
) -> RattachementRequest:
    """To create a structure is to ask for it: so the list of requests shows every structure."""
    return RattachementRequest(
        id=structure.id,
        user_id=user_id,
        structure_id=structure.id,
        structure_identifier=structure.identifier,
        structure_name=structure.legal_name,
        structure_discreet=structure.discreet,
        extent=extent,
        status="granted",
        requested_at=at,
        decided_at=at,
    )
