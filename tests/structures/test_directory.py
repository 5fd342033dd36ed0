"""The lines of the public directory."""

import pytest

from services.structures.directory import Line, Refused, UnknownHeader, entries
from services.structures.domain.structures import Address
from services.structures.identifiers import Identifier

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


def read(*lines: str, checksums: bool = False) -> list[Line | Refused]:
    return list(entries((f"{line}\n" for line in lines), checksums=checksums))


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
        ],
    )
    def test_are_refused_one_by_one_with_their_number(self, line: str):
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

    def test_after_a_quote_that_never_closes_are_still_read(self):
        lines = [f"{number:014}" for number in range(20_000)]
        found = read("siret", '"', *lines)

        assert isinstance(found[0], Refused)
        assert any(isinstance(one, Line) for one in found)
