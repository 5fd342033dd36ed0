"""What identifies a structure."""

import pytest

from contracts.structures import IdentifierType
from services.structures.domain.identifiers import (
    Identifier,
    InvalidIdentifier,
    InvalidVatNumber,
    check_name,
    identify,
    vat_number,
)


def refused(kind: IdentifierType, value: str) -> dict[str, object]:
    with pytest.raises(InvalidIdentifier) as refusal:
        identify(kind, value)
    return refusal.value.as_json()


class TestSiret:
    @pytest.mark.feature("STR-08")
    @pytest.mark.parametrize("value", ["73282932000074", "84965690500015", "51994679200016"])
    def test_is_taken_when_both_keys_are_right(self, value: str):
        assert identify("SIRET", value) == Identifier("SIRET", value)

    @pytest.mark.feature("STR-08")
    @pytest.mark.parametrize(
        "value",
        [
            "50419910266307",
            "13000495500012",
            "99986401570264",  # its own key is right, that of its SIREN is not
            "7328293200007",
            "732829320000745",
            "7328293200007A",
            "٧٣٢٨٢٩٣٢٠٠٠٠٧٤",
            "",
        ],
    )
    def test_is_refused_and_the_field_named(self, value: str):
        errors = refused("SIRET", value)["errors"]

        assert [one["pointer"] for one in errors] == ["/body/identifier/value"]

    @pytest.mark.feature("STR-09")
    @pytest.mark.parametrize("value", ["35600000000048", "35600000049837", "35600000000001"])
    def test_of_la_poste_follows_its_own_rule(self, value: str):
        assert identify("SIRET", value).value == value

    @pytest.mark.feature("STR-09")
    def test_of_la_poste_is_refused_when_its_sum_is_no_multiple_of_five(self):
        refused("SIRET", "35600000000005")

    @pytest.mark.feature("STR-02")
    def test_is_the_same_however_it_is_spaced(self):
        spaced = identify("SIRET", " 732 829 320\u00a000074 ")

        assert spaced == identify("SIRET", "73282932000074")
        assert spaced.structure_id == identify("SIRET", "73282932000074").structure_id

    @pytest.mark.feature("STR-08")
    def test_needs_no_key_where_sandboxes_invent_them(self):
        assert identify("SIRET", "50419910266307", checksums=False).value == "50419910266307"
        with pytest.raises(InvalidIdentifier):
            identify("SIRET", "5041991026630", checksums=False)


@pytest.mark.feature("STR-07", "STR-10", "STR-11", "STR-12", "STR-13")
class TestOtherTypes:
    @pytest.mark.parametrize(
        ("kind", "value", "normal"),
        [
            ("UE_HORS_FRANCE", "de 136 695 976", "DE136695976"),
            ("UE_HORS_FRANCE", "EL094259216", "EL094259216"),
            ("HORS_UE", "usAcme  corporation", "USACME CORPORATION"),
            ("HORS_UE", "WFUVEA", "WFUVEA"),
            ("RIDET", "0 123 456.001", "0123456001"),
            ("RIDET", "123456789", "123456789"),
            ("TAHITI", "a12345678", "A12345678"),
            ("AUTRE", "en cours d'immatriculation", "EN COURS D'IMMATRICULATION"),
            ("PARTICULIER", "1990193160 Bonjean", "1990193160BONJEAN"),
            ("PARTICULIER", "1990675001FA", "1990675001FA"),
            ("PARTICULIER", "199062A001FA", "199062A001FA"),
        ],
    )
    def test_are_taken_and_normalised(self, kind: IdentifierType, value: str, normal: str):
        assert identify(kind, value).value == normal

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("UE_HORS_FRANCE", "FR44732829320"),
            ("UE_HORS_FRANCE", "US136695976"),
            ("UE_HORS_FRANCE", "DE136695977"),
            ("UE_HORS_FRANCE", "DE12345678901234567"),
            ("HORS_UE", "DEACME"),
            ("HORS_UE", "GRACME"),
            ("HORS_UE", "US"),
            ("HORS_UE", "ZZNOWHERE"),
            ("HORS_UE", "UNPEACE"),
            ("HORS_UE", "EUINSTITUTION"),
            ("HORS_UE", "QQNOWHERE"),
            ("HORS_UE", "USACMECORPORATIONSXX"),
            ("RIDET", "12345678"),
            ("RIDET", "12345678901"),
            ("RIDET", "12345678A"),
            ("TAHITI", "A1234567"),
            ("TAHITI", "A123456789"),
            ("AUTRE", "x" * 81),
            ("AUTRE", "a\x00b"),
            ("PARTICULIER", "BONJEAN"),
            ("PARTICULIER", "1990193160"),
        ],
    )
    def test_are_refused(self, kind: IdentifierType, value: str):
        refused(kind, value)

    def test_the_same_value_of_two_types_is_two_structures(self):
        ridet, tahiti = identify("RIDET", "123456789"), identify("TAHITI", "123456789")

        assert ridet.structure_id != tahiti.structure_id


class TestHorsUe:
    @pytest.mark.feature("STR-11")
    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ("USACME", "Acme"),
            ("USACME CORPORATION", "Acme Corporation of America"),
            ("USACMECORPORATIONS", "ACMECORPORATIONS INC."),
            ("USABCDEFGHIJKLMNO", "Abcdefghijklmno pqr"),
            ("CHELECTRICITE DU R", "Électricité du Rhône"),
            ("GBT HOOFT AND SONS", "'t Hooft and Sons Ltd"),
            ("WFUVEA", "Uvea"),
            ("USACME", None),
        ],
    )
    def test_bears_the_first_characters_of_its_name(self, value: str, name: str | None):
        check_name(identify("HORS_UE", value), name)

    @pytest.mark.feature("STR-11")
    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ("USACME", "Completely Other Name"),
            ("USACME", "Acme Corporation"),
            ("USACME CORPORATION", "Acme"),
        ],
    )
    def test_bears_no_other_name(self, value: str, name: str):
        with pytest.raises(InvalidIdentifier) as refusal:
            check_name(identify("HORS_UE", value), name)
        assert refusal.value.members["errors"][0]["pointer"] == "/body/identifier/value"

    def test_is_the_rule_of_no_other_type(self):
        check_name(identify("AUTRE", "acme"), "Completely Other Name")


class TestVatNumber:
    @pytest.mark.feature("STR-24")
    @pytest.mark.parametrize("given", ["FR44732829320", "fr 44 732 829 320", "DE136695976"])
    def test_is_normalised(self, given: str):
        assert vat_number(given) == "".join(given.split()).upper()

    @pytest.mark.feature("STR-24")
    @pytest.mark.parametrize("given", ["FR45732829320", "US123456789", "732829320"])
    def test_is_refused_when_its_key_or_its_country_is_wrong(self, given: str):
        with pytest.raises(InvalidVatNumber) as refusal:
            vat_number(given)
        assert refusal.value.members["errors"][0]["pointer"] == "/body/vat_number"

    def test_may_have_a_wrong_key_in_a_sandbox(self):
        assert vat_number("FR45732829320", checksums=False) == "FR45732829320"
