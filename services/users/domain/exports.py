"""All that the platform keeps of a person, gathered for them to take away once. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from contracts.event import Gathered
from contracts.users import ExportReady, ExportRequested
from kit.attempts import Attempts, Limit, attempt
from kit.change import Change, Entity
from kit.problems import Conflict, NotFound
from services.users.domain.accounts import Account

Status = Literal["gathering", "ready", "taken", "expired"]
OTHERS: Final = ("approvals", "notifications", "structures", "support")
"""The services beside this one that keep something of people; a test compares it with them all."""
PATIENCE: Final = timedelta(hours=24)
"""A service that is away so long is missing in the export, which says so."""
LEASE: Final = timedelta(minutes=10)
TAKING_LASTS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(Entity):
    user_id: str
    status: Status = "gathering"
    requested_at: datetime
    patient_until: datetime
    key: str = ""
    """The private key of what is gathered; forgotten as soon as it was opened."""
    received: dict[str, int] = field(default_factory=dict)
    """How many pieces of each service's part are here."""
    whole: tuple[str, ...] = ()
    """The services of which all pieces are."""
    missing: tuple[str, ...] = ()
    """Those that did not answer in time."""
    content: str = ""
    size: int = 0
    ready_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Entity):
    """A sealed piece of what another service keeps of the user."""

    export_id: str
    user_id: str
    service: str
    part: int
    sealed: str


class ExportNotReady(Conflict):
    """This export is still being put together: a letter says when it is ready."""

    retry_after = 30


class ExportOver(Conflict):
    """This export was taken already, or has expired: ask for another."""


def piece_id(export_id: str, service: str, part: int) -> str:
    return f"{export_id}:{service}:{part}"


def ask_for(
    current: Export | None,
    account: Account | None,
    tries: Attempts | None,
    *,
    id: str,
    keys: tuple[str, str],
    tries_id: str,
    limit: Limit,
    now: datetime,
) -> tuple[Change[Export], Change[Account], Change[Attempts]]:
    """``keys``: the private one, and the public one that the others are told."""
    if account is None or account.status != "active":
        raise NotFound
    if current:
        return Change(current), Change(account), Change(tries)
    counted = attempt(tries, id=tries_id, limit=limit, now=now)
    private, public = keys
    export = Export(
        id=id,
        user_id=account.id,
        requested_at=now,
        patient_until=now + PATIENCE,
        key=private,
        wake_at=now + PATIENCE,
    )
    asked = ExportRequested(export_id=id, user_id=account.id, public_key=public, requested_at=now)
    return Change(export, (asked,)), Change(account), counted


def receive(
    export: Export | None, piece: Piece | None, *, service: str, told: Gathered, now: datetime
) -> tuple[Change[Export], Change[Piece]]:
    """Keep a piece; with the last one, have all of it put together."""
    if piece or export is None or export.status != "gathering" or not export.key:
        return Change(export), Change(piece)
    kept = Piece(
        id=piece_id(told.export_id, service, told.part),
        export_id=told.export_id,
        user_id=export.user_id,
        service=service,
        part=told.part,
        sealed=told.sealed,
    )
    received: Mapping[str, int] = {**export.received, service: export.received.get(service, 0) + 1}
    whole = export.whole
    if received[service] == told.of:
        whole = tuple(sorted({*whole, service}))
    complete = set(whole) >= set(OTHERS)
    wake_at = now if complete else export.wake_at
    return (
        Change(replace(export, received=dict(received), whole=whole, wake_at=wake_at)),
        Change(kept),
    )


def ready(
    current: Export | None, *, content: str, size: int, kept_for: timedelta, now: datetime
) -> Change[Export]:
    """Note what was put together, once."""
    if current is None or current.status != "gathering":
        return Change(current)
    until = now + kept_for
    missing = tuple(one for one in OTHERS if one not in current.whole)
    done = replace(
        current,
        status="ready",
        key="",
        content=content,
        size=size,
        missing=missing,
        ready_at=now,
        expires_at=until,
        wake_at=until,
    )
    told = ExportReady(
        export_id=current.id, user_id=current.user_id, ready_at=now, expires_at=until
    )
    return Change(done, (told,))


def mine(current: Export | None, *, by: str) -> Export:
    if current is None or current.user_id != by:
        raise NotFound
    return current


def take(current: Export | None, *, by: str, now: datetime) -> Change[Export]:
    """Use it up: it is on its way to its owner, and nobody gets it again."""
    export = mine(current, by=by)
    if export.status == "gathering":
        raise ExportNotReady
    if export.status != "ready" or export.expires_at is None or export.expires_at <= now:
        raise ExportOver
    return Change(replace(export, status="taken", wake_at=now + TAKING_LASTS))


def over(current: Export | None) -> Change[Export]:
    """Forget what it held: it was taken, or nobody came for it in time."""
    if current is None or current.status not in ("ready", "taken"):
        return Change(current)
    status: Status = "taken" if current.status == "taken" else "expired"
    return Change(replace(current, status=status, content="", size=0, wake_at=None))


def claim(current: Export | None, now: datetime) -> Change[Export]:
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + LEASE))
