"""What INSEE answers about an establishment (Sirene 3.11), read. Pure."""

import json
import re
from typing import Any, Final

from kit.one_line import NOT_IN_A_LINE
from services.structures.domain.structures import Address, Establishment

_MASKED: Final = "[ND]"
_NAME_MOST: Final = 255
_CITY_MOST: Final = 100
_POSTCODE_MOST: Final = 20
"""As long as people may say them themselves."""


class UnreadableAnswerError(ValueError):
    """An answer without the shape that Sirene 3.11 promises."""


def read(answer: bytes) -> object:
    """The JSON of an answer."""
    try:
        body: object = json.loads(answer)
    except (ValueError, RecursionError):
        raise UnreadableAnswerError("not JSON") from None
    return body


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


def check_refused(body: object, status: int) -> None:
    """A page of some proxy says 403 or 404 too, and says nothing about the establishment."""
    if _record(body, "header").get("statut") != status:
        raise UnreadableAnswerError(f"a {status:d} that is not INSEE's")


def check_replaced(location: str) -> None:
    """INSEE leads from a SIRET entered twice to the one it kept: this one is not to be used."""
    if not re.search(r"/siret/[0-9]{14}$", location):
        raise UnreadableAnswerError("a redirection that is not INSEE's")


def seconds_to_wait(retry_after: str) -> int:
    return min(int(retry_after), 3600) if re.fullmatch(r"[0-9]{1,6}", retry_after) else 60


def _diffusible(of: dict[str, Any], what: str = "Etablissement") -> bool:
    return bool(of.get(f"statutDiffusion{what}", "O") == "O")


def _legal_name(unit: dict[str, Any]) -> str:
    """Its denomination, or the name of a sole trader."""
    first = _text(unit, "prenomUsuelUniteLegale") or _text(unit, "prenom1UniteLegale")
    last = _text(unit, "nomUsageUniteLegale") or _text(unit, "nomUniteLegale")
    return _text(unit, "denominationUniteLegale") or _cut(f"{first} {last}".strip(), _NAME_MOST)


def _address(of: dict[str, Any]) -> Address | None:
    def said(*names: str) -> list[str]:
        return [text for name in names if (text := _text(of, f"{name}Etablissement"))]

    abroad = said("libellePaysEtranger")
    address = Address(
        line=_cut(
            " ".join(said("numeroVoie", "indiceRepetition", "typeVoie", "libelleVoie")), _NAME_MOST
        ),
        complements=tuple(said("complementAdresse", "distributionSpeciale")),
        postcode=_cut("".join(said("codePostal")), _POSTCODE_MOST),
        city=_cut(" ".join(said("libelleCommune") or said("libelleCommuneEtranger")), _CITY_MOST),
        country=_cut(abroad[0], _CITY_MOST) if abroad else "France",
    )
    return address if address.line or address.city or address.complements else None


def _record(of: object, name: str) -> dict[str, Any]:
    found = of.get(name) if isinstance(of, dict) else None
    if not isinstance(found, dict):
        raise UnreadableAnswerError(f"no {name}")
    return found


def _text(of: dict[str, Any], name: str) -> str:
    """On one line, and no longer than a record has room for."""
    value = of.get(name)
    if not isinstance(value, str) or value == _MASKED:
        return ""
    if re.search(r"[\ud800-\udfff]", value):
        raise UnreadableAnswerError(f"{name} is no text")
    return _cut(" ".join(re.sub(f"[{NOT_IN_A_LINE}]", " ", value).split()), _NAME_MOST)


def _cut(text: str, most: int) -> str:
    return text[:most].rstrip()
