"""One-time links and codes: made by whoever writes the letter, used up by whoever asked for it."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from kit.problems import Invalid

AUDIENCE = "chorale-link"
LONG_AGO: Final = datetime.fromtimestamp(0, UTC)


class LinkInvalid(Invalid):
    """This link is not, or is no longer, valid."""


class LinkExpired(Invalid):
    """This link has expired: ask for a new one."""


@dataclass(frozen=True, slots=True)
class Link:
    user_id: str
    nonce: str
    made_at: datetime = LONG_AGO
    """To the second; long ago, if the link does not say."""


def sign_link(
    key: str,
    *,
    purpose: str,
    user_id: str,
    nonce: str,
    expires_at: datetime,
    made_at: datetime | None = None,
) -> str:
    """
    The ``token`` of a link; whoever holds it may use it once, until it expires.

    ``made_at`` is for links that something may make void before.
    """
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "use": purpose,
        "sub": user_id,
        "nonce": nonce,
        "exp": int(expires_at.timestamp()),
    }
    if made_at:
        claims["iat"] = int(made_at.timestamp())
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key))


def read_link(
    key: str, token: str, *, purpose: str, now: datetime, field: str = "body/token"
) -> Link:
    """Whom and what a token is for; raises LinkInvalid or LinkExpired, naming the field."""
    try:
        claims = jwt.decode(token, OctKey.import_key(key), algorithms=["HS256"]).claims
        made_at = datetime.fromtimestamp(int(claims.get("iat", 0)), UTC)
        link = Link(str(claims["sub"]), str(claims["nonce"]), made_at)
        if (claims["aud"], claims["use"]) != (AUDIENCE, purpose):
            raise LinkInvalid(field=field)
        expires = int(claims["exp"])
    except (JoseError, KeyError, ValueError, TypeError):
        raise LinkInvalid(field=field) from None
    if expires <= now.timestamp():
        raise LinkExpired(field=field)
    return link


def code_of(key: str, *, user_id: str, nonce: str, digits: int = 6) -> str:
    """
    The digits of a letter, the same for whoever has the key.

    Nothing that is kept or told holds the code: it follows from the nonce and the key.
    """
    mac = hmac.digest(key.encode(), f"code:{user_id}:{nonce}".encode(), "sha256")
    return f"{int.from_bytes(mac) % 10**digits:0{digits}}"
