"""What becomes of a draft of changes to what a user may do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.days import beginning_of
from kit.problems import NotFound
from services.users.domain.drafts import (
    ALREADY_HELD,
    MANAGES,
    Add,
    AlreadyHeld,
    NotAttachedThere,
    NotHeld,
    PrincipalManagerKeepsOrganisation,
    Remove,
    RemoveAll,
    Replace,
    row_of,
)
from services.users.domain.habilitations import submit, turn
from services.users.domain.rattachements import MOST, TooManyRights, unit_ended
from services.users.domain.requests import UnknownUnits, WrongDates
from tests.users.habilitating import (
    HALF_AN_HOUR,
    READS,
    WRITES,
    a_place,
    a_profile,
    a_row,
    a_submit,
    submitted,
    the_manager,
)
from tests.users.rattaching import (
    NOW,
    READ,
    TODAY,
    a_known_unit,
    a_line,
    a_rattachement,
)

DAY = timedelta(days=1)
YESTERDAY, TOMORROW = TODAY - DAY, TODAY + DAY


def pointer(refusal: pytest.ExceptionInfo) -> str:
    return refusal.value.members["errors"][0]["pointer"]


class TestAdd:
    @pytest.mark.feature("HAB-01", "HAB-09")
    def test_gives_a_profile_and_tells_the_rights(self):
        changed, noted = submitted(Add(WRITES))

        assert changed.state.habilitations == (READ, WRITES)
        assert changed.events[0].habilitations == (READ, WRITES)
        assert (noted.state.given, noted.state.taken) == ((WRITES,), ())
        assert (noted.state.by, noted.state.at, noted.state.cause) == ("u-omar", NOW, "managed")

    @pytest.mark.feature("HAB-02")
    def test_may_give_both_levels_of_one_application(self):
        changed, _ = submitted(Add(WRITES), Add(READS))

        assert {WRITES, READS} <= {*changed.state.habilitations}

    @pytest.mark.feature("HAB-20")
    def test_of_one_level_says_nothing_of_the_other(self):
        changed, _ = submitted(Add(WRITES), Add(a_profile("raccordements", "consultation")))

        assert READS not in changed.state.habilitations
        assert a_profile("raccordements") not in changed.state.habilitations

    @pytest.mark.feature("HAB-10")
    @pytest.mark.parametrize("again", [READ, READ.model_copy(update={"valid_until": TOMORROW})])
    def test_of_what_is_held_already_is_refused_as_screens_say_it(self, again):
        with pytest.raises(AlreadyHeld, match=ALREADY_HELD) as refusal:
            submitted(Add(WRITES), Add(again))

        assert pointer(refusal) == "/body/operations/1/profile"

    @pytest.mark.feature("HAB-10")
    def test_twice_in_one_draft_is_refused(self):
        with pytest.raises(AlreadyHeld):
            submitted(Add(WRITES), Add(WRITES))

    def test_is_a_row_of_its_own_on_each_unit(self):
        on_ovens = READ.model_copy(update={"unit": "ovens"})

        changed, _ = submitted(Add(on_ovens))

        assert changed.state.habilitations == (READ, on_ovens)

    def test_stays_within_the_units_of_the_user(self):
        limited = a_rattachement(lines=(a_line("ovens"),), habilitations=())

        changed, _ = submitted(Add(a_profile(unit="ovens")), of=limited)

        assert changed.state.habilitations == (a_profile(unit="ovens"),)
        for beyond in (a_profile(unit="shop"), a_profile()):
            with pytest.raises(NotAttachedThere):
                submitted(Add(beyond), of=limited)

    def test_needs_a_unit_that_there_is(self):
        over = a_place(a_known_unit("shop", over=True))
        for unit in ("shop", "cellar"):
            with pytest.raises(UnknownUnits):
                submitted(Add(a_profile(unit=unit)), place=over)

    def test_may_be_on_the_default_unit_of_a_public_structure(self):
        wanted = Add(a_profile(unit="FACTURES_PUBLIQUES"))

        changed, _ = submitted(wanted, place=a_place(kind="public"))

        assert changed.events
        with pytest.raises(UnknownUnits):
            submitted(wanted)

    @pytest.mark.parametrize(
        "days",
        [{"valid_until": YESTERDAY}, {"valid_from": TOMORROW + DAY, "valid_until": TOMORROW}],
    )
    def test_needs_days_that_are_to_come_and_in_order(self, days):
        with pytest.raises(WrongDates) as refusal:
            submitted(Add(a_profile(**days)))

        assert pointer(refusal) == "/body/operations/0/profile/valid_until"


class TestReplace:
    @pytest.mark.feature("HAB-11")
    def test_has_the_new_profile_take_the_place_of_the_old(self):
        changed, noted = submitted(Replace(row_of(READ), WRITES))

        assert changed.state.habilitations == (WRITES,)
        assert (noted.state.given, noted.state.taken) == ((WRITES,), (READ,))

    @pytest.mark.feature("HAB-11")
    def test_by_one_that_is_held_is_refused_like_adding_it(self):
        both = a_rattachement(habilitations=(READ, WRITES))

        with pytest.raises(AlreadyHeld, match=ALREADY_HELD):
            submitted(Replace(row_of(READ), WRITES), of=both)

    def test_may_change_the_days_of_a_row(self):
        until_tomorrow = READ.model_copy(update={"valid_until": TOMORROW})

        changed, _ = submitted(Replace(row_of(READ), until_tomorrow))

        assert changed.state.habilitations == (until_tomorrow,)

    def test_of_a_row_that_is_gone_is_refused(self):
        with pytest.raises(NotHeld):
            submitted(Replace(a_row(), WRITES))


class TestTooMany:
    MANY = tuple(a_profile(unit=f"u-{nth}") for nth in range(MOST - 1))

    def test_are_refused_before_they_could_not_be_told(self):
        lea = a_rattachement(habilitations=self.MANY)

        with pytest.raises(TooManyRights) as refusal:
            submitted(Add(READ), of=lea)

        assert pointer(refusal) == "/body/operations"
        assert submitted(Remove(row_of(self.MANY[0])), Add(READ), of=lea)[0].events

    def test_are_taken_away_even_where_there_are_more(self):
        more = (*self.MANY, READ, READS, WRITES)

        changed, _ = submitted(Remove(row_of(READ)), of=a_rattachement(habilitations=more))

        assert len(changed.state.habilitations) == MOST + 1


class TestRemove:
    @pytest.mark.feature("HAB-12")
    def test_takes_one_row(self):
        both = a_rattachement(habilitations=(READ, WRITES))

        changed, noted = submitted(Remove(row_of(WRITES)), of=both)

        assert changed.state.habilitations == (READ,)
        assert noted.state.taken == (WRITES,)

    def test_of_a_row_that_is_gone_is_refused(self):
        with pytest.raises(NotHeld) as refusal:
            submitted(Remove(a_row()))

        assert pointer(refusal) == "/body/operations/0/row"


class TestRemoveAll:
    @pytest.mark.feature("HAB-13")
    def test_takes_everything_also_what_waits(self):
        waiting, _ = submitted(Add(WRITES), waits=HALF_AN_HOUR)

        changed, _ = submitted(RemoveAll(), of=waiting.state)

        assert (changed.state.habilitations, changed.state.waiting) == ((), ())
        assert changed.state.wake_at is None

    @pytest.mark.feature("HAB-13")
    def test_leaves_a_principal_manager_organisation_modification(self):
        omar = the_manager(habilitations=(READ, MANAGES, WRITES))

        changed, noted = submitted(RemoveAll(), of=omar, by=omar)

        assert changed.state.habilitations == (MANAGES,)
        assert noted.state.cause == "own"

    @pytest.mark.parametrize(
        "operation",
        [
            Remove(row_of(MANAGES)),
            Replace(row_of(MANAGES), WRITES),
            Replace(row_of(MANAGES), MANAGES.model_copy(update={"valid_until": TOMORROW})),
        ],
    )
    def test_is_no_way_round_it_row_by_row(self, operation):
        omar = the_manager()

        with pytest.raises(PrincipalManagerKeepsOrganisation):
            submitted(operation, of=omar, by=omar)


class TestSubmit:
    @pytest.mark.feature("HAB-14")
    def test_is_one_decision_over_all_operations(self):
        changed, _ = submitted(Remove(row_of(READ)), Add(WRITES), Add(READS))

        assert changed.state.habilitations == (WRITES, READS)
        assert len(changed.events) == 1

    def test_that_changes_nothing_in_the_end_tells_and_notes_nothing(self):
        lea = a_rattachement()

        changed, noted = submitted(Remove(row_of(READ)), Add(READ), of=lea)

        assert (changed.state, changed.events, noted.state) == (lea, (), None)

    def test_repeated_changes_nothing(self):
        changed, noted = submitted(Add(WRITES))

        again = submit(
            changed.state,
            noted.state,
            the_manager(),
            a_place(),
            operations=(Add(WRITES),),
            submitted=a_submit(),
        )

        assert [one.state for one in again] == [changed.state, noted.state]
        assert not any(one.events for one in again)

    @pytest.mark.parametrize(
        "gone",
        [
            a_rattachement(role=None, lines=()),
            a_rattachement(lines=(a_line(valid_until=YESTERDAY),)),
        ],
    )
    def test_is_about_nobody_who_is_not_attached(self, gone):
        with pytest.raises(NotFound):
            submitted(Add(WRITES), of=gone)


class TestChangesEffectiveAfter:
    @pytest.mark.feature("HAB-15")
    def test_is_at_once_by_default(self):
        changed, noted = submitted(Add(WRITES))

        assert WRITES in changed.state.habilitations
        assert noted.state.effective_at is None

    @pytest.mark.feature("HAB-15")
    def test_has_what_is_given_wait_its_time_and_no_longer(self):
        given, noted = submitted(Add(WRITES), waits=HALF_AN_HOUR)
        due = NOW + HALF_AN_HOUR

        early, _ = turn(given.state, None, id="t-1", now=due - timedelta(seconds=1))
        then, entry = turn(given.state, None, id="t-2", now=due)

        assert (given.state.habilitations, given.events) == ((READ,), ())
        assert given.state.wake_at == noted.state.effective_at == due
        assert early.state == given.state
        assert then.state.habilitations == then.events[0].habilitations == (READ, WRITES)
        assert (then.state.waiting, then.state.wake_at) == ((), None)
        assert (entry.state.cause, entry.state.by, entry.state.given) == (
            "in-force",
            None,
            (WRITES,),
        )

    @pytest.mark.feature("HAB-15")
    def test_never_delays_what_is_taken_away(self):
        changed, _ = submitted(Remove(row_of(READ)), waits=HALF_AN_HOUR)

        assert changed.state.habilitations == changed.events[0].habilitations == ()

    @pytest.mark.feature("HAB-15")
    def test_keeps_the_old_days_of_a_row_until_the_longer_ones_begin(self):
        short = READ.model_copy(update={"valid_until": TOMORROW})
        lea = a_rattachement(habilitations=(short,))

        changed, _ = submitted(Replace(row_of(READ), READ), of=lea, waits=HALF_AN_HOUR)
        then, _ = turn(changed.state, None, id="t-1", now=NOW + HALF_AN_HOUR)

        assert changed.state.habilitations == (short,)
        assert then.state.habilitations == (READ,)

    def test_gives_at_once_what_only_narrows_what_is_held(self):
        until_tomorrow = READ.model_copy(update={"valid_until": TOMORROW})

        changed, _ = submitted(Replace(row_of(READ), until_tomorrow), waits=HALF_AN_HOUR)

        assert (changed.state.habilitations, changed.state.waiting) == ((until_tomorrow,), ())

    def test_counts_what_waits_as_held(self):
        given, _ = submitted(Add(WRITES), waits=HALF_AN_HOUR)

        with pytest.raises(AlreadyHeld):
            submitted(Add(WRITES), of=given.state, waits=HALF_AN_HOUR)
        taken, _ = submitted(Remove(row_of(WRITES)), of=given.state, waits=HALF_AN_HOUR)
        assert taken.state.waiting == ()

    def test_takes_what_waits_on_a_unit_with_the_unit(self):
        given, _ = submitted(Add(a_profile(unit="ovens")), waits=HALF_AN_HOUR)

        assert unit_ended(given.state, "ovens").state.waiting == ()


class TestTurn:
    SHORT = WRITES.model_copy(update={"valid_until": TODAY})

    def test_ends_a_dated_habilitation_once_its_last_day_has_passed(self):
        given, _ = submitted(Add(self.SHORT))
        midnight = beginning_of(TOMORROW)

        before, _ = turn(given.state, None, id="t-1", now=midnight - timedelta(seconds=1))
        after, noted = turn(given.state, None, id="t-2", now=midnight)

        assert given.state.wake_at == midnight
        assert before.state == given.state
        assert after.state.habilitations == after.events[0].habilitations == (READ,)
        assert (noted.state.cause, noted.state.taken) == ("ended", (self.SHORT,))
        assert after.state.wake_at is None

    def test_is_the_same_twice(self):
        given, _ = submitted(Add(self.SHORT))
        after, noted = turn(given.state, None, id="t-1", now=beginning_of(TOMORROW))

        again = turn(
            replace(after.state, version=9), noted.state, id="t-1", now=beginning_of(TOMORROW)
        )

        assert not any(one.events for one in again)
        assert again[1].state == noted.state

    def test_leaves_whoever_has_become_principal_manager_their_own(self):
        away = MANAGES.model_copy(update={"valid_until": TOMORROW})
        given, _ = submitted(Add(away), waits=HALF_AN_HOUR)
        lea = replace(given.state, role="principal_manager", habilitations=(MANAGES,))

        after, _ = turn(lea, None, id="t-1", now=NOW + HALF_AN_HOUR)

        assert (after.state.habilitations, after.state.waiting) == ((MANAGES,), ())

    def test_puts_nothing_in_force_that_has_ended_meanwhile(self):
        given, _ = submitted(Add(self.SHORT), waits=timedelta(days=2))

        after, _ = turn(given.state, None, id="t-1", now=NOW + timedelta(days=2))

        assert (after.state.habilitations, after.state.waiting) == ((READ,), ())
