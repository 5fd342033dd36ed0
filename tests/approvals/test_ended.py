"""What nothing can be approved for any more."""

from typing import Any

from contracts.structures import StructureChanged, UnitChanged, UnitEnded
from kit.change import Change
from services.approvals.domain.ended import Ended, keys_of, note_structure, note_unit
from tests.approvals.builders import NOW, TODAY, an_approval

UNIT: dict[str, Any] = {"unit_id": "1", "structure_id": "s-9", "code": "COMPTA", "version": 1}
ENDED = Ended(id="s-9:COMPTA")


def test_is_a_unit_until_it_is_active_again():
    over = UnitEnded(**UNIT, status="inactive", valid_from=TODAY, ended_at=NOW)
    back = UnitChanged(
        **UNIT, name="Compta", status="active", active=True, valid_from=TODAY, changed_at=NOW
    )

    assert note_unit(over, None) == Change(ENDED)
    assert note_unit(over, ENDED) == Change(ENDED)
    assert note_unit(back, ENDED) == Change(None)
    assert note_unit(back, None) == Change(None)


def test_is_a_structure_that_is_not_active():
    def told(status: str) -> StructureChanged:
        return StructureChanged.model_construct(structure_id="s-9", status=status)

    assert note_structure(told("inactive"), None) == Change(Ended(id="s-9"))
    assert note_structure(told("active"), Ended(id="s-9")) == Change(None)


def test_is_looked_for_among_all_that_a_question_names():
    assert keys_of(an_approval(units=("COMPTA", "VOIRIE"))) == ("s-9", "s-9:COMPTA", "s-9:VOIRIE")
