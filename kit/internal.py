"""The gateway's word on who calls: a short-lived token that every service verifies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from kit.clock import now

AUDIENCE = "chorale-internal"
LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever the gateway let in: a person in a session, another system, or nobody known."""

    user_id: str = ""
    session_id: str = ""
    operator: bool = False
    client_id: str = ""
    scopes: frozenset[str] = frozenset()
    structures: frozenset[str] = frozenset()
    """The structures a system is limited to; none means it is not limited."""
    address: str = ""
    """Where the request came from, which the gateway says beside the token."""

    @property
    def id(self) -> str:
        """What idempotency keys and rate limits are scoped to; empty for nobody known."""
        return self.user_id or (f"client:{self.client_id}" if self.client_id else "")

    def is_system_for(self, structure_id: str) -> bool:
        """Whether this is another system, and one that may see this structure."""
        mine = not self.structures or structure_id in self.structures
        return bool(self.client_id) and mine


@lru_cache(maxsize=8)
def _key(secret: str) -> OctKey:
    return OctKey.import_key(secret)


def sign(caller: Caller, secret: str, *, at: datetime) -> str:
    claims = {
        "aud": AUDIENCE,
        "exp": int((at + LIFETIME).timestamp()),
        "sub": caller.user_id,
        "sid": caller.session_id,
        "op": caller.operator,
        "cid": caller.client_id,
        "scp": sorted(caller.scopes),
        "str": sorted(caller.structures),
    }
    return jwt.encode({"alg": "HS256"}, claims, _key(secret))


def verify(token: str, secret: str) -> Caller | None:
    """The caller a token speaks of; None when it is forged, foreign or too old."""
    caller = _verified(token, secret)
    if caller is None or caller[1] <= now().timestamp():
        return None
    return caller[0]


@lru_cache(maxsize=10_000)
def _verified(token: str, secret: str) -> tuple[Caller, int] | None:
    try:
        claims = jwt.decode(token, _key(secret), algorithms=["HS256"]).claims
        if claims["aud"] != AUDIENCE:
            return None
        caller = Caller(
            user_id=claims["sub"],
            session_id=claims["sid"],
            operator=claims["op"],
            client_id=claims["cid"],
            scopes=frozenset(claims["scp"]),
            structures=frozenset(claims["str"]),
        )
        return caller, int(claims["exp"])
    except (JoseError, KeyError, ValueError, TypeError):
        return None
