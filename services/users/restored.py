"""
What users puts right after its database was brought back from a backup.

Nobody stays signed in, since a session that was ended after the backup would live again. Requests
that were told after it are known again, so that their approvals are not lost. All rights that
were told after it are told anew as they now stand: fewer for a moment, never more.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from contracts.users import PersonErased, RattachementRequested, RightsChanged
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection, Stored
from kit.person import Erasure
from kit.problems import NotFound
from kit.service import Service
from services.users.domain import sessions
from services.users.domain.accounts import Account, Purpose
from services.users.domain.rattachements import (
    Extent,
    Rattachement,
    nothing_yet,
    rattachement_id,
    rights_of,
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
    "login-confirmation",
    "password-reset",
)


async def put_right(service: Service[UsersSettings], told: AsyncIterator[Row]) -> None:
    """``told``: the rows of the journal that are newer than the backup, in order."""
    identity, membership = Identity.of(service), Membership.of(service)
    asked, rights = list[RattachementRequested](), dict[str, RightsChanged]()
    erased = set[str]()
    async for row in told:
        if row["type"] == RattachementRequested.type:
            asked.append(RattachementRequested.model_validate_json(row["data"]))
        elif row["type"] == RightsChanged.type:
            rights[row["key"]] = RightsChanged.model_validate_json(row["data"])
        elif row["type"] == PersonErased.type:
            erased.add(row["key"])
    asks = [
        *await _sessions_end(identity, service.settings.access_for),
        *await _links_end(identity),
    ]
    for outcome in await service.committer.keep_all(asks):
        if isinstance(outcome, Exception):
            raise outcome
    await _ties_are_there(membership.rattachements, rights)
    for one in asked:
        await service.committer.keep(_known_again(membership, one))
    for id in rights:
        await membership.rattachements.change(id, _told_anew)
    await _stay_erased(service, identity, membership, erased)


async def _stay_erased(
    service: Service[UsersSettings], identity: Identity, membership: Membership, users: set[str]
) -> None:
    """Whoever was erased after the backup was brought back by it."""
    erasures = service.collection("erasures", Erasure)
    erasing = Erasing(identity, membership, erasures, service.settings)
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


def _told_anew(current: Rattachement | None) -> Change[Rattachement]:
    return Change(current, (rights_of(current),) if current else ())


def _ended(identity: Identity, session: Session, access_for: timedelta, at: datetime) -> Ask:
    return Ask(
        (identity.sessions.at(session.id), identity.accounts.at(session.user_id)),
        lambda current, account: sessions.revoke(
            current, account, by=session.user_id, access_for=access_for, now=at
        ),
    )


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
