"""How soon somebody is told of what, by their wishes and where they are."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, get_args

import pytest

from contracts.users import NotificationPreferences, QuietHours
from kit.change import Change
from services.notifications.domain import attempts, digests
from services.notifications.domain.digests import NOT_WISHED, DigestClosed
from services.notifications.domain.letters import ALWAYS, Template
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
    @pytest.mark.parametrize("template", sorted({*get_args(Template)} - ALWAYS - {"digest"}))
    def test_is_never_for_whoever_wishes_for_no_letters(self, template: Template):
        assert digests.rhythm(a_letter(template=template), wishing("never")) == "never"

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

        assert digest.state.id == "u-lea:daily:2026-01-06"
        assert (digest.state.status, digest.state.wake_at) == ("waiting", PARIS_SEVEN)
        assert item.state.digest_id == digest.state.id
        assert (item.state.status, item.state.wake_at) == ("gathered", None)

    @pytest.mark.feature("NOT-02")
    def test_makes_one_digest_of_a_day(self):
        first, second = self.into(), self.into()

        _, digest = digests.gather(self.claimed, self.claimed, first, into=second)

        assert digest == Change(first)

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


class TestHeld:
    def test_waits_and_uses_up_no_attempt(self):
        claimed = a_letter(attempts=1, wake_at=NOW + timedelta(minutes=1))

        held = attempts.held(claimed, claimed, until=PARIS_SEVEN).state

        assert (held.status, held.attempts, held.wake_at) == ("waiting", 0, PARIS_SEVEN)
