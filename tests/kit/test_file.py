"""A file on its way past the antivirus."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kit.file import (
    AGAIN_AFTER,
    LEASE,
    File,
    FileCount,
    FileInfected,
    FileUnscannable,
    Looked,
    NotScannedYet,
    Verdict,
    claim,
    counted,
    readable,
    scanned,
)

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
VERDICTS = ("clean", "infected", "unscannable", "failed")


def a_file(**but: Any) -> File:
    said = {"id": "f1", "designation": "rib", "extension": "pdf", "size": 3, "content": "c1"}
    said |= {"scan": "pending", "added_by": "u-lea", "added_at": NOW, "wake_at": NOW}
    return File(**said | but)


def test_has_the_name_and_the_type_of_its_extension():
    assert (a_file().name, a_file().media_type) == ("rib.pdf", "application/pdf")


class TestReadable:
    @pytest.mark.parametrize("scan", ["clean", "unscanned"])
    def test_once_it_does_no_harm(self, scan: str):
        assert readable(a_file(scan=scan)) == "c1"

    @pytest.mark.parametrize(
        ("scan", "problem"),
        [("pending", NotScannedYet), ("infected", FileInfected), ("unscannable", FileUnscannable)],
    )
    def test_not_before_nor_otherwise(self, scan: str, problem: type[Exception]):
        with pytest.raises(problem):
            readable(a_file(scan=scan))

    def test_says_when_to_come_again(self):
        assert NotScannedYet().retry_after


class TestClaim:
    def test_leases_what_is_due_and_counts(self):
        after = claim(a_file(), NOW).state
        assert after
        assert (after.scans, after.wake_at) == (1, NOW + LEASE)
        assert claim(after, NOW).state == after

    @pytest.mark.parametrize(
        "current", [None, a_file(wake_at=None), a_file(wake_at=NOW + timedelta(seconds=1))]
    )
    def test_leaves_what_is_not(self, current: File | None):
        assert claim(current, NOW).state == current


class TestScanned:
    @pytest.mark.parametrize("outcome", ["clean", "infected", "unscannable"])
    def test_says_so_for_good(self, outcome: Any):
        after = scanned(a_file(scans=1), Verdict(outcome), NOW)
        assert (after.scan, after.wake_at) == (outcome, None)

    @pytest.mark.parametrize(
        ("scans", "delay"), [*enumerate(AGAIN_AFTER, 1), (99, AGAIN_AFTER[-1])]
    )
    def test_comes_again_later_each_time_and_for_ever(self, scans: int, delay: timedelta):
        after = scanned(a_file(scans=scans), Verdict("failed"), NOW)
        assert (after.scan, after.wake_at) == ("pending", NOW + delay)

    @given(some.lists(some.sampled_from(VERDICTS), max_size=8))
    def test_the_first_verdict_stands_whatever_comes_after(self, outcomes: list[Any]):
        file = a_file()
        for outcome in outcomes:
            file = scanned(file, Verdict(outcome), NOW)
        first = next((one for one in outcomes if one != "failed"), "pending")
        assert file.scan == first


class TestCounted:
    def test_counts_what_came_since_somebody_looked_and_not_what_is_gone(self):
        kept = FileCount(id="t", version=3, files=("gone", "here", "new"))
        looked = Looked(frozenset({"gone", "here"}), frozenset({"here", "from-before"}))

        change = counted(kept, looked, "one-more", of="t", most=4)

        assert change
        assert change.state == FileCount(
            id="t", version=3, files=("from-before", "here", "new", "one-more")
        )
        assert counted(kept, looked, "one-more", of="t", most=3) is None

    def test_begins_with_the_first(self):
        change = counted(None, Looked(frozenset(), frozenset()), "f", of="t", most=1)
        assert change
        assert change.state == FileCount(id="t", files=("f",))
