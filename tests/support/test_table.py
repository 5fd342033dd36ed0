"""The table of acts, and any history of them."""

from itertools import product
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.problems import NotFound, Problem
from services.support.domain.reach import Reach, standing
from services.support.domain.states import State
from services.support.domain.table import (
    TABLE,
    Act,
    TakenByAnother,
    may,
)
from services.support.domain.tickets import Ticket
from tests.support.doing import do, told
from tests.support.people import (
    ANA,
    EVERYBODY,
    OLGA,
    Model,
    business,
    sent,
    transferred,
)


class TestTheTable:
    """Against the states and transitions of the sources, written down a second time."""

    LEADS_TO: ClassVar[dict[tuple[Act, State], State]] = {
        ("submit", "draft"): "open",
        ("ask", "open"): "waiting",
        ("inform", "waiting"): "open",
        ("answer", "open"): "resolved",
        ("refuse", "resolved"): "open",
        ("accept", "resolved"): "closed",
        ("close", "open"): "closed",
        ("close", "waiting"): "closed",
        ("close", "resolved"): "closed",
    }

    @pytest.mark.feature("SUP-19", "SUP-20", "SUP-21", "SUP-25")
    def test_moves_a_ticket_as_the_sources_say_and_in_no_other_way(self):
        moves = {
            (act, before): after
            for act, rule in TABLE.items()
            for before, after in rule.becomes.items()
            if before != after
        }
        assert moves == self.LEADS_TO

    @pytest.mark.feature("SUP-25")
    def test_lets_the_emitter_alone_close(self):
        closing = {act for act, rule in TABLE.items() if "closed" in rule.becomes.values()}
        assert closing == {"accept", "close"}
        assert {TABLE[act].who for act in closing} == {"emitter"}

    def test_ends_with_a_closed_ticket(self):
        assert not any("closed" in rule.becomes for rule in TABLE.values())


class TestMay:
    def test_names_no_question_where_nobody_could_answer(self):
        taken = sent(assignee_id="olga", emitter_id="")
        assert "answer" in may(taken, standing(taken, OLGA))
        assert "ask" not in may(taken, standing(taken, OLGA))

    @pytest.mark.feature("SUP-19", "SUP-20", "SUP-21")
    def test_is_what_the_model_says_of_every_ticket_and_everybody(self):
        kinds, states = (sent, business, transferred), get_args(State)
        assignees = [None, "rene", "rosa", "olga", "oscar"]
        cases = product(kinds, states, assignees, EVERYBODY)
        for kind, state, assignee, by in cases:
            ticket = kind(state=state, assignee_id=assignee)
            found, model = standing(ticket, by), Model.of(ticket)
            drafted = state == "draft"
            for act in TABLE:
                wanted = drafted and by == ANA if act == "submit" else model.lets(act, by.user_id)
                assert (act in may(ticket, found)) == wanted, (act, by.user_id, ticket)


ACTS = [act for act in TABLE if act != "submit"]
STEP = st.tuples(st.sampled_from(ACTS), st.sampled_from(EVERYBODY), st.booleans())
BEGINNINGS = st.builds(
    lambda kind, state, assignee: kind(state=state, assignee_id=assignee),
    st.sampled_from([sent, business, transferred]),
    st.sampled_from(["open", "waiting", "resolved", "closed"]),
    st.sampled_from([None, "rene", "olga"]),
)


def tried_to(
    act: Act, ticket: Ticket, by: Reach, **said: Any
) -> tuple[tuple[Any, Any] | None, Problem | None]:
    try:
        return do(act, ticket, by, **said), None
    except Problem as refusal:
        return None, refusal


class TestHistories:
    @settings(max_examples=150, deadline=None)
    @given(BEGINNINGS, st.lists(STEP, max_size=25))
    def test_never_leave_the_table(self, ticket: Ticket, steps: list[tuple[Act, Reach, bool]]):
        entries = ticket.entries
        for tried, by, over in steps:
            transfers = "transfer" if by.received_act else "call_in"
            act: Act = transfers if tried in ("transfer", "call_in") else tried
            model, before = Model.of(ticket), ticket
            may_now = act in may(ticket, standing(ticket, by))
            assert may_now == model.lets(act, by.user_id), (act, by.user_id, ticket)
            said = {"instead_of": ticket.assignee_id} if act == "take" and over else {}
            done, refusal = tried_to(act, ticket, by, **said)
            if done is None:
                assert not may_now or isinstance(refusal, TakenByAnother)
                assert isinstance(refusal, NotFound) == (not standing(before, by).reads)
                continue
            change, entry = done
            ticket = change.state
            if entry.state is None:
                assert (ticket, change.events) == (before, ())
                continue
            entries += act != "note"
            assert may_now
            assert (entry.state.rank, ticket.entries) == (entries, entries)
            assert ticket.state == TABLE[act].becomes[before.state]
            assert len(told((change, entry))) == 1
            assert ticket.state != "closed" or by.user_id in Model.EMITTERS
