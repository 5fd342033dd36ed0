"""Identity providers as OpenID Connect Core 1.0 has them: the code flow, with PKCE."""

import asyncio
import base64
import time
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import aiohttp
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kit.clock import now
from kit.problems import Unauthorized, Unavailable
from services.users.settings import OidcProvider, is_safe

log = structlog.get_logger(__name__)

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Never ``none``, and nothing that a public key could be taken for the secret of."""
LEEWAY: Final = 60
"""Seconds that the provider's clock may be apart from ours."""
REMEMBERED: Final = 3600
KEYS_AGAIN_AFTER: Final = 10
"""Seconds: keys that are not known are looked for, but not at the rate of forged tokens."""
LONGEST: Final = 500_000
ASKED_FOR: Final = frozenset({"email", "email_verified", "given_name", "family_name"})
"""Of these an ID token may have none: they are then asked of the UserInfo endpoint."""
ADDRESS: Final = frozenset({"email", "email_verified"})
"""Taken from one place: what is verified there may be another address."""


class ProviderUnavailable(Unavailable):
    """The identity provider does not answer: ask again later."""

    retry_after = 5


class ProviderRefused(Unauthorized):
    """The identity provider did not confirm who you are: begin again."""


class Metadata(BaseModel):
    """What of OpenID Connect Discovery 1.0 is needed."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Claims(BaseModel):
    """The claims of an ID token and of the UserInfo endpoint."""

    sub: str = Field(min_length=1, max_length=255)
    email: str | None = None
    email_verified: bool | None = None
    given_name: str | None = None
    family_name: str | None = None
    name: str | None = None


class Tokens(BaseModel):
    id_token: str
    access_token: str


class IdentityProvider:
    """What it says of itself is remembered for an hour, and longer while it is away."""

    def __init__(self, said: OidcProvider, *, patience: float) -> None:
        self.said, self._patience = said, patience
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._read_at = self._keys_at = float("-inf")
        self._reading = asyncio.Lock()

    async def sends_to(self, redirect_uri: str, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in."""
        metadata = await self._described()
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": self.said.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.said.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"

    async def recognise(self, code: str, redirect_uri: str, *, nonce: str, verifier: str) -> Claims:
        """Who came back with this code; raises ProviderRefused or ProviderUnavailable."""
        metadata = await self._described()
        tokens = await self._exchanged(metadata, code, redirect_uri, verifier)
        try:
            claims = await self._verified(metadata, tokens.id_token, nonce)
            if not claims.keys() >= ASKED_FOR and metadata.userinfo_endpoint:
                told = await self._asked_about(metadata.userinfo_endpoint, tokens, claims)
                apart: frozenset[str] = frozenset() if claims.keys() >= ADDRESS else ADDRESS
                claims = told | {name: claims[name] for name in claims.keys() - apart}
            return Claims.model_validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as wrong:
            # Not the text of it, which may quote a claim.
            log.warning("not recognised", provider=self.said.name, why=type(wrong).__name__)
            raise ProviderRefused from None

    async def _exchanged(
        self, metadata: Metadata, code: str, redirect_uri: str, verifier: str
    ) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        client, secret = self.said.client_id, self.said.client_secret.get_secret_value()
        if secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # Written as in a form before they are joined (RFC 6749, section 2.3.1).
            proof = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(proof).decode()}"
        else:
            form |= {"client_id": client} | ({"client_secret": secret} if secret else {})
        status, body = await self._ask("POST", metadata.token_endpoint, headers, form)
        if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("a code was refused", provider=self.said.name, status=status)
            raise ProviderRefused
        tokens: Tokens = self._understood(Tokens, status, body)
        return tokens

    async def _verified(self, metadata: Metadata, id_token: str, nonce: str) -> dict[str, Any]:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        try:
            read = jwt.decode(id_token, await self._public_keys(metadata), registry=registry)
        except InvalidKeyIdError:
            keys = await self._public_keys(metadata, older_than=KEYS_AGAIN_AFTER)
            read = jwt.decode(id_token, keys, registry=registry)
        claims: dict[str, Any] = read.claims
        jwt.JWTClaimsRegistry(
            now=int(now().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": metadata.issuer},
            aud={"essential": True, "value": self.said.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.said.client_id:
            raise ValueError("This token was issued to another client.")
        return claims

    async def _asked_about(
        self, endpoint: str, tokens: Tokens, claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {tokens.access_token}"}
        status, body = await self._ask("GET", endpoint, bearer)
        told: dict[str, Any] = self._understood(dict[str, Any], status, body)
        if told.get("sub") != claims["sub"]:
            raise ValueError("This is about somebody else.")
        return told

    async def _described(self) -> Metadata:
        async with self._reading:
            if self._metadata is None or time.monotonic() > self._read_at + REMEMBERED:
                address = f"{self.said.issuer.rstrip('/')}/.well-known/openid-configuration"
                try:
                    found = self._understood(Metadata, *await self._ask("GET", address))
                    self._check(found)
                except ProviderUnavailable:
                    if self._metadata is None:
                        raise
                else:
                    self._metadata, self._read_at = found, time.monotonic()
            return self._metadata

    def _check(self, found: Metadata) -> None:
        endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
        every = (*endpoints, found.userinfo_endpoint or found.jwks_uri)
        here = not self.said.issuer.startswith("https:")
        safe = all(one.startswith("https:") or (here and is_safe(one)) for one in every)
        if found.issuer != self.said.issuer or not safe:
            log.error("a provider is not the one it should be", provider=self.said.name)
            raise ProviderUnavailable

    async def _public_keys(self, metadata: Metadata, *, older_than: float = REMEMBERED) -> KeySet:
        async with self._reading:
            if self._keys is None or time.monotonic() > self._keys_at + older_than:
                told = self._understood(dict[str, Any], *await self._ask("GET", metadata.jwks_uri))
                self._keys = KeySet.import_key_set({"keys": told["keys"]})
                self._keys_at = time.monotonic()
            return self._keys

    def _understood(self, kind: Any, status: int, body: bytes) -> Any:
        if status == HTTPStatus.OK:
            try:
                return TypeAdapter(kind).validate_json(body)
            except ValidationError:
                pass
        log.warning("unable to understand a provider", provider=self.said.name, status=status)
        raise ProviderUnavailable

    async def _ask(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        said = {"Accept": "application/json", **(headers or {})}
        try:
            # A session each: at this rate nothing is gained by keeping one.
            async with (
                asyncio.timeout(self._patience),
                aiohttp.ClientSession(headers=said) as session,
                session.request(method, address, data=form, allow_redirects=False) as answer,
            ):
                body = b""
                async for piece in answer.content.iter_any():
                    body += piece
                    if len(body) > LONGEST:
                        raise ProviderUnavailable
                return answer.status, body
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("a provider is away", provider=self.said.name, error=type(error).__name__)
            raise ProviderUnavailable from None
