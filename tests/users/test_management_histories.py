"""Whatever managers, claimants and the desk do, at once and in any order: one manager, never none."""

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.notifications import VacancyNoticeHandedOver, VacancyNoticeReturned
from contracts.users import RightsChanged
from kit.collection import Ask
from kit.problems import Problem
from services.users.claiming import Claiming
from services.users.domain import deactivations, vacancies
from services.users.domain.accounts import Account, SecretQuestion, SentLink
from services.users.domain.claims import Claim, Proof
from services.users.domain.deactivations import Reactivation
from services.users.domain.management import Management
from services.users.domain.rattachements import Rattachement, rights_of
from services.users.domain.transfers import Kind, Transfer, selected
from services.users.handlers import handlers
from services.users.identity import Identity
from services.users.managing import Managing
from services.users.membership import Membership
from tests.users.kept import Kept, in_memory
from tests.users.managing import a_tie, somebody
from tests.users.rattaching import DEFAULTS, NOW, a_creation

USERS = ("u-lea", "u-omar", "u-zoe")
STRUCTURES = ("s-bakery", "s-garage", "s-mill")
DAY, SIXTY = timedelta(days=1), timedelta(days=60)
PLAIN: Any = SimpleNamespace(
    access_for=timedelta(minutes=5),
    vacancy_notice_for=15 * DAY,
    claims_limit=None,
    transferred_most=10,
)


class World:
    """
    The management side of users, with what it keeps in memory; it does everything ``times`` over.

    What somebody does is made up on what they see, and kept later: others come between.
    """

    def __init__(self, times: int = 1) -> None:
        self.times, self.now, self.kept = times, NOW, Kept()
        self.membership, self.identity = in_memory(Membership), in_memory(Identity)
        self.managing = Managing(self.membership, self.identity, PLAIN, DEFAULTS)
        self.claiming = Claiming(self.membership, self.identity, PLAIN, DEFAULTS)
        self.on = self.claiming.hear(handlers(self.membership, self.identity.accounts, DEFAULTS))
        self.under_way: list[Ask] = []
        self.ever: set[str] = set()
        self.asked = 0
        for user in USERS:
            self.put(self.identity.accounts.at(user), somebody(user))
            for structure in STRUCTURES[:2]:
                tie = a_tie(user, structure)
                self.put(self.membership.rattachements.at(tie.id), tie)

    def put(self, place: Any, state: Any) -> None:
        self.kept.states[place] = state

    def managed(self, user: str) -> tuple[str, ...]:
        every = self.kept.all(Management)
        return tuple(sorted(one.id for one in every if one.principal_manager_id == user))

    def account(self, user: str) -> Account:
        account = self.kept.states[self.identity.accounts.at(user)]
        assert isinstance(account, Account)
        return account

    def keep(self, ask: Ask) -> None:
        for _ in range(self.times):
            with suppress(Problem):
                self.kept.keep(ask)
            self.check()

    def check(self) -> None:
        """What must hold at every moment, for all who read at it."""
        principals = defaultdict(list)
        for tie in self.kept.all(Rattachement):
            if tie.role == "principal_manager":
                principals[tie.structure_id].append(tie.user_id)
        managed = {
            one.id: [one.principal_manager_id]
            for one in self.kept.all(Management)
            if one.principal_manager_id
        }
        assert principals == managed
        assert self.ever <= managed.keys()
        self.ever |= managed.keys()
        counted = Counter(user for [user] in managed.values())
        for account in self.kept.all(Account):
            assert account.manages == counted[account.id]
            assert account.status == "active" or not account.manages

    def id(self) -> str:
        self.asked += 1
        return f"a-{self.asked}"

    def create(self, structure: str, user: str) -> None:
        created = a_creation(structure_id=structure, created_by=user, created_at=self.now)
        _, handler = self.on.handlers[created.type]
        self.under_way.append(handler(created))

    def transfer(self, kind: Kind, by: str, to: str, chosen: tuple[str, ...]) -> None:
        with suppress(Problem):
            handed = selected(kind, () if kind == "global" else chosen, self.managed(by))
            asked = self.a_transfer(kind, by, dict.fromkeys(handed, to))
            if by != to:
                self.under_way.append(self.managing.handing_over(asked, "", {}, self.account(by)))

    def deactivate(self, by: str, to: str) -> None:
        with suppress(Problem):
            chosen = deactivations.successors(self.managed(by), one_for_all=to, each={})
            asked = self.a_transfer("deactivation", by, chosen)
            if by != to:
                account = self.account(by)
                proved = account.password_version
                self.under_way.append(
                    self.managing.leaving(asked, "", {}, account, password_version=proved)
                )

    def a_transfer(self, kind: Kind, by: str, chosen: dict[str, str]) -> Transfer:
        return Transfer(id=self.id(), kind=kind, by=by, successors=chosen, at=self.now)

    def reactivate(self, user: str) -> None:
        account = self.account(user)
        link = SentLink(nonce="n", purpose="reactivation", expires_at=self.now + DAY)
        self.put(self.identity.accounts.at(user), replace(account, links=(link,)))
        question = SecretQuestion(question="?", answer_hash="a")
        chosen = Reactivation(nonce="n", password_hash="p", question=question)
        self.keep(
            Ask(
                (self.identity.accounts.at(user),),
                lambda current: deactivations.reactivate(
                    current, None, chosen=chosen, within=SIXTY, now=self.now
                )[:1],
            )
        )

    def claim(self, user: str, structure: str, proof: Proof) -> None:
        claim = Claim(
            id=self.id(),
            user_id=user,
            structure_id=structure,
            structure_name=None,
            proof=proof,
            tries_left=3,
            opened_at=self.now,
            wake_at=self.now + 20 * DAY,
        )
        self.put(self.membership.claims.at(claim.id), claim)

    def prove(self, nth: int) -> None:
        if claims := self.kept.all(Claim):
            claim, at = claims[nth % len(claims)], self.now
            self.under_way.append(
                self.claiming.asking(
                    claim,
                    self.manager(claim.structure_id),
                    lambda current, parties: _proved(current, parties, self.claiming, at),
                    at,
                )
            )

    def object_to(self, nth: int) -> None:
        if claims := self.kept.all(Claim):
            claim, at = claims[nth % len(claims)], self.now
            by = self.manager(claim.structure_id) or ""
            places = (
                self.membership.claims.at(claim.id),
                self.membership.management.at(claim.structure_id),
            )
            self.under_way.append(
                Ask(places, lambda *now: vacancies.object_to(*now, by=by, now=at))
            )

    def notify(self, nth: int, handed_over: bool) -> None:
        """The mail server has taken the notice of a claim, or has given it back."""
        if claims := self.kept.all(Claim):
            claim = claims[nth % len(claims)]
            said = {"letter_id": "l", "claim_id": claim.id, "manager_id": claim.manager_id or ""}
            kind = VacancyNoticeHandedOver if handed_over else VacancyNoticeReturned
            field = "handed_over_at" if handed_over else "returned_at"
            _, handler = self.on.handlers[kind.type]
            self.keep(handler(kind(**said | {field: self.now})))

    def manager(self, structure: str) -> str | None:
        found = self.kept.states.get(self.membership.management.at(structure))
        return found.principal_manager_id if isinstance(found, Management) else None

    def wait(self, days: int) -> None:
        """Time passes, and wakes the claims whose time has come."""
        self.now += days * DAY
        for claim in self.kept.all(Claim):
            if claim.wake_at and claim.wake_at <= self.now:
                self.keep(self.claiming.waking(claim, self.now))
                woken = self.kept.states[self.membership.claims.at(claim.id)]
                assert isinstance(woken, Claim)
                if woken.state == "granted":
                    assert claim.notified_at
                    assert claim.notified_at + 15 * DAY <= self.now

    def settle(self, nth: int) -> None:
        """One of those that wait to be kept is: not always the first."""
        if self.under_way:
            self.keep(self.under_way.pop(nth % len(self.under_way)))


def _proved(claim: Any, parties: Any, claiming: Claiming, at: datetime) -> Any:
    if claim.proof == "code":
        return vacancies.prove(
            claim, parties, by=claim.user_id, right=True, rules=claiming.rules, now=at
        )
    return vacancies.decide(
        claim, parties, by="u-desk", confirmed=True, reason="", rules=claiming.rules, now=at
    )


users, structures, some = st.sampled_from(USERS), st.sampled_from(STRUCTURES), st.integers(0, 9)
kinds = st.sampled_from(["unitary", "global", "multiple"])
actions = st.one_of(
    st.tuples(st.just("create"), structures, users),
    st.tuples(
        st.just("transfer"), kinds, users, users, st.lists(structures, max_size=3).map(tuple)
    ),
    st.tuples(st.just("deactivate"), users, users),
    st.tuples(st.just("reactivate"), users),
    st.tuples(st.just("claim"), users, structures, st.sampled_from(["code", "documents"])),
    st.tuples(st.just("prove"), some),
    st.tuples(st.just("object_to"), some),
    st.tuples(st.just("notify"), some, st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 16)),
    st.tuples(st.just("settle"), some),
    st.tuples(st.just("settle"), some),
    st.tuples(st.just("settle"), some),
)
begun = [("create", "s-bakery", "u-omar"), ("create", "s-garage", "u-omar"), ("settle", 0)]
histories = st.lists(actions, max_size=25).map(lambda rest: [*begun, ("settle", 0), *rest])


def lived(history: list[tuple[Any, ...]], times: int = 1) -> World:
    world = World(times)
    for what, *how in history:
        getattr(world, what)(*how)
    while world.under_way:
        world.settle(0)
    return world


class TestAnyHistory:
    @pytest.mark.feature("GPT-01", "GPT-08", "ACC-12")
    @settings(max_examples=60)
    @given(histories)
    def test_has_one_manager_wherever_there_was_one_and_happens_once(self, history):
        once, twice = lived(history), lived(history, times=2)

        assert twice.kept.told == once.kept.told
        states = [
            {(place.collection.name, place.id): state for place, state in world.kept.states.items()}
            for world in (once, twice)
        ]
        assert states[0] == states[1]
        told = {one.key: one for one in once.kept.told if isinstance(one, RightsChanged)}
        for tie in once.kept.all(Rattachement):
            if tie.id in told:
                stands = rights_of(tie).model_copy(update={"version": told[tie.id].version})
                assert told[tie.id] == stands


class TestTwoManagersAtOnce:
    @pytest.mark.feature("GPT-08")
    def test_let_the_first_of_two_transfers_stand(self):
        world = lived([*begun, ("settle", 0)])
        world.transfer("unitary", "u-omar", "u-lea", ("s-bakery",))
        world.transfer("unitary", "u-omar", "u-zoe", ("s-bakery",))

        world.settle(0)
        world.settle(0)

        assert world.manager("s-bakery") == "u-lea"

    @pytest.mark.feature("GPT-04", "ACC-12")
    @pytest.mark.parametrize("first", [0, 1])
    def test_leave_no_structure_to_who_leaves_while_one_is_created(self, first: int):
        world = lived([*begun, ("settle", 0)])
        world.deactivate("u-omar", "u-lea")
        world.create("s-mill", "u-omar")

        world.settle(first)
        world.settle(0)

        omar = world.account("u-omar")
        assert omar.status == ("deactivated" if first == 0 else "active")
        assert len(world.managed("u-omar")) == (0 if first == 0 else 3)

    @pytest.mark.feature("GPT-04", "ACC-12")
    @pytest.mark.parametrize("first", [0, 1])
    def test_leave_nothing_either_to_an_account_that_was_kept_before_this_was_counted(
        self, first: int
    ):
        world = lived([*begun, ("settle", 0)])
        uncounted = replace(world.account("u-omar"), manages=0)
        world.put(world.identity.accounts.at("u-omar"), uncounted)
        world.deactivate("u-omar", "u-lea")
        world.create("s-mill", "u-omar")
        world.check = lambda: None  # type: ignore[method-assign]  # that counts what it manages

        world.settle(first)
        world.settle(0)

        omar = world.account("u-omar")
        assert omar.status == ("deactivated" if first == 0 else "active")
        assert len(world.managed("u-omar")) == (0 if first == 0 else 3)

    def test_receive_nothing_while_leaving(self):
        world = lived([*begun, ("settle", 0)])
        world.transfer("global", "u-omar", "u-lea", ())
        world.deactivate("u-lea", "u-zoe")

        world.settle(1)
        world.settle(0)

        assert world.account("u-lea").status == "deactivated"
        assert world.managed("u-omar") == ("s-bakery", "s-garage")


def test_changes_nothing_that_a_refused_transfer_is_about():
    world = lived([*begun, ("settle", 0)])
    before = dict(world.kept.states)

    world.transfer("multiple", "u-omar", "u-lea", ("s-bakery", "s-mill"))
    world.settle(0)

    assert world.kept.states == before
