"""What identifies a structure: seven types, each with its rule. Pure."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from stdnum.eu import vat
from stdnum.fr import siret

from contracts.structures import IdentifierType
from kit.folding import fold
from kit.problems import Invalid
from services.structures.domain.countries import name_of

_STRUCTURES: Final = UUID("5d0b0f6e-6a0c-4a53-9a3c-2c9a3c7f0d11")
# VAT numbers call Greece EL, and Northern Ireland XI.
_EUROPEAN_UNION: Final = frozenset({*map(str.upper, vat.MEMBER_STATES), "EL"} - {"XI"})
_SHAPES: Final[dict[IdentifierType, tuple[re.Pattern[str], str]]] = {
    "SIRET": (re.compile(r"[0-9]{14}"), "A SIRET has 14 digits."),
    "UE_HORS_FRANCE": (
        re.compile(r"[A-Z]{2}[0-9A-Z+*]{1,16}"),
        "An intra-EU VAT number starts with its country and has at most 18 characters.",
    ),
    "HORS_UE": (
        re.compile(r"[A-Z]{2}[^\W_].{0,15}"),
        "A country code, then the first 16 characters of the name.",
    ),
    "RIDET": (re.compile(r"[0-9]{9,10}"), "A RIDET has 9 or 10 digits."),
    "TAHITI": (re.compile(r"[0-9A-Z]{9}"), "A TAHITI number has 9 letters or digits."),
    "AUTRE": (re.compile(r"[^\W_].{0,79}"), "At most 80 characters."),
    "PARTICULIER": (
        # Born in Corsica: the department is 2A or 2B.
        re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{3}[^\W\d_][^\W\d_'-]{0,69}"),
        "Ten characters of the social security number, then the last name.",
    ),
}
_LETTERS_OF_NAME: Final = 16
_FREE_TEXT: Final = frozenset({"HORS_UE", "AUTRE"})


class InvalidIdentifier(Invalid):
    """This is not a valid identifier of its type."""


class InvalidVatNumber(Invalid):
    """This is not a valid intra-EU VAT number."""


@dataclass(frozen=True, slots=True)
class Identifier:
    type: IdentifierType
    value: str

    @property
    def structure_id(self) -> str:
        """The id of the only structure that may bear it: a second creation meets the first."""
        return uuid5(_STRUCTURES, f"{self.type}:{self.value}").hex

    @property
    def siret(self) -> str | None:
        return self.value if self.type == "SIRET" else None

    @property
    def vat_number(self) -> str | None:
        """The intra-EU VAT number that follows from it, if one does."""
        if self.type == "SIRET":
            siren = self.value[:9]
            return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"
        return self.value if self.type == "UE_HORS_FRANCE" else None


def identify(kind: IdentifierType, value: str, *, checksums: bool = True) -> Identifier:
    """Normalise and check. Without ``checksums`` only the shape counts: sandboxes invent SIRETs."""
    normal = _normalised(kind, value)
    shape, rule = _SHAPES[kind]
    if not shape.fullmatch(normal) or not normal.isprintable():
        raise _refusal(rule)
    if kind == "SIRET" and checksums:
        _check_siret(normal)
    if kind == "UE_HORS_FRANCE":
        _check_vat(normal, checksums=checksums)
    if kind == "HORS_UE":
        _check_country(normal[:2])
    return Identifier(kind, normal)


def spellings(value: str) -> frozenset[str]:
    """How it is kept, if it is an identifier of one type or another."""
    return frozenset(_normalised(kind, value) for kind in _SHAPES)


def check_name(identifier: Identifier, legal_name: str | None) -> None:
    """A company outside the Union is identified by its own name (STR-11)."""
    if identifier.type != "HORS_UE" or not legal_name:
        return
    whole = _normalised(identifier.type, legal_name), fold(legal_name).strip()
    if fold(identifier.value[2:]) not in {fold(one[:_LETTERS_OF_NAME]) for one in whole}:
        raise _refusal("After the country come the first 16 characters of its legal name.")


def vat_number(value: str, *, checksums: bool = True) -> str:
    """Normalise and check one that is no identifier here, and so may be French."""
    normal = "".join(value.split()).upper()
    known = normal[:2] in _EUROPEAN_UNION | {"XI"}
    if not known or (checksums and not vat.is_valid(normal)):
        raise InvalidVatNumber(field="body/vat_number")
    return normal


def _normalised(kind: IdentifierType, value: str) -> str:
    if kind in _FREE_TEXT:
        return " ".join(value.split()).upper()
    compact = siret.compact(value) if kind in ("SIRET", "RIDET") else value
    return "".join(compact.split()).upper()


def _check_country(code: str) -> None:
    if code in _EUROPEAN_UNION:
        raise _refusal("This country is in the European Union.")
    if not name_of(code):
        raise _refusal("No country has this code (ISO 3166-1 alpha-2).")


def _check_siret(value: str) -> None:
    # python-stdnum knows that La Poste's establishments, but its head office, have a sum of
    # digits that is a multiple of 5 instead of a Luhn key.
    if not siret.is_valid(value):
        raise _refusal("The key of this SIRET is wrong.")


def _check_vat(value: str, *, checksums: bool) -> None:
    country = value[:2]
    if country == "FR":
        raise _refusal("A French company is identified by its SIRET.")
    if country not in _EUROPEAN_UNION | {"XI"}:
        raise _refusal("This country is not in the European Union.")
    if checksums and not vat.is_valid(value):
        raise _refusal("The key of this VAT number is wrong.")


def _refusal(detail: str) -> InvalidIdentifier:
    return InvalidIdentifier(detail, field="body/identifier/value")
