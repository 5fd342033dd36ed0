"""Other systems that may call us: what each is called, and what it may do."""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, get_args

from kit.change import Change, Entity
from kit.problems import NotFound

Scope = Literal[
    "structures:read",
    "rattachements:read",
    "rights:check",
    "events:read",
    "client-accounts:read",
    "orders:check",
    "facts:write",
    "mandates:write",
    "attachments:read",
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


class NoSuchClient(NotFound):
    """There is no such client."""


def secret_hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def proves(client: Client | None, secret: str) -> bool:
    """Whether this is the secret of a client that still may call."""
    given, kept = secret_hash(secret), client.secret_hash if client else secret_hash("")
    same = compare_digest(given, kept)
    return same and client is not None and client.revoked_at is None


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
    return Change(current if current.revoked_at else replace(current, revoked_at=now))
