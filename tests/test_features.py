"""The list of features, and of those that come later, can be trusted."""

import re
from collections.abc import Iterator

import pytest

from tests import features
from tests.feature_marks import pytest_collection_modifyitems
from tests.features import Proofs, report

pytest_plugins = ("pytester",)


def test_every_feature_has_an_id_an_area_and_a_title():
    known = features.features()
    assert len(known) == 360
    for one in known.values():
        assert re.fullmatch(r"[A-Z]{3}-\d\d", one.id)
        assert one.area
        assert one.title


def test_what_comes_later_exists_and_says_why():
    put_off = features.later()
    assert put_off.keys() <= features.features().keys()
    for id, reason in put_off.items():
        assert re.fullmatch(r"(screen|PISTE|not yet): \S.{8,}", reason), f"{id}: {reason}"


def test_only_the_piste_rows_wait_for_its_wire_form():
    waiting = {id for id, reason in features.later().items() if reason.startswith("PISTE: ")}
    assert {id.partition("-")[0] for id in waiting} == {"API"}


NOT_YET = {"POR"}
"""What is still being built; of all others no feature is without a test or a reason."""


def test_no_feature_of_what_is_built_has_lost_its_last_mark():
    expected = {id for id in features.features() if id.partition("-")[0] not in NOT_YET}
    assert expected - features.marked() - features.later().keys() == set()


class AnItem:
    """A collected test that bears these marks."""

    def __init__(self, *marked: tuple[str, ...]) -> None:
        self.nodeid = "tests/test_it.py::test_it"
        self._marks = [pytest.mark.feature(*ids).mark for ids in marked]

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (mark for mark in self._marks if mark.name == name)


class TestMarks:
    def test_may_name_any_feature_that_does_not_come_later(self):
        pytest_collection_modifyitems([AnItem(("RAT-04", "RAT-10"), ("SUP-16",))])

    @pytest.mark.parametrize(
        ("id", "complaint"),
        [("RAT-99", "no feature RAT-99"), ("POR-01", "take it off later.tsv")],
        ids=["unknown", "later"],
    )
    def test_are_refused_when_wrong(self, id: str, complaint: str):
        with pytest.raises(pytest.UsageError, match=complaint):
            pytest_collection_modifyitems([AnItem(("RAT-04", id))])

    def test_stop_the_collection_when_wrong(self, pytester: pytest.Pytester):
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
        pytester.makeconftest("from tests.feature_marks import *")
        pytester.syspathinsert(features.ROOT)
        pytester.makepyfile("import pytest\n@pytest.mark.feature('RAT-99')\ndef test_it(): pass")
        outcome = pytester.runpytest_inprocess("--strict-markers")
        assert outcome.ret == pytest.ExitCode.USAGE_ERROR
        assert "no feature RAT-99" in outcome.stderr.str()


class TestProofs:
    def test_count_a_test_once_for_each_feature(self):
        proofs = Proofs()
        for _ in range(2):
            proofs.pytest_itemcollected(AnItem(("RAT-04", "RAT-10"), ("RAT-04",)))
        assert {id: len(tests) for id, tests in proofs.tests.items()} == {"RAT-04": 1, "RAT-10": 1}


class TestReport:
    def test_tells_features_with_tests_from_those_without(self):
        text = report({"RAT-04"})
        assert "\nusers: 1 of 99 have tests\n  with tests  RAT-04\n  with none   RAT-01" in text
        assert text.endswith(
            f"All: 1 of 360 have tests, {359 - len(features.later())} have none, "
            f"{len(features.later())} come later."
        )
