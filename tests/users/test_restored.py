"""What is left of a rattachement that comes back from a backup."""

import pytest

from contracts.users import RightsChanged
from services.users.domain.rattachements import Rattachement, rights_of
from services.users.restored import no_more_than
from tests.users.habilitating import READS, WRITES
from tests.users.rattaching import READ, a_line, a_rattachement

SHOP, OVENS = a_line("shop"), a_line("ovens")


def told(**but) -> RightsChanged:
    """What was told last, after the backup."""
    return rights_of(a_rattachement(**but))


class TestNoMoreThan:
    def left(self, last: RightsChanged, **backup) -> Rattachement:
        change = no_more_than(last, a_rattachement(**backup))
        assert change.state
        assert change.events == (rights_of(change.state),)
        return change.state

    def test_leaves_out_what_was_taken_away_since(self):
        left = self.left(told(habilitations=(READ, WRITES)), habilitations=(READ, READS))

        assert left.habilitations == (READ,)

    def test_leaves_nothing_to_whoever_was_detached_since(self):
        left = self.left(told(role=None, lines=(), habilitations=()))

        assert (left.role, left.lines, left.habilitations) == (None, (), ())

    def test_leaves_the_units_that_stayed(self):
        here = READ.model_copy(update={"unit": "shop"})

        left = self.left(
            told(lines=(OVENS,), habilitations=()), lines=(SHOP, OVENS), habilitations=(here,)
        )

        assert (left.role, left.lines, left.habilitations) == ("user", (OVENS,), ())

    @pytest.mark.parametrize(("before", "since"), [(True, False), (False, True)])
    def test_lets_nobody_approve_who_could_not_then_or_before(self, before, since):
        assert not self.left(told(may_approve=since), may_approve=before).may_approve
