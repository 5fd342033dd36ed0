"""
A stub of INSEE's Sirene 3.11: every SIRET whose checksum is right has an establishment.

It is active, and what it is follows from its digits. These differ, so that each way of answering
can be tried:

==============  =====================================================
99900001100018  closed since 2023
99900002900010  unknown: 404, although its checksum is right
99900003700013  partly diffusible (P): a person whose name is masked
99900004500016  slow: active, told after 5 seconds
99900005200012  failing: 500, each time
99900006000015  too many requests: 429, each time
99900007800017  withheld: 403, although it exists
==============  =====================================================
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from stdnum.fr import siret

CLOSED = "99900001100018"
UNKNOWN = "99900002900010"
PARTLY_DIFFUSIBLE = "99900003700013"
SLOW = "99900004500016"
FAILING = "99900005200012"
TOO_MANY = "99900006000015"
WITHHELD = "99900007800017"

SLOWNESS = 5.0
MASKED = "[ND]"
LA_POSTE = "356000000"

# The name of each, and its activity in INSEE's nomenclature (NAF).
TRADES = (
    ("MENUISERIE", "43.32A"),
    ("BOULANGERIE", "10.71C"),
    ("IMPRIMERIE", "18.12Z"),
    ("ELECTRICITE", "43.21A"),
    ("PLOMBERIE", "43.22A"),
    ("TRANSPORTS", "49.41A"),
    ("PAYSAGES", "81.30Z"),
    ("LIBRAIRIE", "47.61Z"),
    ("NETTOYAGE", "81.21Z"),
    ("CONSEIL INFORMATIQUE", "62.02A"),
    ("ARCHITECTURE", "71.11Z"),
    ("TRADUCTION", "74.30Z"),
)
FAMILIES = ("MARTIN", "BERNARD", "LE GALL", "PETIT", "MOREAU", "GARNIER", "FAURE", "ROUSSEL")
FIRST_NAMES = ("CLAIRE", "LOUIS", "NADIA", "HUGO", "INES", "PAUL", "SOPHIE", "KARIM")
COMPANY_KINDS = ("5499", "5710", "5498", "5720")
SIZES = (("NN", "PME"), ("02", "PME"), ("11", "PME"), ("21", "PME"), ("41", "ETI"))
WAYS = (
    ("RUE", "DES ACACIAS"),
    ("AVENUE", "DE LA REPUBLIQUE"),
    ("PLACE", "DU MARCHE"),
    ("BOULEVARD", "VICTOR HUGO"),
    ("CHEMIN", "DES VIGNES"),
    ("QUAI", "DE LA GARE"),
)
# name, postcode, INSEE's code
TOWNS = (
    ("PARIS", "75011", "75111"),
    ("LYON", "69003", "69383"),
    ("NANTES", "44000", "44109"),
    ("RENNES", "35000", "35238"),
    ("LILLE", "59000", "59350"),
    ("BORDEAUX", "33000", "33063"),
    ("STRASBOURG", "67000", "67482"),
    ("GRENOBLE", "38000", "38185"),
    ("DIJON", "21000", "21231"),
    ("BREST", "29200", "29019"),
    ("LIMOGES", "87000", "87085"),
    ("AMIENS", "80000", "80021"),
)

Json = dict[str, Any]
T = TypeVar("T")


def app(slowness: float = SLOWNESS) -> Starlette:
    async def establishment(request: Request) -> Response:
        number = request.path_params["siret"]
        if number == SLOW:
            await asyncio.sleep(slowness)
        status, body = answer(number)
        return JSONResponse(body, status, headers={"retry-after": "60"} if status == 429 else None)

    return Starlette(routes=[Route("/api-sirene/3.11/siret/{siret}", establishment)])


def answer(number: str) -> tuple[int, Json]:
    """The status and the body that Sirene would give for a SIRET."""
    if number == FAILING:
        return _refusal(500, "Erreur interne du serveur")
    if number == TOO_MANY:
        return _refusal(429, "Vous avez dépassé le quota de votre plan")
    if number == WITHHELD:
        return _refusal(403, "Les informations de cet établissement ne peuvent être diffusées")
    if not (number.isascii() and number.isdigit() and len(number) == 14):
        return _refusal(400, "Erreur de syntaxe dans le paramètre siret")
    if number == UNKNOWN or not siret.is_valid(number):
        return _refusal(404, f"Aucun élément trouvé pour le siret {number}")
    return 200, {
        "header": {"statut": 200, "message": "OK"},
        "etablissement": _establishment(number),
    }


def _refusal(status: int, message: str) -> tuple[int, Json]:
    return status, {"header": {"statut": status, "message": message}}


def _establishment(number: str) -> Json:
    unit, nic = number[:9], number[9:]
    seat = _seat(unit)
    year, month = _pick(number, "year", range(2000, 2020)), _pick(number, "month", range(1, 13))
    created = f"{year}-{month:02}-01"
    size, _ = _pick(unit, "size", SIZES)
    legal_unit = _legal_unit(unit, seat)
    return {
        "siren": unit,
        "nic": nic,
        "siret": number,
        "statutDiffusionEtablissement": _diffusion(unit),
        "dateCreationEtablissement": created,
        "trancheEffectifsEtablissement": size,
        "anneeEffectifsEtablissement": "2021",
        "activitePrincipaleRegistreMetiersEtablissement": None,
        "dateDernierTraitementEtablissement": "2024-03-22T14:07:01.000",
        "etablissementSiege": nic == seat,
        "nombrePeriodesEtablissement": 2 if number == CLOSED else 1,
        "uniteLegale": legal_unit,
        "adresseEtablissement": _address(number),
        "adresse2Etablissement": dict.fromkeys(_address(number)),
        "periodesEtablissement": _periods(number, created, legal_unit),
    }


def _legal_unit(unit: str, seat: str) -> Json:
    kind, naf, name, family, first_name = _identity(unit)
    masked = MASKED if _diffusion(unit) == "P" else None
    return {
        "etatAdministratifUniteLegale": "A",
        "statutDiffusionUniteLegale": _diffusion(unit),
        "dateCreationUniteLegale": f"{1990 + _pick(unit, 'year', range(10))}-01-01",
        "categorieJuridiqueUniteLegale": kind,
        "denominationUniteLegale": name,
        "sigleUniteLegale": None,
        "nomUniteLegale": family and (masked or family),
        "prenom1UniteLegale": first_name and (masked or first_name),
        "prenomUsuelUniteLegale": first_name and (masked or first_name),
        "activitePrincipaleUniteLegale": naf,
        "nicSiegeUniteLegale": seat,
        "categorieEntreprise": _pick(unit, "size", SIZES)[1],
    }


def _identity(unit: str) -> tuple[str, str, str | None, str | None, str | None]:
    """Legal category, activity, and either a company's name or a person's two."""
    if unit == LA_POSTE:
        return "5510", "53.10Z", "LA POSTE", None, None
    if unit[0] in "12":  # INSEE keeps these for what is public.
        return "7210", "84.11Z", f"COMMUNE DE {_pick(unit, 'town', TOWNS)[0]}", None, None
    trade, naf = _pick(unit, "trade", TRADES)
    family = _pick(unit, "family", FAMILIES)
    if _diffusion(unit) == "P" or _pick(unit, "is a person", range(8)) == 0:
        return "1000", naf, None, family, _pick(unit, "first name", FIRST_NAMES)
    return _pick(unit, "kind", COMPANY_KINDS), naf, f"{trade} {family}", None, None


def _address(number: str) -> Json:
    town, postcode, code = _pick(number, "town", TOWNS)
    way, name = _pick(number, "way", WAYS)
    masked = MASKED if _diffusion(number[:9]) == "P" else None
    return {
        "complementAdresseEtablissement": None,
        "numeroVoieEtablissement": masked or str(_pick(number, "house", range(1, 120))),
        "indiceRepetitionEtablissement": None,
        "dernierNumeroVoieEtablissement": None,
        "typeVoieEtablissement": masked or way,
        "libelleVoieEtablissement": masked or name,
        "codePostalEtablissement": masked or postcode,
        "libelleCommuneEtablissement": town,
        "libelleCommuneEtrangerEtablissement": None,
        "distributionSpecialeEtablissement": None,
        "codeCommuneEtablissement": code,
        "codeCedexEtablissement": None,
        "libelleCedexEtablissement": None,
        "codePaysEtrangerEtablissement": None,
        "libellePaysEtrangerEtablissement": None,
        "identifiantAdresseEtablissement": None,
        "coordonneeLambertAbscisseEtablissement": None,
        "coordonneeLambertOrdonneeEtablissement": None,
    }


def _periods(number: str, created: str, legal_unit: Json) -> list[Json]:
    """Newest first; the present one is that which has no end."""

    def period(begin: str, end: str | None, state: str) -> Json:
        return {
            "dateFin": end,
            "dateDebut": begin,
            "etatAdministratifEtablissement": state,
            "changementEtatAdministratifEtablissement": state == "F",
            "enseigne1Etablissement": None,
            "denominationUsuelleEtablissement": None,
            "activitePrincipaleEtablissement": legal_unit["activitePrincipaleUniteLegale"],
            "caractereEmployeurEtablissement": "O",
        }

    if number == CLOSED:
        return [period("2023-07-01", None, "F"), period(created, "2023-06-30", "A")]
    return [period(created, None, "A")]


def _seat(unit: str) -> str:
    """The first NIC that gives a right checksum."""
    if unit == LA_POSTE:
        return "00048"
    return next(nic for n in range(10, 20) if siret.is_valid(unit + (nic := f"{n:05}")))


def _diffusion(unit: str) -> str:
    return "P" if unit == PARTLY_DIFFUSIBLE[:9] else "O"


def _pick(seed: str, about: str, choices: Sequence[T]) -> T:
    digest = sha256(f"{about} of {seed}".encode()).digest()
    return choices[int.from_bytes(digest[:4]) % len(choices)]
