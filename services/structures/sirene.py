"""INSEE's register of establishments, Sirene 3.11."""

import asyncio
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import structlog

from kit.problems import Unavailable
from services.structures.domain.structures import Address, Establishment
from services.structures.settings import StructuresSettings

log = structlog.get_logger(__name__)

_MASKED: Final = "[ND]"


class SireneUnavailable(Unavailable):
    """INSEE does not answer for now: nothing was created, ask again later."""

    def __init__(self, detail: str = "", *, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnreadableAnswerError(ValueError):
    """An answer without the shape that Sirene 3.11 promises."""


@dataclass(slots=True)
class Budget:
    """So many requests a minute, all at once at most: a bucket that refills as time goes by."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)
    _paused_until: float = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._left, self._at = self.per_minute, self.clock()

    def take(self) -> float:
        """Take one request; or, when none is left, the seconds to wait for one."""
        now = self.clock()
        if now < self._paused_until:
            return self._paused_until - now
        refill = (now - self._at) * self.per_minute / 60
        self._left, self._at = min(self.per_minute, self._left + refill), now
        if self._left < 1:
            return (1 - self._left) * 60 / self.per_minute
        self._left -= 1
        return 0

    def pause(self, seconds: float) -> None:
        """INSEE counts otherwise than we do: ask nothing for so long."""
        self._paused_until = self.clock() + seconds


class Sirene:
    def __init__(self, settings: StructuresSettings) -> None:
        self._base = settings.sirene_url.rstrip("/")
        self._key = settings.sirene_key
        self._timeout = aiohttp.ClientTimeout(total=settings.sirene_timeout)
        self._budget = Budget(settings.sirene_per_minute)

    async def establishment(self, siret: str) -> Establishment | None:
        """What INSEE says of it today; None when it knows no such establishment."""
        wait = self._budget.take()
        if wait:
            raise SireneUnavailable("Too many requests to INSEE.", retry_after=math.ceil(wait))
        try:
            return await self._asked_twice(siret)
        except UnreadableAnswerError as error:
            log.error("Unable to read an answer of Sirene", reason=str(error))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("Sirene is away", error=type(error).__name__)
        raise SireneUnavailable

    async def _asked_twice(self, siret: str) -> Establishment | None:
        try:
            return await self._asked(siret)
        except aiohttp.ClientConnectionError as error:
            if isinstance(error, TimeoutError):
                raise
            await asyncio.sleep(0.1)
            return await self._asked(siret)

    async def _asked(self, siret: str) -> Establishment | None:
        headers = {
            "X-INSEE-Api-Key-Integration": self._key.get_secret_value(),
            "Accept": "application/json",
        }
        # A session each: at this rate nothing is gained by keeping one.
        async with (
            aiohttp.ClientSession(timeout=self._timeout, headers=headers) as session,
            session.get(f"{self._base}/siret/{siret}", allow_redirects=False) as answer,
        ):
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                wait = _seconds(answer.headers.get("Retry-After", ""))
                self._budget.pause(wait)
                raise SireneUnavailable("INSEE asks to wait.", retry_after=wait)
            if answer.status == HTTPStatus.MOVED_PERMANENTLY:
                _check_replaced(answer.headers.get("Location", ""))
                return None
            if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
                raise UnreadableAnswerError(f"status {answer.status}")
            try:
                body = await answer.json(content_type=None)
            except ValueError:
                raise UnreadableAnswerError("not JSON") from None
        if answer.status == HTTPStatus.NOT_FOUND:
            _check_not_found(body)
            return None
        found = establishment_from(body)
        if found.siret != siret:
            raise UnreadableAnswerError("another SIRET than the one asked for")
        return found


def establishment_from(body: object) -> Establishment:
    """Read what ``GET /siret/{siret}`` answers. Today's state is the period without an end."""
    found = _record(body, "etablissement")
    unit = _record(found, "uniteLegale")
    periods = found.get("periodesEtablissement")
    if not isinstance(periods, list):
        raise UnreadableAnswerError("no periodesEtablissement")
    current = next(
        (one for one in periods if isinstance(one, dict) and one.get("dateFin") is None), None
    )
    state = _text(current or {}, "etatAdministratifEtablissement")
    if state not in ("A", "F"):
        raise UnreadableAnswerError("no current period")
    return Establishment(
        siret=_text(found, "siret"),
        open=state == "A",
        diffusible=_diffusible(found) and _diffusible(unit, "UniteLegale"),
        legal_name=_legal_name(unit) or None,
        label=(
            _text(current or {}, "enseigne1Etablissement")
            or _text(current or {}, "denominationUsuelleEtablissement")
            or None
        ),
        address=_address(_record(found, "adresseEtablissement")),
    )


def _diffusible(of: dict[str, Any], what: str = "Etablissement") -> bool:
    return bool(of.get(f"statutDiffusion{what}", "O") == "O")


def _legal_name(unit: dict[str, Any]) -> str:
    """Its denomination, or the name of a sole trader."""
    first = _text(unit, "prenomUsuelUniteLegale") or _text(unit, "prenom1UniteLegale")
    last = _text(unit, "nomUsageUniteLegale") or _text(unit, "nomUniteLegale")
    return _text(unit, "denominationUniteLegale") or f"{first} {last}".strip()


def _address(of: dict[str, Any]) -> Address | None:
    def said(*names: str) -> list[str]:
        return [text for name in names if (text := _text(of, f"{name}Etablissement"))]

    abroad = said("libellePaysEtranger")
    address = Address(
        line=" ".join(said("numeroVoie", "indiceRepetition", "typeVoie", "libelleVoie")),
        complements=tuple(said("complementAdresse", "distributionSpeciale")),
        postcode="".join(said("codePostal")),
        city=" ".join(said("libelleCommune") or said("libelleCommuneEtranger")),
        country=abroad[0] if abroad else "France",
    )
    return address if address.line or address.city or address.complements else None


def _check_not_found(body: object) -> None:
    # A page of some proxy says 404 too, and says nothing about the establishment.
    if _record(body, "header").get("statut") != HTTPStatus.NOT_FOUND:
        raise UnreadableAnswerError("a 404 that is not INSEE's")


def _check_replaced(location: str) -> None:
    """INSEE leads from a SIRET entered twice to the one it kept: this one is not to be used."""
    if not re.search(r"/siret/[0-9]{14}$", location):
        raise UnreadableAnswerError("a redirection that is not INSEE's")


def _seconds(text: str) -> int:
    return min(int(text), 3600) if re.fullmatch(r"[0-9]{1,6}", text) else 60


def _record(of: object, name: str) -> dict[str, Any]:
    found = of.get(name) if isinstance(of, dict) else None
    if not isinstance(found, dict):
        raise UnreadableAnswerError(f"no {name}")
    return found


def _text(of: dict[str, Any], name: str) -> str:
    value = of.get(name)
    return value.strip() if isinstance(value, str) and value != _MASKED else ""
