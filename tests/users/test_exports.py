"""What the platform keeps of a person, gathered for them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.support import TicketsGathered
from contracts.users import ExportReady, ExportRequested
from kit.attempts import Limit, TooManyAttempts
from kit.problems import NotFound
from services.users.domain.exports import (
    OTHERS,
    PATIENCE,
    Export,
    ExportNotReady,
    ExportOver,
    ask_for,
    claim,
    over,
    ready,
    receive,
    take,
)
from tests.tools.built import EVERY_SERVICE
from tests.users.people import NOW, an_account

THREE_A_DAY = Limit(3, timedelta(days=1))
WEEK = timedelta(days=7)


def asked(current: Any = None, account: Any = None, tries: Any = None, **but: Any) -> Any:
    given = {"id": "e1", "keys": ("private", "public"), "tries_id": "t", "limit": THREE_A_DAY}
    return ask_for(current, account or an_account(), tries, **given | {"now": NOW} | but)


def gathering(**but: Any) -> Export:
    export, *_ = asked()
    return replace(export.state, version=1, **but)


def a_piece(part: int = 1, of: int = 1) -> TicketsGathered:
    said = {"export_id": "e1", "user_id": "u-lea", "part": part, "of": of, "sealed": f"s{part}"}
    return TicketsGathered(**said)


def received(export: Any, piece: Any = None, *, service: str = "support", told: Any = None) -> Any:
    return receive(export, piece, service=service, told=told or a_piece(), now=NOW)


class TestAskFor:
    def test_tells_the_others_and_gives_no_secret_away(self):
        export, account, tries = asked()
        [told] = export.events
        assert isinstance(told, ExportRequested)
        assert (told.user_id, told.public_key) == ("u-lea", "public")
        assert "private" not in told.model_dump_json()
        assert (account.state, len(tries.state.made)) == (an_account(), 1)
        assert export.state.wake_at == NOW + PATIENCE

    def test_repeated_changes_nothing_and_is_not_counted(self):
        export, _, tries = asked()
        again, _, same = asked(export.state, tries=tries.state)
        assert (again.state, again.events, same.state) == (export.state, (), tries.state)

    def test_is_counted(self):
        tries = None
        for _ in range(3):
            *_, counted = asked(tries=tries)
            tries = counted.state
        with pytest.raises(TooManyAttempts):
            asked(tries=tries)

    @pytest.mark.parametrize("status", ["pending", "deactivated", "erased"])
    def test_is_for_active_accounts(self, status: str):
        with pytest.raises(NotFound):
            asked(account=an_account(status=status))


class TestReceive:
    def test_knows_every_other_service(self):
        assert {*OTHERS} == {*EVERY_SERVICE} - {"users", "gateway"}

    def test_waits_for_the_last_piece_of_the_last_service(self):
        export = gathering()
        for service in OTHERS[:-1]:
            change, piece = received(export, service=service)
            assert piece.state.service == service
            export = change.state
            assert export.wake_at == NOW + PATIENCE
        half, _ = received(export, service=OTHERS[-1], told=a_piece(1, 2))
        assert half.state.wake_at == NOW + PATIENCE
        whole, _ = received(half.state, service=OTHERS[-1], told=a_piece(2, 2))
        assert (whole.state.wake_at, set(whole.state.whole)) == (NOW, set(OTHERS))

    def test_heard_twice_counts_once(self):
        change, piece = received(gathering(), told=a_piece(1, 2))
        again, same = received(change.state, piece.state, told=a_piece(1, 2))
        assert (again.state, same.state) == (change.state, piece.state)

    @pytest.mark.parametrize("export", [None, "ready"])
    def test_too_late_keeps_nothing(self, export: Any):
        done = export and ready(gathering(), content="c", size=1, kept_for=WEEK, now=NOW).state
        change, piece = received(done)
        assert (change.state, piece.state) == (done, None)


class TestReady:
    def test_forgets_the_key_and_says_who_is_missing(self):
        export = gathering(whole=("support",))
        change = ready(export, content="c1", size=7, kept_for=WEEK, now=NOW)
        done, [told] = change.state, change.events
        assert (done.status, done.key, done.content, done.size) == ("ready", "", "c1", 7)
        assert done.missing == ("approvals", "notifications", "structures")
        assert isinstance(told, ExportReady)
        assert told.expires_at == done.wake_at == NOW + WEEK

    def test_is_told_once_though_two_have_put_it_together(self):
        first = ready(gathering(), content="c1", size=1, kept_for=WEEK, now=NOW).state
        again = ready(first, content="c2", size=1, kept_for=WEEK, now=NOW)
        assert (again.state, again.events) == (first, ())


class TestTake:
    DONE = ready(gathering(), content="c1", size=7, kept_for=WEEK, now=NOW).state

    def test_is_good_once(self):
        taken = take(self.DONE, by="u-lea", now=NOW).state
        assert (taken.status, taken.content) == ("taken", "c1")
        with pytest.raises(ExportOver):
            take(taken, by="u-lea", now=NOW)
        assert over(taken).state.content == ""

    def test_is_for_its_owner(self):
        for export, by in ((self.DONE, "u-omar"), (None, "u-lea")):
            with pytest.raises(NotFound):
                take(export, by=by, now=NOW)

    def test_is_refused_before_it_is_ready_and_after_it_expired(self):
        with pytest.raises(ExportNotReady):
            take(gathering(), by="u-lea", now=NOW)
        assert take(self.DONE, by="u-lea", now=NOW + WEEK - timedelta(seconds=1))
        with pytest.raises(ExportOver):
            take(self.DONE, by="u-lea", now=NOW + WEEK)

    def test_what_nobody_came_for_is_forgotten(self):
        gone = over(self.DONE).state
        assert (gone.status, gone.content, gone.wake_at) == ("expired", "", None)
        assert over(gone).state == gone


class TestClaim:
    def test_is_for_one_at_a_time(self):
        due = gathering(wake_at=NOW)
        claimed = claim(due, NOW).state
        assert claimed.wake_at > NOW
        assert claim(claimed, NOW).state == claimed
