"""What a rattachement is to those who read of it."""

from datetime import timedelta
from typing import Any

import pytest

from services.users.domain.rattachements import Past
from services.users.domain.states import sorted_by, standings, state_of
from tests.users.rattaching import (
    NOW,
    TODAY,
    a_line,
    a_rattachement,
    a_request,
    a_waiting_rattachement,
    an_extent,
)

YESTERDAY = TODAY - timedelta(days=1)
NAMES = {"ovens": "Fours", "tills": "Caisses"}


def of_ovens(status: str, **but: Any) -> Any:
    return a_request(extent=an_extent(units=("ovens",)), status=status, **but)


def gone(how: Any) -> Any:
    return a_waiting_rattachement(
        pending_request_id=None, past=(Past(line=a_line("ovens"), how=how, comment="Mutation."),)
    )


class TestStateOf:
    @pytest.mark.feature("RAT-20", "RAT-26")
    @pytest.mark.parametrize(
        ("request_", "tie", "state"),
        [
            (of_ovens("requested"), a_waiting_rattachement(), "requested"),
            (of_ovens("refused"), a_waiting_rattachement(), "refused"),
            (of_ovens("not_applied"), a_waiting_rattachement(), "refused"),
            (of_ovens("withdrawn"), a_waiting_rattachement(), "withdrawn"),
            (of_ovens("withdrawn"), a_rattachement(lines=(a_line("ovens"),)), "withdrawn"),
            (of_ovens("expired"), a_waiting_rattachement(), "expired"),
            (of_ovens("refused"), a_rattachement(lines=(a_line("ovens"),)), "refused"),
            (of_ovens("granted"), a_rattachement(lines=(a_line("ovens"),)), "valid"),
            (of_ovens("granted"), a_rattachement(), "valid"),
            (of_ovens("granted"), gone("ended"), "inactive"),
            (of_ovens("granted"), gone("removed"), "removed"),
            (
                of_ovens("granted"),
                a_rattachement(lines=(a_line("ovens", valid_until=YESTERDAY),)),
                "inactive",
            ),
        ],
    )
    def test_is_what_became_of_the_request(self, request_, tie, state):
        assert state_of(request_, tie, TODAY) == state


class TestStandings:
    @pytest.mark.feature("RAT-26")
    def test_show_nothing_of_what_was_asked_for_and_taken_back(self):
        taken_back = of_ovens("withdrawn")

        assert standings(a_waiting_rattachement(), [taken_back], NAMES, TODAY) == []

    @pytest.mark.feature("RAT-31")
    def test_show_each_unit_with_its_state_days_and_comment(self):
        tie = a_rattachement(
            lines=(a_line("ovens"),),
            past=(Past(line=a_line("tills"), how="removed", comment="Mutation."),),
        )
        asked = [
            a_request(id="r-3", extent=an_extent(units=("shop",)), comment="Remplacement."),
            a_request(id="r-2", extent=an_extent(units=("bank",)), status="refused", reason="Non."),
            of_ovens("granted", comment="Je remplace Omar."),
        ]

        found = standings(tie, asked, NAMES, TODAY)

        assert [(one.unit, one.name, one.state, one.comment) for one in found] == [
            ("ovens", "Fours", "valid", "Je remplace Omar."),
            ("tills", "Caisses", "removed", "Mutation."),
            ("shop", "", "requested", "Remplacement."),
            ("bank", "", "refused", "Non."),
        ]

    def test_show_a_refusal_no_more_once_it_was_granted(self):
        tie = a_rattachement(lines=(a_line("ovens"),))

        found = standings(tie, [of_ovens("granted"), of_ovens("refused")], NAMES, TODAY)

        assert [one.state for one in found] == ["valid"]

    def test_show_a_refusal_once(self):
        again = [of_ovens("refused", id=f"r-{n}", requested_at=NOW) for n in range(3)]

        assert len(standings(None, again, NAMES, TODAY)) == 1

    @pytest.mark.feature("RAT-31")
    def test_are_sorted_by_code_name_or_state(self):
        tie = a_rattachement(
            lines=(a_line("ovens"),), past=(Past(line=a_line("tills"), how="ended"),)
        )
        found = standings(tie, [], NAMES, TODAY)

        def units(order: Any) -> list[str | None]:
            return [one.unit for one in sorted_by(found, order)]

        assert units("unit") == units("-name") == units("-state") == ["ovens", "tills"]
        assert units("-unit") == units("name") == units("state") == ["tills", "ovens"]
