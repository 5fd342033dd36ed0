"""INSEE's register of establishments, Sirene 3.11, asked with patience and within its limits."""

import asyncio
import math
import random
from http import HTTPStatus
from typing import Final

import aiohttp
import structlog

from kit.context import asking
from kit.problems import Invalid, Unavailable
from services.structures.domain.structures import Establishment
from services.structures.insee import (
    UnreadableAnswerError,
    check_refused,
    check_replaced,
    establishment_from,
    read,
    seconds_to_wait,
)
from services.structures.pacing import Breaker, Lately, Shared
from services.structures.settings import StructuresSettings

log = structlog.get_logger(__name__)

_PAUSES: Final = (0.1, 0.4)
"""Seconds before each new try, more or less."""


class SireneUnavailable(Unavailable):
    """INSEE does not answer for now: nothing was changed, ask again later."""

    def __init__(self, detail: str = "", *, retry_after: float = 5) -> None:
        super().__init__(detail)
        self.retry_after = max(1, math.ceil(retry_after))


class EstablishmentWithheld(Invalid):
    """INSEE shows nothing of this establishment: the support desk can help."""


class _Failing(Exception):
    """INSEE, or something before it, is in trouble: it may answer when it is asked again."""


class _Withheld(Exception):
    """INSEE answered, and told nothing."""


class Sirene:
    """
    Answers are remembered for a few minutes, in this process and nowhere else.

    Those about whom INSEE withholds something are never remembered.
    """

    def __init__(self, settings: StructuresSettings) -> None:
        self._base = settings.sirene_url.rstrip("/")
        self._key = settings.sirene_key
        self._patience = settings.sirene_timeout
        self._budget = Shared(settings.sirene_per_minute, settings.sirene_share)
        self._breaker = Breaker(settings.sirene_failures_most, settings.sirene_rest)
        self._lately = Lately[Establishment](settings.sirene_remembered_for)

    async def establishment(self, siret: str, *, fresh: bool = False) -> Establishment | None:
        """
        What INSEE says of it; None when it knows no such establishment.

        ``fresh``: what it says now, not minutes ago. Raises EstablishmentWithheld and
        SireneUnavailable.
        """
        if not fresh and (known := self._lately.get(siret)):
            return known
        if wait := self._breaker.wait():
            raise SireneUnavailable(retry_after=wait)
        try:
            async with asyncio.timeout(self._patience):
                found = await self._asked_until_it_answers(siret)
        except _Withheld:
            self._breaker.succeeded()
            # Asked anew it is about a structure that is known: nothing in the request is wrong.
            raise EstablishmentWithheld(field="" if fresh else "body/identifier/value") from None
        except UnreadableAnswerError as error:
            log.error("Unable to read an answer of Sirene", reason=str(error))
        except (aiohttp.ClientError, OSError, TimeoutError, _Failing) as error:
            log.warning("Sirene is away", error=type(error).__name__)
        else:
            self._breaker.succeeded()
            if found and found.diffusible:
                self._lately.keep(siret, found)
            return found
        self._breaker.failed(siret, _by())
        raise SireneUnavailable

    async def _asked_until_it_answers(self, siret: str) -> Establishment | None:
        for pause in _PAUSES:
            try:
                return await self._asked(siret)
            except (aiohttp.ClientError, _Failing):
                # Not all at the same moment: what has just come back would go down again.
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
        return await self._asked(siret)

    async def _asked(self, siret: str) -> Establishment | None:
        if wait := self._budget.take(_by()):
            raise SireneUnavailable("Too many requests to INSEE.", retry_after=wait)
        headers = {
            "X-INSEE-Api-Key-Integration": self._key.get_secret_value(),
            "Accept": "application/json",
        }
        # A session each: at this rate nothing is gained by keeping one.
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{self._base}/siret/{siret}", allow_redirects=False) as answer,
        ):
            return await self._understood(answer, siret)

    async def _understood(self, answer: aiohttp.ClientResponse, siret: str) -> Establishment | None:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = seconds_to_wait(answer.headers.get("Retry-After", ""))
            self._budget.pause(wait)
            raise SireneUnavailable("INSEE asks to wait.", retry_after=wait)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _Failing
        if answer.status == HTTPStatus.MOVED_PERMANENTLY:
            check_replaced(answer.headers.get("Location", ""))
            return None
        if answer.status not in (HTTPStatus.OK, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            raise UnreadableAnswerError(f"status {answer.status}")
        body = read(await answer.read())
        if answer.status == HTTPStatus.OK:
            found = establishment_from(body)
            if found.siret != siret:
                raise UnreadableAnswerError("another SIRET than the one asked for")
            return found
        check_refused(body, answer.status)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise _Withheld
        return None


def _by() -> str:
    request = asking.get()
    return request.by if request else ""
