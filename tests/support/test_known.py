"""What support knows of structures, units and people: copies that never go back."""

from datetime import date, time, timedelta

import pytest
from pydantic import ValidationError

from contracts.structures import (
    DEFAULT_UNIT,
    StructureChanged,
    StructureCreated,
    UnitChanged,
    UnitCreated,
    UnitEnded,
)
from contracts.users import PersonChanged, PersonErased
from kit.change import Change
from services.support.domain.known import (
    Structure,
    copy_somebody,
    copy_structure,
    copy_unit,
    forget_somebody,
    there,
)
from services.support.settings import SupportSettings
from tests.support.builders import NOW

SAID = {
    "structure_id": "s-1",
    "identifier_type": "SIRET",
    "identifier": "73282932000074",
    "kind": "public",
    "legal_name": "Mairie",
    "status": "active",
}
OF_UNIT = {
    "unit_id": "n-1",
    "structure_id": "s-1",
    "code": "COMPTA",
    "status": "active",
    "valid_from": date(2026, 1, 1),
}


def changed(version: int, **but: object) -> StructureChanged:
    return StructureChanged(**SAID | {"version": version, "changed_at": NOW} | but)


def person(version: int) -> PersonChanged:
    return PersonChanged(
        user_id="ana",
        first_name="Ana",
        last_name=f"Roux {version}",
        email="ana@example.org",
        active=True,
        version=version,
    )


class TestStructure:
    @pytest.mark.feature("SUP-10")
    def test_is_called_what_was_told_last(self):
        created = StructureCreated(**SAID | {"origin": "import", "created_at": NOW})
        first = copy_structure(created, None).state
        newer = copy_structure(changed(3, legal_name="Ville"), first).state

        assert (first and first.name, newer and newer.name) == ("Mairie", "Ville")
        for late in (created, changed(2), changed(3)):
            assert copy_structure(late, newer) == Change(newer)

    def test_is_not_named_where_it_is_somebody(self):
        for hidden in (changed(1, kind="person"), changed(1, non_diffusible=True)):
            known = copy_structure(hidden, None).state
            assert (known and known.name, known and known.identifier) == ("", "")


class TestUnit:
    structure: Structure | None = copy_structure(changed(1), None).state

    @pytest.mark.feature("SUP-11")
    def test_is_there_until_it_ends_and_again_once_it_is_active(self):
        created = UnitCreated(
            **OF_UNIT, name="Comptabilité", active=True, version=1, created_at=NOW
        )
        ended = UnitEnded(**OF_UNIT | {"status": "inactive"}, version=2, ended_at=NOW)
        again = UnitChanged(**OF_UNIT, name="Compta", active=True, version=3, changed_at=NOW)

        first = copy_unit(created, None).state
        over = copy_unit(ended, first).state
        back = copy_unit(again, over).state

        stands = [there(self.structure, one, "COMPTA") for one in (None, first, over, back)]
        assert stands == [False, True, False, True]
        assert over
        assert over.name == "Comptabilité"
        assert copy_unit(created, over) == Change(over)

    def test_is_always_there_in_a_public_structure_if_it_is_the_default_one(self):
        private = copy_structure(changed(1, kind="private"), None).state

        assert there(self.structure, None, DEFAULT_UNIT)
        assert not there(private, None, DEFAULT_UNIT)
        assert not there(None, None, DEFAULT_UNIT)


class TestSomebody:
    def test_is_who_they_were_last_and_nobody_once_erased(self):
        known = copy_somebody(person(2), None).state
        erased = forget_somebody(PersonErased(user_id="ana", erased_at=NOW), known).state

        assert copy_somebody(person(1), known) == Change(known)
        assert erased
        assert (erased.name, erased.email, erased.active) == ("", "", False)
        assert copy_somebody(person(9), erased) == Change(erased)

    def test_has_an_account_or_has_none_any_more(self):
        left = person(2).model_copy(update={"active": False})
        for told, active in ((person(2), True), (left, False)):
            state = copy_somebody(told, None).state
            assert state
            assert state.active is active


class TestSettings:
    def test_want_hours_that_begin_before_they_end(self):
        keys = {"internal_key": "k" * 32, "link_key": "k" * 32}
        with pytest.raises(ValidationError, match="SUPPORT_OPENS_AT"):
            SupportSettings(support_opens_at=time(18), support_closes_at=time(9), **keys)

    def test_want_some_time_for_what_is_opened_again(self):
        keys = {"internal_key": "k" * 32, "link_key": "k" * 32}
        with pytest.raises(ValidationError, match="ticket_fresh_for"):
            SupportSettings(ticket_fresh_for=timedelta(), **keys)
