"""
What users puts right after its database was brought back from a backup.

Nobody stays signed in, since a session that was ended after the backup would live again. Whoever
left or was erased after it is gone again. Requests that were told after it are known again, so that
their approvals are not lost. All rights that were told after it are told anew, without what was
taken away since and without what waited: fewer than there were, never more. A structure is managed
by whoever was last told to manage it, or by nobody if they are not there any more.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contracts.users import (
    AccountChanged,
    HabilitationsRequested,
    PersonErased,
    RattachementRequested,
    RightsChanged,
    VacancyClaimSettled,
)
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection, Stored
from kit.person import Erasure
from kit.problems import NotFound
from kit.service import Service
from services.users.domain import restored, sessions
from services.users.domain.accounts import Account, Purpose
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.held import PendingChange
from services.users.domain.lines import Extent
from services.users.domain.rattachements import (
    Rattachement,
    nothing_yet,
    rattachement_id,
)
from services.users.domain.requests import RattachementRequest
from services.users.domain.sessions import Session
from services.users.erasing import Erasing
from services.users.identity import Identity
from services.users.membership import Membership
from services.users.settings import UsersSettings

Row = dict[str, Any]
USED_UP: tuple[Purpose, ...] = (
    "contact-confirmation",
    "erasure",
    "login-confirmation",
    "password-reset",
    "reactivation",
)


async def put_right(service: Service[UsersSettings], told: AsyncIterator[Row]) -> None:
    """``told``: the rows of the journal that are newer than the backup, in order."""
    identity, membership = Identity.of(service), Membership.of(service)
    known = await _read(membership, told)
    asks = [
        *await _sessions_end(identity, service.settings.access_for),
        *await _links_end(identity),
    ]
    for outcome in await service.committer.keep_all(asks):
        if isinstance(outcome, Exception):
            raise outcome
    await _stay_gone(identity, membership, known)
    await _stay_erased(service, identity, known.erased)
    await _ties_are_there(membership.rattachements, known.rights)
    for one in known.asked:
        await service.committer.keep(one)
    for id, last in known.rights.items():
        await membership.rattachements.change(id, partial(restored.no_more_than, last))
    await _managed_as_told(identity, membership, known.rights)
    for tie in await membership.rattachements.select({"waiting": {"$nin": [None, []]}}):
        await membership.rattachements.change(tie.id, _without_what_waits)


@dataclass(frozen=True, slots=True)
class Told:
    """What the journal says of the time after the backup."""

    asked: list[Ask] = field(default_factory=list)
    rights: dict[str, RightsChanged] = field(default_factory=dict)
    """The last of each rattachement."""
    left: dict[str, datetime] = field(default_factory=dict)
    """Who deactivated their account, when, and has not come back since."""
    erased: set[str] = field(default_factory=set)


async def _read(membership: Membership, told: AsyncIterator[Row]) -> Told:
    known = Told()
    async for row in told:
        if row["type"] == RattachementRequested.type:
            rattachement = RattachementRequested.model_validate_json(row["data"])
            known.asked.append(_known_again(membership, rattachement))
        elif row["type"] == HabilitationsRequested.type:
            change = HabilitationsRequested.model_validate_json(row["data"])
            known.asked.append(_change_known_again(membership, change))
        elif row["type"] == VacancyClaimSettled.type:
            settled = VacancyClaimSettled.model_validate_json(row["data"])
            known.asked.append(_settled_again(membership, settled))
        elif row["type"] == RightsChanged.type:
            known.rights[row["key"]] = RightsChanged.model_validate_json(row["data"])
        elif row["type"] == AccountChanged.type:
            _note(AccountChanged.model_validate_json(row["data"]), known.left)
        elif row["type"] == PersonErased.type:
            known.erased.add(row["key"])
    return known


def _note(told: AccountChanged, left: dict[str, datetime]) -> None:
    if told.action == "deactivated":
        left[told.user_id] = told.changed_at
    elif told.action == "reactivated":
        left.pop(told.user_id, None)


async def _stay_gone(identity: Identity, membership: Membership, known: Told) -> None:
    """Whoever left, or was erased, manages nothing; who left cannot sign in."""
    for user_id in {*known.left, *known.erased}:
        for structure_id in await membership.managed_by(user_id):
            await _vacate(identity, membership, structure_id, user_id)
    for user_id, at in known.left.items():
        await identity.accounts.change(user_id, partial(restored.leave_again, at=at))


async def _managed_as_told(
    identity: Identity, membership: Membership, rights: dict[str, RightsChanged]
) -> None:
    """First nobody manages what they were told not to manage any more, then who was told does."""
    kept = await membership.management.many([*{one.structure_id for one in rights.values()}])
    for last in rights.values():
        managed = kept.get(last.structure_id)
        theirs = managed is not None and managed.principal_manager_id == last.user_id
        if theirs and last.role != "principal_manager":
            await _vacate(identity, membership, last.structure_id, last.user_id)
    for last in rights.values():
        if last.role == "principal_manager":
            await _appoint(identity, membership, last)


async def _vacate(
    identity: Identity, membership: Membership, structure_id: str, user_id: str
) -> None:
    places = (
        membership.management.at(structure_id),
        identity.accounts.at(user_id),
        membership.rattachements.at(rattachement_id(user_id, structure_id)),
    )
    await identity.committer.keep(Ask(places, partial(restored.vacate, user_id=user_id)))


async def _appoint(identity: Identity, membership: Membership, last: RightsChanged) -> None:
    places = (
        membership.management.at(last.structure_id),
        identity.accounts.at(last.user_id),
        membership.rattachements.at(last.rattachement_id),
    )
    await identity.committer.keep(Ask(places, partial(restored.appoint_as_told, last=last)))


async def _stay_erased(
    service: Service[UsersSettings], identity: Identity, users: set[str]
) -> None:
    """Whoever was erased after the backup was brought back by it."""
    erasing = Erasing(identity, service.collection("erasures", Erasure), service.settings)
    for user_id in users:
        with suppress(NotFound):
            await erasing.erase(user_id, again=True)


async def _sessions_end(identity: Identity, access_for: timedelta) -> list[Ask]:
    at = now()
    asks = []
    async for found in identity.sessions.documents.find({"revoked_at": None}):
        session = identity.sessions.state(found)
        asks.append(_ended(identity, session, access_for, at))
    return asks


async def _links_end(identity: Identity) -> list[Ask]:
    """A link to a new password or login that was used after the backup would open again."""
    held = {"links.purpose": {"$in": list(USED_UP)}}
    found = identity.accounts.documents.find(held, {"_id": 1})
    return [identity.accounts.ask(one["_id"], _without_used_up) async for one in found]


def _without_used_up(account: Account | None) -> Change[Account]:
    if account is None:
        return Change(None)
    kept = account.links_but(*USED_UP)
    return Change(replace(account, links=kept, sent_code=None))


async def _ties_are_there(
    rattachements: Collection[Rattachement], rights: dict[str, RightsChanged]
) -> None:
    """One that was made after the backup gives nothing, at the version that was told last of it."""
    known = await rattachements.load([*rights])
    for id in rights.keys() - known.keys():
        nothing = nothing_yet(rights[id].user_id, rights[id].structure_id)
        kept = Stored(replace(nothing, version=rights[id].version))
        await rattachements.documents.insert_one({"_id": id, **rattachements.dump(kept)})


def _without_what_waits(current: Rattachement | None) -> Change[Rattachement]:
    """Whether it was taken back after the backup, nobody was told."""
    return Change(current and replace(current, waiting=()))


def _ended(identity: Identity, session: Session, access_for: timedelta, at: datetime) -> Ask:
    return Ask(
        (identity.sessions.at(session.id), identity.accounts.at(session.user_id)),
        lambda current, account: sessions.revoke(
            current, account, by=session.user_id, access_for=access_for, now=at
        ),
    )


def _settled_again(membership: Membership, told: VacancyClaimSettled) -> Ask:
    places = membership.claims.at(told.claim_id), membership.management.at(told.structure_id)
    return Ask(places, partial(restored.settle_again, told=told))


def _known_again(membership: Membership, asked: RattachementRequested) -> Ask:
    """A request as its own event tells it; whether it was discreet is not told, so it is."""

    def decide(
        request: RattachementRequest | None, tie: Rattachement | None
    ) -> tuple[Change[RattachementRequest], Change[Rattachement]]:
        if request:
            return Change(request), Change(tie)
        tie = tie or nothing_yet(asked.user_id, asked.structure_id)
        known = RattachementRequest(
            id=asked.request_id,
            user_id=asked.user_id,
            structure_id=asked.structure_id,
            structure_identifier=asked.structure_identifier,
            structure_name=asked.structure_name,
            structure_discreet=True,
            extent=Extent(
                units=asked.units, valid_from=asked.valid_from, valid_until=asked.valid_until
            ),
            comment=asked.comment,
            status="requested",
            requested_at=asked.requested_at,
        )
        return Change(known), Change(replace(tie, pending_request_id=asked.request_id))

    return Ask(
        (
            membership.requests.at(asked.request_id),
            membership.rattachements.at(rattachement_id(asked.user_id, asked.structure_id)),
        ),
        decide,
    )


def _change_known_again(membership: Membership, asked: HabilitationsRequested) -> Ask:
    def decide(
        request: HabilitationsRequest | None, tie: Rattachement | None
    ) -> tuple[Change[HabilitationsRequest], Change[Rattachement]]:
        if request:
            return Change(request), Change(tie)
        tie = tie or nothing_yet(asked.user_id, asked.structure_id)
        told = asked.model_dump(exclude={"request_id", "given", "taken"})
        known = HabilitationsRequest(
            id=asked.request_id, given=asked.given, taken=asked.taken, status="requested", **told
        )
        pending = PendingChange(request_id=known.id, given=known.given, taken=known.taken)
        waits = replace(tie, pending_changes=(*tie.pending_changes, pending))
        return Change(known), Change(waits)

    return Ask(
        (
            membership.habilitation_requests.at(asked.request_id),
            membership.rattachements.at(rattachement_id(asked.user_id, asked.structure_id)),
        ),
        decide,
    )
