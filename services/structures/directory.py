"""The public directory, 21 columns of CSV: how its lines are read and written. Pure."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, cast, get_args

from email_validator import EmailNotValidError, validate_email

from contracts.structures import IdentifierType, Status
from kit.problems import Problem
from kit.spreadsheets import Row, is_formula, plain
from services.structures.domain.countries import FRANCE, code_of, name_of
from services.structures.domain.identifiers import Identifier, identify
from services.structures.domain.options import NOT_CONNECTED, NOTHING_ASKED, Edi, Flags
from services.structures.domain.structures import Address, Structure

COLUMNS: Final = (
    "TypeIdentifiant",
    "Identifiant",
    "RaisonSociale",
    "EmetteurEdi",
    "RecepteurEdi",
    "GestionStatutMiseEnPaiement",
    "GestionEngagement",
    "GestionService",
    "GestionServiceEngagement",
    "EstMOA",
    "EstMOAUniquement",
    "StructureActive",
    "Adresse",
    "ComplementAdresse1",
    "ComplementAdresse2",
    "CodePostal",
    "Ville",
    "NumTelephone",
    "Courriel",
    "CodePays",
    "LibellePays",
)
DELIMITER: Final = ";"

_TYPES: Final = frozenset(get_args(IdentifierType))
_LENGTHS: Final = {
    "raisonsociale": 255,
    "adresse": 255,
    "complementadresse1": 255,
    "complementadresse2": 255,
    "codepostal": 20,
    "ville": 100,
    "numtelephone": 30,
    "libellepays": 100,
    "courriel": 254,
}
_NO: Final = frozenset({"0", "false", "faux", "non", "no", "n", "f"})
_YES: Final = frozenset({"1", "true", "vrai", "oui", "yes", "o", "y", "v", "t"})
_TOO_MANY: Final = ";"
"""Names the cells of a line that have no column."""

_TELEPHONE: Final = re.compile(r"\+?[0-9][0-9 .()-]{3,28}")
_FLAGS: Final = tuple(name.casefold() for name in COLUMNS[3:12])


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
    phone: str | None = None
    address: Address | None = None
    edi: Edi = NOT_CONNECTED
    flags: Flags = NOTHING_ASKED


class Refused(NamedTuple):
    """One line that cannot be taken, and why."""

    number: int
    value: str
    reason: str


def entries(lines: Iterable[str | None], *, checksums: bool) -> Iterator[Line | Refused]:
    """
    Read the lines of a CSV; raises UnknownHeader. Blank lines are nothing.

    Each line is read by itself: no text goes on in the next one, so that a quote which never
    closes spoils its own line only. None stands for a line that is too long to be one.
    """
    following = enumerate(lines, 1)
    _, first = next(following, (0, ""))
    header = (first or "").removeprefix("\ufeff")
    delimiter = ";" if ";" in header else ","
    cells = _cells(_header(header, delimiter))
    for number, line in following:
        if line is None:
            yield Refused(number, "", "Longer than a line can be.")
            continue
        try:
            row = _split(line, delimiter)
        except csv.Error as error:
            yield Refused(number, "", f"Not CSV: {error}.")
            continue
        if any(row):
            yield _entry(number, cells(row), checksums=checksums)


def _header(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip().casefold() for name in _split(line, delimiter)]
    except csv.Error:
        raise UnknownHeader(UnknownHeader.__doc__) from None


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, strict=True), [])


def row(structure: Structure) -> Row:
    """A structure as the directory shows it, in the order of its columns."""
    address = structure.address or Address(country="")
    first, second = (*address.complements[:2], "", "")[:2]
    return (
        structure.identifier.type,
        structure.identifier.value,
        structure.legal_name,
        *map(_written, _options(structure.edi, structure.flags)),
        _written(structure.status == "active"),
        address.line,
        first,
        second,
        address.postcode,
        address.city,
        structure.phone,
        structure.email,
        code_of(address.country),
        address.country,
    )


def _options(edi: Edi, flags: Flags) -> tuple[bool, ...]:
    return (
        edi.sends_flows,
        edi.receives_life_cycles,
        not flags.payment_status_withheld,
        flags.engagement_required,
        flags.unit_required,
        flags.unit_or_engagement,
        flags.moa,
        flags.moa_only,
    )


def _written(flag: bool) -> str:  # one of the cells
    return "true" if flag else "false"


def _cells(names: list[str]) -> Callable[[list[str]], dict[str, str]]:
    if "siret" not in names[:1] and not {"typeidentifiant", "identifiant"} <= {*names}:
        raise UnknownHeader(UnknownHeader.__doc__)

    def of(row: list[str]) -> dict[str, str]:
        cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
        # A delimiter inside a text that is not quoted: the cells after it are not what they seem.
        return cells | ({_TOO_MANY: "x"} if any(row[len(names) :]) else {})

    return of


def _entry(number: int, written: dict[str, str], *, checksums: bool) -> Line | Refused:
    cells = {name: plain(cell) for name, cell in written.items()}
    kind = "SIRET" if "siret" in cells else cells.get("typeidentifiant", "").upper()
    value = cells.get("siret") or cells.get("identifiant", "")
    refusal = _refusal(kind, cells) or _formulas(written)
    if refusal:
        return Refused(number, value[:100], refusal)
    try:
        identifier = identify(cast(IdentifierType, kind), value, checksums=checksums)
    except Problem as problem:
        return Refused(number, value[:100], str(problem))
    return Line(
        number=number,
        identifier=identifier,
        status="active" if _says(cells, "structureactive", otherwise=True) else "inactive",
        legal_name=cells.get("raisonsociale") or None,
        email=cells.get("courriel") or None,
        phone=cells.get("numtelephone") or None,
        address=_address(cells),
        edi=Edi(
            sends_flows=_says(cells, "emetteuredi"),
            receives_life_cycles=_says(cells, "recepteuredi"),
        ),
        flags=_flags(cells),
    )


def _flags(cells: dict[str, str]) -> Flags:
    moa_only = _says(cells, "estmoauniquement")
    return Flags(
        unit_required=_says(cells, "gestionservice"),
        engagement_required=_says(cells, "gestionengagement"),
        unit_or_engagement=_says(cells, "gestionserviceengagement"),
        moa=moa_only or _says(cells, "estmoa"),
        moa_only=moa_only,
        payment_status_withheld=not _says(cells, "gestionstatutmiseenpaiement", otherwise=True),
    )


def _says(cells: dict[str, str], name: str, *, otherwise: bool = False) -> bool:
    """``otherwise``: where the cell is not there, or says neither."""
    said = cells.get(name, "").casefold()
    return said in _YES or (otherwise and said not in _NO)


def _formulas(written: dict[str, str]) -> str:
    """Ours are marked as texts; any other would be calculated by whoever opens the next export."""
    found = [
        name
        for name, cell in written.items()
        if is_formula(cell) and not (name == "numtelephone" and _TELEPHONE.fullmatch(cell))
    ]
    return f"A formula, or what would be read as one: {', '.join(found)}." if found else ""


def _refusal(kind: str, cells: dict[str, str]) -> str:
    if not all(cell.isprintable() for cell in cells.values()):
        return "Not UTF-8, or with characters that cannot be printed."
    if _TOO_MANY in cells:
        return "More cells than columns."
    if kind not in _TYPES or kind == "PARTICULIER":
        return "This type of identifier is not one of a public structure."
    long = [name for name, most in _LENGTHS.items() if len(cells.get(name, "")) > most]
    if long:
        return f"Too long: {', '.join(long)}."
    wrong = [name for name, good in _CHECKS.items() if cells.get(name) and not good(cells[name])]
    return f"Not understood: {', '.join(wrong)}." if wrong else ""


def _address_of_mail(cell: str) -> bool:
    try:
        validate_email(cell, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "courriel": _address_of_mail,
    "numtelephone": lambda cell: bool(_TELEPHONE.fullmatch(cell)),
    "codepays": lambda cell: bool(name_of(cell)),
    **dict.fromkeys(_FLAGS, lambda cell: cell.casefold() in _YES | _NO),
}


def _address(cells: dict[str, str]) -> Address | None:
    complements = (cells.get("complementadresse1"), cells.get("complementadresse2"))
    address = Address(
        line=cells.get("adresse", ""),
        complements=tuple(filter(None, complements)),
        postcode=cells.get("codepostal", ""),
        city=cells.get("ville", ""),
        country=cells.get("libellepays") or name_of(cells.get("codepays", "")) or FRANCE,
    )
    return address if address.line or address.postcode or address.city else None
