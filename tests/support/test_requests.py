"""What the desk grants on a ticket, and what others then make of it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.structures import PublicStructureSettled
from contracts.support import (
    CorrespondentAnswered,
    PublicStructureAccepted,
    ReactivationAccepted,
    TicketRequestDone,
    TicketRequestFailed,
    TicketSolutionProposed,
)
from contracts.users import ReactivationSettled
from kit.problems import NotFound, Problem
from services.support.domain import requests
from services.support.domain.acts import Doing
from services.support.domain.catalogue import TIMING
from services.support.domain.known import Somebody
from services.support.domain.reach import Reach, standing
from services.support.domain.requests import (
    AlreadyDecided,
    Asked,
    NoStructureAsked,
    NothingRequested,
    Request,
    RequesterGone,
)
from services.support.domain.states import State
from services.support.domain.table import NotTaken
from services.support.domain.tickets import Ticket
from tests.support.builders import ID, LATER, NOW, a_content, a_reach, a_ticket

MAYOR = Asked(identifier_type="SIRET", identifier="21440109300015", legal_name="Nantes")
DESK = Reach(user_id="olga", desk=True)


def doing(reach: Reach = DESK, entry: str = "e-1") -> Doing:
    return Doing(entry_id=entry, reach=reach, now=NOW)


def a_structure_request(**but: Any) -> Request:
    return replace(Request(id=ID, kind="public-structure", structure=MAYOR, person_id="ana"), **but)


def a_reactivation(**but: Any) -> Request:
    return replace(Request(id=ID, kind="reactivation", login="zoe@example.org"), **but)


def taken(**but: Any) -> Ticket:
    """By Olga, of the desk."""
    return a_ticket(state="open", assignee_id="olga", entries=2, **but)


def from_outside() -> Ticket:
    content = a_content(structure_id=None, contact_email="zoe@example.org")
    return taken(emitter_id="", content=content)


def decided(request: Request | None, ticket: Ticket | None = None, **but: Any) -> Any:
    said = {
        "accepted": True,
        "answer": "C'est fait.",
        "structure": None,
        "timing": TIMING,
        "by": doing(),
    }
    requester = but.pop("requester", None)
    return requests.decide(request, ticket or taken(), None, requester, **said | but)


def done(**but: Any) -> PublicStructureSettled:
    said = {"ticket_id": ID, "acceptance": 1, "structure_id": "s-9", "refusal": ""}
    return PublicStructureSettled(settled_at=LATER, **said | but)


def sent_back(**but: Any) -> ReactivationSettled:
    said = {"ticket_id": ID, "acceptance": 1, "user_id": "zoe", "refusal": ""}
    return ReactivationSettled(settled_at=LATER, **said | but)


def settle(*kept: Any) -> Any:
    return requests.settle(*kept, timing=TIMING)


def founded(request: Request, ticket: Ticket) -> Request:
    """Accepted, and its structure is there."""
    kept: Request = settle(done(acceptance=request.acceptance), request, ticket, None)[0].state
    return kept


def concluded(request: Request, *kept: Any, **but: Any) -> Any:
    said = {"claimed": request, "managed": True, "gone": False, "timing": TIMING, "now": LATER}
    return requests.conclude(request, *kept, **said | but)


class TestDecide:
    @pytest.mark.feature("SUP-45")
    def test_tells_those_who_create_the_structure(self):
        request, ticket, entry, _ = decided(a_structure_request())

        [told] = request.events
        assert isinstance(told, PublicStructureAccepted)
        assert (told.identifier, told.requester_id, told.acceptance) == (
            "21440109300015",
            "ana",
            1,
        )
        assert (request.state.status, request.state.decided_by) == ("accepted", "olga")
        assert (ticket.state.state, entry.state.kind) == ("open", "request-accepted")

    @pytest.mark.feature("SUP-44")
    def test_tells_those_who_send_the_link(self):
        [told] = decided(a_reactivation(), from_outside())[0].events

        assert isinstance(told, ReactivationAccepted)
        assert (told.login, told.reason) == ("zoe@example.org", "C'est fait.")

    def test_corrects_what_was_asked_for(self):
        better = replace(MAYOR, legal_name="Commune de Nantes")
        [told] = decided(a_structure_request(), structure=better)[0].events
        assert told.legal_name == "Commune de Nantes"

    @pytest.mark.feature("SUP-45")
    def test_refuses_with_an_answer_that_is_the_solution_of_the_ticket(self):
        request, ticket, entry, _ = decided(
            a_structure_request(), accepted=False, answer="Elle existe."
        )

        assert (request.state.status, request.events) == ("refused", ())
        assert (ticket.state.state, entry.state.text) == ("resolved", "Elle existe.")
        assert [type(one) for one in entry.events] == [TicketSolutionProposed]

    def test_writes_the_refusal_to_who_has_not_signed_in(self):
        _, ticket, *_ = decided(a_reactivation(), from_outside(), accepted=False)
        [told] = ticket.events
        assert isinstance(told, CorrespondentAnswered)
        assert (told.email, told.text) == ("zoe@example.org", "C'est fait.")
        assert told.answered_by == "olga"

    @pytest.mark.feature("SUP-44")
    def test_takes_no_structure_for_an_account_that_is_to_come_back(self):
        with pytest.raises(NoStructureAsked) as refusal:
            decided(a_reactivation(), from_outside(), structure=MAYOR)
        assert refusal.value.members["errors"][0]["pointer"] == "/body/structure"

    def test_leaves_what_was_asked_for_as_it_was_where_it_is_refused(self):
        with pytest.raises(NoStructureAsked):
            decided(a_structure_request(), accepted=False, structure=MAYOR)

    def test_accepts_no_account_that_is_erased(self):
        erased = a_reactivation(status="failed", login="")
        with pytest.raises(RequesterGone):
            decided(erased, from_outside())
        assert decided(erased, from_outside(), accepted=False)[0].state.status == "refused"

    def test_decides_once(self):
        request, ticket, entry, _ = decided(a_structure_request())
        again = requests.decide(
            request.state,
            ticket.state,
            entry.state,
            None,
            accepted=True,
            answer="C'est fait.",
            structure=None,
            timing=TIMING,
            by=doing(),
        )
        assert [one.state for one in again] == [request.state, ticket.state, entry.state, None]
        with pytest.raises(AlreadyDecided):
            decided(request.state, accepted=False)

    def test_accepts_again_what_failed(self):
        failed = a_structure_request(status="failed", acceptance=1, refusal="/problems/x")
        request = decided(failed)[0]
        assert (request.state.acceptance, request.events[0].acceptance) == (2, 2)
        assert request.state.refusal == ""

    def test_decides_again_once_a_refusal_is_not_accepted(self):
        refused, ticket, *_ = decided(a_structure_request(), accepted=False)
        reopened = replace(ticket.state, state="open")

        with pytest.raises(AlreadyDecided):
            decided(replace(refused.state, status="done"), reopened, answer="Encore.")
        request, *_ = decided(refused.state, reopened, by=doing(entry="e-2"))
        assert (request.state.status, len(request.events)) == ("accepted", 1)
        again, answered, *_ = decided(
            refused.state, reopened, accepted=False, by=doing(entry="e-2")
        )
        assert (again.state.status, answered.state.state) == ("refused", "resolved")

    @pytest.mark.feature("SUP-45")
    def test_accepts_no_structure_for_who_could_not_manage_it(self):
        gone = Somebody(id="ana", name="", email="", heard=2, active=False)
        with pytest.raises(RequesterGone):
            decided(a_structure_request(), requester=gone)
        request, *_ = decided(a_structure_request(), requester=gone, accepted=False)
        assert request.state.status == "refused"
        request, *_ = decided(a_structure_request(), requester=replace(gone, active=True))
        assert request.state.status == "accepted"

    def test_is_for_the_agent_of_the_desk_who_has_taken_it(self):
        with pytest.raises(NotTaken):
            decided(a_structure_request(), a_ticket(state="open"))
        for reach in (a_reach("ana"), a_reach("mallory", "s-2")):
            with pytest.raises(Problem):
                decided(a_structure_request(), by=doing(reach))
        with pytest.raises(NotFound):
            decided(a_structure_request(), by=doing(a_reach("mallory", "s-2")))

    def test_needs_a_request(self):
        with pytest.raises(NothingRequested):
            decided(None)


class TestSettle:
    @pytest.mark.feature("SUP-45")
    def test_waits_for_the_manager_of_a_structure_that_is_there(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        request, after, entry = settle(done(), accepted, ticket, None)

        assert (request.state.status, request.state.structure_id) == ("accepted", "s-9")
        assert request.state.wake_at > LATER
        assert (after.state, after.events, entry.state) == (ticket, (), None)
        assert settle(done(), request.state, ticket, None)[0].state == request.state

    @pytest.mark.feature("SUP-44")
    def test_writes_to_who_has_not_signed_in(self):
        accepted, ticket, *_ = (one.state for one in decided(a_reactivation(), from_outside()))
        request, after, _ = settle(sent_back(), accepted, ticket, None)

        assert request.state
        assert (request.state.status, request.state.person_id) == ("done", "zoe")
        assert [type(one) for one in after.events] == [CorrespondentAnswered]

    def test_brings_back_to_the_desk_what_could_not_be_done(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        told = done(structure_id="", refusal="/problems/siret-unknown")
        request, after, entry = settle(told, accepted, ticket, None)

        assert request.state
        assert (request.state.status, request.state.refusal) == ("failed", told.refusal)
        assert after.state
        assert (after.state.state, after.events) == ("open", ())
        assert entry.state
        assert (entry.state.internal, entry.state.became) == (True, told.refusal)
        assert [type(one) for one in entry.events] == [TicketRequestFailed]

    def test_says_nothing_twice_nor_of_an_older_acceptance(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        first = [one.state for one in settle(done(), accepted, ticket, None)]
        for told, kept in (
            (done(), first),
            (done(), [first[0], first[1], None]),
            (done(acceptance=2), [accepted, ticket, None]),
            (done(), [None, ticket, None]),
        ):
            again = settle(told, *kept)
            assert [one.state for one in again] == kept
            assert [one.events for one in again] == [(), (), ()]

    def test_writes_to_who_has_not_signed_in_even_after_another_answer(self):
        accepted, ticket, *_ = (one.state for one in decided(a_reactivation(), from_outside()))
        answered = replace(ticket, state="resolved")
        _, after, entry = settle(sent_back(), accepted, answered, None)
        assert [type(one) for one in after.events] == [CorrespondentAnswered]
        assert [one.text for one in entry.events] == [""]


class TestConclude:
    @pytest.mark.feature("SUP-45")
    def test_answers_the_ticket_once_somebody_manages_the_structure(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        request, after, entry = concluded(founded(accepted, ticket), ticket, None)

        assert (request.state.status, request.state.structure_id) == ("done", "s-9")
        assert (after.state.state, request.state.wake_at) == ("resolved", None)
        assert (entry.state.kind, entry.state.text) == ("solution-proposed", "C'est fait.")

    def test_leaves_it_to_the_desk_when_its_requester_has_left_before(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        request, after, entry = concluded(
            founded(accepted, ticket), ticket, None, managed=False, gone=True
        )

        assert (request.state.status, request.state.refusal) == (
            *("failed", "/problems/requester-gone"),
        )
        assert (request.state.structure_id, after.state, after.events) == ("s-9", ticket, ())
        assert [type(one) for one in entry.events] == [TicketRequestFailed]

    def test_waits_while_users_has_told_nothing_and_says_nothing_twice(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        request = founded(accepted, ticket)
        first = [one.state for one in concluded(request, ticket, None)]
        for kept, but in (
            ([request, ticket, None], {"managed": False}),
            (first, {}),
            ([first[0], ticket, None], {}),
        ):
            same = concluded(kept[0], *kept[1:], **but)
            assert [one.state for one in same] == kept
            assert [one.events for one in same] == [(), (), ()]

    def test_is_looked_at_again_until_then(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        request = founded(accepted, ticket)
        assert requests.claim(request, LATER).state == request
        due = request.wake_at
        assert due
        assert requests.claim(request, due).state == replace(request, wake_at=due + requests.AGAIN)

    def test_waits_anew_for_what_is_accepted_again(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        gone = concluded(founded(accepted, ticket), ticket, None, managed=False, gone=True)
        again = decided(gone[0].state, ticket, by=doing(entry="e-2"))[0].state
        assert (again.acceptance, again.structure_id) == (2, "")
        assert founded(again, ticket).structure_id == "s-9"

    @pytest.mark.parametrize("state", ["waiting", "resolved", "closed"])
    def test_leaves_a_ticket_as_it_is_that_could_not_be_answered_now_and_says_so(
        self, state: State
    ):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        moved_on = replace(ticket, state=state)
        request, after, entry = concluded(founded(accepted, ticket), moved_on, None)
        assert request.state
        assert request.state.status == "done"
        self.says_beside(after, entry, moved_on)

    @pytest.mark.feature("SUP-45")
    def test_answers_for_nobody_who_treats_the_ticket_since(self):
        accepted, ticket, *_ = (one.state for one in decided(a_structure_request()))
        refiled = replace(ticket, treated_by="recipient", recipient_id="r-1", assignee_id=None)
        _, after, entry = concluded(founded(accepted, ticket), refiled, None)
        self.says_beside(after, entry, refiled)

    def says_beside(self, after: Any, entry: Any, moved_on: Ticket) -> None:
        assert after.state == replace(moved_on, entries=moved_on.entries + 1)
        assert (entry.state.kind, entry.state.side, entry.state.internal) == (
            "request-done",
            "desk",
            False,
        )
        [told] = entry.events
        assert isinstance(told, TicketRequestDone)
        assert (told.text, told.rank) == ("C'est fait.", after.state.entries)


class TestShown:
    def test_is_withdrawn_once_its_ticket_is_closed_undecided(self):
        closed = taken(closed_at=NOW)
        closed = replace(closed, state="closed")
        for status, shown in (
            ("asked", "withdrawn"),
            ("failed", "withdrawn"),
            ("accepted", "accepted"),
            ("refused", "refused"),
        ):
            assert requests.shown(a_structure_request(status=status), closed) == shown
        assert requests.shown(a_structure_request(), taken()) == "asked"


class TestRefusalShown:
    def test_is_read_by_the_desk_and_not_by_who_asked(self):
        failed = a_structure_request(status="failed", refusal="/problems/siret-unknown")
        for reach, shown in (
            (DESK, "/problems/siret-unknown"),
            (a_reach("ana"), ""),
            (replace(a_reach("ana"), desk=True), ""),
        ):
            assert requests.refusal_shown(failed, standing(taken(), reach)) == shown


class TestShownToRequester:
    def test_holds_no_problem_and_no_words_that_were_not_sent(self):
        accepted = a_structure_request(status="accepted", answer="Bientôt.")
        failed = replace(accepted, status="failed", refusal="/problems/siret-unknown")
        for one in (accepted, failed):
            shown = requests.shown_to_requester(one)
            assert (shown.answer, shown.refusal) == ("", "")
        done = requests.shown_to_requester(replace(accepted, status="done"))
        assert done.answer == "Bientôt."


STEPS = ("accept", "refuse", "done", "failed", "old", "again", "managed", "gone")


class TestHistories:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.sampled_from(STEPS)))
    def test_of_a_request_never_grant_twice_what_was_not_undone(self, history: list[str]):
        request, ticket = a_structure_request(), taken()
        granted = 0
        for nth, step in enumerate(history):
            told = None
            if step == "done":
                told = done(acceptance=request.acceptance)
            elif step == "failed":
                told = done(acceptance=request.acceptance, structure_id="", refusal="/problems/x")
            elif step == "old":
                told = done(acceptance=request.acceptance - 1)
            before = request.status
            try:
                changes: Any
                if told:
                    changes = settle(told, request, ticket, None)
                elif step in ("managed", "gone"):
                    managed = step == "managed"
                    changes = concluded(request, ticket, None, managed=managed, gone=not managed)
                else:
                    by = doing(entry=f"e-{nth}")
                    changes = decided(request, ticket, accepted=step != "refuse", by=by)
            except Problem:
                continue
            request, ticket = changes[0].state, changes[1].state
            if changes[0].events:
                granted += 1
                assert before in ("asked", "failed")
            assert request.acceptance == granted
