"""Work that is easily checked, and cannot be forged, hurried or kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.effort import (
    Effort,
    EffortMissing,
    EffortOver,
    EffortWrong,
    Spent,
    challenge,
    check,
    solve,
    zero_bits,
)
from kit.problems import Problem

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)
KEY = "a key of the tests"


def solved(text: str, bits: int = 8) -> Effort:
    return solve(text, bits)


def asked(**but: object) -> str:
    return challenge(KEY, **{"nonce": "n-1", "bits": 8, "until": SOON} | but)  # type: ignore[arg-type]  # of its own types


def checked(effort: Effort | None, key: str = KEY, now: datetime = NOW) -> Spent:
    return check(key, effort, now=now, field="body/effort")


class TestCheck:
    def test_names_what_must_not_count_again(self):
        assert checked(solved(asked())) == Spent("n-1", SOON)

    def test_asks_for_one(self):
        with pytest.raises(EffortMissing) as refused:
            checked(None)

        assert refused.value.as_json()["errors"][0]["pointer"] == "/body/effort"

    def test_refuses_a_number_that_solves_nothing(self):
        good = solved(asked())
        others = (replace(good, number=number) for number in count())
        with pytest.raises(EffortWrong):
            checked(next(one for one in others if zero_bits(one) < 8))

    def test_refuses_one_that_is_easier_than_we_asked(self):
        easy = asked().replace(".8.", ".0.")

        with pytest.raises(EffortWrong):
            checked(solved(easy, bits=0))

    def test_refuses_one_that_lasts_longer_than_we_said(self):
        said = asked().split(".")
        said[2] = str(int(said[2]) + 1)

        with pytest.raises(EffortWrong):
            checked(solved(".".join(said)))

    def test_refuses_one_of_another_installation(self):
        with pytest.raises(EffortWrong):
            checked(solved(challenge("other", nonce="n", bits=8, until=SOON)))

    def test_is_over_in_time(self):
        good = solved(asked())

        assert checked(good, now=SOON - timedelta(seconds=1))
        with pytest.raises(EffortOver):
            checked(good, now=SOON)

    @given(st.text(max_size=80).filter(lambda text: text.isascii()), st.integers(0, 2**53))
    def test_takes_nothing_that_we_did_not_sign(self, text: str, number: int):
        with pytest.raises(Problem):
            checked(Effort(text, number))


class TestZeroBits:
    @given(st.integers(0, 2**53))
    def test_counts_from_the_left(self, number: int):
        from hashlib import sha256

        digest = sha256(f"c:{number}".encode()).digest()
        bits = "".join(f"{byte:08b}" for byte in digest)

        assert zero_bits(Effort("c", number)) == len(bits) - len(bits.lstrip("0"))
