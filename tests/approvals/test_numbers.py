"""Numbers of approvals: RITM and seven digits, none given twice."""

import re

import pytest

from services.approvals.domain.numbers import (
    SEQUENCES,
    Numbers,
    give,
    given_already,
    sequence_id,
    sequence_of,
)


@pytest.mark.feature("APP-11")
def test_are_ritm_and_seven_digits_each_given_once_whatever_sequence_gives_it():
    given: list[str] = []
    for sequence in range(SEQUENCES):
        known: Numbers | None = None
        for _ in range(20):
            number, change = give(sequence, known)
            known = change.state
            given.append(number)
            assert known
            assert known.id == sequence_id(sequence_of(number))

    assert all(re.fullmatch(r"RITM\d{7}", number) for number in given)
    assert len({*given}) == len(given) == 320


def test_grow_longer_rather_than_begin_again():
    number, _ = give(3, Numbers(id="03", given=10**7 // SEQUENCES))

    assert number == "RITM10000003"


def test_that_were_told_before_a_restore_are_not_given_again():
    number, _ = give(5, Numbers(id="05", given=41))
    passed = given_already(number, Numbers(id="05", given=7)).state

    following, _ = give(5, passed)

    assert following > number
    assert given_already(number, Numbers(id="05", given=99)).state == Numbers(id="05", given=99)
