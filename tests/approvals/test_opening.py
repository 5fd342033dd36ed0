"""How a question is put, and who is told of it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalOpened,
    ApprovalOpenedV2,
    ApprovalWithdrawn,
    ApproverMissing,
)
from contracts.event import Event
from contracts.structures import QuestionAsked
from kit.change import Change
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.deciding import Answer, Decider, decide
from services.approvals.domain.ladder import begin
from services.approvals.domain.numbers import Numbers
from services.approvals.domain.opening import ASKED_BY, open_for, tell_opened
from services.approvals.domain.people import Person
from tests.approvals.builders import (
    LADDER,
    NOW,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_delegate_s_seat,
    a_habilitations_request,
    a_mandate_question,
    a_request,
    a_seat,
    an_approval,
    some_approvers,
    types,
)


def put(
    event: Event, current: Approval | None = None, approvers: Approvers | None = None
) -> tuple[Change[Approval], Change[Approvers]]:
    asked = ASKED_BY[type(event)](event)
    opened, seats, *_ = open_for(
        asked, current, approvers, None, None, sequence=7, ladder=LADDER, now=NOW
    )
    return opened, seats


class TestOpenFor:
    @pytest.mark.feature("APP-03", "APP-09")
    def test_puts_the_question_to_the_approvers_of_the_structure(self):
        approvers = some_approvers(a_seat())

        opened, seats = put(a_request(), approvers=approvers)

        asked = an_approval(number="RITM0000007", put_to=("u-omar",), tellings=1)
        assert opened.state == begin(asked, LADDER, now=NOW)
        assert opened.state.state == "requested"
        [told] = opened.events
        assert isinstance(told, ApprovalOpened)
        assert (told.principal_manager_id, told.approver_ids) == ("u-omar", ("u-omar",))
        assert (told.number, told.expires_at) == ("RITM0000007", opened.state.expires_at)
        assert seats == Change(approvers)

    @pytest.mark.feature("APP-03")
    def test_keeps_all_that_was_asked(self):
        asked = a_request(units=("COMPTA",), valid_until=TOMORROW, comment="Bonjour")

        opened, _ = put(asked)

        approval = opened.state
        assert (approval.units, approval.valid_from) == (("COMPTA",), TODAY)
        assert (approval.valid_until, approval.comment) == (TOMORROW, "Bonjour")
        assert approval.title == "Demande de rattachement à un service"

    def test_tells_which_units_it_is_about(self):
        opened, _ = put(a_request(units=("COMPTA",)), approvers=some_approvers(a_seat()))

        assert [told.units for told in opened.events] == [("COMPTA",)]

    @pytest.mark.feature("APP-02", "APP-12", "HAB-16")
    def test_keeps_which_habilitations_would_be_given_and_taken(self):
        asked = a_habilitations_request(units=("COMPTA",), comment="Je dépose.")

        opened, _ = put(asked, approvers=some_approvers(a_seat()))

        approval = opened.state
        assert (approval.kind, approval.given, approval.taken) == (
            "habilitation",
            asked.given,
            asked.taken,
        )
        assert (approval.units, approval.comment) == (("COMPTA",), "Je dépose.")
        assert approval.title == "Demande d’ajout ou de suppression d’un profil"
        assert opened.events[0].kind == "habilitation"

    @pytest.mark.feature("APP-18")
    def test_of_a_list_is_a_question_for_each_user(self):
        opened, _ = put(a_habilitations_request(list_id="l-1"))

        assert opened.state.list_id == "l-1"
        assert opened.state.title == "Demande d’abonnement à un espace"

    @pytest.mark.feature("APP-04")
    def test_puts_what_any_service_asks_and_tells_the_answer_with_its_kind(self):
        asked = a_mandate_question()

        opened, _ = put(asked, approvers=some_approvers(a_seat()))

        assert opened.state.title == "Souscrire un mandat de facturation"
        assert opened.state.changes == ("À partir du 05/01/2026",)
        assert opened.state.named == "Mandataire : Compta & Cie"
        assert types(opened) == [ApprovalOpenedV2]
        public = QuestionAsked(**asked.model_dump(exclude={"named"}))
        assert put(public, opened.state)[0] == Change(opened.state)
        decided = decide(
            opened.state,
            some_approvers(a_seat()),
            None,
            (),
            answer=Answer(verdict="approved"),
            by=Decider(user_id="u-omar"),
            now=NOW,
        )
        [told] = decided.events
        assert isinstance(told, ApprovalDecidedV2)
        assert (told.kind, told.subject_id, told.verdict) == ("mandate", "m-1", "approved")

    def test_of_habilitations_is_decided_like_any_other(self):
        opened, _ = put(a_habilitations_request())

        decided = decide(
            opened.state,
            some_approvers(a_seat()),
            None,
            (),
            answer=Answer(verdict="approved"),
            by=Decider(user_id="u-omar"),
            now=NOW,
        )

        assert types(decided) == [ApprovalOpened, ApprovalDecided]
        assert {one.kind for one in decided.events} == {"habilitation"}

    def test_names_the_principal_manager_first(self):
        approvers = some_approvers(a_delegate_s_seat(user_id="u-ada"), a_seat())

        opened, _ = put(a_request(), approvers=approvers)

        assert opened.events[0].approver_ids == ("u-omar", "u-ada")

    def test_names_no_principal_manager_where_only_a_delegate_decides(self):
        opened, _ = put(a_request(), approvers=some_approvers(a_delegate_s_seat()))

        assert opened.events[0].principal_manager_id is None
        assert opened.events[0].approver_ids == ("u-ada",)

    @pytest.mark.feature("APP-20")
    def test_changes_nothing_when_repeated(self):
        approvers = some_approvers(a_seat())
        decided, given = an_approval(state="refused", reason="Non"), Numbers(id="07", given=3)

        again = open_for(
            an_approval(), decided, approvers, given, None, sequence=7, ladder=LADDER, now=NOW
        )

        assert again == (Change(decided), Change(approvers), Change(given), Change(None))

    @pytest.mark.feature("ACC-10")
    def test_takes_back_at_once_what_is_heard_after_its_requester_has_left(self):
        left = Person(id="u-lea", name="Léa Martin", active=False, heard=2)

        opened, *_ = open_for(
            an_approval(told=False),
            None,
            some_approvers(a_seat()),
            None,
            left,
            sequence=7,
            ladder=LADDER,
            now=NOW,
        )

        assert types(opened) == [ApprovalWithdrawn]
        assert (opened.state.state, opened.state.wake_at) == ("withdrawn", None)

    @pytest.mark.feature("APP-16")
    @pytest.mark.parametrize(
        "seats",
        [
            (),
            (a_seat(role="user"),),
            (a_seat(valid_until=YESTERDAY),),
            (a_seat(valid_from=TOMORROW),),
            (a_seat(user_id="u-lea"),),
            (a_seat(units=("VOIRIE",)),),
        ],
        ids=["nobody", "no approver", "ended", "not begun", "the requester", "other units"],
    )
    def test_waits_where_nobody_may_decide(self, seats: tuple[Any, ...]):
        opened, kept = put(a_request(), approvers=some_approvers(*seats))

        assert types(opened) == [ApproverMissing]
        assert (opened.state.state, opened.state.told) == ("requested", False)
        assert kept.state.awaited_by == "r-1"

    def test_is_looked_at_again_on_the_day_somebody_s_rights_begin(self):
        approvers = some_approvers(a_seat(valid_from=date(2026, 7, 14)))

        _, seats = put(a_request(), approvers=approvers)

        assert seats.state.wake_at == datetime(2026, 7, 13, 22, 0, tzinfo=UTC)


class TestTellOpened:
    def test_tells_once(self):
        approvers = some_approvers(a_seat())
        first = tell_opened(an_approval(told=False), approvers, ladder=LADDER, now=NOW)

        assert types(first) == [ApprovalOpened]
        assert tell_opened(first.state, approvers, ladder=LADDER, now=NOW) == Change(first.state)

    @pytest.mark.feature("APP-16")
    def test_tells_nothing_while_nobody_may_decide(self):
        waiting = an_approval(told=False)

        assert tell_opened(waiting, None, ladder=LADDER, now=NOW) == Change(waiting)

    @pytest.mark.feature("APP-15")
    def test_tells_whoever_comes_once_nobody_of_those_told_may_decide_any_more(self):
        asked = an_approval(put_to=("u-omar", "u-ada"))
        one_left = some_approvers(a_delegate_s_seat(), a_seat(user_id="u-new"))
        all_new = some_approvers(a_seat(user_id="u-new"))

        assert tell_opened(asked, one_left, ladder=LADDER, now=NOW) == Change(asked)
        again = tell_opened(asked, all_new, ladder=LADDER, now=NOW)
        assert again.events[0].approver_ids == ("u-new",)
        assert again.events[0].told_at == NOW
        assert tell_opened(again.state, all_new, ladder=LADDER, now=NOW) == Change(again.state)

    @pytest.mark.feature("APP-15", "NOT-02")
    def test_tells_whoever_is_left_once_the_principal_manager_to_whom_it_was_put_may_not(self):
        both = some_approvers(a_seat(), a_delegate_s_seat())
        asked = put(a_request(), approvers=both)[0].state
        assert asked.put_to == ("u-omar",)
        assert tell_opened(asked, both, ladder=LADDER, now=NOW) == Change(asked)

        for left, first in (
            (some_approvers(a_delegate_s_seat()), None),
            (some_approvers(a_delegate_s_seat(), a_seat(user_id="u-new")), "u-new"),
        ):
            [told] = tell_opened(asked, left, ladder=LADDER, now=NOW).events
            assert (told.principal_manager_id, "u-ada" in told.approver_ids) == (first, True)

    @pytest.mark.feature("APP-15")
    def test_takes_those_told_before_that_was_kept_to_be_the_first_of_them_alone(self):
        before = an_approval(told_to=("u-omar", "u-ada"))
        both = some_approvers(a_seat(), a_delegate_s_seat())
        left = some_approvers(a_delegate_s_seat())
        assert tell_opened(before, both, ladder=LADDER, now=NOW) == Change(before)

        again = tell_opened(before, left, ladder=LADDER, now=NOW)

        assert again.events[0].approver_ids == ("u-ada",)
        assert (again.state.put_to, again.state.told_to) == (("u-ada",), ())
        assert tell_opened(again.state, left, ladder=LADDER, now=NOW) == Change(again.state)
        escalated = replace(before, escalated=True)
        assert tell_opened(escalated, left, ladder=LADDER, now=NOW) == Change(escalated)

    def test_leaves_it_to_whoever_has_asked_for_more_and_still_decides(self):
        asked = an_approval(put_to=("u-omar",), asked_by="u-ada")
        left = some_approvers(a_delegate_s_seat())

        assert tell_opened(asked, left, ladder=LADDER, now=NOW) == Change(asked)

    def test_forgets_what_was_asked_by_somebody_who_no_longer_decides(self):
        asked = an_approval(put_to=("u-omar",), asked_by="u-omar")

        anew = tell_opened(asked, some_approvers(a_delegate_s_seat()), ladder=LADDER, now=NOW)

        assert anew.state.asked_by is None

    @pytest.mark.feature("APP-15", "APP-16")
    def test_says_that_nobody_is_left_and_waits_for_the_next(self):
        left = tell_opened(an_approval(put_to=("u-omar",)), None, ladder=LADDER, now=NOW)

        assert types(left) == [ApproverMissing]
        assert not left.state.told
        assert tell_opened(left.state, None, ladder=LADDER, now=NOW) == Change(left.state)
        come = tell_opened(left.state, some_approvers(a_seat()), ladder=LADDER, now=NOW)
        assert types(come) == [ApprovalOpened]

    def test_says_which_time_it_is_also_to_the_same(self):
        omar = some_approvers(a_seat())
        first = tell_opened(an_approval(told=False), omar, ladder=LADDER, now=NOW)
        left = tell_opened(first.state, None, ladder=LADDER, now=NOW)
        back = tell_opened(left.state, omar, ladder=LADDER, now=NOW)

        assert [one.events[0].telling for one in (first, back)] == [1, 2]
