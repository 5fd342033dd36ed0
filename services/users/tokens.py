"""The tokens that users issues: access tokens, read by the gateway, and refresh tokens."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from services.users.domain.sessions import RefreshHashes

ALGORITHM = "Ed25519"
ISSUER = AUDIENCE = "chorale"
_REFRESH = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{22})([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """``family`` stays as long as the session, ``secret`` is good for one use."""

    session_id: str
    family: str
    secret: str

    @classmethod
    def first(cls, session_id: str) -> RefreshToken:
        return cls(session_id, secrets.token_urlsafe(16), secrets.token_urlsafe(32))

    @classmethod
    def read(cls, text: str) -> RefreshToken | None:
        shaped = _REFRESH.fullmatch(text)
        return cls(*shaped.groups()) if shaped else None

    def __str__(self) -> str:
        return f"{self.session_id}.{self.family}{self.secret}"

    def hashes(self) -> RefreshHashes:
        return RefreshHashes(_hash(self.family), _hash(self.secret))


class Signer:
    """Holds the private key; what it signs, anyone with the public key can read and check."""

    def __init__(self, private_key: SecretStr) -> None:
        written = private_key.get_secret_value()
        self._key = OKPKey.import_key(
            json.loads(written) if written.lstrip().startswith("{") else written
        )
        if not self._key.is_private or self._key.curve_name != "Ed25519":
            raise ValueError("CHORALE_ACCESS_PRIVATE_KEY is not the private part of an Ed25519 key")
        self._next_secret = sha256(b"refresh:" + written.encode()).digest()

    def access_token(self, claims: dict[str, Any], *, now: datetime, until: datetime) -> str:
        every = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int(until.timestamp()),
        }
        return jwt.encode(
            {"alg": ALGORITHM, "typ": "JWT"}, every | claims, self._key, algorithms=[ALGORITHM]
        )

    def after(self, used: RefreshToken) -> RefreshToken:
        """The one that follows: the same each time, so that a lost answer can be given again."""
        mac = hmac.digest(self._next_secret, str(used).encode(), "sha256")
        secret = urlsafe_b64encode(mac).rstrip(b"=").decode()
        return RefreshToken(used.session_id, used.family, secret)


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
