"""Whatever is wished, whenever the clock moves, whoever dies: each letter is told in one place."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.users import NotificationPreferences, QuietHours
from services.notifications.domain import attempts, digests
from services.notifications.domain.digests import DigestClosed, Settled
from services.notifications.domain.letters import Letter
from services.notifications.domain.people import Person
from services.notifications.domain.times import quiet_until
from tests.notifications.builders import a_letter, a_person

BEGAN = datetime(2026, 3, 27, 22, 0, tzinfo=UTC)
"""Two days before clocks are put forward."""
SEVEN = time(7)
USERS = ("u-lea", "u-omar")
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea")
NIGHT = QuietHours(begin="20:00", end="08:30")


@dataclass
class Office:
    """What the mailer does, decision by decision, on what is kept in memory."""

    now: datetime = BEGAN
    letters: dict[str, Letter] = field(default_factory=dict)
    settled: dict[str, Settled] = field(default_factory=dict)
    handed_over: dict[str, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))
    """What each letter told beside its own words, each time it was handed over."""
    left_out: set[str] = field(default_factory=set)
    """What was of no use any more when its digest left."""
    people: dict[str, Person] = field(
        default_factory=lambda: {one: a_person(id=one) for one in USERS}
    )

    def write(self, user: str, invoice: bool) -> None:
        kind: dict[str, Any] = {"template": "invoice-status", "application": "factures-emises"}
        id = f"item-{len(self.letters)}"
        letter = a_letter(
            id=id, recipient_id=user, subject_id=id, created_at=self.now, wake_at=self.now
        )
        self.letters[id] = replace(letter, **kind) if invoice else letter

    def wish(self, user: str, rhythm: Any, zone: str, quiet: bool) -> None:
        wishes = NotificationPreferences(rhythm=rhythm, quiet_hours=NIGHT if quiet else None)
        self.people[user] = a_person(id=user, time_zone=zone, wishes=wishes)

    def settle(self, nth: int) -> None:
        self.settled[f"item-{nth}"] = Settled(id=f"item-{nth}", at=BEGAN)

    def work(self, dies: int, twice: bool) -> None:
        """Whatever is due, once; a sender may die: before it has done anything, or after."""
        due = [one for one in self.letters.values() if one.wake_at and one.wake_at <= self.now]
        for letter in sorted(due, key=lambda one: (one.wake_at, one.id)):
            claimed = attempts.claim(letter, self.now).state
            self.letters[letter.id] = claimed
            if claimed.status == "waiting" and dies != 1:
                for _ in range(1 + twice):
                    self.send(claimed, unrecorded=dies == 2)

    def send(self, claimed: Letter, *, unrecorded: bool) -> None:
        person = self.people[claimed.recipient_id]
        wished = digests.rhythm(claimed, person)
        if wished == "never" or not self.of_use([claimed]):
            return self.record(attempts.suppressed, claimed, why="…")
        if wished != "immediate":
            return self.gather(claimed, person, wished)
        if until := quiet_until(person, self.now):
            return self.record(attempts.held, claimed, until=until)
        told: tuple[str, ...] = ()
        if claimed.template == "digest":
            found = [one for one in self.letters.values() if one.digest_id == claimed.id]
            told = tuple(one.id for one in self.of_use(found))
            self.left_out |= {one.id for one in found} - {*told}
            if not told:
                return self.record(attempts.suppressed, claimed, why="…")
        self.handed_over[claimed.id].append(told)
        if not unrecorded:
            now = self.now
            sent = attempts.sent(self.letters[claimed.id], message_id="m", now=now)
            self.letters[claimed.id] = sent.state

    def gather(self, claimed: Letter, person: Person, wished: Any) -> None:
        after = self.now
        while True:
            into, after = digests.digest_for(person, wished, after=after, at=SEVEN)
            try:
                item, digest = digests.gather(
                    claimed, self.letters[claimed.id], self.letters.get(into.id), into=into
                )
            except DigestClosed:
                continue
            self.letters |= {one.state.id: one.state for one in (item, digest) if one.state}
            return

    def record(self, outcome: Any, claimed: Letter, **found: Any) -> None:
        self.letters[claimed.id] = outcome(claimed, self.letters[claimed.id], **found).state

    def of_use(self, letters: list[Letter]) -> list[Letter]:
        person = self.people[letters[0].recipient_id] if letters else a_person()
        return digests.of_use(letters, person, settled=self.settled)

    def rest(self) -> None:
        """Nobody dies any more, and time goes on until nothing waits."""
        for _ in range(200):
            waiting = [one.wake_at for one in self.letters.values() if one.wake_at]
            if not waiting:
                return
            self.now = max(self.now, min(waiting))
            self.work(0, twice=False)
        raise AssertionError("Something waits for ever.")


users = st.sampled_from(USERS)
deeds = st.one_of(
    st.tuples(st.just("write"), users, st.booleans()),
    st.tuples(
        st.just("wish"),
        users,
        st.sampled_from(["immediate", "daily", "weekly", "never"]),
        st.sampled_from(ZONES),
        st.booleans(),
    ),
    st.tuples(st.just("settle"), st.integers(0, 9)),
    st.tuples(st.just("work"), st.sampled_from([0, 0, 0, 1, 2]), st.booleans()),
    st.tuples(st.just("later"), st.sampled_from([0.1, 1, 7, 26, 100])),
)


@pytest.mark.feature("NOT-02", "NOT-15")
@settings(max_examples=150, deadline=None)
@given(st.lists(deeds, max_size=30))
def test_each_letter_is_told_in_one_place_or_withdrawn(history: list[tuple[Any, ...]]):
    office = Office()
    for deed, *said in history:
        if deed == "later":
            office.now += timedelta(hours=said[0])
        else:
            getattr(office, deed)(*said)
    office.rest()

    digested = [one for one in office.letters.values() if one.template == "digest"]
    for digest in digested:
        assert all(office.handed_over[digest.id]), "no digest is empty"
    for letter in office.letters.values():
        if letter.template == "digest":
            continue
        assert letter.status in ("sent", "gathered", "suppressed", "failed")
        tellers = {
            id for id, times in office.handed_over.items() if any(letter.id in one for one in times)
        }
        by_itself = letter.id in office.handed_over
        assert len(tellers) + by_itself <= 1
        if letter.status == "sent":
            assert by_itself
        if letter.status == "gathered":
            assert tellers <= {letter.digest_id}
            given_up = office.letters[letter.digest_id].status == "failed"
            assert tellers or letter.id in office.left_out or given_up
