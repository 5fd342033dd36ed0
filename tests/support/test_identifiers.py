"""What is refused of an identifier when a structure is asked for."""

import pytest

from contracts.structures import IdentifierType
from services.support.domain.identifiers import InvalidIdentifier, check_identifier
from tests.support.builders import fields

FIELD = "body/identifier/value"


class TestCheckIdentifier:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("SIRET", "xx"),
            ("SIRET", "73282932000075"),
            ("SIRET", "7328293200007"),
            ("UE_HORS_FRANCE", "BE0000000000"),
            ("UE_HORS_FRANCE", "73282932000074"),
        ],
    )
    def test_refuses_a_number_whose_key_is_wrong(self, kind: IdentifierType, value: str):
        with pytest.raises(InvalidIdentifier) as refused:
            check_identifier(kind, value, field=FIELD)
        assert fields(refused) == [f"/{FIELD}"]

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("SIRET", "732 829 320 00074"),
            ("SIRET", "35600000049837"),
            ("UE_HORS_FRANCE", "be 0403 019 261"),
            ("RIDET", "0123456789"),
            ("AUTRE", "Commune nouvelle"),
        ],
    )
    def test_takes_a_right_one_however_it_is_spaced(self, kind: IdentifierType, value: str):
        check_identifier(kind, value, field=FIELD)
