"""The lines of the public directory."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.spreadsheets import MARK, lines
from services.structures.directory import (
    COLUMNS,
    DELIMITER,
    Line,
    Refused,
    UnknownHeader,
    entries,
    row,
)
from services.structures.domain.countries import code_of, name_of
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from services.structures.domain.options import Edi, Flags
from services.structures.domain.structures import Address, Structure
from tests.structures.builders import NOW, SIRET, a_structure

DIRECTORY = (
    "TypeIdentifiant;Identifiant;RaisonSociale;EmetteurEdi;RecepteurEdi;"
    "GestionStatutMiseEnPaiement;GestionEngagement;GestionService;GestionServiceEngagement;EstMOA;"
    "EstMOAUniquement;StructureActive;Adresse;ComplementAdresse1;ComplementAdresse2;CodePostal;"
    "Ville;NumTelephone;Courriel;CodePays;LibellePays"
)
MAIRIE = (
    'SIRET;21840146100031;"MAIRIE; VAISON";false;true;false;true;false;false;false;false;true;'
    "1 PLACE DU MARCHE;BP 1;;84110;VAISON;0400000000;mairie@example.org;FR;France"
)


def read(*lines: str | None, checksums: bool = False) -> list[Line | Refused]:
    written = (line if line is None else f"{line}\n" for line in lines)
    return list(entries(written, checksums=checksums))


class TestEntries:
    def test_read_a_list_of_sirets(self):
        assert read("siret", "21840146100031", "", " 217 201 037 00014 ") == [
            Line(number=2, identifier=Identifier("SIRET", "21840146100031")),
            Line(number=4, identifier=Identifier("SIRET", "21720103700014")),
        ]

    @pytest.mark.parametrize("header", ["SIRET", "\ufeffsiret", '"siret"', "siret,RaisonSociale"])
    def test_know_their_header_however_it_is_written(self, header: str):
        [line] = read(header, "21840146100031")

        assert isinstance(line, Line)

    def test_read_the_public_directory(self):
        assert read(DIRECTORY, MAIRIE) == [
            Line(
                number=2,
                identifier=Identifier("SIRET", "21840146100031"),
                legal_name="MAIRIE; VAISON",
                email="mairie@example.org",
                phone="0400000000",
                edi=Edi(receives_life_cycles=True),
                flags=Flags(engagement_required=True, payment_status_withheld=True),
                address=Address(
                    line="1 PLACE DU MARCHE", complements=("BP 1",), postcode="84110", city="VAISON"
                ),
            )
        ]

    def test_know_a_structure_that_is_no_longer_active(self):
        [line] = read("siret,StructureActive", "21840146100031,false")

        assert isinstance(line, Line)
        assert line.status == "inactive"

    @pytest.mark.parametrize("header", ["", "name", "nom;siret", "TypeIdentifiant;RaisonSociale"])
    def test_are_not_read_under_another_header(self, header: str):
        with pytest.raises(UnknownHeader):
            read(header, "21840146100031")

    def test_of_nothing_are_nothing(self):
        assert read("siret") == []
        with pytest.raises(UnknownHeader):
            read()

    @pytest.mark.parametrize(
        "line",
        [
            "2184014610003",
            "218401461000312",
            "2184014610003A",
            "x" * 3_000,
            "\x00",
            "\udcff21840146100031",
            ",MAIRIE",
            f"21840146100031,{'x' * 256}",
            '21840146100031,"MAIRIE',
            None,
        ],
    )
    def test_are_refused_one_by_one_with_their_number(self, line: str | None):
        before, refused, after = read(
            "siret,RaisonSociale", "21840146100031", line, "21720103700014"
        )

        assert isinstance(before, Line)
        assert isinstance(refused, Refused)
        assert isinstance(after, Line)
        assert refused.number == 3
        assert refused.reason
        assert len(refused.value) <= 100

    def test_of_another_type_are_refused(self):
        refused = read(DIRECTORY, "PARTICULIER;1990193160BONJEAN", "NIF;1")

        assert [type(one) for one in refused] == [Refused, Refused]

    @pytest.mark.feature("STR-08")
    def test_have_their_keys_checked_only_when_asked(self):
        assert isinstance(read("siret", "50419910266307")[0], Line)
        assert isinstance(read("siret", "50419910266307", checksums=True)[0], Refused)

    def test_after_a_quote_that_never_closes_are_all_read(self):
        refused, *found = read("siret", '"', *(f"{number:014}" for number in range(20)))

        assert isinstance(refused, Refused)
        assert [type(one) for one in found] == [Line] * 20

    @pytest.mark.feature("STR-27")
    @pytest.mark.parametrize(
        ("column", "cell"),
        [
            ("Courriel", "not-an-email"),
            ("NumTelephone", "abc"),
            ("StructureActive", "peut-être"),
            ("EstMOA", "2"),
            ("CodePays", "ZZ9"),
        ],
    )
    def test_that_say_what_cannot_be_understood_are_refused(self, column: str, cell: str):
        refused, after = read(f"siret;{column}", f"21840146100031;{cell}", "21720103700014;")
        assert isinstance(refused, Refused)
        assert column.casefold() in refused.reason
        assert isinstance(after, Line)

    @pytest.mark.parametrize("name", ["=1+1", "+SUM(A1)", "-2", "@cmd", "=HYPERLINK(x)"])
    def test_that_a_spreadsheet_would_calculate_are_refused(self, name: str):
        refused, after = read("siret,RaisonSociale", f"21840146100031,{name}", "21720103700014")

        assert isinstance(refused, Refused)
        assert refused.reason.endswith("raisonsociale.")
        assert isinstance(after, Line)

    def test_take_what_is_marked_as_a_text_for_the_text(self):
        [line] = read("siret,RaisonSociale", "21840146100031,'@ VOTRE SERVICE")

        assert isinstance(line, Line)
        assert line.legal_name == "@ VOTRE SERVICE"

    def test_with_a_delimiter_in_a_text_that_is_not_quoted_are_refused(self):
        refused, trailing = read(
            "siret;RaisonSociale", "21840146100031;MAIRIE;VAISON", "21720103700014;MAIRIE;"
        )

        assert isinstance(refused, Refused)
        assert refused.reason == "More cells than columns."
        assert isinstance(trailing, Line)

    def test_may_have_international_telephone_numbers(self):
        [line] = read("siret,NumTelephone", "21840146100031,+33 4 00 00 00 00")

        assert isinstance(line, Line)
        assert line.phone == "+33 4 00 00 00 00"

    def test_without_some_columns_or_cells_know_less(self):
        [line] = read(DIRECTORY, "SIRET;21840146100031;MAIRIE")

        assert isinstance(line, Line)
        assert (line.legal_name, line.status, line.address) == ("MAIRIE", "active", None)
        assert (line.edi, line.flags) == (Edi(), Flags())

    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=5))
    def test_of_any_text_are_read_or_refused(self, texts: list[str]):
        for one in read(DIRECTORY, *texts):
            assert isinstance(one, Line | Refused)


TEXTS = st.text("abcÉ '-=+@;,\"1", max_size=12).map(str.strip)
FLAGS = st.builds(
    Flags,
    unit_required=st.booleans(),
    engagement_required=st.booleans(),
    unit_or_engagement=st.booleans(),
    moa=st.just(value=True),
    moa_only=st.booleans(),
    payment_status_withheld=st.booleans(),
)
ADDRESSES = st.builds(
    Address,
    line=TEXTS.filter(bool),
    complements=st.lists(TEXTS.filter(bool), max_size=2).map(tuple),
    postcode=st.sampled_from(["44000", ""]),
    city=TEXTS,
    country=st.sampled_from(["France", "Belgique", "Allemagne", "Syldavie"]),
)
PUBLIC_STRUCTURES = st.builds(
    a_structure,
    kind=st.just("public"),
    created_by=st.none(),
    origin=st.just("import"),
    legal_name=TEXTS.filter(bool),
    email=st.sampled_from([None, "mairie@example.org"]),
    phone=st.sampled_from([None, "+33 4 00 00 00 00", "0400000000"]),
    status=st.sampled_from(["active", "inactive"]),
    address=st.none() | ADDRESSES,
    edi=st.builds(Edi, sends_flows=st.booleans(), receives_life_cycles=st.booleans()),
    flags=FLAGS | st.just(Flags()),
)


@pytest.mark.feature("STR-54")
class TestRow:
    def test_has_the_21_columns_in_their_order(self):
        assert DELIMITER.join(COLUMNS) == DIRECTORY
        shown = dict(zip(COLUMNS, row(a_structure(kind="public")), strict=True))

        assert (shown["TypeIdentifiant"], shown["Identifiant"]) == ("SIRET", SIRET.value)
        assert (shown["StructureActive"], shown["EstMOA"]) == ("true", "false")
        assert shown["GestionStatutMiseEnPaiement"] == "true"
        assert (shown["Ville"], shown["CodePays"], shown["LibellePays"]) == (
            "NANTES",
            "FR",
            "France",
        )

    def test_is_read_by_any_spreadsheet(self):
        text = lines([row(a_structure(legal_name='=1+1;"x"'))], delimiter=DELIMITER)

        [cells] = csv.reader(io.StringIO(text), delimiter=DELIMITER)
        assert cells[2] == '\'=1+1;"x"'
        assert len(cells) == 21

    @given(PUBLIC_STRUCTURES)
    def test_comes_back_as_it_was(self, structure: Structure):
        [line] = exported_and_read(structure)

        assert isinstance(line, Line)
        assert imported(line) == structure


def exported_and_read(*structures: Structure) -> list[Line | Refused]:
    text = MARK + lines([COLUMNS, *map(row, structures)], delimiter=DELIMITER)
    return list(entries(io.StringIO(text, newline=""), checksums=True))


def imported(line: Line) -> Any:
    said = {name: getattr(line, name) for name in Line.__dataclass_fields__ if name != "number"}
    return import_one(None, **said, now=NOW).state


class TestCountries:
    def test_are_known_by_name_and_by_code(self):
        assert (code_of("ALLEMAGNE"), code_of("États-Unis")) == ("DE", "US")
        assert (name_of("be"), name_of("xx"), code_of("Syldavie")) == ("Belgique", "", "")
