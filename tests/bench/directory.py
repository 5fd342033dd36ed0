"""Structures as a country has them: names that share words, some everywhere and most rare."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from services.structures.domain.structures import Address, Structure
from services.structures.identifiers import Identifier

TRADES = """
menuiserie boulangerie plomberie maçonnerie peinture électricité coiffure restaurant garage
transports pharmacie cabinet médical architecture conseil formation informatique nettoyage
paysage élevage viticole charpente couverture chauffage serrurerie imprimerie librairie
boucherie épicerie fleuriste optique ambulances assurances immobilière investissement gestion
participations développement services travaux bâtiment construction rénovation isolation
carrelage ébénisterie métallerie tuyauterie mécanique agricole forestière scierie fromagerie
poissonnerie traiteur hôtel camping location vacances danse musique théâtre
""".split()  # noqa: SIM905  # a list of this length reads better so
FORMS = ("SARL", "SAS", "SASU", "EURL", "SCI", "SA", "SCP", "GAEC", "EARL")
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
# What made-up names are made of: with thousands of different trigrams, as in those of a country.
ONSETS = """
b br bl c cr cl ch d dr f fr fl g gr gl gu h j k l m n p pr pl ph qu r s st t tr v w x z
""".split()  # noqa: SIM905  # as above
VOWELS = "a a e e e i i o o u ai au ou oi ie eu an en on in".split()  # noqa: SIM905  # as above
CODAS = ("", "", "", "", "l", "n", "r", "s", "t", "ss", "rt", "ll", "nt", "rd", "c", "x", "y")
SEED = 20_260_105


def _word(drawn: random.Random) -> str:
    many = drawn.choice((2, 2, 3, 3, 4))
    parts = (drawn.choice(ONSETS) + drawn.choice(VOWELS) for _ in range(many))
    return "".join(parts) + drawn.choice(CODAS)


class Directory:
    """The same structures each time, in any number."""

    def __init__(self) -> None:
        self._drawn = random.Random(SEED)
        self.surnames = [_word(self._drawn) for _ in range(30_000)]
        self.cities = [_word(self._drawn).capitalize() for _ in range(8_000)]

    def _of(self, words: list[str]) -> str:
        """A few of them often, most of them seldom."""
        return words[int(len(words) * self._drawn.random() ** 2)]

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
                    line=f"{n % 200} rue {self._of(self.surnames)}",
                    postcode=f"{self._drawn.randrange(1000, 98_999):05}",
                    city=city,
                ),
                origin="import",
                created_at=at,
            )
