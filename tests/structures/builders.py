"""Structures and what INSEE says, as the tests of this folder need them."""

from datetime import UTC, datetime
from typing import Any

from services.structures.domain.identifiers import Identifier
from services.structures.domain.structures import Address, Establishment, Structure, Wanted

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SIRET = Identifier("SIRET", "73282932000074")
RUE = Address(line="1 RUE DU BOIS", postcode="44000", city="NANTES")


def a_structure(**but: Any) -> Structure:
    asked = {
        "id": but.get("identifier", SIRET).structure_id,
        "identifier": SIRET,
        "kind": "private",
        "status": "active",
        "legal_name": "MENUISERIE DUPONT",
        "email": "contact@example.org",
        "address": RUE,
        "origin": "self-service",
        "created_by": "u-lea",
        "created_at": NOW,
    }
    return Structure(**asked | but)


def a_wanted(**but: Any) -> Wanted:
    return Wanted(**{"identifier": SIRET, "kind": "private"} | but)


def an_establishment(**but: Any) -> Establishment:
    said = {
        "siret": SIRET.value,
        "open": True,
        "diffusible": True,
        "legal_name": "MENUISERIE DUPONT",
        "label": None,
        "address": RUE,
    }
    return Establishment(**said | but)


def an_answer(**but: Any) -> dict[str, Any]:
    """What Sirene 3.11 answers; ``but`` replaces fields of the establishment."""
    establishment = {
        "siren": SIRET.value[:9],
        "nic": SIRET.value[9:],
        "siret": SIRET.value,
        "statutDiffusionEtablissement": "O",
        "dateCreationEtablissement": "2000-01-01",
        "etablissementSiege": True,
        "nombrePeriodesEtablissement": 2,
        "uniteLegale": a_unit(),
        "adresseEtablissement": {
            "complementAdresseEtablissement": "BATIMENT B",
            "numeroVoieEtablissement": "1",
            "indiceRepetitionEtablissement": "B",
            "typeVoieEtablissement": "RUE",
            "libelleVoieEtablissement": "DU BOIS",
            "codePostalEtablissement": "44000",
            "libelleCommuneEtablissement": "NANTES",
            "libelleCommuneEtrangerEtablissement": None,
            "distributionSpecialeEtablissement": None,
            "codePaysEtrangerEtablissement": None,
            "libellePaysEtrangerEtablissement": None,
        },
        "adresse2Etablissement": {"codePostalEtablissement": None},
        "periodesEtablissement": [a_period(), a_period("2020-08-31", "F")],
    }
    return {"header": {"statut": 200, "message": "OK"}, "etablissement": establishment | but}


def a_unit(**but: Any) -> dict[str, Any]:
    return {
        "etatAdministratifUniteLegale": "A",
        "statutDiffusionUniteLegale": "O",
        "categorieJuridiqueUniteLegale": "5710",
        "denominationUniteLegale": "MENUISERIE DUPONT",
        "sigleUniteLegale": None,
        "nomUniteLegale": None,
        "nomUsageUniteLegale": None,
        "prenom1UniteLegale": None,
        "prenomUsuelUniteLegale": None,
        "categorieEntreprise": "PME",
    } | but


def a_period(until: str | None = None, state: str = "A", **but: Any) -> dict[str, Any]:
    return {
        "dateFin": until,
        "dateDebut": "2020-09-01",
        "etatAdministratifEtablissement": state,
        "changementEtatAdministratifEtablissement": True,
        "enseigne1Etablissement": None,
        "denominationUsuelleEtablissement": None,
        "activitePrincipaleEtablissement": "43.32A",
        "caractereEmployeurEtablissement": "O",
    } | but
