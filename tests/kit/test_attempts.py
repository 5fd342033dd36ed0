"""How failures lock, and what unlocks."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.attempts import (
    Attempts,
    Limit,
    TooManyAttempts,
    attempt,
    attempts_id,
    forget,
    give_back,
    locked_until,
)
from tests.users.people import FIVE_AN_HOUR, NOW


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def tried(*minutes: float) -> Attempts | None:
    current: Attempts | None = None
    for minute in minutes:
        current = attempt(current, id="a", limit=FIVE_AN_HOUR, now=after(minute)).state
    return current


class TestAttempt:
    @pytest.mark.feature("ACC-24")
    def test_is_refused_after_five_for_an_hour(self):
        locked = tried(0, 1, 2, 3, 4)

        for minute in (4, 30, 63.9):
            with pytest.raises(TooManyAttempts) as refused:
                attempt(locked, id="a", limit=FIVE_AN_HOUR, now=after(minute))
            assert refused.value.retry_after == round((64 - minute) * 60)
        assert attempt(locked, id="a", limit=FIVE_AN_HOUR, now=after(64)).state

    def test_starts_afresh_once_the_lock_has_passed(self):
        again = attempt(tried(0, 1, 2, 3, 4), id="a", limit=FIVE_AN_HOUR, now=after(64)).state

        assert again == Attempts(id="a", made=(after(64),), wake_at=after(124))

    def test_forgets_those_of_more_than_an_hour_ago(self):
        current = tried(0, 20, 40, 55, 61, 62)

        assert current
        assert current.made == tuple(after(one) for one in (20, 40, 55, 61, 62))

    @given(
        st.integers(1, 6),
        st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["wrong", "right"])), max_size=60),
    )
    def test_lets_no_more_failures_in_than_the_limit(self, most: int, tries: list[tuple[int, str]]):
        """Whatever the rhythm: within any hour no more than ``most`` wrong guesses are looked at."""
        limit = Limit(most, timedelta(hours=1))
        current: Attempts | None = None
        now, failures = NOW, list[datetime]()
        for minutes, outcome in tries:
            now += timedelta(minutes=minutes)
            try:
                current = attempt(current, id="a", limit=limit, now=now).state
            except TooManyAttempts:
                assert len(failures) >= most
                continue
            if outcome == "right":
                current = give_back(current, now).state
            else:
                failures.append(now)
            lately = [at for at in failures if now < at + limit.within]
            assert len(lately) <= most
            assert current is None or len(current.made) <= most


class TestGiveBack:
    def test_forgets_one_try_and_no_other(self):
        current = tried(0, 1, 2)

        assert give_back(current, after(1)).state.made == (after(0), after(2))

    def test_changes_nothing_when_repeated(self):
        current = give_back(tried(0, 1, 2), after(1)).state

        assert give_back(current, after(1)).state == current

    def test_keeps_nothing_of_the_only_try(self):
        assert give_back(tried(0), after(0)).state is None


class TestForget:
    def test_waits_for_the_last_try(self):
        current = tried(0, 30)

        assert forget(current, now=after(60)).state == current
        assert forget(current, now=after(90)).state is None

    def test_never_unlocks(self):
        locked = tried(0, 1, 2, 3, 4)

        for minute in range(70):
            if forget(locked, now=after(minute)).state is None:
                assert locked_until(locked, FIVE_AN_HOUR, after(minute)) is None


class TestAttemptsId:
    def test_tells_an_account_from_an_address(self):
        assert attempts_id("sign-in", "x") != attempts_id("address", "x")
