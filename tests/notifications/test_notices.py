"""What other systems tell of invoices: kept once, spread to the end, withdrawn for good."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.change import Change
from services.notifications.domain import notices
from services.notifications.domain.notices import FactContradicted, NoSuchNotice, Notice, Said
from tests.notifications.builders import NOW

SAID = Said(
    kind="invoice-status",
    structure_id="s-9",
    application="factures-emises",
    invoice="F-1",
    status="Payée",
)
LATER = NOW + timedelta(minutes=5)


def a_notice(**but: Any) -> Notice:
    return Notice(**{"id": "n-1", "said": SAID, "told_by": "erp", "told_at": NOW} | but)


class TestTell:
    def test_counts_once(self):
        told = notices.tell(a_notice(), None).state

        assert told == a_notice(wake_at=NOW)
        assert notices.tell(a_notice(told_at=LATER), told) == Change(told)

    def test_is_not_to_be_contradicted(self):
        other = a_notice(said=replace(SAID, invoice="F-2"))

        with pytest.raises(FactContradicted):
            notices.tell(other, a_notice())


class TestSpread:
    """Whoever dies on the way is followed by another, from the last page that was kept."""

    claimed = notices.claim(a_notice(wake_at=NOW), NOW).state

    def test_goes_on_where_it_was(self):
        begun = notices.spread(self.claimed, self.claimed, cursor="page-2", now=NOW).state

        again = notices.claim(begun, LATER).state

        assert (again.cursor, again.wake_at) == ("page-2", LATER + notices.LEASE)

    def test_ends(self):
        done = notices.spread(self.claimed, self.claimed, cursor=None, now=NOW).state

        assert done.wake_at is None
        assert notices.claim(done, LATER) == Change(done)

    def test_by_somebody_slow_does_not_go_back(self):
        ahead = a_notice(cursor="page-3", wake_at=LATER)

        assert notices.spread(self.claimed, ahead, cursor="page-2", now=NOW) == Change(ahead)


class TestWithdraw:
    def test_ends_what_was_being_spread(self):
        notice, settled = notices.withdraw(a_notice(wake_at=NOW), None, id="n-1", now=LATER)

        assert notice.state.wake_at is None
        assert (settled.state.id, settled.state.at) == ("n-1", LATER)

    def test_of_what_was_not_told_is_refused(self):
        with pytest.raises(NoSuchNotice):
            notices.withdraw(None, None, id="n-1", now=NOW)
