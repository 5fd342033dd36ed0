"""Whatever happens to a letter, in whatever order: it is recorded once, and never lost."""

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain import attempts
from services.notifications.domain.attempts import AGAIN_AFTER, LEASE, NotToBeSentAgain
from services.notifications.domain.letters import Letter
from tests.notifications.builders import NOW, a_letter

HAPPENS: Final = (
    "taken",
    "taken, then killed",
    "taken, recorded late",
    "killed",
    "refused for good",
    "refused for a time",
    "refused for a time, recorded late",
    "server away",
    "server away, recorded late",
    "held",
    "retried by an operator",
    "came back",
    "late record",
)


class Post:
    """Workers that claim one letter and are killed, slow or refused; counts what really left."""

    def __init__(self) -> None:
        self.letter, self.at = a_letter(), NOW
        self.handed, self.unrecorded = 0, 0
        self.refused = False
        """Whether it was refused for good, or came back, since it was last to be sent."""
        self.spent = 0
        """Attempts that were the letter's own, or whose end nobody knows."""
        self._late = list[tuple[str, Letter]]()

    def meets(self, what: str) -> None:
        if what == "late record":
            if self._late:
                self._record(*self._late.pop(0))
        elif what == "retried by an operator":
            self._retry()
        elif what == "came back":
            self.refused |= self.letter.status == "sent"
            self._keep(attempts.came_back(self.letter, error="5.1.1", now=self.at).state)
        else:
            self._attempt(what)

    def _attempt(self, what: str) -> None:
        self.at = max(self.at, self.letter.wake_at or self.at)
        before = self.letter
        self._keep(attempts.claim(before, self.at).state)
        if self.letter == before or self.letter.status != "waiting":
            return
        self.spent += 1
        done, _, how = what.partition(", ")
        self.handed += done == "taken"
        if how == "recorded late":
            self._late.append((done, self.letter))
        if how or done == "killed":
            self.unrecorded += done == "taken"
            self.at += LEASE
            return
        self._record(done, self.letter)

    def _record(self, done: str, claimed: Letter) -> None:
        current, at = self.letter, self.at
        match done:
            case "taken":
                change = attempts.sent(current, message_id="<m@x>", now=at)
            case "refused for good":
                change = attempts.refused(claimed, current, error="550")
                self.refused |= change.state != current
            case "server away":
                away = timedelta(days=1)
                change = attempts.unreached(claimed, current, error="gone", away=away, now=at)
            case "held":
                change = attempts.held(claimed, current, until=at + timedelta(minutes=5))
            case _:
                change = attempts.postponed(claimed, current, error="451", now=at)
        if done in ("server away", "held"):
            self.spent -= change.state != current
        self._keep(change.state)

    def _retry(self) -> None:
        waited = self.letter.status == "waiting"
        try:
            self._keep(attempts.send_again(self.letter, known=True, now=self.at).state)
        except NotToBeSentAgain:
            assert self.letter.status == "sent"
        else:
            self.refused, self.spent = False, self.spent if waited else 0
            # Refused or come back before: what leaves now is asked for.
            self.unrecorded += self.handed > 0

    def _keep(self, state: Letter | None) -> None:
        assert state
        self.letter = state


class TestEveryHistory:
    @pytest.mark.feature("NOT-15")
    @given(st.lists(st.sampled_from(HAPPENS), max_size=40))
    def test_records_a_letter_once_and_loses_none(self, history: list[str]):
        post = Post()
        for what in history:
            post.meets(what)

            letter = post.letter
            assert letter.attempts <= len(AGAIN_AFTER) + 1
            assert (letter.status == "waiting") == (letter.wake_at is not None)
            if letter.status == "sent":
                assert post.handed >= 1
            assert post.handed <= 1 + post.unrecorded

    @given(st.lists(st.sampled_from(HAPPENS), max_size=20))
    def test_comes_to_an_end_once_the_server_is_well_again(self, history: list[str]):
        post = Post()
        for what in history:
            post.meets(what)

        for _ in range(len(AGAIN_AFTER) + 2):
            post.meets("taken")

        assert post.letter.status in {"sent", "failed"}
        given_up = post.refused or post.spent > len(AGAIN_AFTER)
        assert post.handed >= 1 or given_up, "it was handed over at least once"
        assert post.letter.status == "sent" or given_up

    @pytest.mark.feature("NOT-15")
    def test_waits_for_a_server_that_is_away_however_long(self):
        post = Post()
        for _ in range(1000):
            post.meets("server away")
        away = post.at - NOW
        post.meets("taken")

        assert away > timedelta(days=6)
        assert (post.letter.status, post.letter.attempts, post.handed) == ("sent", 1, 1)

    def test_asks_a_server_that_is_away_ever_more_seldom(self):
        waits = [
            attempts.unreached(
                a_letter(attempts=1), a_letter(attempts=1), error="", away=one, now=NOW
            )
            for one in (timedelta(), timedelta(minutes=3), timedelta(days=3))
        ]

        assert [one.state.wake_at - NOW for one in waits if one.state and one.state.wake_at] == [
            timedelta(seconds=10),
            timedelta(minutes=3),
            timedelta(minutes=10),
        ]
