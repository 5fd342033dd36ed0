"""Whatever people register, ask, follow, stop and take back, in any order and again and again."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import LinkRequested, LinkRequestedV2
from kit.attempts import Attempts, Limit
from kit.collection import Ask, Collection
from kit.problems import Problem
from services.users.domain import emails, unactivated
from services.users.domain.accounts import (
    Account,
    SentLink,
    activate,
    register,
)
from services.users.domain.emails import LetterLimit
from services.users.domain.logins import Login, login_id
from tests.users.kept import Kept, a_collection
from tests.users.people import ACCESS, NOW, a_registration

ADDRESSES = ("lea@example.org", "omar@example.org", "zoe@example.org")
GENEROUS = Limit(10_000, timedelta(hours=1))
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


@dataclass
class World:
    """The addresses of a few accounts. Everything is done ``times`` over."""

    times: int = 1
    now: datetime = NOW
    kept: Kept = field(default_factory=Kept)
    links: list[tuple[str, SentLink]] = field(default_factory=list)
    """Every link that was ever sent, with whose it is."""
    followed: list[tuple[str, SentLink]] = field(default_factory=list)
    proved: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By user, the addresses whose letters they have read."""

    def __post_init__(self) -> None:
        self.accounts: Collection[Account] = a_collection("accounts", Account)
        self.logins: Collection[Login] = a_collection("logins", Login)
        self.attempts: Collection[Attempts] = a_collection("attempts", Attempts)

    @property
    def people(self) -> list[Account]:
        return self.kept.all(Account)

    def claim(self, email: str) -> Login | None:
        state = self.kept.states.get(self.logins.at(login_id(email)))
        assert state is None or isinstance(state, Login)
        return state

    def account(self, user_id: str) -> Account | None:
        state = self.kept.states.get(self.accounts.at(user_id))
        assert state is None or isinstance(state, Account)
        return state

    def link(self, purpose: Any, email: str, lasts: timedelta = HOUR) -> SentLink:
        nonce = f"n-{len(self.links)}-{purpose}"
        return SentLink(nonce=nonce, purpose=purpose, email=email, expires_at=self.now + lasts)

    def keep(self, ask: Ask) -> bool:
        """Whether it was not refused."""
        told = len(self.kept.told)
        with suppress(Problem):
            self.kept.keep(ask)
            self._letters_leave(told)
            return True
        return False

    def _letters_leave(self, told: int) -> None:
        for event in self.kept.told[told:]:
            if isinstance(event, LinkRequested | LinkRequestedV2):
                account = self.account(event.user_id)
                assert account
                sent = next(one for one in account.links if one.nonce == event.nonce)
                self.links.append((event.user_id, sent))

    def register(self, email: str) -> None:
        claim = self.claim(email)
        user_id = claim.user_id if claim else f"u-{len(self.kept.told)}"
        decide = partial(
            register,
            user_id=user_id,
            email=email,
            registration=a_registration(),
            link=self.link("activation", email),
            kept_until=self.now + WEEK,
            letters_id="letters",
            limit=GENEROUS,
            now=self.now,
        )
        places = (self.logins.at(login_id(email)), self.accounts.at(user_id))
        self.keep(Ask((*places, self.attempts.at("letters")), decide))

    def ask(self, nth: int, email: str) -> None:
        if not self.people:
            return
        account = self.people[nth % len(self.people)]
        decide = partial(
            emails.ask_for_login,
            confirmation=self.link("login-confirmation", email),
            cancellation=self.link("login-cancellation", "", WEEK),
            password_version=account.password_version,
            letters=LetterLimit(to_address="to", of_user="of", limit=GENEROUS),
            now=self.now,
        )
        tries = (self.attempts.at("to"), self.attempts.at("of"))
        self.keep(Ask((self.accounts.at(account.id), *tries), decide))

    def follow(self, nth: int) -> None:
        """Some link that was sent once, be it too old, used, or of a change that is over."""
        if not self.links:
            return
        user_id, link = self.links[nth % len(self.links)]
        account = self.account(user_id)
        for turn in range(self.times):
            good = bool(account) and self.keep(self._use(user_id, link))
            if good:
                self.proved[user_id].add(link.email or account.email)
            if turn == 0 and good and link.purpose != "activation":
                self.followed.append((user_id, link))

    def _use(self, user_id: str, link: SentLink) -> Ask:
        account, about = self.account(user_id), {"nonce": link.nonce, "now": self.now}
        assert account
        claims = tuple(self.logins.at(login_id(one)) for one in (link.email, account.email))
        decide: Callable[..., Any]
        if link.purpose == "activation":
            return self.accounts.ask(user_id, partial(activate, **about))
        if link.purpose == "login-confirmation":
            return Ask((self.accounts.at(user_id), *claims), partial(emails.confirm_login, **about))
        if link.email == account.email:
            return self.accounts.ask(user_id, partial(emails.stop_login_change, **about))
        decide = partial(emails.take_login_back, access_for=ACCESS, **about)
        return Ask((self.accounts.at(user_id), *claims), decide)

    def wait(self, hours: int) -> None:
        """Time passes, and every timer does what is due."""
        self.now += hours * HOUR
        for _ in range(self.times):
            for login in self.kept.all(Login):
                places = (self.logins.at(login.id), self.accounts.at(login.user_id))
                self.keep(Ask(places, partial(emails.release, now=self.now)))
            for account in self.people:
                claim = self.logins.at(login_id(account.email))
                places = (self.accounts.at(account.id), claim)
                self.keep(Ask(places, partial(unactivated.erase, now=self.now)))


addresses = st.sampled_from(ADDRESSES)
actions = st.one_of(
    st.tuples(st.just("register"), addresses),
    st.tuples(st.just("ask"), st.integers(0, 2), addresses),
    st.tuples(st.just("follow"), st.integers(0, 12)),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 50, 200])),
)
histories = st.lists(actions, max_size=15)


def lived(history: list[tuple[Any, ...]], times: int = 1) -> World:
    world = World(times)
    for what, *how in [("register", "lea@example.org"), ("follow", 0), *history]:
        getattr(world, what)(*how)
    return world


class TestAnyHistory:
    @pytest.mark.feature("ACC-01")
    @given(histories)
    def test_leaves_each_address_to_one_account(self, history):
        world = lived(history)

        present = [login_id(one.email) for one in world.people]
        assert len(present) == len({*present})
        for account in world.people:
            claim = world.claim(account.email)
            assert claim
            assert claim.user_id == account.id

    @given(histories)
    def test_gives_nobody_an_address_whose_letters_they_do_not_read(self, history):
        world = lived(history)

        for account in world.people:
            assert account.status == "pending" or account.email in world.proved[account.id]

    @given(histories)
    def test_takes_no_link_a_second_time(self, history):
        world = lived(history)

        for user_id, link in world.followed:
            if world.account(user_id):
                assert not world.keep(world._use(user_id, link))

    @given(histories)
    def test_lets_every_address_go_in_the_end(self, history):
        world = lived([*history, ("wait", 200), ("wait", 200)])

        assert {one.id for one in world.kept.all(Login)} == {
            login_id(one.email) for one in world.people
        }
        assert {one.status for one in world.people} <= {"active"}

    @given(histories)
    def test_followed_and_waited_for_twice_is_once(self, history):
        once, twice = lived(history), lived(history, times=2)

        assert once.kept.told == twice.kept.told
