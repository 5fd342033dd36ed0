"""The lines of the public directory, or of any list of SIRETs, read one at a time. Pure."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple, cast, get_args

from contracts.structures import IdentifierType, Status
from kit.problems import Problem
from services.structures.domain.structures import Address
from services.structures.identifiers import Identifier, identify

_TYPES: Final = frozenset(get_args(IdentifierType))
_LENGTHS: Final = {
    "raisonsociale": 255,
    "adresse": 255,
    "complementadresse1": 255,
    "complementadresse2": 255,
    "codepostal": 20,
    "ville": 100,
    "libellepays": 100,
    "courriel": 254,
}
_NO: Final = frozenset({"0", "false", "faux", "non", "no", "n", "f"})


class UnknownHeader(ValueError):
    """The first line must name the column siret, or TypeIdentifiant and Identifiant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One structure of the directory."""

    number: int
    identifier: Identifier
    status: Status = "active"
    legal_name: str | None = None
    email: str | None = None
    address: Address | None = None


class Refused(NamedTuple):
    """One line that cannot be taken, and why."""

    number: int
    value: str
    reason: str


def entries(lines: Iterable[str], *, checksums: bool) -> Iterator[Line | Refused]:
    """Read the lines of a CSV; raises UnknownHeader. Blank lines are nothing."""
    following = iter(lines)
    header = next(following, "").removeprefix("\ufeff")
    rows = csv.reader(chain([header], following), delimiter=";" if ";" in header else ",")
    cells = _cells([name.strip().casefold() for name in next(rows, [])])
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(number, "", f"not CSV up to line {rows.line_num}: {error}")
            continue
        if any(row):
            yield _entry(number, cells(row), checksums=checksums)


def _cells(names: list[str]) -> Callable[[list[str]], dict[str, str]]:
    if "siret" not in names[:1] and not {"typeidentifiant", "identifiant"} <= {*names}:
        raise UnknownHeader(UnknownHeader.__doc__)

    def of(row: list[str]) -> dict[str, str]:
        return {name: cell.strip() for name, cell in zip(names, row, strict=False)}

    return of


def _entry(number: int, cells: dict[str, str], *, checksums: bool) -> Line | Refused:
    kind = "SIRET" if "siret" in cells else cells.get("typeidentifiant", "").upper()
    value = cells.get("siret") or cells.get("identifiant", "")
    refusal = _refusal(kind, cells)
    if refusal:
        return Refused(number, value[:100], refusal)
    try:
        identifier = identify(cast(IdentifierType, kind), value, checksums=checksums)
    except Problem as problem:
        return Refused(number, value[:100], str(problem))
    return Line(
        number=number,
        identifier=identifier,
        status="inactive" if cells.get("structureactive", "").casefold() in _NO else "active",
        legal_name=cells.get("raisonsociale") or None,
        email=cells.get("courriel") or None,
        address=_address(cells),
    )


def _refusal(kind: str, cells: dict[str, str]) -> str:
    if not all(cell.isprintable() for cell in cells.values()):
        return "Not UTF-8, or with characters that cannot be printed."
    if kind not in _TYPES or kind == "PARTICULIER":
        return "This type of identifier is not one of a public structure."
    long = [name for name, most in _LENGTHS.items() if len(cells.get(name, "")) > most]
    return f"Too long: {', '.join(long)}." if long else ""


def _address(cells: dict[str, str]) -> Address | None:
    complements = (cells.get("complementadresse1"), cells.get("complementadresse2"))
    address = Address(
        line=cells.get("adresse", ""),
        complements=tuple(filter(None, complements)),
        postcode=cells.get("codepostal", ""),
        city=cells.get("ville", ""),
        country=cells.get("libellepays") or "France",
    )
    return address if address.line or address.postcode or address.city else None
