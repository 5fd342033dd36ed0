"""The list of features, and of those that come later, can be trusted."""

import re

import pytest

from tests import features
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
        assert re.fullmatch(r"(screen|PISTE): \S.{8,}", reason), f"{id}: {reason}"


def test_only_the_piste_rows_wait_for_its_wire_form():
    waiting = {id for id, reason in features.later().items() if reason.startswith("PISTE: ")}
    assert {id.partition("-")[0] for id in waiting} == {"API"}


class TestMarks:
    @pytest.fixture
    def suite(self, pytester: pytest.Pytester) -> pytest.Pytester:
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
        pytester.makeconftest("from tests.feature_marks import *")
        pytester.syspathinsert(features.ROOT)
        return pytester

    @pytest.mark.parametrize(
        ("id", "complaint"),
        [("RAT-99", "no feature RAT-99"), ("POR-01", "take it off later.tsv")],
        ids=["unknown", "later"],
    )
    def test_stop_the_collection_when_wrong(self, suite: pytest.Pytester, id: str, complaint: str):
        suite.makepyfile(f"import pytest\n@pytest.mark.feature('{id}')\ndef test_it(): pass")
        outcome = suite.runpytest_inprocess("--strict-markers")
        assert outcome.ret == pytest.ExitCode.USAGE_ERROR
        assert complaint in outcome.stderr.str()

    def test_are_counted_once_for_each_feature(self, suite: pytest.Pytester):
        suite.makepyfile(
            "import pytest\n"
            "@pytest.mark.feature('RAT-04', 'RAT-10')\n"
            "class TestIt:\n"
            "    @pytest.mark.feature('RAT-04')\n"
            "    @pytest.mark.parametrize('n', [1, 2])\n"
            "    def test_it(self, n): pass"
        )
        proofs = Proofs()
        suite.inline_run("--collect-only", "--strict-markers", plugins=[proofs])
        assert {id: len(tests) for id, tests in proofs.tests.items()} == {"RAT-04": 2, "RAT-10": 2}


class TestReport:
    def test_tells_features_with_tests_from_those_without(self):
        text = report({"RAT-04"})
        assert "\nusers: 1 of 99 have tests\n  with tests  RAT-04\n  with none   RAT-01" in text
        assert text.endswith(
            f"All: 1 of 360 have tests, {359 - len(features.later())} have none, "
            f"{len(features.later())} come later."
        )
