"""How a question is put, and who is told of it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalDecided,
    ApprovalOpened,
    ApproverMissing,
)
from kit.change import Change
from services.approvals.domain import deciding
from services.approvals.domain.ladder import begin
from services.approvals.domain.opening import open_for, tell_opened
from tests.approvals.builders import (
    LADDER,
    NOW,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_delegate_s_seat,
    a_habilitations_request,
    a_request,
    a_seat,
    an_approval,
    some_approvers,
    types,
)


class TestOpenFor:
    @pytest.mark.feature("APP-03", "APP-09")
    def test_puts_the_question_to_the_approvers_of_the_structure(self):
        approvers = some_approvers(a_seat())

        opened, seats = open_for(a_request(), None, approvers, ladder=LADDER, now=NOW)

        assert opened.state == begin(an_approval(), LADDER, now=NOW)
        assert opened.state.state == "requested"
        [told] = opened.events
        assert isinstance(told, ApprovalOpened)
        assert (told.principal_manager_id, told.approver_ids) == ("u-omar", ("u-omar",))
        assert seats == Change(approvers)

    @pytest.mark.feature("APP-03")
    def test_keeps_all_that_was_asked(self):
        asked = a_request(units=("COMPTA",), valid_until=TOMORROW, comment="Bonjour")

        opened, _ = open_for(asked, None, None, ladder=LADDER, now=NOW)

        approval = opened.state
        assert (approval.units, approval.valid_from) == (("COMPTA",), TODAY)
        assert (approval.valid_until, approval.comment) == (TOMORROW, "Bonjour")

    @pytest.mark.feature("APP-02", "APP-12", "HAB-16")
    def test_keeps_which_habilitations_would_be_given_and_taken(self):
        asked = a_habilitations_request(units=("COMPTA",), comment="Je dépose.")

        opened, _ = open_for(asked, None, some_approvers(a_seat()), ladder=LADDER, now=NOW)

        approval = opened.state
        assert (approval.kind, approval.given, approval.taken) == (
            "habilitation",
            asked.given,
            asked.taken,
        )
        assert (approval.units, approval.comment) == (("COMPTA",), "Je dépose.")
        assert opened.events[0].kind == "habilitation"

    def test_of_habilitations_is_decided_like_any_other(self):
        opened, _ = open_for(a_habilitations_request(), None, None, ladder=LADDER, now=NOW)

        decided = deciding.decide(
            opened.state,
            None,
            verdict="approved",
            reason="",
            by="u-omar",
            seat=a_seat(),
            now=NOW,
        )

        assert types(decided) == [ApprovalOpened, ApprovalDecided]
        assert {one.kind for one in decided.events} == {"habilitation"}

    def test_names_the_principal_manager_first(self):
        approvers = some_approvers(a_delegate_s_seat(user_id="u-ada"), a_seat())

        opened, _ = open_for(a_request(), None, approvers, ladder=LADDER, now=NOW)

        assert opened.events[0].approver_ids == ("u-omar", "u-ada")

    def test_names_no_principal_manager_where_only_a_delegate_decides(self):
        opened, _ = open_for(
            a_request(), None, some_approvers(a_delegate_s_seat()), ladder=LADDER, now=NOW
        )

        assert opened.events[0].principal_manager_id is None
        assert opened.events[0].approver_ids == ("u-ada",)

    @pytest.mark.feature("APP-20")
    def test_changes_nothing_when_repeated(self):
        approvers = some_approvers(a_seat())
        decided = an_approval(state="refused", reason="Non")

        assert open_for(a_request(), decided, approvers, ladder=LADDER, now=NOW) == (
            Change(decided),
            Change(approvers),
        )

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
        opened, seats = open_for(a_request(), None, some_approvers(*seats), ladder=LADDER, now=NOW)

        assert types(opened) == [ApproverMissing]
        assert (opened.state.state, opened.state.told) == ("requested", False)
        assert seats.state.awaited_by == "r-1"

    def test_is_looked_at_again_on_the_day_somebody_s_rights_begin(self):
        approvers = some_approvers(a_seat(valid_from=date(2026, 7, 14)))

        _, seats = open_for(a_request(), None, approvers, ladder=LADDER, now=NOW)

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
