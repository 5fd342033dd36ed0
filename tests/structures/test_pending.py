"""Changes that wait, whatever it is that is changed."""

from datetime import timedelta

import pytest

from services.structures.domain.pending import Pending, due, propose
from tests.structures.builders import NOW

HALF_AN_HOUR = timedelta(minutes=30)
WAITS = Pending(then="new", effective_at=NOW + HALF_AN_HOUR)


class TestPropose:
    @pytest.mark.feature("SRV-05")
    def test_waits_as_long_as_it_is_told_to(self):
        assert propose("old", None, "new", after=HALF_AN_HOUR, now=NOW) == ("old", WAITS)

    @pytest.mark.feature("SRV-05")
    def test_is_in_force_at_once_where_nothing_waits(self):
        assert propose("old", None, "new", after=timedelta(0), now=NOW) == ("new", None)

    def test_repeated_does_not_wait_longer(self):
        later = NOW + timedelta(minutes=10)

        assert propose("old", WAITS, "new", after=HALF_AN_HOUR, now=later) == ("old", WAITS)

    def test_replaces_what_waits(self):
        in_force, pending = propose("old", WAITS, "newer", after=HALF_AN_HOUR, now=NOW)

        assert (in_force, pending and pending.then) == ("old", "newer")

    def test_takes_back_what_waits(self):
        assert propose("old", WAITS, "old", after=HALF_AN_HOUR, now=NOW) == ("old", None)


class TestDue:
    def test_is_in_force_from_its_moment_on(self):
        just_before = WAITS.effective_at - timedelta(milliseconds=1)

        assert due("old", WAITS, just_before) == ("old", WAITS)
        assert due("old", WAITS, WAITS.effective_at) == ("new", None)
        assert due("old", None, NOW) == ("old", None)
