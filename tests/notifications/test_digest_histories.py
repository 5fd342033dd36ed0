"""Whatever is wished, whenever the clock moves, whoever dies: each letter is told in one place."""

from collections import defaultdict
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.users import Habilitation, Line, NotificationPreferences, QuietHours
from kit.collection import Ask, Collection
from kit.problems import Problem
from kit.rights import Rights
from services.notifications.domain import attempts, digests
from services.notifications.domain.digests import NOT_WISHED, Settled, settle
from services.notifications.domain.letters import OF_NO_USE, Letter, write
from services.notifications.domain.muting import ClientAccount, Contact
from services.notifications.gathering import Contents, Gathering
from services.notifications.muting import Muting
from tests.notifications.builders import a_letter, a_person
from tests.users.kept import Kept

BEGAN = datetime(2026, 3, 27, 22, 0, tzinfo=UTC)
"""Two days before clocks are put forward."""
SEVEN = time(7)
USERS = ("u-lea", "u-omar")
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea")
NIGHT = QuietHours(begin="20:00", end="08:30")
SALES = Habilitation(application="factures-emises", level="consultation")


class InMemory(Collection[Any]):
    """What a gathering asks of a collection, answered from what is kept here."""

    kept: Kept

    def __init__(self, kind: type[Any]) -> None:
        nowhere: Any = None
        super().__init__(kind.__name__, nowhere, kind, nowhere)

    async def change(self, id: str, decide: Any, *, if_match: int | None = None) -> Any:
        self.kept.keep(self.ask(id, decide))
        return self.now(id)

    async def many(self, ids: list[str]) -> dict[str, Any]:
        return {id: one for id in ids if (one := self.now(id))}

    def now(self, id: str) -> Any:
        return self.kept.states.get(self.at(id))


LETTERS, SETTLED = InMemory(Letter), InMemory(Settled)
MUTING = Muting(InMemory(ClientAccount), InMemory(Contact))
"""Made once: to learn how a kind is kept takes longer than a history."""


class Rightful:
    """Who sees invoices."""

    def __init__(self) -> None:
        self.seeing = {*USERS}

    async def of_user(self, user_id: str) -> tuple[Rights, ...]:
        held = (SALES,) if user_id in self.seeing else ()
        lines = (Line(valid_from=date.min),)
        whole = Rights(id=user_id, structure_id="s-9", role="user", lines=lines, habilitations=held)
        return (whole,)


class Office:
    """The gathering itself, at work on what is kept in memory, and what really left."""

    def __init__(self) -> None:
        self.now, self.kept, self.rights = BEGAN, Kept(), Rightful()
        self.letters, self.settled = LETTERS, SETTLED
        LETTERS.kept = SETTLED.kept = self.kept
        at_hand: Any = self, self.letters, self.settled, self.rights
        self.gathering = Gathering(*at_hand, digests_at=SEVEN, muting=MUTING)
        self.people = {one: a_person(id=one) for one in USERS}
        self.handed_over: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        """What each letter told beside its own words, each time it was handed over."""
        self.left_out: set[str] = set()
        """What was of no use any more when its digest left."""

    async def keep_all(self, asks: Iterable[Ask]) -> list[Any]:
        """As the committer does."""
        outcomes: list[Any] = []
        for ask in asks:
            try:
                outcomes.append(self.kept.keep(ask))
            except Problem as refusal:
                outcomes.append(refusal)
        return outcomes

    @contextmanager
    def working(self) -> Iterator[None]:
        """What the gathering reads of the world outside is this office's."""
        outside = {
            "now": lambda: self.now,
            "today": lambda: self.now.date(),
            "page": self._page,
        }
        with patch.multiple("services.notifications.gathering", **outside):
            yield

    async def _page(self, _: Any, where: Any, *__: Any, **___: Any) -> tuple[list[Letter], None]:
        return self.gathered_for(where["digest_id"]), None

    def gathered_for(self, digest_id: str) -> list[Letter]:
        every = self.kept.all(Letter)
        return [one for one in every if (one.digest_id, one.status) == (digest_id, "gathered")]

    def write(self, user: str, invoice: bool, by_wish: bool) -> None:
        """As it is heard, or as a notice is spread: by its reader's wishes at once."""
        id = f"item-{len(self.kept.states)}"
        letter = a_letter(
            id=id, recipient_id=user, subject_id=id, created_at=self.now, wake_at=None
        )
        if invoice:
            of = {"application": "factures-emises", "structure_id": "s-9"}
            letter = replace(letter, template="invoice-status", **of)
        if by_wish:
            run(self.gathering.write([(letter, self.people[user])]))
        else:
            self.kept.keep(self.letters.ask(id, lambda current: write(letter, current)))

    def wish(self, user: str, rhythm: Any, zone: str, quiet: bool) -> None:
        wishes = NotificationPreferences(rhythm=rhythm, quiet_hours=NIGHT if quiet else None)
        self.people[user] = a_person(id=user, time_zone=zone, wishes=wishes)

    def settle(self, nth: int) -> None:
        items = [one for one in self.kept.all(Letter) if one.template != "digest"]
        if items:
            id = items[nth % len(items)].id
            self.kept.keep(self.settled.ask(id, lambda now: settle(id, now, at=self.now)))

    def entitle(self, user: str, sees: bool) -> None:
        (self.rights.seeing.add if sees else self.rights.seeing.discard)(user)

    def later(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    def work(self, dies: int, twice: bool) -> None:
        """Whatever is due, once; a sender may die: before it has done anything, or after."""
        due = [one for one in self.kept.all(Letter) if one.wake_at and one.wake_at <= self.now]
        for letter in sorted(due, key=lambda one: (one.wake_at or self.now, one.id)):
            self.kept.keep(self.letters.ask(letter.id, lambda one: attempts.claim(one, self.now)))
            claimed = self.letters.now(letter.id)
            if claimed.status == "waiting" and dies != 1:
                for _ in range(1 + twice):
                    self.send(claimed, unrecorded=dies == 2)

    def send(self, claimed: Letter, *, unrecorded: bool) -> None:
        person, before = self.people[claimed.recipient_id], self.letters.now(claimed.id)
        inside = self.gathered_for(claimed.id)
        contents: Contents | None = run(self.gathering.ready(claimed, person))
        after = self.letters.now(claimed.id)
        if contents is not None:
            telling = contents.letters if claimed.template == "digest" else (claimed,)
            assert not any(map(self.is_idle, telling)), "what is of no use stays here"
            told = tuple(one.id for one in contents.letters)
            self.leave_out([one for one in inside if one.id not in told])
            self.handed_over[claimed.id].append(told)
            if not unrecorded:
                sent = attempts.sent(after, message_id="m", now=self.now)
                self.kept.keep(self.letters.ask(claimed.id, lambda _: sent))
        elif after.status == "suppressed" != before.status:
            if claimed.template == "digest":
                self.leave_out(inside)
            else:
                assert self.is_idle(claimed)
                assert after.last_error in (NOT_WISHED, OF_NO_USE)

    def leave_out(self, letters: list[Letter]) -> None:
        assert all(map(self.is_idle, letters)), "what is of use is told"
        self.left_out |= {one.id for one in letters}

    def is_idle(self, letter: Letter) -> bool:
        """Whether nobody misses it: it is settled, not wished for, or not for them any more."""
        person = self.people[letter.recipient_id]
        unseen = letter.application != "" and person.id not in self.rights.seeing
        settled = self.settled.now(letter.subject_id) is not None
        return settled or unseen or digests.rhythm(letter, person) == "never"

    def rest(self) -> None:
        """Nobody dies any more, and time goes on until nothing waits."""
        for _ in range(200):
            waiting = [one.wake_at for one in self.kept.all(Letter) if one.wake_at]
            if not waiting:
                return
            self.now = max(self.now, min(waiting))
            self.work(0, twice=False)
        raise AssertionError("Something waits for ever.")


def run(doing: Coroutine[Any, Any, Any]) -> Any:
    """To its end, at once: nothing here waits for anything."""
    try:
        doing.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("It waits.")


users = st.sampled_from(USERS)
deeds = st.one_of(
    st.tuples(st.just("write"), users, st.booleans(), st.booleans()),
    st.tuples(st.just("write"), users, st.just(True), st.booleans()),
    st.tuples(
        st.just("wish"),
        users,
        st.sampled_from(["immediate", "daily", "weekly", "never"]),
        st.sampled_from(ZONES),
        st.booleans(),
    ),
    st.tuples(st.just("settle"), st.integers(0, 9)),
    st.tuples(st.just("entitle"), users, st.sampled_from([False, False, True])),
    st.tuples(st.just("work"), st.sampled_from([0, 0, 0, 1, 2]), st.booleans()),
    st.tuples(st.just("later"), st.sampled_from([0.1, 1, 7, 26, 100])),
)


@pytest.mark.feature("NOT-02", "NOT-15")
@settings(max_examples=150, deadline=None)
@given(st.lists(deeds, min_size=5, max_size=30))
def test_each_letter_is_told_in_one_place_or_withdrawn(history: list[tuple[Any, ...]]):
    office = Office()
    with office.working():
        for deed, *said in history:
            getattr(office, deed)(*said)
        office.rest()

    letters = {one.id: one for one in office.kept.all(Letter)}
    for letter in letters.values():
        times = office.handed_over.get(letter.id, [])
        if letter.template == "digest":
            assert all(times), "no digest is empty"
            continue
        assert letter.status in ("sent", "gathered", "suppressed", "failed")
        tellers = {
            id for id, all_ in office.handed_over.items() if any(letter.id in x for x in all_)
        }
        assert len(tellers) + bool(times) <= 1
        if letter.status == "sent":
            assert times, "handed over at least once"
        if letter.status == "gathered":
            assert tellers <= {letter.digest_id}
            given_up = letters[letter.digest_id].status == "failed"
            assert tellers or letter.id in office.left_out or given_up


@pytest.mark.feature("NOT-02")
@pytest.mark.parametrize("by_wish", [True, False], ids=["written by wish", "put off by a sender"])
def test_what_would_join_a_digest_that_has_left_takes_the_next(by_wish: bool):
    """Whoever goes west has the same morning twice."""
    office = Office()
    with office.working():
        office.wish("u-lea", "daily", "Pacific/Noumea", quiet=False)
        office.write("u-lea", invoice=False, by_wish=True)
        office.later(24)
        office.work(0, twice=False)
        office.wish("u-lea", "daily", "America/Cayenne", quiet=False)
        office.now = datetime(2026, 3, 28, 21, 0, tzinfo=UTC)
        office.write("u-lea", invoice=False, by_wish=by_wish)
        office.work(0, twice=False)
        waiting = [one.id for one in office.kept.all(Letter) if one.status == "waiting"]
        left = [one for one in office.handed_over if one.startswith("u-lea:digest")]

    assert left == ["u-lea:digest:2026-03-29"]
    assert waiting == ["u-lea:digest:2026-03-30"]
