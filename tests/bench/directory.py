"""
Structures as a country has them: names that share words, some everywhere and most rare.

``python -m tests.bench.directory 1000000 > directory.csv`` writes them in the columns of the public
directory, to be imported. The first 100,000 have the SIRET of a real public structure (INSEE's open
register); the rest have made-up ones whose keys are right. No name belongs to anybody.
"""

import csv
import gzip
import random
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from services.structures.domain.identifiers import Identifier
from services.structures.domain.structures import Address, Structure

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
REAL = Path(__file__).parent / "public-structures.csv.gz"
COLUMNS = ("siret", "raisonsociale", "adresse", "codepostal", "ville")


def _with_key(digits: str) -> str:
    """Luhn's key behind them: of a SIREN as of a SIRET."""
    doubled = sum(DOUBLED[int(one)] for one in digits[::-2])
    return f"{digits}{-(doubled + sum(map(int, digits[-2::-2]))) % 10}"


DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


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

    def _sirets(self) -> Iterator[tuple[str, bool]]:
        """Each with whether it is a real one; the same SIRET never comes twice."""
        with gzip.open(REAL, "rt") as lines:
            real = [line.strip() for line in lines][1:]  # after the name of the column
        yield from ((siret, True) for siret in real)
        seen = {siret[:9] for siret in real}
        while True:
            siren = _with_key(f"{self._drawn.randrange(10**7, 10**8)}")
            if siren not in seen:
                seen.add(siren)
                yield _with_key(f"{siren}{self._drawn.randrange(1, 100):04}"), False

    def structures(self, many: int) -> Iterator[Structure]:
        at = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        for n, (siret, real) in zip(range(many), self._sirets(), strict=False):
            city = self._of(self.cities)
            identifier = Identifier("SIRET", siret)
            yield Structure(
                id=identifier.structure_id,
                identifier=identifier,
                kind="public" if real or n % 5 else "private",
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


def write(structures: Iterable[Structure], to: TextIO) -> None:
    """A file for `chorale import structures`."""
    rows = csv.writer(to)
    rows.writerow(COLUMNS)
    for one in structures:
        where = one.address or Address()
        rows.writerow(
            (one.identifier.value, one.legal_name, where.line, where.postcode, where.city)
        )


if __name__ == "__main__":
    write(Directory().structures(int(sys.argv[1])), sys.stdout)
