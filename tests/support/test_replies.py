"""What somebody who has not signed in says of the answer to what they wrote."""

from dataclasses import replace
from typing import Any

import pytest

from services.support.domain.acts import Doing
from services.support.domain.catalogue import TIMING
from services.support.domain.reach import Reach, standing
from services.support.domain.replies import Reply, ReplyOver, reply
from services.support.domain.table import NotInThisState
from services.support.domain.tickets import without_words
from tests.support.builders import ID, LATER, a_content, a_ticket
from tests.support.doing import told

WRITER = Reach(user_id="", wrote=ID)
ANSWERED = a_ticket(
    state="resolved",
    emitter_id="",
    entries=3,
    content=a_content(structure_id=None, contact_email="zoe@example.org"),
)


def replied(act: Reply, ticket: Any = ANSWERED, entry: Any = None, **but: Any) -> Any:
    said: dict[str, Any] = {"rank": 3, "answered": 3, "text": "Toujours rien.", "timing": TIMING}
    by = Doing(entry_id="e-1", reach=WRITER, now=LATER)
    return reply(act, ticket, entry, **said | but, by=by)


class TestReply:
    @pytest.mark.feature("SUP-22", "SUP-25", "SUP-41")
    def test_accepts_the_answer_which_closes_the_ticket(self):
        ticket, entry = changes = replied("accept")

        assert (ticket.state.state, ticket.state.accepted) == ("closed", True)
        assert (entry.state.kind, entry.state.side) == ("solution-accepted", "emitter")
        assert told(changes) == ["support.ticket-closed.v1"]
        again = replied("accept", ticket.state, entry.state)
        assert ([one.state for one in again], told(again)) == ([ticket.state, entry.state], [])

    @pytest.mark.feature("SUP-23", "SUP-41")
    def test_refuses_it_with_words_and_the_desk_is_told(self):
        ticket, entry = changes = replied("refuse")

        assert (ticket.state.state, entry.state.text) == ("open", "Toujours rien.")
        assert told(changes) == ["support.ticket-solution-refused.v1"]
        again = replied("refuse", ticket.state, entry.state)
        assert ([one.state for one in again], told(again)) == ([ticket.state, entry.state], [])

    def test_is_said_once_with_each_link(self):
        refused, entry = (one.state for one in replied("refuse"))
        anew = replace(refused, state="resolved", entries=5)
        with pytest.raises(ReplyOver):
            replied("accept", anew, entry, answered=5)
        with pytest.raises(ReplyOver):
            replied("accept", anew, None, answered=5)
        assert replied("accept", anew, None, rank=5, answered=5)[0].state.state == "closed"

    def test_takes_no_other_words_for_those_it_has(self):
        refused, entry = (one.state for one in replied("refuse"))
        with pytest.raises(ReplyOver):
            replied("refuse", refused, entry, text="Autre chose.")
        anew = replace(refused, state="resolved", entries=5)
        with pytest.raises(ReplyOver):
            replied("refuse", anew, entry, answered=5)

    def test_is_nothing_once_what_it_is_about_is_forgotten(self):
        for act in ("accept", "refuse"):
            with pytest.raises(ReplyOver):
                replied(act, without_words(ANSWERED).state)

    def test_is_about_an_answer_that_still_stands(self):
        for state in ("open", "waiting"):
            with pytest.raises(NotInThisState):
                replied("accept", replace(ANSWERED, state=state))
        with pytest.raises(NotInThisState):
            replied("refuse", replied("accept")[0].state)
        with pytest.raises(ReplyOver):
            replied("accept", None)


class TestStanding:
    @pytest.mark.feature("SUP-42")
    def test_of_who_wrote_without_signing_in_is_the_emitters_of_that_ticket_alone(self):
        assert standing(ANSWERED, WRITER).acts == {"emitter"}
        for ticket, reach in (
            (ANSWERED, Reach(user_id="")),
            (ANSWERED, Reach(user_id="", wrote="0190" + "b" * 28)),
            (replace(ANSWERED, emitter_id="ana"), WRITER),
        ):
            assert not standing(ticket, reach).reads
