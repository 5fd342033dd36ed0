"""Who may come in, and what the services are told about them."""

import time
from collections.abc import Mapping

from kit import clock
from kit.heard import Heard
from kit.internal import Caller, sign
from kit.mongo import unavailable
from kit.problems import Forbidden, Unauthorized, Unavailable
from services.gateway.addresses import rate_name
from services.gateway.rates import Rate
from services.gateway.routes import OPEN, Audience, Route
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import InvalidToken, Pass, Tokens
from services.gateway.views import RevokedSessions

WORD_KEPT = 30
"""Seconds; the services believe a word twice as long."""

FRESHNESS_KEPT = 0.2
"""Seconds."""


class SignInFirst(Unauthorized):
    """Sign in first: this needs an access token."""


class SessionEnded(Unauthorized):
    """This session has ended: sign in again."""


class NotForYou(Forbidden):
    """This is not open to you."""


class Admission:
    """Lets a request in, and gives the signed word that says to the services who it is."""

    def __init__(
        self,
        settings: GatewaySettings,
        tokens: Tokens,
        revoked: RevokedSessions,
        heard: Heard,
    ) -> None:
        self._tokens, self._revoked, self._heard = tokens, revoked, heard
        self._key = settings.internal_key.get_secret_value()
        self._without_token = Rate(settings.credential_rate)
        self._callers = Rate(settings.caller_rate)
        self._fresh_until = 0.0
        self._nobody = Pass(Caller(), float("inf"))

    async def word_for(
        self, method: str, path: str, route: Route, address: str, headers: Mapping[bytes, bytes]
    ) -> str:
        """Raise the refusal when this request may not come in."""
        now = time.time()
        if (method, path) in OPEN:
            self._without_token.take(rate_name(address), now)
            return self._word(self._nobody, now)
        admitted = self._verified(headers.get(b"authorization", b""), address, now)
        caller = admitted.caller
        self._callers.take(caller.id, now)
        await self._require_fresh(now)
        if await self._revoked.known(admitted.session_id):
            raise SessionEnded
        if not _let_in(caller, route.audience):
            raise NotForYou
        return self._word(admitted, now)

    def _verified(self, authorization: bytes, address: str, now: float) -> Pass:
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            raise SignInFirst
        try:
            return self._tokens.verify(token.strip().decode("latin-1"), now)
        except InvalidToken:
            # Guessing is counted too, or it would cost us more than whoever guesses.
            self._callers.take(rate_name(address), now)
            raise

    async def _require_fresh(self, now: float) -> None:
        if now < self._fresh_until:
            return
        try:
            await self._heard.require_fresh("users.events")
        except Exception as error:
            if unavailable(error):
                raise Unavailable from error
            raise
        self._fresh_until = now + FRESHNESS_KEPT

    def _word(self, admitted: Pass, now: float) -> str:
        # The services remember a word they verified: a new one for each request would cost both.
        if now > admitted.word_until:
            admitted.word = sign(admitted.caller, self._key, at=clock.now())
            admitted.word_until = now + WORD_KEPT
        return admitted.word


def _let_in(caller: Caller, audience: Audience) -> bool:
    match audience:
        case "people":
            return not caller.client_id
        case "systems":
            return bool(caller.client_id)
        case "operators":
            return caller.operator
    return True
