"""Other systems that may call us: what each is called, and what it may do."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal, get_args

from contracts.users import ClientSecretExpiring
from kit.change import Change, Entity
from kit.problems import Conflict, NotFound

Scope = Literal[
    "structures:read",
    "rattachements:read",
    "rights:check",
    "events:read",
    "client-accounts:read",
    "orders:check",
    "facts:write",
    "deliveries:write",
    "mandates:write",
    "attachments:read",
    "letters:write",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Entity):
    """A system with a secret of 256 random bits, of which only the hash is kept."""

    name: str
    secret_hash: str
    scopes: tuple[Scope, ...]
    structures: tuple[str, ...]
    """The only ones it may see; none means all."""
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    """Of its secret; None of one that was given before secrets ended."""
    secret_by: str = ""
    """Who had it made, and is told before it ends."""
    former_hash: str = ""
    """Of the secret before, which is good until its user has taken over the new one."""
    former_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long secrets are good, and what comes before their end."""

    valid_for: timedelta
    overlap: timedelta
    reminded_before: timedelta


class NoSuchClient(NotFound):
    """There is no such client."""


class ClientRevoked(Conflict):
    """This client was revoked: register another one."""


def secret_hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def proves(client: Client | None, secret: str, *, now: datetime) -> bool:
    """Whether this is the secret of a client that still may call."""
    given, nothing = secret_hash(secret), secret_hash("")
    kept, former = (client.secret_hash, client.former_hash) if client else (nothing, "")
    same, as_before = compare_digest(given, kept), compare_digest(given, former or nothing)
    if client is None or client.revoked_at:
        return False
    if same:
        return client.expires_at is None or now < client.expires_at
    return as_before and client.former_until is not None and now < client.former_until


def give_secret(
    current: Client | None, *, hash: str, by: str, term: Term, now: datetime
) -> Change[Client]:
    """
    Another secret; the one in use is good a little longer.

    Of several given meanwhile the last counts: an answer that was lost locks nobody out.
    """
    if current is None:
        raise NoSuchClient
    if current.revoked_at:
        raise ClientRevoked
    former, until = current.former_hash, current.former_until
    if until is None or until <= now:
        ends = now + term.overlap
        former, until = current.secret_hash, min(ends, current.expires_at or ends)
    given = replace(current, former_hash=former, former_until=until, **issued(hash, by, term, now))
    return Change(given)


def issued(hash: str, by: str, term: Term, now: datetime) -> dict[str, Any]:
    """What a client is, as for its secret, from now on."""
    expires_at = now + term.valid_for
    return {
        "secret_hash": hash,
        "secret_by": by,
        "expires_at": expires_at,
        "wake_at": expires_at - term.reminded_before,
    }


def remind(current: Client | None, *, now: datetime) -> Change[Client]:
    """Tell once that a secret ends soon."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    done = replace(current, wake_at=None)
    if current.revoked_at or current.expires_at is None:
        return Change(done)
    told = ClientSecretExpiring(
        client_id=current.id,
        name=current.name,
        user_id=current.secret_by or current.created_by,
        expires_at=current.expires_at,
        told_at=now,
    )
    return Change(done, (told,))


def granted(client: Client, asked: str) -> tuple[Scope, ...] | None:
    """The scopes of a token: all of the client's when it names none, None when one is not its."""
    if not asked:
        return client.scopes
    names = asked.split(" ")
    if set(names) - set(client.scopes):
        return None
    return tuple(scope for scope in client.scopes if scope in names)


def revoke(current: Client | None, *, now: datetime) -> Change[Client]:
    if current is None:
        raise NoSuchClient
    if current.revoked_at:
        return Change(current)
    return Change(replace(current, revoked_at=now, wake_at=None))
