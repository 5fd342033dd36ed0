"""What the opening or closing of an espace comes to for each user of its structure."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.users import HabilitationsRequested, RightsChanged
from services.users.domain.drafts import Place
from services.users.domain.espace_lists import bring_in_line
from services.users.domain.espaces import Openings, is_open, turn
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.habilitations import Submitted
from services.users.domain.rattachements import MOST, Rattachement, attach, left_with
from services.users.domain.subscriptions import request_id
from tests.users.habilitating import MANAGES, a_profile, a_submit, the_manager
from tests.users.rattaching import (
    NOW,
    TODAY,
    a_line,
    a_rattachement,
    a_structure,
    an_extent,
)
from tests.users.subscribing import ISSUED, OFFER, OPENED, RECEIVED, a_turn, both_of, openings

PLACE = Place(structure=a_structure(), units={})


def brought(tie: Rattachement | None, opened: Openings | None = OPENED, **but: Any):
    """The changes of the rattachement, of the history, and of the requests in order."""
    begun = but.pop("begun", opened) or OPENED
    codes = [one.espace for one in begun.turns if one.open]
    changed, noted, *asked = bring_in_line(
        begun,
        opened,
        tie,
        but.get("entry"),
        but.get("requests", dict.fromkeys(codes)),
        place=PLACE,
        offer=OFFER,
        submitted=a_submit(),
    )
    return changed, noted, asked


def a_user(**but: Any) -> Rattachement:
    return a_rattachement(**{"habilitations": ()} | but)


class TestAnOpenedEspace:
    @pytest.mark.feature("ESP-05")
    def test_is_asked_for_on_behalf_of_each_user(self):
        changed, _, [asked] = brought(a_user())

        [event] = asked.events
        assert isinstance(event, HabilitationsRequested)
        assert (event.user_id, event.given) == ("u-lea", both_of())
        assert event.list_id == "s-bakery:1"
        assert asked.state.id == request_id("h-1", RECEIVED)
        assert changed.state.in_line == 1
        assert not changed.events

    @pytest.mark.feature("ESP-05")
    def test_is_asked_for_where_one_is_attached(self):
        _, _, [asked] = brought(a_user(lines=(a_line("ovens"), a_line("shop"))))

        assert {one.unit for one in asked.state.given} == {"ovens", "shop"}
        assert asked.events[0].units == ("ovens", "shop")

    @pytest.mark.feature("ESP-05")
    def test_is_asked_for_once(self):
        changed, _, _ = brought(a_user())

        again, noted, [asked] = brought(changed.state)

        assert (again.state, noted.state, asked.state) == (changed.state, None, None)

    @pytest.mark.feature("ESP-05")
    def test_is_asked_for_who_comes_later_as_no_part_of_the_list(self):
        _, _, [asked] = brought(a_user(), openings(a_turn(), listed=1))

        assert asked.events[0].list_id is None

    @pytest.mark.feature("ESP-05")
    def test_is_the_principal_managers_at_once(self):
        changed, noted, [asked] = brought(the_manager())

        assert changed.state.habilitations == (MANAGES, *both_of())
        assert isinstance(changed.events[0], RightsChanged)
        assert noted.state.given == both_of()
        assert asked.state is None

    def test_is_not_asked_for_by_who_holds_it_or_waits_for_it(self):
        held, _, [nothing] = brought(a_user(habilitations=both_of()))
        waiting = replace(brought(a_user())[0].state, in_line=0)
        waits, _, [still_nothing] = brought(waiting)

        assert nothing.state is None
        assert still_nothing.state is None
        assert held.state.in_line == waits.state.in_line == 1

    def test_is_asked_for_as_far_as_it_is_not_held(self):
        read, write = both_of()
        _, _, [asked] = brought(a_user(habilitations=(read,)))

        assert asked.state.given == (write,)

    @pytest.mark.parametrize("tie", [None, a_user(role=None, lines=())])
    def test_is_nothing_to_who_is_not_attached(self, tie):
        _, noted, [asked] = brought(tie)

        assert asked.state is None
        assert noted.state is None

    def test_waits_for_whoever_knows_of_a_later_turn(self):
        later = openings(a_turn(), a_turn(ISSUED, number=2))
        tie = a_user()

        changed, _, [asked] = brought(tie, later, begun=OPENED)

        assert changed.state is tie
        assert asked.state is None

    @pytest.mark.parametrize("who", [a_user, the_manager])
    def test_is_nothing_to_who_would_have_more_than_could_be_told(self, who):
        many = tuple(a_profile(unit=f"u-{nth}") for nth in range(MOST - 1))

        changed, _, [asked] = brought(who(habilitations=many))

        assert (changed.state.habilitations, asked.state) == (many, None)
        assert changed.state.in_line == 1


class TestAClosedEspace:
    CLOSED = openings(a_turn(open=False))

    @pytest.mark.feature("ESP-06")
    @pytest.mark.parametrize("tie", [a_user(), the_manager()], ids=["a user", "the manager"])
    def test_ends_the_subscriptions_to_it(self, tie):
        kept = (*tie.habilitations, *both_of(ISSUED))
        everything = (*kept, *both_of(), *both_of(unit="ovens"))

        changed, noted, _ = brought(replace(tie, habilitations=everything), self.CLOSED)

        assert changed.state.habilitations == kept
        assert changed.events[0].habilitations == kept
        assert len(noted.state.taken) == 4

    @pytest.mark.feature("ESP-06")
    @pytest.mark.parametrize("open", [True, False])
    def test_is_nothing_to_the_principal_manager_where_another_did_it(self, open):
        delegates = openings(a_turn(by="u-ada", principal=False, open=open))
        manager = the_manager(habilitations=(MANAGES, *both_of(unit="ovens")))

        changed, noted, _ = brought(manager, delegates)

        assert changed.state == replace(manager, in_line=1)
        assert (changed.events, noted.state) == ((), None)

    @pytest.mark.feature("ESP-06")
    def test_ends_them_once(self):
        changed, _, _ = brought(a_user(habilitations=both_of()), self.CLOSED)
        # What a manager gives since is theirs to give.
        given = replace(changed.state, habilitations=both_of())

        assert brought(given, self.CLOSED)[0].state is given

    @pytest.mark.feature("ESP-06")
    def test_opened_again_is_asked_for_again(self):
        closed, _, _ = brought(a_user(habilitations=both_of()), self.CLOSED)
        _, _, [asked] = brought(closed.state, openings(a_turn(number=2)))

        assert asked.state.given == both_of()


@dataclass
class Bakery:
    """Its espaces and two of its users, whom somebody brings in line when the history says so."""

    openings: Openings | None = None
    ties: dict[str, Rattachement] = field(default_factory=dict)
    asked: list[HabilitationsRequest] = field(default_factory=list)
    lists: int = 0

    def __post_init__(self) -> None:
        for user in ("u-lea", "u-zoe"):
            self.ties[user] = a_user(id=f"{user}:s-bakery", user_id=user)

    def turn(self, code: str, *, open: bool) -> None:
        changed = turn(
            a_structure(),
            self.openings,
            the_manager(),
            code=code,
            open=open,
            offer=OFFER,
            by="u-omar",
            now=NOW,
        )
        self.openings = changed.state

    def come(self, user: str) -> None:
        defaults = {"user": (), "principal_manager": ()}
        tie = attach(
            self.ties[user], role="user", extent=an_extent(), on=TODAY, defaults=defaults
        ).state
        self.ties[user] = replace(tie, version=tie.version + 1)

    def go(self, user: str) -> None:
        tie = left_with(self.ties[user], (), how="removed")
        self.ties[user] = replace(tie, pending_changes=(), version=tie.version + 1)

    def line(self, user: str) -> None:
        if self.openings is None:
            return
        tie, begun = self.ties[user], self.openings
        codes = [one.espace for one in begun.turns if one.open]
        seed = request_id(f"{tie.id}:{tie.version}", "")
        changed, _, *asked = bring_in_line(
            begun,
            begun,
            tie,
            None,
            dict.fromkeys(codes),
            place=PLACE,
            offer=OFFER,
            submitted=Submitted(id=seed, by="u-omar", at=NOW),
        )
        self.ties[user] = replace(changed.state, version=tie.version + 1)
        self.asked += [one.state for one in asked if one.state]


users = st.sampled_from(["u-lea", "u-zoe"])
codes = st.sampled_from([RECEIVED, ISSUED])
actions = st.one_of(
    st.tuples(st.just("turn"), codes, st.booleans()),
    st.tuples(st.sampled_from(["come", "go", "line"]), users),
)


class TestAnyHistory:
    @pytest.mark.feature("ESP-05", "ESP-06")
    @given(st.lists(actions, max_size=20))
    def test_leaves_everybody_in_line(self, history):
        bakery = Bakery()
        for what, *how in [*history, ("line", "u-lea"), ("line", "u-zoe")]:
            if what == "turn":
                bakery.turn(how[0], open=how[1])
            else:
                getattr(bakery, what)(*how)

        assert len({one.id for one in bakery.asked}) == len(bakery.asked)
        for tie in bakery.ties.values():
            rows = [row for one in tie.pending_changes for row in one.given]
            assert len(rows) == len({*rows}), "asked for twice at once"
            for turned in bakery.openings.turns if bakery.openings else ():
                espace = OFFER[turned.espace]
                held = any(map(espace.opens, tie.habilitations))
                waits = any(map(espace.opens, rows))
                if not is_open(espace, bakery.openings):
                    assert not held
                elif tie.lines:
                    assert held or waits
