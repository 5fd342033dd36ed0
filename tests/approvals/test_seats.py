"""On which days somebody decides."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import Habilitation, Line
from services.approvals.domain.approvers import Span
from services.approvals.seats import seat_of
from tests.approvals.builders import some_rights

days = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 20)) | st.just(date.max)
habilitation = st.builds(
    Habilitation,
    application=st.sampled_from(["organisation", "factures"]),
    level=st.sampled_from(["consultation", "modification"]),
    valid_from=days,
    valid_until=days,
)
rights = st.builds(
    some_rights,
    role=st.sampled_from(["principal_manager", "user", None]),
    may_approve=st.booleans(),
    blocked=st.booleans(),
    habilitations=st.lists(habilitation, max_size=3).map(tuple),
    valid_from=days,
    valid_until=days,
)


class TestSeatOf:
    @given(rights, st.dates(date(2025, 12, 25), date(2026, 1, 25)) | st.just(date.max))
    def test_has_the_days_that_the_rights_have(self, held: Any, day: date):
        spans = seat_of(held).spans

        assert any(span.first <= day <= span.last for span in spans) == held.approves(day)

    def test_of_a_delegation_with_dates_is_open_on_these_days(self):
        first, last = date(2026, 7, 14), date(2026, 8, 2)
        away = Habilitation(
            application="organisation", level="modification", valid_from=first, valid_until=last
        )

        held = some_rights(role="user", habilitations=(away,))

        assert seat_of(held).spans == (Span(first=first, last=last),)

    @pytest.mark.parametrize(("role", "principal"), [("principal_manager", True), ("user", False)])
    def test_knows_the_principal_manager(self, role: str, principal: bool):
        assert seat_of(some_rights(role=role)).principal is principal

    def test_is_empty_of_days_once_the_rights_are_gone(self):
        assert seat_of(some_rights(role=None)).spans == ()

    def test_keeps_the_limit_to_some_units(self):
        compta = Line(unit="COMPTA", valid_from=date(2026, 1, 1), valid_until=date(2026, 1, 31))
        whole = Line(valid_from=date(2026, 2, 1))

        spans = seat_of(some_rights(lines=(compta, whole))).spans

        assert [span.units for span in spans] == [("COMPTA",), ()]

    def test_never_reaches_past_the_end_of_the_calendar(self):
        held = some_rights(valid_until=date.max, valid_from=date.max - timedelta(days=1))

        assert seat_of(held).spans[-1].last == date.max
