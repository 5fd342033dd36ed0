"""Who an access token speaks for."""

import hashlib
import json
from collections import OrderedDict
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from kit.internal import Caller
from kit.problems import Unauthorized

TOKEN_LIMIT = 4_000
CLOCK_SKEW = 2

_CLAIMS = jwt.JWTClaimsRegistry(
    leeway=CLOCK_SKEW,
    iss={"essential": True, "value": "chorale"},
    aud={"essential": True, "value": "chorale"},
    exp={"essential": True},
    sub={"essential": True},
)


class InvalidToken(Unauthorized):
    """This access token is not valid, or no longer."""


class Pass:
    """A verified access token, and what the services are told about it."""

    __slots__ = ("caller", "expires_at", "session_id", "word", "word_until")

    def __init__(self, caller: Caller, expires_at: float) -> None:
        self.caller = caller
        self.session_id = caller.session_id
        self.expires_at = expires_at
        self.word = ""
        self.word_until = 0.0


class Tokens:
    """Verifies access tokens; one that was verified is not verified again."""

    def __init__(self, public_key: str, *, remembered: int = 20_000) -> None:
        self._key = OKPKey.import_key(
            json.loads(public_key) if public_key.lstrip().startswith("{") else public_key
        )
        self._remembered = remembered
        self._passes: OrderedDict[bytes, Pass] = OrderedDict()

    def verify(self, token: str, now: float) -> Pass:
        """Raise InvalidToken, whatever the token may be."""
        if len(token) > TOKEN_LIMIT or not token.isascii():
            raise InvalidToken
        name = hashlib.sha256(token.encode()).digest()
        known = self._passes.get(name)
        if known is not None and known.expires_at > now:
            self._passes.move_to_end(name)
            return known
        new = self._passes[name] = self._verified(token)
        if len(self._passes) > self._remembered:
            self._passes.popitem(last=False)
        return new

    def __len__(self) -> int:
        return len(self._passes)

    def _verified(self, token: str) -> Pass:
        try:
            claims = jwt.decode(token, self._key, algorithms=["Ed25519"]).claims
            _CLAIMS.validate(claims)
            return Pass(_caller(claims), float(claims["exp"]))
        # The header is read before the signature is checked: it may be any JSON, however deep.
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise InvalidToken from None


def _caller(claims: dict[str, Any]) -> Caller:
    if client_id := claims.get("client_id"):
        return Caller(
            session_id=_text(claims.get("sid", "")),
            client_id=_text(client_id),
            scopes=frozenset(_text(claims.get("scope", "")).split()),
            structures=frozenset(_texts(claims.get("structures", []))),
        )
    return Caller(
        user_id=_text(claims["sub"]),
        session_id=_text(claims["sid"]),
        operator="operator" in _texts(claims.get("roles", [])),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    return [_text(one) for one in value]
