"""Numbers of bank accounts, and their keys."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.structures.domain.bank_accounts import (
    IbanKeyMissing,
    InvalidAccountNumber,
    InvalidBic,
    NoAccountsThere,
    WrongIbanKey,
    WrongRibKey,
    account,
    rib_key_fits,
)
from tests.structures.keeping import BBAN, IBAN, an_account, pointer

RIB = "30006 00001 12345678901 89"


def refused(problem: type[Exception], **but: Any) -> str:
    with pytest.raises(problem) as it:
        an_account(**but)
    return pointer(it)


class TestIban:
    @pytest.mark.feature("BNK-03", "BNK-05")
    def test_is_its_country_its_key_and_the_number_of_the_account(self):
        known = an_account()
        assert (known.iban, known.country, known.iban_key, known.bban) == (IBAN, "FR", "76", BBAN)

    @pytest.mark.feature("BNK-05")
    @pytest.mark.parametrize(
        ("country", "key", "bban"),
        [
            ("DE", "89", "370400440532013000"),
            ("GB", "82", "WEST12345698765432"),
            ("BE", "68", "539007547034"),
            ("MC", "58", "11222000010123456789030"),
            ("NO", "93", "86011117947"),
        ],
    )
    def test_may_be_of_any_country_that_has_them(self, country: str, key: str, bban: str):
        known = account("IBAN", country=country, bban=bban, iban_key=key, bic=None)
        assert known.iban == country + key + bban

    @pytest.mark.parametrize("bban", [f" {RIB} ", RIB.replace(" ", "-"), BBAN.lower()])
    def test_is_read_however_it_is_written(self, bban: str):
        assert an_account(bban=bban).iban == IBAN

    @pytest.mark.feature("BNK-05")
    def test_is_refused_without_its_key(self):
        assert refused(IbanKeyMissing, iban_key=None) == "/body/iban_key"

    @pytest.mark.feature("BNK-05")
    @pytest.mark.parametrize("key", ["00", "67", "75", "77", "98"])
    def test_is_refused_with_another_key(self, key: str):
        assert refused(WrongIbanKey, iban_key=key) == "/body/iban_key"

    @pytest.mark.feature("BNK-05", "BNK-06")
    def test_is_refused_when_the_french_number_is_wrong_in_itself(self):
        assert refused(WrongRibKey, bban=BBAN[:-1] + "0") == "/body/bban"

    @pytest.mark.parametrize("bban", ["", "3000600001", BBAN + "1", "x" * 40, "30006$00001", "é"])
    def test_is_refused_when_it_is_no_number_of_that_country(self, bban: str):
        assert refused(InvalidAccountNumber, bban=bban) == "/body/bban"

    @pytest.mark.feature("BNK-04")
    @pytest.mark.parametrize("country", ["US", "XX", "ZZ", "AQ"])
    def test_is_refused_where_there_are_none(self, country: str):
        assert refused(NoAccountsThere, country=country) == "/body/country"

    @given(some.integers(0, 22), some.integers(1, 9))
    def test_no_single_wrong_digit_passes(self, at: int, more: int):
        wrong = str((int(BBAN[at]) + more) % 10)
        with pytest.raises((WrongRibKey, WrongIbanKey)):
            an_account(bban=BBAN[:at] + wrong + BBAN[at + 1 :])


class TestRib:
    @pytest.mark.feature("BNK-03", "BNK-06")
    def test_needs_no_key_but_its_own(self):
        known = an_account(type="RIB", bban=RIB, iban_key=None)
        assert (known.type, known.iban) == ("RIB", IBAN)

    @pytest.mark.feature("BNK-06")
    def test_is_refused_when_its_key_is_wrong(self):
        wrong = "30006 00001 12345678901 88"
        assert refused(WrongRibKey, type="RIB", bban=wrong, iban_key=None) == "/body/bban"

    def test_is_refused_with_a_key_of_an_iban_that_does_not_fit(self):
        assert refused(WrongIbanKey, type="RIB", iban_key="75") == "/body/iban_key"

    @pytest.mark.feature("BNK-04")
    def test_is_french(self):
        of = {"type": "RIB", "country": "DE", "bban": "370400440532013000"}
        assert refused(NoAccountsThere, **of) == "/body/country"

    @pytest.mark.parametrize("country", ["NC", "RE", "PF"])
    def test_is_french_overseas_too(self, country: str):
        known = an_account(type="RIB", country=country, iban_key=None)
        assert (known.country, known.iban) == (country, IBAN)

    def test_reads_letters_as_digits(self):
        # As banks do: A and J are 1, B, K and S are 2, and so on.
        assert rib_key_fits("20041010050500013M02606")
        assert not rib_key_fits("20041010050500013N02606")

    @given(some.integers(0, 10**5 - 1), some.integers(0, 10**5 - 1), some.integers(0, 10**11 - 1))
    def test_has_exactly_one_key(self, bank: int, branch: int, number: int):
        known = f"{bank:05}{branch:05}{number:011}"
        assert sum(rib_key_fits(f"{known}{key:02}") for key in range(100)) == 1


class TestBic:
    @pytest.mark.feature("BNK-08")
    @pytest.mark.parametrize("bic", ["BNPAFRPP", "bnpafrppxxx", "AGRIFRPP882"])
    def test_has_8_or_11_characters(self, bic: str):
        assert an_account(bic=bic).bic == bic.upper()

    @pytest.mark.feature("BNK-08")
    @pytest.mark.parametrize("bic", [None, ""])
    def test_may_be_absent(self, bic: str | None):
        assert an_account(bic=bic).bic is None

    @pytest.mark.feature("BNK-08")
    @pytest.mark.parametrize(
        "bic", ["BNPAFRP", "BNPAFRPPX", "BNPAFRPPXXXX", "1234FRPP", "éééééééé"]
    )
    def test_is_refused_otherwise(self, bic: str):
        assert refused(InvalidBic, bic=bic) == "/body/bic"


@pytest.mark.feature("BNK-17")
def test_an_account_never_says_its_number_by_itself():
    known = an_account()
    assert known.ending == "0189"
    assert BBAN not in f"{known!r} {known}"
    assert "1234567890" not in repr(known)
