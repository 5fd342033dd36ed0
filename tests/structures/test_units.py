"""What may happen to the units of a structure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.structures import DEFAULT_UNIT, UnitChanged, UnitCreated, UnitEnded
from kit.change import Change
from kit.problems import NotFound
from services.structures.domain.options import Flags
from services.structures.domain.units import (
    CodeNeverChanges,
    CodeReserved,
    DefaultUnitStays,
    StructureInactive,
    UnitCodeTaken,
    UnitDeleted,
    WrongValidity,
    activate,
    deactivate,
    default_unit,
    delete,
    modify,
    requires,
    unit_id,
    wake,
)
from tests.structures.builders import NOW, RUE, a_structure
from tests.structures.unit_builders import (
    AT_ONCE,
    HALF_AN_HOUR,
    STRUCTURE,
    TODAY,
    TOMORROW,
    TOWN,
    YESTERDAY,
    a_unit,
    details,
    done,
    kinds,
    made,
    modified,
    pointer,
)


class TestRequires:
    @pytest.mark.feature("SRV-08")
    @pytest.mark.parametrize(
        ("flags", "alone", "with_engagement"),
        [
            ({}, "none", "engagement"),
            ({"engagement_required": True}, "engagement", "engagement"),
            ({"unit_required": True}, "unit", "unit_and_engagement"),
            ({"unit_or_engagement": True}, "unit_or_engagement", "unit_and_engagement"),
            (
                {"unit_required": True, "engagement_required": True},
                "unit_and_engagement",
                "unit_and_engagement",
            ),
        ],
    )
    def test_adds_to_what_the_structure_asks(self, flags, alone, with_engagement):
        town = replace(TOWN, flags=Flags(**flags))

        assert requires(a_unit(), town) == alone
        assert requires(a_unit(engagement_required=True), town) == with_engagement


class TestCreate:
    @pytest.mark.feature("SRV-03", "SRV-06")
    def test_adds_a_unit_and_tells_all_of_it(self):
        change = made(description="Rues et places", address=RUE, valid_until=TOMORROW)

        unit = change.state
        assert (unit.code, unit.details.name, unit.details.address) == ("VOIRIE", "Voirie", RUE)
        assert unit.active(TODAY)
        assert [(one.what, one.by) for one in unit.history] == [("created", "u-lea")]
        assert change.events == (
            UnitCreated(
                unit_id=unit.id,
                structure_id=STRUCTURE.id,
                code="VOIRIE",
                name="Voirie",
                status="active",
                active=True,
                valid_from=TODAY,
                valid_until=TOMORROW,
                version=1,
                created_at=NOW,
            ),
        )

    @pytest.mark.feature("SRV-07")
    def test_has_one_id_for_each_code_of_a_structure_however_spelled(self):
        assert unit_id("s-1", "Voirie") == unit_id("s-1", "VOIRIE") != unit_id("s-2", "VOIRIE")

    @pytest.mark.feature("SRV-07")
    @pytest.mark.parametrize("end", [None, deactivate, delete])
    def test_refuses_a_code_that_is_or_was_given(self, end):
        unit = done(end, a_unit()).state if end else a_unit()

        with pytest.raises(UnitCodeTaken) as refusal:
            made(unit=unit, code="voirie")

        assert pointer(refusal.value) == "/body/code"
        assert refusal.value.members["unit_status"] == unit.status

    @pytest.mark.feature("SRV-12")
    @pytest.mark.parametrize("structure", [STRUCTURE, TOWN])
    def test_reserves_the_code_of_the_default_unit(self, structure):
        with pytest.raises(CodeReserved) as refusal:
            made(structure, code=DEFAULT_UNIT.title())

        assert pointer(refusal.value) == "/body/code"

    @pytest.mark.feature("SRV-10")
    @pytest.mark.parametrize(
        "dates",
        [
            {"valid_from": TODAY, "valid_until": YESTERDAY},
            {"valid_from": YESTERDAY, "valid_until": YESTERDAY},
        ],
    )
    def test_refuses_days_that_are_no_days(self, dates):
        with pytest.raises(WrongValidity) as refusal:
            made(**dates)

        assert pointer(refusal.value) == "/body/valid_until"

    def test_is_refused_by_an_inactive_structure_and_by_none(self):
        with pytest.raises(StructureInactive):
            made(a_structure(status="inactive"))
        with pytest.raises(NotFound):
            made(None)


class TestDefaultUnit:
    @pytest.mark.feature("SRV-12")
    def test_is_there_in_every_public_structure_from_its_first_day(self):
        unit = default_unit(TOWN)

        assert unit is not None
        assert (unit.code, unit.status) == ("FACTURES_PUBLIQUES", "active")
        assert unit.active(TODAY)
        assert unit.id == unit_id(TOWN.id, DEFAULT_UNIT)

    @pytest.mark.feature("SRV-01")
    def test_is_not_there_in_others(self):
        assert default_unit(STRUCTURE) is None

    @pytest.mark.feature("SRV-12")
    @pytest.mark.parametrize("decide", [activate, deactivate, delete])
    def test_stays_as_it_is(self, decide):
        id = unit_id(TOWN.id, DEFAULT_UNIT)

        with pytest.raises(DefaultUnitStays):
            done(decide, None, TOWN, id=id)
        with pytest.raises(DefaultUnitStays):
            modify(
                None,
                TOWN,
                id=id,
                code=None,
                details=details(),
                by="u-lea",
                after=AT_ONCE,
                now=NOW,
            )


class TestModify:
    @pytest.mark.feature("SRV-04", "SRV-08", "SRV-09")
    def test_replaces_what_may_be_modified_and_tells_it(self):
        unit = a_unit()

        change = modified(unit, engagement_required=True, payment_status_exposed=True)

        assert change.state.details == details(
            engagement_required=True, payment_status_exposed=True
        )
        assert change.state.history[-1].fields == ("engagement_required", "payment_status_exposed")
        [told] = change.events
        assert isinstance(told, UnitChanged)
        assert (told.engagement_required, told.payment_status_exposed) == (True, True)
        assert told.version == 2

    def test_repeated_changes_nothing(self):
        unit = modified(a_unit(), name="Routes").state

        assert modified(unit, name="Routes") == Change(unit)

    @pytest.mark.feature("SRV-05")
    def test_takes_effect_when_its_time_has_come(self):
        change = modified(a_unit(), name="Routes", after=HALF_AN_HOUR)

        waiting = change.state
        assert (waiting.details.name, change.events) == ("Voirie", ())
        assert waiting.wake_at == waiting.pending.effective_at == NOW + HALF_AN_HOUR
        assert modified(waiting, name="Routes", after=HALF_AN_HOUR) == Change(waiting)
        assert wake(waiting, now=NOW) == Change(waiting)
        effective = wake(waiting, now=NOW + HALF_AN_HOUR)
        assert (effective.state.details.name, effective.state.pending) == ("Routes", None)
        assert kinds(effective) == [UnitChanged]
        assert [one.what for one in effective.state.history] == [
            "created",
            "modified",
            "took_effect",
        ]

    @pytest.mark.feature("SRV-05")
    def test_that_waits_does_not_hold_up_a_deactivation(self):
        waiting = modified(a_unit(), name="Routes", after=HALF_AN_HOUR).state

        change = done(deactivate, waiting)

        assert not change.state.active(TODAY)
        assert kinds(change) == [UnitEnded]

    @pytest.mark.feature("SRV-05")
    @pytest.mark.parametrize(
        ("dates", "waits"),
        [
            ({"valid_until": TOMORROW}, False),
            ({"valid_from": TOMORROW, "valid_until": None}, False),
            ({"valid_from": YESTERDAY, "valid_until": None}, True),
        ],
    )
    def test_that_takes_days_away_does_not_wait(self, dates, waits):
        unit = a_unit(valid_until=TODAY + timedelta(days=9))

        change = modified(unit, after=HALF_AN_HOUR, **dates)

        assert bool(change.state.pending) == waits

    @pytest.mark.feature("SRV-10")
    def test_ends_a_unit_whose_last_day_it_puts_into_the_past(self):
        change = modified(a_unit(), valid_from=YESTERDAY, valid_until=YESTERDAY)

        assert kinds(change) == [UnitChanged, UnitEnded]
        assert {one.version for one in change.events} == {2}

    def test_refuses_another_code(self):
        with pytest.raises(CodeNeverChanges) as refusal:
            modified(a_unit(), code="ROUTES")

        assert pointer(refusal.value) == "/body/code"
        assert modified(a_unit(), code="VOIRIE") == Change(a_unit())

    def test_refuses_days_that_are_no_days(self):
        with pytest.raises(WrongValidity) as refusal:
            modified(a_unit(), valid_until=YESTERDAY)

        assert pointer(refusal.value) == "/body/valid_until"

    def test_is_refused_by_an_inactive_structure(self):
        with pytest.raises(StructureInactive):
            modified(a_unit(), structure=a_structure(status="inactive"))


class TestActivation:
    @pytest.mark.feature("SRV-04", "SRV-11")
    def test_goes_both_ways_and_is_told_each_time(self):
        unit = a_unit()

        off = done(deactivate, unit)
        on = done(activate, off.state)

        assert (off.state.status, kinds(off)) == ("inactive", [UnitEnded])
        assert (on.state.status, kinds(on)) == ("active", [UnitChanged])
        assert on.state.active(TODAY)

    @pytest.mark.feature("SRV-05")
    def test_waits_as_a_modification_does_until_a_deactivation(self):
        off = done(deactivate, a_unit()).state

        waiting = done(activate, off, after=HALF_AN_HOUR)

        assert (waiting.state.status, waiting.events) == ("inactive", ())
        assert done(activate, waiting.state, after=HALF_AN_HOUR) == Change(waiting.state)
        on = wake(waiting.state, now=NOW + HALF_AN_HOUR)
        assert (on.state.status, on.state.activation, kinds(on)) == ("active", None, [UnitChanged])
        assert done(deactivate, waiting.state).state.wake_at is None

    @pytest.mark.parametrize("decide", [activate, deactivate])
    def test_repeated_changes_nothing(self, decide):
        unit = done(decide, a_unit()).state

        assert done(decide, unit) == Change(unit)

    @pytest.mark.feature("SRV-10")
    def test_gives_nothing_back_outside_the_days_of_validity(self):
        past = modified(a_unit(), valid_from=YESTERDAY, valid_until=YESTERDAY).state

        change = done(activate, done(deactivate, past).state)

        assert change.state.status == "active"
        assert not change.state.active(TODAY)
        assert [one.active for one in change.events] == [False]

    def test_is_refused_by_an_inactive_structure_while_the_end_is_not(self):
        inactive = a_structure(status="inactive")

        with pytest.raises(StructureInactive):
            done(activate, a_unit(), inactive)
        assert kinds(done(deactivate, a_unit(), inactive)) == [UnitEnded]


class TestDelete:
    @pytest.mark.feature("SRV-11")
    def test_is_for_good_and_keeps_the_history(self):
        change = done(delete, modified(a_unit(), name="Routes", after=HALF_AN_HOUR).state)

        unit = change.state
        assert (unit.status, unit.deleted_at, unit.pending) == ("deleted", NOW, None)
        assert [one.what for one in unit.history] == ["created", "modified", "deleted"]
        [told] = change.events
        assert isinstance(told, UnitEnded)
        assert told.status == "deleted"
        assert done(delete, unit) == Change(unit)
        for refused in (activate, deactivate):
            with pytest.raises(UnitDeleted):
                done(refused, unit)
        with pytest.raises(UnitDeleted):
            modified(unit, name="Places")

    def test_is_told_of_a_unit_that_had_ended_already(self):
        assert kinds(done(delete, done(deactivate, a_unit()).state)) == [UnitEnded]

    @pytest.mark.parametrize("decide", [activate, deactivate, delete])
    def test_is_not_for_the_units_of_other_structures(self, decide):
        for unit in (None, a_unit(), done(delete, a_unit()).state):
            with pytest.raises(NotFound):
                done(decide, unit, replace(STRUCTURE, id="s-2"))
            with pytest.raises(NotFound):
                done(decide, unit, None)


class TestWake:
    @pytest.mark.feature("SRV-10")
    def test_notes_the_first_and_the_day_after_the_last_in_paris(self):
        unit = a_unit(valid_from=TOMORROW, valid_until=TOMORROW)

        assert not unit.active(TODAY)
        assert unit.wake_at == datetime(2026, 1, 5, 23, tzinfo=UTC)
        began = wake(unit, now=unit.wake_at)
        assert kinds(began) == [UnitChanged]
        assert began.events[0].active
        assert began.state.wake_at == datetime(2026, 1, 6, 23, tzinfo=UTC)
        expired = wake(began.state, now=began.state.wake_at)
        assert kinds(expired) == [UnitEnded]
        assert (expired.state.wake_at, expired.state.status) == (None, "active")
        assert [one.what for one in expired.state.history] == ["created", "began", "expired"]

    def test_twice_or_too_early_changes_nothing(self):
        unit = a_unit(valid_from=TOMORROW)
        began = wake(unit, now=unit.wake_at).state

        assert wake(began, now=unit.wake_at) == Change(began)
        assert wake(unit, now=NOW) == Change(unit)
        assert wake(None, now=NOW) == Change(None)
