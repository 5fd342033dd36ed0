"""Structures as a country has them: names that share words, some everywhere and most rare."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from services.structures.domain import Address, Structure
from services.structures.identifiers import Identifier

TRADES = [
    "menuiserie",
    "boulangerie",
    "plomberie",
    "maçonnerie",
    "peinture",
    "électricité",
    "coiffure",
    "restaurant",
    "garage",
    "transports",
    "pharmacie",
    "cabinet",
    "médical",
    "architecture",
    "conseil",
    "formation",
    "informatique",
    "nettoyage",
    "paysage",
    "élevage",
    "viticole",
    "charpente",
    "couverture",
    "chauffage",
    "serrurerie",
    "imprimerie",
    "librairie",
    "boucherie",
    "épicerie",
    "fleuriste",
    "optique",
    "ambulances",
    "assurances",
    "immobilière",
    "investissement",
    "gestion",
    "participations",
    "développement",
    "services",
    "travaux",
    "bâtiment",
    "construction",
    "rénovation",
    "isolation",
    "carrelage",
    "ébénisterie",
    "métallerie",
    "tuyauterie",
    "mécanique",
    "agricole",
    "forestière",
    "scierie",
    "fromagerie",
    "poissonnerie",
    "traiteur",
    "hôtel",
    "camping",
    "location",
    "vacances",
    "danse",
    "musique",
    "théâtre",
]
FORMS = ["SARL", "SAS", "SASU", "EURL", "SCI", "SA", "SCP", "GAEC", "EARL"]
BODIES = (
    "commune de {}",
    "mairie de {}",
    "syndicat intercommunal de {}",
    "école primaire de {}",
    "collège {}",
    "lycée {}",
    "centre hospitalier de {}",
    "communauté de communes du {}",
    "association sportive de {}",
    "association des parents d'élèves de {}",
    "comité des fêtes de {}",
    "service départemental d'incendie de {}",
    "office public de l'habitat de {}",
)
STARTS = [
    "mar",
    "ber",
    "du",
    "le",
    "bon",
    "char",
    "la",
    "pi",
    "gau",
    "mo",
    "ro",
    "fon",
    "gi",
    "ley",
    "ben",
    "cha",
    "ma",
    "de",
    "vi",
    "sau",
    "bra",
    "ga",
    "tho",
    "fra",
    "lan",
    "gre",
    "pe",
    "cor",
    "au",
    "cla",
    "col",
    "dela",
    "bau",
    "ri",
    "mon",
    "vau",
    "cou",
    "bre",
    "sal",
    "mer",
]
MIDDLES = [
    "ti",
    "na",
    "ran",
    "bou",
    "lle",
    "cha",
    "re",
    "vi",
    "ne",
    "tte",
    "man",
    "ri",
    "go",
    "lo",
    "mi",
    "da",
    "se",
    "ra",
    "ni",
    "le",
    "be",
]
ENDS = [
    "n",
    "nd",
    "rd",
    "ult",
    "et",
    "ot",
    "eau",
    "in",
    "on",
    "ier",
    "ard",
    "el",
    "é",
    "ain",
    "ois",
    "and",
    "ac",
    "ville",
    "mont",
    "court",
    "gny",
    "sac",
    "zan",
    "gnan",
]
SEED = 20_260_105


def _word(drawn: random.Random) -> str:
    middles = (drawn.choice(MIDDLES) for _ in range(drawn.choice((0, 1, 1, 2))))
    return drawn.choice(STARTS) + "".join(middles) + drawn.choice(ENDS)


class Directory:
    """The same structures each time, in any number."""

    def __init__(self) -> None:
        self._drawn = random.Random(SEED)
        self.surnames = [_word(self._drawn) for _ in range(30_000)]
        self.cities = [_word(self._drawn).capitalize() for _ in range(8_000)]

    def _of(self, words: list[str]) -> str:
        """A few of them often, most of them seldom."""
        return words[min(int(self._drawn.paretovariate(0.6)) - 1, 10**9) % len(words)]

    def _name(self, city: str) -> str:
        kind = self._drawn.random()
        surname = self._of(self.surnames)
        if kind < 0.15:
            return self._drawn.choice(BODIES).format(city)
        trade = TRADES[min(int(self._drawn.expovariate(0.06)), len(TRADES) - 1)]
        if kind < 0.5:
            return f"{self._drawn.choice(FORMS)} {trade} {surname}"
        if kind < 0.75:
            return f"{trade} {surname} et fils"
        if kind < 0.9:
            return f"{surname} {self._of(self.surnames)}"
        return f"{trade} {surname} {city}"

    def structures(self, many: int) -> Iterator[Structure]:
        at = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        for n in range(many):
            city = self._of(self.cities)
            siren = self._drawn.randrange(10**9)
            identifier = Identifier("SIRET", f"{siren:09}{n % 100_000:05}")
            yield Structure(
                id=identifier.structure_id,
                identifier=identifier,
                kind="public" if n % 5 else "private",
                status="active",
                legal_name=self._name(city).upper(),
                address=Address(
                    line=f"{n % 200} rue {surname_of(self)}",
                    postcode=f"{self._drawn.randrange(1000, 98_999):05}",
                    city=city,
                ),
                origin="import",
                created_at=at,
            )


def surname_of(directory: Directory) -> str:
    return directory._of(directory.surnames)
