"""How waiting is counted: in days on which offices are open in France."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.business_days import WorkingHours, business_days_after, business_days_between
from kit.days import PARIS, day_of

HOLIDAYS_OF_2026 = {
    *(date(2026, 1, 1), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 8), date(2026, 5, 14)),
    *(date(2026, 5, 25), date(2026, 7, 14), date(2026, 8, 15), date(2026, 11, 1)),
    *(date(2026, 11, 11), date(2026, 12, 25)),
}
"""The eleven of article L3133-1 of the Code du travail; Easter was on 5 April."""


def at(day: str, time: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{day} {time}").replace(tzinfo=PARIS)


class TestBusinessDaysAfter:
    @pytest.mark.parametrize(
        ("start", "days", "end"),
        [
            ("2026-01-05", 3, "2026-01-08"),
            ("2026-01-09", 1, "2026-01-12"),
            ("2026-01-10", 1, "2026-01-12"),
            ("2026-04-03", 1, "2026-04-07"),
            ("2026-05-07", 1, "2026-05-11"),
            ("2026-05-13", 1, "2026-05-15"),
            ("2026-12-24", 5, "2027-01-04"),
        ],
        ids=["a week", "Friday", "Saturday", "Easter", "8 May", "Ascension", "the new year"],
    )
    def test_passes_over_days_on_which_offices_are_closed(self, start: str, days: int, end: str):
        assert business_days_after(at(start), days) == at(end)

    def test_knows_the_public_holidays_of_a_year(self):
        first = date(2026, 1, 1)
        week_days = {
            day for n in range(365) if (day := first + timedelta(n)).weekday() < 5
        }  # Monday to Friday

        reached, moment = set(), at("2025-12-31")
        while (moment := business_days_after(moment, 1)) < at("2027-01-01"):
            reached.add(day_of(moment))

        assert reached == week_days - HOLIDAYS_OF_2026

    def test_counts_the_days_of_paris(self):
        just_before_midnight_there = datetime(2026, 6, 18, 22, 30, tzinfo=UTC)  # Friday at 00:30

        assert business_days_after(just_before_midnight_there, 1) == at("2026-06-22", "00:30")

    def test_keeps_the_time_of_day_when_the_clocks_are_changed(self):
        assert business_days_after(at("2026-03-27"), 1) == at("2026-03-30")
        assert business_days_after(at("2026-10-23"), 1) == at("2026-10-26")

    @pytest.mark.parametrize("hour", ["02:30+01:00", "02:30+02:00"])
    def test_knows_one_time_after_an_hour_that_was_there_twice(self, hour: str):
        asked = datetime.fromisoformat(f"2026-10-25T{hour}")

        assert business_days_after(asked, 1) == at("2026-10-26", "02:30")

    @given(
        st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
        st.timedeltas(timedelta(0), timedelta(days=90)),
    )
    def test_is_what_days_are_counted_by(self, start: datetime, lasts: timedelta):
        days, end = business_days_between(start, start + lasts), start + lasts

        assert business_days_after(start, days + 1) > end
        assert days == 0 or business_days_after(start, days) <= end

    @given(
        st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
        st.integers(1, 60),
    )
    def test_is_later_by_each_day_and_never_on_a_weekend(self, start: datetime, days: int):
        end = business_days_after(start, days)

        assert day_of(end).weekday() < 5
        assert business_days_after(start, days + 1) > end > start
        assert end.astimezone(PARIS).time() == start.astimezone(PARIS).time()


OFFICE = WorkingHours(time(9), time(17))
HOUR = timedelta(hours=1)


class TestWorkingHours:
    @pytest.mark.parametrize(
        ("start", "hours", "end"),
        [
            (("2026-01-05", "10:00"), 3, ("2026-01-05", "13:00")),
            (("2026-01-05", "10:00"), 7, ("2026-01-05", "17:00")),
            (("2026-01-05", "16:00"), 2, ("2026-01-06", "10:00")),
            (("2026-01-05", "20:00"), 1, ("2026-01-06", "10:00")),
            (("2026-01-09", "16:30"), 1, ("2026-01-12", "09:30")),
            (("2026-04-03", "17:00"), 8, ("2026-04-07", "17:00")),
            (("2026-03-27", "16:00"), 2, ("2026-03-30", "10:00")),
        ],
        ids=["a day", "all of it", "a night", "evening", "a weekend", "Easter", "summer time"],
    )
    def test_count_what_is_worked_alone(
        self, start: tuple[str, str], hours: int, end: tuple[str, str]
    ):
        assert OFFICE.after(at(*start), hours * HOUR) == at(*end)
        assert OFFICE.between(at(*start), at(*end)) == hours * HOUR

    def test_nothing_is_worked_before_it_begins(self):
        assert OFFICE.between(at("2026-01-06"), at("2026-01-05")) == timedelta()
        assert OFFICE.between(at("2026-01-10"), at("2026-01-12", "09:00")) == timedelta()

    @given(
        st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
        st.timedeltas(timedelta(seconds=1), timedelta(hours=60)),
        st.timedeltas(timedelta(0), timedelta(days=9)),
    )
    def test_what_is_worked_in_two_parts_is_worked_in_all(
        self, start: datetime, patience: timedelta, later: timedelta
    ):
        end = OFFICE.after(start, patience)

        assert OFFICE.between(start, end) == patience
        parts = OFFICE.between(start, start + later), OFFICE.between(start + later, end + later)
        assert sum(parts, timedelta()) == OFFICE.between(start, end + later)
