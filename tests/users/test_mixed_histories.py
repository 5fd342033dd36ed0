"""Whoever is attached, detached, given rows or made the manager, in any order: checks say what is."""

from collections import defaultdict
from contextlib import suppress
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.users import RightsChanged
from kit.change import Change
from kit.collection import Ask
from kit.days import day_of
from kit.problems import Problem
from kit.rights import Rights, applied
from services.users.attaching import Attaching
from services.users.domain import leaving
from services.users.domain.attaching import Gift
from services.users.domain.checks import Check, judge
from services.users.domain.drafts import Add, RemoveAll
from services.users.domain.leaving import Removal
from services.users.domain.lines import Extent
from services.users.domain.logins import Login, login_id
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.transfers import Transfer
from services.users.habilitations import Habilitations
from services.users.handlers import handlers
from services.users.identity import Identity
from services.users.managing import Managing
from services.users.membership import Membership
from tests.users.kept import Kept, in_memory
from tests.users.managing import somebody
from tests.users.rattaching import DEFAULTS, MANAGE, NOW, READ, a_creation, a_known_unit
from tests.users.test_checks import DAYS, UNITS, naive

BAKERY, OMAR = "s-bakery", "u-omar"
USERS = (OMAR, "u-lea", "u-zoe")
DAY = timedelta(days=1)
PROFILES = (MANAGE, READ)
PROFILE_OF_MANAGERS = (MANAGE.application, MANAGE.level)
PLAIN: Any = SimpleNamespace(letters_limit=None, transferred_most=10)


class World:
    """The bakery and all who may be attached to it, in memory; everything is kept twice."""

    def __init__(self) -> None:
        self.now, self.kept, self.asked = NOW, Kept(), 0
        self.of, self.identity = in_memory(Membership), in_memory(Identity)
        self.attaching = Attaching(self.of, self.identity, PLAIN, DEFAULTS)
        self.managing = Managing(self.of, self.identity, PLAIN, DEFAULTS)
        self.rows = Habilitations(self.of, self.identity.accounts)
        self.manager = OMAR
        self.days: dict[str, dict[str | None, set[date]]] = defaultdict(lambda: defaultdict(set))
        """The model: on which days somebody is attached to which unit, and to the whole."""
        self.organisers = {OMAR}
        """The model: who manages, or was given Organisation and has not handed the bakery over since."""
        for user in USERS:
            account = somebody(user)
            self.put(self.identity.accounts, account)
            login = login_id(account.email)
            self.put(self.identity.logins, Login(id=login, user_id=user))
        for code in ("ovens", "shop"):
            self.put(self.of.units, a_known_unit(code))
        created = a_creation(created_at=NOW)
        _, handler = handlers(self.of, self.identity.accounts, DEFAULTS).handlers[created.type]
        assert self.keep(handler(created))
        self.days[OMAR][None] = {*DAYS}

    def put(self, collection: Any, entity: Any) -> None:
        self.kept.states[collection.at(entity.id)] = entity

    def tie(self, user: str) -> Rattachement | None:
        found = self.kept.states.get(self.of.rattachements.at(rattachement_id(user, BAKERY)))
        return found if isinstance(found, Rattachement) else None

    @property
    def today(self) -> date:
        return day_of(self.now)

    def keep(self, ask: Ask | None) -> bool:
        """Whether it was not refused. The second time changes nothing."""
        try:
            self.kept.keep(ask)
        except Problem:
            return False
        told = len(self.kept.told)
        with suppress(Problem):
            self.kept.keep(ask)
        assert len(self.kept.told) == told
        return True

    def id(self) -> str:
        self.asked += 1
        return f"a-{self.asked}"

    def attach(self, user: str, units: tuple[str, ...], first: int, lasts: int) -> None:
        day = self.today + first * DAY
        extent = Extent(units=units, valid_from=day, valid_until=day + lasts * DAY)
        gift = Gift(id=self.id(), structure_id=BAKERY, extent=extent, by=self.manager, at=self.now)
        if self.keep(self.attaching.ask(somebody(user).email, user, gift)):
            given = {day + nth * DAY for nth in range(lasts + 1)}
            for unit in units or (None,):
                self.days[user][unit] |= given

    def detach(self, user: str, units: tuple[str, ...]) -> None:
        removal = Removal(id=self.id(), by=self.manager, at=self.now)

        def decide(acting: Any, tie: Any, invitee: Any, *rest: Any) -> tuple[Change[Any], ...]:
            action, structure = rest
            changes = leaving.detach(
                acting,
                tie,
                invitee,
                action,
                structure,
                structure_id=BAKERY,
                units=units,
                removal=removal,
                on=self.today,
            )
            return Change(acting), *changes, Change(structure)

        ties = self.of.rattachements
        places = (
            ties.at(rattachement_id(self.manager, BAKERY)),
            ties.at(rattachement_id(user, BAKERY)),
            self.identity.invitees.at(user),
            self.of.actions.at(removal.id),
            self.of.structures.at(BAKERY),
        )
        if user != self.manager and self.keep(Ask(places, decide)):
            for unit in units or UNITS:
                self.days[user][unit].clear()

    def give(self, user: str, profile: Any, unit: str | None, first: int, lasts: int) -> None:
        day = self.today + first * DAY
        dated = {"unit": unit, "valid_from": day, "valid_until": day + lasts * DAY}
        if self._submit(user, Add(profile.model_copy(update=dated))) and profile == MANAGE:
            self.organisers.add(user)

    def take(self, user: str) -> None:
        self._submit(user, RemoveAll())

    def _submit(self, user: str, operation: Any) -> bool:
        submitted = self.rows.submitted(self.id(), self.manager, self.now)
        return self.keep(self.rows.submit(BAKERY, user, (operation,), submitted))

    def transfer(self, user: str) -> None:
        asked = Transfer(
            id=self.id(), kind="unitary", by=self.manager, successors={BAKERY: user}, at=self.now
        )
        if user != self.manager and self.keep(self.managing.handing_over(asked, "", {}, None)):
            self.organisers = self.organisers - {self.manager} | {user}
            self.manager = user
            self.days[user][None] = {*DAYS}

    def wait(self, days: int) -> None:
        self.now += days * DAY
        woken = [one for one in self.kept.all(Rattachement) if one.wake_at]
        for tie in woken:
            assert tie.wake_at
            if tie.wake_at <= self.now:
                self.keep(self.rows.turn(tie, self.now) or self.attaching.turn(tie, self.now))

    def copies(self) -> dict[str, Rights]:
        """What another service knows that was told all of it, twice and the newest first."""
        told = [one for one in self.kept.told if isinstance(one, RightsChanged)]
        known: dict[str, Rights] = {}
        for event in (*reversed(told), *told):
            copy = applied(event, known.get(event.user_id)).state
            assert copy
            known[event.user_id] = copy
        return known


def lived(history: list[tuple[Any, ...]]) -> World:
    world = World()
    for what, *how in history:
        getattr(world, what)(*how)
    return world


users = st.sampled_from(USERS)
units = st.sampled_from([(), ("ovens",), ("shop",), ("ovens", "shop")])
first, lasts = st.integers(0, 2), st.integers(0, 4)
steps = st.one_of(
    st.tuples(st.just("attach"), users, units, first, lasts),
    st.tuples(st.just("attach"), users, units, first, lasts),
    st.tuples(st.just("detach"), users, units),
    st.tuples(
        st.just("give"), users, st.sampled_from(PROFILES), st.sampled_from(UNITS), first, lasts
    ),
    st.tuples(st.just("take"), users),
    st.tuples(st.just("transfer"), users),
    st.tuples(st.just("wait"), st.integers(1, 2)),
)


class TestAnyMixedHistory:
    @pytest.mark.feature("RAT-01", "RAT-07", "RAT-19", "GPT-09")
    @settings(max_examples=60)
    @given(st.lists(steps, min_size=3, max_size=14))
    def test_is_answered_alike_by_the_model_by_users_and_by_every_copy(self, history):
        world = lived(history)
        copies = world.copies()
        for user in USERS:
            tie, model = world.tie(user), world.days[user]
            for day in [one for one in DAYS if one >= world.today]:
                for unit in UNITS:
                    there = day in model[None] or (unit is not None and day in model[unit])
                    for profile in PROFILES:
                        _check(tie, copies.get(user), user, profile, unit, day, there=there)
            assert (tie is not None and tie.role == "principal_manager") == (user == world.manager)
            assert user in world.organisers or tie is None or not naive(tie, PROFILE_OF_MANAGERS)


def _check(
    tie: Rattachement | None,
    copy: Rights | None,
    user: str,
    profile: Any,
    unit: Any,
    day: date,
    *,
    there: bool,
) -> None:
    asked = Check(
        user_id=user,
        structure_id=BAKERY,
        application=profile.application,
        level=profile.level,
        unit=unit,
        on=day,
    )
    answer = judge(asked, tie, account_active=True, unit_open=True)
    held = tie is not None and (day, unit) in naive(tie, (profile.application, profile.level))
    assert answer.allowed == held
    assert (
        copy is not None and copy.may(profile.application, profile.level, day, unit=unit)
    ) == held
    assert there or not answer.allowed
    missing = {"not-attached", "attached-later", "attached-no-more", "not-attached-there"}
    assert (answer.reason in missing) != there
