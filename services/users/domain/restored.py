"""What a backup has brought back, lessened by what was told after it. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from contracts.users import RightsChanged, VacancyClaimSettled
from kit.change import Change
from services.users.domain import deactivations
from services.users.domain.accounts import Account, person_changed
from services.users.domain.claims import Claim
from services.users.domain.management import Management, given, managing
from services.users.domain.rattachements import Rattachement, left_with, nothing_yet, rights_of

NO_TIME = timedelta()


def no_more_than(last: RightsChanged, current: Rattachement | None) -> Change[Rattachement]:
    """What a backup had of a rattachement, and nothing that the last word on it had no more."""
    if current is None:
        return Change(None)
    left = left_with(current, tuple(one for one in current.lines if one in last.lines), how="ended")
    lessened = replace(
        left,
        role=left.role if left.role == last.role else left.role and "user",
        habilitations=tuple(one for one in left.habilitations if one in last.habilitations),
        may_approve=left.may_approve and last.may_approve,
    )
    return Change(lessened, (rights_of(lessened),))


def vacate(
    management: Management | None,
    account: Account | None,
    tie: Rattachement | None,
    *,
    user_id: str,
) -> tuple[Change[Management], Change[Account], Change[Rattachement]]:
    """Take the management from somebody who had it at the backup, and not any more."""
    if management is None or management.principal_manager_id != user_id:
        return Change(management), Change(account), Change(tie)
    left: Change[Rattachement] = Change(tie)
    if tie and tie.role == "principal_manager":
        lessened = replace(tie, role="user")
        left = Change(lessened, (rights_of(lessened),))
    return (
        Change(replace(management, principal_manager_id=None)),
        Change(account and managing(account, -1)),
        left,
    )


def appoint_as_told(
    management: Management | None,
    account: Account | None,
    tie: Rattachement | None,
    *,
    last: RightsChanged,
) -> tuple[Change[Management], Change[Account], Change[Rattachement]]:
    """
    Let whoever was told last to manage a structure manage it, with all that was told of them.

    Nobody would ask for it again, as users do for their rights. Not somebody whose account is not
    there any more: nobody manages it then, and it may be claimed.
    """
    if account is None or account.status != "active":
        return Change(management), Change(account), Change(tie)
    units = {line.unit for line in last.lines}
    tie = tie or nothing_yet(last.user_id, last.structure_id)
    told = replace(
        tie,
        role=last.role,
        lines=last.lines,
        habilitations=last.habilitations,
        may_approve=last.may_approve,
        waiting=(),
        past=tuple(one for one in tie.past if one.line.unit not in units),
    )
    kept = management or Management(id=last.structure_id)
    new = kept.principal_manager_id != last.user_id
    return (
        Change(given(kept, last.user_id) if new else kept),
        Change(managing(account, 1) if new else account),
        Change(told, (rights_of(told),)),
    )


def leave_again(account: Account | None, *, at: datetime) -> Change[Account]:
    """
    Deactivate who had left since. Their sessions have ended, and what they managed has been taken.

    The departure itself was told, and is not told again: only what there is of the person now.
    """
    if account is None or account.status != "active":
        return Change(account)
    managing_nothing = replace(account, manages=0)
    [left] = deactivations.deactivate(
        managing_nothing,
        password_version=account.password_version,
        access_for=NO_TIME,
        now=at,
    )
    return Change(left.state, (person_changed(left.state),) if left.state else ())


def settle_again(
    claim: Claim | None, management: Management | None, *, told: VacancyClaimSettled
) -> tuple[Change[Any], Change[Any]]:
    """End a claim as it was told to have ended: its notice would run out once more."""
    if claim is None or claim.settled_at:
        return Change(claim), Change(management)
    over = replace(
        claim, state=told.outcome, reason=told.reason, settled_at=told.settled_at, wake_at=None
    )
    if management and management.claim_id == claim.id:
        management = replace(management, claim_id=None)
    return Change(over), Change(management)
