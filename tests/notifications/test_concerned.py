"""Whom a letter about questions is for, when it leaves later than it was written."""

from datetime import date
from typing import Any

import pytest

from contracts.users import Habilitation, Line
from kit.rights import ORGANISATION, Rights
from services.notifications.domain.digests import Settled, of_what_stands
from services.notifications.domain.letters import Letter, write
from services.notifications.gathering import concerns
from tests.notifications.builders import NOW, a_letter

TODAY = date(2026, 1, 5)


def about(*units: str, id: str = "r-1", **but: Any) -> Letter:
    asked = {"subject_id": id, "asked_about": {id: units}}
    return a_letter(template="approval-reminder", structure_id="s-9", **asked | but)


def deciding_on(*units: str | None) -> Rights:
    return Rights(
        id="u-ada:s-9",
        user_id="u-ada",
        structure_id="s-9",
        role="user" if units else None,
        lines=tuple(Line(unit=unit, valid_from=TODAY) for unit in units),
        habilitations=(Habilitation(application=ORGANISATION, level="modification"),),
    )


class TestConcerns:
    @pytest.mark.feature("NOT-09")
    @pytest.mark.parametrize(
        ("limits", "asked", "theirs"),
        [
            (("COMPTA",), ("COMPTA",), True),
            (("COMPTA",), ("VOIRIE",), False),
            (("COMPTA",), ("COMPTA", "VOIRIE"), False),
            (("COMPTA", "VOIRIE"), ("VOIRIE",), True),
            (("COMPTA",), (), False),
            ((None,), ("VOIRIE",), True),
            ((None,), (), True),
            ((), ("VOIRIE",), False),
        ],
    )
    def test_those_who_decide_on_the_units_it_is_about(
        self, limits: tuple[str | None, ...], asked: tuple[str, ...], theirs: bool
    ):
        assert concerns(deciding_on(*limits), about(*asked), TODAY) is theirs

    def test_all_who_decide_on_anything_where_it_was_not_told_what_it_is_about(self):
        unknown = about(asked_about={})

        assert concerns(deciding_on("COMPTA"), unknown, TODAY)
        assert not concerns(deciding_on(), unknown, TODAY)

    def test_who_decides_on_one_of_several_while_that_one_stands(self):
        both = write(about("VOIRIE", id="r-2"), write(about("COMPTA"), None).state).state
        answered = of_what_stands(both, {"r-2": Settled(id="r-2", at=NOW)})

        assert concerns(deciding_on("VOIRIE"), both, TODAY)
        assert concerns(deciding_on("COMPTA"), both, TODAY)
        assert not concerns(deciding_on("VOIRIE"), answered, TODAY)
        assert concerns(deciding_on("COMPTA"), answered, TODAY)
