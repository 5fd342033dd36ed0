"""How soon somebody is told of what, by their wishes and where they are."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, get_args

import pytest

from contracts.users import NotificationPreferences, QuietHours, Rhythm
from kit.change import Change
from services.notifications.domain import attempts, digests
from services.notifications.domain.digests import NOT_WISHED, DigestClosed, Settled
from services.notifications.domain.letters import (
    ALWAYS,
    MOST_SUBJECTS,
    OF_NO_USE,
    PRESSING,
    Template,
    write,
)
from services.notifications.domain.times import next_day, next_week, quiet_until, week_began
from tests.notifications.builders import NOW, a_letter, a_person

SEVEN = time(7)
PARIS_SEVEN = datetime(2026, 1, 6, 6, 0, tzinfo=UTC)
"""After NOW, a Monday."""


def wishing(rhythm: Any = "immediate", **but: Any) -> Any:
    return a_person(wishes=NotificationPreferences(rhythm=rhythm, **but))


def about_invoices(template: Template = "invoice-status", **but: Any) -> Any:
    return a_letter(template=template, application="factures-emises", **but)


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)


class TestRhythm:
    @pytest.mark.feature("NOT-01", "NOT-05")
    @pytest.mark.parametrize(
        "template", sorted({*get_args(Template)} - ALWAYS - PRESSING - {"digest"})
    )
    def test_is_never_for_whoever_wishes_for_no_letters(self, template: Template):
        assert digests.rhythm(a_letter(template=template), wishing("never")) == "never"

    @pytest.mark.feature("NOT-01")
    @pytest.mark.parametrize("template", sorted(PRESSING))
    def test_is_daily_at_the_least_for_what_expires_without_an_answer(self, template: Template):
        reminder = a_letter(template=template)

        wished = [digests.rhythm(reminder, wishing(one)) for one in get_args(Rhythm)]

        assert wished == ["immediate", "daily", "weekly", "daily"]

    @pytest.mark.feature("NOT-05")
    @pytest.mark.parametrize("template", sorted(ALWAYS))
    @pytest.mark.parametrize("wished", ["never", "daily", "weekly"])
    def test_is_immediate_for_the_account_whatever_is_wished(self, template: Template, wished: str):
        assert digests.rhythm(a_letter(template=template), wishing(wished)) == "immediate"

    @pytest.mark.feature("NOT-11")
    def test_is_that_of_the_application(self):
        only_weekly = wishing("never", applications={"factures-emises": "weekly"})

        assert digests.rhythm(about_invoices(), only_weekly) == "weekly"
        assert digests.rhythm(a_letter(), only_weekly) == "never"

    @pytest.mark.feature("NOT-02")
    def test_is_daily_for_the_statuses_of_invoices_unless_their_application_says_otherwise(self):
        at_once = wishing("daily", applications={"factures-emises": "immediate"})

        assert digests.rhythm(about_invoices(), wishing("immediate")) == "daily"
        assert digests.rhythm(about_invoices(), at_once) == "immediate"

    @pytest.mark.feature("NOT-06")
    @pytest.mark.parametrize("wished", ["immediate", "daily", "weekly"])
    def test_is_immediate_for_a_rejected_invoice(self, wished: str):
        assert digests.rhythm(about_invoices("invoice-rejected"), wishing(wished)) == "immediate"

    def test_is_immediate_for_what_may_have_left_already(self):
        assert digests.rhythm(a_letter(attempts=1), wishing("daily")) == "daily"
        assert digests.rhythm(a_letter(attempts=2), wishing("daily")) == "immediate"

    @pytest.mark.feature("NOT-11")
    def test_of_the_recap_is_a_switch_of_its_own(self):
        recap = a_letter(template="recap")

        assert digests.rhythm(recap, wishing("daily")) == "immediate"
        assert digests.rhythm(recap, wishing("daily", weekly_recap=False)) == "never"


class TestTimes:
    @pytest.mark.parametrize(
        ("zone", "after", "next_one"),
        [
            ("Europe/Paris", at(2026, 1, 5, 5, 59), at(2026, 1, 5, 6)),
            ("Europe/Paris", at(2026, 1, 5, 6), at(2026, 1, 6, 6)),
            ("Indian/Reunion", at(2026, 1, 5, 6), at(2026, 1, 6, 3)),
            ("Pacific/Noumea", at(2026, 1, 5, 6), at(2026, 1, 5, 20)),
            ("Europe/Paris", at(2026, 3, 28, 12), at(2026, 3, 29, 5)),  # summer begins
            ("Nowhere/Known", at(2026, 1, 5, 6), at(2026, 1, 6, 6)),
        ],
    )
    def test_a_day_begins_where_the_reader_is(self, zone: str, after: datetime, next_one: datetime):
        assert next_day(a_person(time_zone=zone), after, SEVEN) == next_one

    def test_weeks_begin_on_mondays(self):
        assert next_week(a_person(), NOW, SEVEN) == at(2026, 1, 12, 6)
        assert week_began(a_person(), NOW) == at(2026, 1, 4, 23)

    @pytest.mark.parametrize(
        ("begin", "end", "moment", "until"),
        [
            ("20:00", "07:30", at(2026, 1, 5, 19), at(2026, 1, 6, 6, 30)),
            ("20:00", "07:30", at(2026, 1, 5, 5), at(2026, 1, 5, 6, 30)),
            ("20:00", "07:30", at(2026, 1, 5, 6, 30), None),
            ("12:00", "14:00", at(2026, 1, 5, 12), at(2026, 1, 5, 13)),
            ("12:00", "14:00", at(2026, 1, 5, 13), None),
            ("12:00", "14:00", at(2026, 1, 5, 9), None),
            # Clocks are put back at 01:00 UTC: it is ten past two twice.
            ("22:00", "02:30", at(2026, 10, 25, 0, 10), at(2026, 10, 25, 0, 30)),
            ("22:00", "02:30", at(2026, 10, 25, 0, 40), None),
            ("22:00", "02:30", at(2026, 10, 25, 1, 10), at(2026, 10, 25, 1, 30)),
        ],
    )
    def test_quiet_hours_end_where_the_reader_is(
        self, begin: str, end: str, moment: datetime, until: datetime | None
    ):
        quiet = wishing(quiet_hours=QuietHours(begin=begin, end=end))

        assert quiet_until(quiet, moment) == until

    def test_nobody_is_disturbed_more_than_they_said(self):
        assert quiet_until(a_person(), NOW) is None


class TestGather:
    person = wishing("daily")
    claimed = a_letter(attempts=1, wake_at=NOW)

    def into(self) -> Any:
        return digests.digest_for(self.person, "daily", after=NOW, at=SEVEN)[0]

    @pytest.mark.feature("NOT-02")
    def test_begins_a_digest_that_leaves_in_the_morning(self):
        item, digest = digests.gather(self.claimed, self.claimed, None, into=self.into())

        assert digest.state.id == "u-lea:digest:2026-01-06"
        assert (digest.state.status, digest.state.wake_at) == ("waiting", PARIS_SEVEN)
        assert item.state.digest_id == digest.state.id
        assert (item.state.status, item.state.wake_at) == ("gathered", None)

    @pytest.mark.feature("NOT-02")
    def test_makes_one_digest_of_a_day(self):
        first, second = self.into(), self.into()

        _, digest = digests.gather(self.claimed, self.claimed, first, into=second)

        assert digest == Change(first)

    @pytest.mark.feature("NOT-02", "NOT-11")
    @pytest.mark.parametrize("order", [("weekly", "daily"), ("daily", "weekly")])
    def test_makes_one_on_mondays_of_what_comes_by_the_day_and_by_the_week(
        self, order: tuple[Any, Any]
    ):
        sunday, digest = NOW + timedelta(days=6), None
        for rhythm in order:
            into, leaves = digests.digest_for(self.person, rhythm, after=sunday, at=SEVEN)
            assert leaves == PARIS_SEVEN + timedelta(days=6)
            digest = digests.gather(self.claimed, self.claimed, digest, into=into)[1].state

        assert digest
        assert (digest.id, digest.params) == ("u-lea:digest:2026-01-12", {"rhythm": "weekly"})

    def test_is_done_once(self):
        item, _ = digests.gather(self.claimed, self.claimed, None, into=self.into())

        again = digests.gather(self.claimed, item.state, self.into(), into=self.into())

        assert again == (Change(item.state), Change(self.into()))

    def test_adds_nothing_to_a_digest_that_is_leaving(self):
        leaving = attempts.claim(self.into(), PARIS_SEVEN).state

        with pytest.raises(DigestClosed):
            digests.gather(self.claimed, self.claimed, leaving, into=self.into())

    @pytest.mark.feature("NOT-05")
    def test_what_is_not_wished_for_is_kept_and_not_sent(self):
        left = digests.leave_unsent(a_letter(), None).state

        assert (left.status, left.last_error, left.wake_at) == ("suppressed", NOT_WISHED, None)
        assert digests.leave_unsent(a_letter(), left) == Change(left)


class TestOfUse:
    """What a letter tells of may be several things."""

    opened = a_letter(subject_id="r-1", more_subjects=("r-2",))

    def of_use(self, letter: Any, *settled: str) -> bool:
        known = {one: Settled(id=one, at=NOW) for one in settled}
        return bool(digests.of_use([letter], a_person(), settled=known))

    @pytest.mark.feature("NOT-02")
    def test_is_all_of_which_something_still_stands(self):
        assert self.of_use(self.opened, "r-1")
        assert not self.of_use(self.opened, "r-1", "r-2")

    def test_is_what_tells_of_more_than_is_kept(self):
        many = tuple(f"r-{n}" for n in range(2, MOST_SUBJECTS + 1))

        assert self.of_use(a_letter(subject_id="r-1", more_subjects=many), "r-1", *many)


class TestWriteOfSeveral:
    """One letter a day for each structure, however many questions wait there."""

    first, second = a_letter(subject_id="r-1", wake_at=None), a_letter(subject_id="r-2")

    def test_keeps_what_it_tells_of_as_well(self):
        both = write(self.second, write(self.first, None).state).state

        assert both.subjects == ("r-1", "r-2")
        assert write(self.first, both) == Change(both)
        assert write(self.second, both) == Change(both)

    def test_keeps_so_many_and_no_more(self):
        told = write(self.first, None).state
        for n in range(2, MOST_SUBJECTS + 10):
            told = write(a_letter(subject_id=f"r-{n}"), told).state

        assert len(told.subjects) == MOST_SUBJECTS

    def test_leaves_for_the_second_when_the_first_was_settled_before(self):
        dropped = a_letter(
            subject_id="r-1", status="suppressed", last_error=OF_NO_USE, attempts=1, wake_at=None
        )

        again = write(self.second, dropped).state

        assert (again.status, again.attempts, again.wake_at) == ("waiting", 0, NOW)
        assert again.subjects == ("r-1", "r-2")

    @pytest.mark.parametrize(
        "but",
        [
            {"status": "sent"},
            {"status": "suppressed", "last_error": NOT_WISHED},
            {"subject_id": ""},
        ],
    )
    def test_changes_nothing_of_what_left_or_is_of_use_in_any_case(self, but: Any):
        kept = a_letter(**{"subject_id": "r-1"} | but)

        assert write(self.second, kept) == Change(kept)


class TestHeld:
    def test_waits_and_uses_up_no_attempt(self):
        claimed = a_letter(attempts=1, wake_at=NOW + timedelta(minutes=1))

        held = attempts.held(claimed, claimed, until=PARIS_SEVEN).state

        assert (held.status, held.attempts, held.wake_at) == ("waiting", 0, PARIS_SEVEN)
        assert held.held
