"""
How somebody comes to manage a structure in which nobody decides any more (architecture 8.16).

They claim it, and prove the claim: by a code sent to the address that the structure itself has
given, or by documents that the desk has seen. A manager who is absent has some days to object.
Nothing comes of it by itself: no claim without a proof, and no vote.
"""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from contracts.approvals import ApproverMissing
from contracts.users import (
    ClaimOutcome,
    RequestBlocked,
    VacancyClaimSettled,
    VacancyCodeRequested,
    VacancyNoticeGiven,
    VacancyOpened,
)
from kit.attempts import Attempts, Limit, attempt
from kit.change import Change
from kit.days import day_of
from kit.problems import NotFound
from services.users.domain.claims import (
    AlreadyYours,
    Claim,
    ClaimOver,
    ClaimUnderWay,
    ManagedAlready,
    ManagersObjectionOnly,
    NoSuchUser,
    NotYourOwnClaim,
    Parties,
    ProvedByDocuments,
    ReasonForRejection,
    Rules,
    Settled,
)
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.lines import Extent
from services.users.domain.management import Management, appoint, given, managing, relieve
from services.users.domain.rattachements import Rattachement, nothing_yet
from services.users.domain.requests import RattachementRequest, UnknownStructure
from services.users.domain.structures import Structure
from services.users.domain.transfers import ManagementMoved

Request = RattachementRequest | HabilitationsRequest
R = TypeVar("R", RattachementRequest, HabilitationsRequest)


def notice_vacancy(
    told: ApproverMissing, current: Management | None, request: Request | None
) -> Change[Management]:
    """Note once that nobody decides here: from then on the structure may be claimed."""
    if current and (current.principal_manager_id or current.vacant_since):
        return Change(current)
    vacant = replace(current or Management(id=told.structure_id), vacant_since=told.noticed_at)
    names = request is not None and request.names_structure
    opened = VacancyOpened(
        structure_id=told.structure_id,
        structure_name=request.structure_name if request and names else None,
        requester_id=request.user_id if request else None,
        opened_at=told.noticed_at,
    )
    return Change(vacant, (opened,))


def tell_blocked(
    told: ApproverMissing, management: Management | None, request: R | None
) -> Change[R]:
    """
    Tell whoever asked, once, that nobody may decide on it, and what they can do.

    Not where somebody manages: approvals may have missed them only because it hears of them later.
    """
    if request is None or request.status != "requested" or request.blocked:
        return Change(request)
    if management and management.principal_manager_id:
        return Change(request)
    event = RequestBlocked(
        request_id=request.id,
        user_id=request.user_id,
        structure_id=request.structure_id,
        structure_name=request.structure_name if request.names_structure else None,
        noticed_at=told.noticed_at,
    )
    return Change(replace(request, blocked=True), (event,))


MOST_BLOCKED: Final = 20


def tell_blocked_elsewhere(
    told: ApproverMissing,
    management: Management | None,
    tie: Rattachement | None,
    structure: Structure | None,
) -> tuple[Change[Rattachement], tuple[RequestBlocked, ...]]:
    """The same of what another service asked for somebody attached, who may know the structure."""
    if tie is None or told.approval_id in tie.blocked:
        return Change(tie), ()
    if management and management.principal_manager_id:
        return Change(tie), ()
    if not tie.standing(day_of(told.noticed_at)):
        return Change(tie), ()
    event = RequestBlocked(
        request_id=told.approval_id,
        user_id=tie.user_id,
        structure_id=told.structure_id,
        structure_name=structure.legal_name if structure else None,
        noticed_at=told.noticed_at,
    )
    blocked = (*tie.blocked, told.approval_id)[-MOST_BLOCKED:]
    return Change(replace(tie, blocked=blocked)), (event,)


def claim(
    current: Claim | None,
    management: Management | None,
    structure: Structure | None,
    by_user: Attempts | None,
    of_structure: Attempts | None,
    *,
    asked: Claim,
    limit: Limit,
    counted_as: tuple[str, str],
) -> tuple[Change[Claim], Change[Attempts], Change[Attempts]]:
    """Open a claim; for a code, have it sent to the structure. ``counted_as``: ids of the tries."""
    if current:
        return Change(current), Change(by_user), Change(of_structure)
    if structure is None:
        raise UnknownStructure("No structure has this id.", field="body/structure_id")
    if management and management.principal_manager_id == asked.user_id:
        raise AlreadyYours
    if management and management.claim_id:
        raise ClaimUnderWay
    named = not structure.discreet
    opened = replace(asked, structure_name=structure.legal_name if named else None)
    told = VacancyCodeRequested(
        claim_id=asked.id,
        structure_id=asked.structure_id,
        nonce=asked.nonce,
        expires_at=asked.wake_at or asked.opened_at,
    )
    counted = attempt(by_user, id=counted_as[0], limit=limit, now=asked.opened_at)
    if asked.proof != "code":
        return Change(opened), counted, Change(of_structure)
    letters = attempt(of_structure, id=counted_as[1], limit=limit, now=asked.opened_at)
    return Change(opened, (told,)), counted, letters


def prove(
    current: Claim | None, parties: Parties, *, by: str, right: bool, rules: Rules, now: datetime
) -> Settled:
    """
    Show the code of the letter. A wrong one is counted, and therefore kept and not refused here.

    After too many of them the claim is over, right code or not.
    """
    if current is None or current.user_id != by:
        raise NotFound
    if current.proof != "code":
        raise ProvedByDocuments
    if current.state in ("proved", "desk", "granted") and right:
        return Change(current), *_as_they_are(parties)
    if current.state != "open" or _expired(current, now):
        raise ClaimOver
    if right:
        return _proved(current, parties, rules=rules, now=now)
    wrong = replace(current, tries_left=current.tries_left - 1)
    if wrong.tries_left:
        return Change(wrong), *_as_they_are(parties)
    return _over(wrong, "lapsed", now=now), *_as_they_are(parties)


def decide(
    current: Claim | None,
    parties: Parties,
    *,
    by: str,
    confirmed: bool,
    reason: str,
    rules: Rules,
    now: datetime,
) -> Settled:
    """What the desk says of the documents of a claim, or of one whose notice reached nobody."""
    if current is None or not _for_the_desk(current):
        raise NotFound
    if by == current.user_id:
        raise NotYourOwnClaim
    if not confirmed and not reason:
        raise ReasonForRejection(field="body/reason")
    if current.state in (("proved", "granted") if confirmed else ("rejected",)):
        return Change(current), *_as_they_are(parties)
    if current.state not in ("open", "desk") or _expired(current, now):
        raise ClaimOver
    judged = replace(current, decided_by=by)
    if current.state == "desk" and confirmed:
        return _granted(judged, parties, rules=rules, now=now)
    if confirmed:
        return _proved(judged, parties, rules=rules, now=now)
    _, *others = _as_they_are(parties)
    left = _without_claim(parties.management, judged) if parties.management else None
    return _over(judged, "rejected", reason=reason, now=now), Change(left), *others


def assign(
    current: Claim | None, parties: Parties, *, asked: Claim, rules: Rules, now: datetime
) -> Settled:
    """The desk names the manager of a structure that has none: like a claim that it confirms."""
    if current:
        return Change(current), *_as_they_are(parties)
    if parties.structure is None:
        raise UnknownStructure("No structure has this id.", field="body/structure_id")
    if asked.user_id == asked.decided_by:
        raise NotYourOwnClaim
    if parties.manager_id:
        raise ManagedAlready
    if parties.account is None or parties.account.status != "active":
        raise NoSuchUser(field="body/email")
    return _granted(asked, parties, rules=rules, now=now)


def object_to(
    current: Claim | None, management: Management | None, *, by: str, now: datetime
) -> tuple[Change[Claim], Change[Management]]:
    """Whoever manages the structure is there after all: nothing comes of the claim."""
    if current is None or management is None or by not in _concerned(current, management):
        raise NotFound
    if by != management.principal_manager_id:
        raise ManagersObjectionOnly
    if current.state == "objected":
        return Change(current), Change(management)
    if current.state not in ("proved", "desk"):
        raise ClaimOver
    return _over(current, "objected", now=now), Change(_without_claim(management, current))


def turn(current: Claim | None, parties: Parties, *, rules: Rules, now: datetime) -> Settled:
    """
    What becomes of a claim when its time has come: granted after its notice, or lapsed.

    A manager whom no notice has reached was not silent: the desk decides.
    """
    if current is None or not _expired(current, now):
        return Change(current), *_as_they_are(parties)
    if current.state == "proved" and current.notified_at is None:
        return Change(replace(current, state="desk", wake_at=None)), *_as_they_are(parties)
    if current.state == "proved":
        return _granted(current, parties, rules=rules, now=now)
    return _over(current, "lapsed", now=now), *_as_they_are(parties)


def readable(current: Claim | None, management: Management | None, *, by: str) -> Claim:
    """The claim, for who made it and, once notice is given, for the manager it concerns."""
    if current and by in _concerned(current, management):
        return current
    raise NotFound


def _for_the_desk(claim: Claim) -> bool:
    """By documents, or left to it; also once it has decided: it may say so again."""
    return claim.proof == "documents" or claim.state == "desk" or claim.decided_by != ""


def _concerned(claim: Claim, management: Management | None) -> tuple[str | None, ...]:
    """An open claim proves nothing yet: to disturb a manager it takes a proof."""
    manager = management.principal_manager_id if management and claim.manager_id else None
    return claim.user_id, manager


def _proved(claim: Claim, parties: Parties, *, rules: Rules, now: datetime) -> Settled:
    """The structure is theirs at once if nobody manages it; else once its manager was silent."""
    management, manager_id = parties.management, parties.manager_id
    active = parties.manager is not None and parties.manager.status == "active"
    if management is None or manager_id is None or not active:
        return _granted(claim, parties, rules=rules, now=now)
    if management.claim_id:
        raise ClaimUnderWay
    until = now + rules.notice
    proved = replace(claim, state="proved", manager_id=manager_id, wake_at=until)
    notice = VacancyNoticeGiven(
        claim_id=claim.id,
        structure_id=claim.structure_id,
        structure_name=parties.structure.legal_name if parties.structure else None,
        claimant_id=claim.user_id,
        manager_id=manager_id,
        notice_until=until,
        given_at=now,
    )
    _, *others = _as_they_are(parties)
    awaited = Change(replace(management, claim_id=claim.id))
    return Change(proved, (notice,)), awaited, *others


def _granted(claim: Claim, parties: Parties, *, rules: Rules, now: datetime) -> Settled:
    """
    Make the claimant the principal manager; whoever was stays as a user.

    A claim lapses with the account of who made it, and when the structure was handed over since,
    be it back to whoever had it: they were not silent.
    """
    management, account, structure = parties.management, parties.account, parties.structure
    if account is None or account.status != "active" or _handed_over(claim, management):
        _, *others = _as_they_are(parties)
        left = _without_claim(management, claim) if management else None
        return _over(claim, "lapsed", now=now), Change(left), *others
    if parties.manager_id == claim.user_id:
        return _over(claim, "granted", now=now), *_as_they_are(parties)
    theirs = parties.managers_tie.user_id if parties.managers_tie else None
    if parties.manager_id != theirs:
        raise ManagementMoved
    on = day_of(now)
    tie = parties.tie or nothing_yet(claim.user_id, claim.structure_id)
    asked = parties.request
    if not asked and structure and not tie.standing(on):
        asked = _as_request(claim, structure, Extent(valid_from=on), now)
    return (
        _over(
            claim,
            "granted",
            reason=claim.reason,
            former=parties.manager_id,
            structure=structure,
            now=now,
        ),
        Change(given(management or Management(id=claim.structure_id), claim.user_id)),
        Change(managing(account, 1)),
        appoint(tie, on, rules.defaults),
        Change(asked),
        Change(structure),
        Change(parties.manager and managing(parties.manager, -1)),
        relieve(parties.managers_tie, rules.defaults) if parties.managers_tie else Change(None),
    )


def _handed_over(claim: Claim, management: Management | None) -> bool:
    """Whether it is no longer with the manager who was given notice."""
    return claim.manager_id is not None and not (
        management
        and management.claim_id == claim.id
        and management.principal_manager_id == claim.manager_id
    )


def _over(
    claim: Claim,
    outcome: ClaimOutcome,
    *,
    now: datetime,
    reason: str = "",
    former: str | None = None,
    structure: Structure | None = None,
) -> Change[Claim]:
    told = VacancyClaimSettled(
        claim_id=claim.id,
        structure_id=claim.structure_id,
        structure_name=structure.legal_name if structure else claim.structure_name,
        claimant_id=claim.user_id,
        former_manager_id=former,
        outcome=outcome,
        reason=reason,
        settled_at=now,
        decided_by=claim.decided_by,
    )
    over = replace(claim, state=outcome, reason=reason, settled_at=now, wake_at=None)
    return Change(over, (told,))


def _expired(claim: Claim, now: datetime) -> bool:
    return claim.wake_at is not None and claim.wake_at <= now


def _without_claim(management: Management, claim: Claim) -> Management:
    return replace(management, claim_id=None) if management.claim_id == claim.id else management


def _as_they_are(parties: Parties) -> tuple[Change[Any], ...]:
    return tuple(Change(getattr(parties, one.name)) for one in fields(parties))


def _as_request(
    claim: Claim, structure: Structure, extent: Extent, now: datetime
) -> RattachementRequest:
    """To claim a structure is to ask for it: so the list of requests shows every structure."""
    return RattachementRequest(
        id=claim.id,
        user_id=claim.user_id,
        structure_id=structure.id,
        structure_identifier=structure.identifier,
        structure_name=structure.legal_name,
        structure_discreet=structure.discreet,
        extent=extent,
        status="granted",
        requested_at=claim.opened_at,
        decided_at=now,
    )
