"""Who may decide on what, and what a decision leads to."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from contracts.approvals import (
    ApprovalDecided,
    ApprovalOpened,
    ApprovalWithdrawn,
)
from kit.change import Change
from kit.problems import NotFound, Problem
from services.approvals.domain import deciding
from services.approvals.domain.approvals import AlreadyDecided, AlreadyWithdrawn, Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.deciding import (
    Answer,
    ApproversDecide,
    Decider,
    DeskReasonMissing,
    NotYourOwn,
    ReasonMissing,
    RequesterGone,
    StructureInactive,
    UnitsEnded,
    readable,
)
from services.approvals.domain.ended import Ended
from services.approvals.domain.opening import tell_opened
from services.approvals.domain.people import Person
from services.approvals.domain.withdrawing import RequesterOnly, withdraw
from tests.approvals.builders import (
    LADDER,
    NOW,
    TODAY,
    TOMORROW,
    YESTERDAY,
    a_delegate_s_seat,
    a_seat,
    an_approval,
    some_approvers,
    types,
)


def decide(current: Approval | None, **but: Any) -> Change[Approval]:
    asked = {
        "approvers": some_approvers(a_seat()),
        "requester": LEA,
        "ended": (),
        "verdict": "approved",
        "reason": "",
        "by": "u-omar",
        "desk": False,
    } | but
    return deciding.decide(
        current,
        asked["approvers"],
        asked["requester"],
        asked["ended"],
        answer=Answer(verdict=asked["verdict"], reason=asked["reason"]),
        by=Decider(user_id=asked["by"], desk=asked["desk"]),
        now=NOW,
    )


LEA = Person(id="u-lea", name="Léa Martin", heard=1)


class TestDecide:
    @pytest.mark.feature("APP-13")
    def test_approves(self):
        change = decide(an_approval())

        assert change.state == an_approval(state="approved", decided_by="u-omar", decided_at=NOW)
        [told] = change.events
        assert isinstance(told, ApprovalDecided)
        assert (told.verdict, told.requester_id, told.decided_by) == ("approved", "u-lea", "u-omar")

    @pytest.mark.feature("APP-14")
    def test_refuses_and_says_why(self):
        change = decide(an_approval(), verdict="refused", reason="Inconnue ici")

        assert (change.state.state, change.state.reason) == ("refused", "Inconnue ici")
        assert change.events[0].reason == "Inconnue ici"

    @pytest.mark.feature("APP-14")
    def test_does_not_refuse_without_saying_why(self):
        with pytest.raises(ReasonMissing) as refusal:
            decide(an_approval(), verdict="refused")

        assert refusal.value.members["errors"][0]["pointer"] == "/body/reason"

    @pytest.mark.feature("APP-20")
    def test_changes_nothing_when_repeated(self):
        once = decide(an_approval()).state

        assert decide(once) == Change(once)

    @pytest.mark.feature("APP-20")
    def test_is_not_repeated_for_another_reason(self):
        once = decide(an_approval(), verdict="refused", reason="Inconnue ici").state

        assert decide(once, verdict="refused", reason="Inconnue ici") == Change(once)
        with pytest.raises(AlreadyDecided):
            decide(once, verdict="refused", reason="Partie")

    @pytest.mark.feature("APP-13")
    @pytest.mark.parametrize(
        "but",
        [
            {"verdict": "refused", "reason": "Finalement non"},
            {"by": "u-ada", "approvers": some_approvers(a_seat(), a_delegate_s_seat())},
        ],
        ids=["the other verdict", "another approver"],
    )
    def test_is_final(self, but: dict[str, Any]):
        with pytest.raises(AlreadyDecided) as refusal:
            decide(decide(an_approval()).state, **but)

        assert refusal.value.members == {"verdict": "approved"}

    def test_is_never_the_requester_s(self):
        with pytest.raises(NotYourOwn):
            decide(an_approval(), by="u-lea", approvers=some_approvers(a_seat(user_id="u-lea")))

    @pytest.mark.feature("APP-15")
    def test_may_be_a_delegate_s(self):
        both = some_approvers(a_seat(), a_delegate_s_seat())

        assert decide(an_approval(), by="u-ada", approvers=both).state.state == "approved"

    @pytest.mark.feature("APP-15")
    @pytest.mark.parametrize(
        "seat",
        [
            a_delegate_s_seat(),
            a_seat(role="user"),
            a_seat(role=None),
            a_seat(valid_until=YESTERDAY),
            a_seat(valid_from=TOMORROW),
            a_seat(structure_id="s-8"),
            a_seat(user_id="u-ada"),
            a_seat(units=("COMPTA",)),
        ],
        ids=[
            "none",
            "no approver",
            "detached",
            "ended",
            "not begun",
            "another structure",
            "somebody else's",
            "only a unit",
        ],
    )
    def test_is_hidden_from_those_who_may_not_decide(self, seat: Any):
        with pytest.raises(NotFound):
            decide(an_approval(), approvers=some_approvers(seat))
        with pytest.raises(NotFound):
            decide(an_approval(), approvers=None)

    @pytest.mark.parametrize(
        ("limit", "asked", "may"),
        [
            (("COMPTA",), ("COMPTA",), True),
            (("COMPTA", "VOIRIE"), ("COMPTA",), True),
            (("COMPTA",), ("COMPTA", "VOIRIE"), False),
            (("COMPTA",), (), False),
            ((), ("COMPTA",), True),
        ],
    )
    def test_stays_within_the_units_of_the_approver(
        self, limit: tuple[str, ...], asked: tuple[str, ...], may: bool
    ):
        assert a_seat(units=limit).decides(an_approval(units=asked), TODAY) is may

    def test_does_not_exist_for_what_was_never_asked(self):
        with pytest.raises(NotFound):
            decide(None)

    def test_tells_that_it_was_open_before_it_tells_the_answer(self):
        change = decide(an_approval(told=False))

        assert types(change) == [ApprovalOpened, ApprovalDecided]
        assert change.state.told

    @pytest.mark.feature("APP-21")
    @pytest.mark.parametrize(
        ("but", "why"),
        [
            ({"requester": replace(LEA, active=False)}, RequesterGone),
            ({"ended": (None, Ended(id="s-9:VOIRIE"))}, UnitsEnded),
            ({"ended": (Ended(id="s-9"), None)}, StructureInactive),
        ],
        ids=["the requester has left", "a unit has ended", "the structure is inactive"],
    )
    def test_approves_nothing_that_can_no_longer_be(self, but: Any, why: type[Problem]):
        asked = an_approval(units=("COMPTA", "VOIRIE"))

        with pytest.raises(why):
            decide(asked, **but)
        refused = decide(asked, **but, verdict="refused", reason="Le service a fermé.")
        assert refused.state.state == "refused"

    def test_names_the_units_that_have_ended(self):
        with pytest.raises(UnitsEnded) as refusal:
            decide(an_approval(units=("COMPTA", "VOIRIE")), ended=(Ended(id="s-9:VOIRIE"),))

        assert refusal.value.members == {"units": ["VOIRIE"]}


class TestDecideAtTheDesk:
    DESK: ClassVar[dict[str, Any]] = {
        "by": "u-ops",
        "desk": True,
        "reason": "Personne ne décide plus ici.",
    }

    @pytest.mark.feature("APP-16")
    def test_is_possible_where_nobody_may_decide_and_says_why(self):
        change = decide(an_approval(told=False), **self.DESK | {"approvers": None})

        assert (change.state.state, change.state.decided_by) == ("approved", "u-ops")
        assert types(change) == [ApprovalOpened, ApprovalDecided]
        assert change.events[1].by_desk
        with pytest.raises(DeskReasonMissing):
            decide(an_approval(), **self.DESK | {"approvers": None, "reason": ""})

    @pytest.mark.feature("APP-15")
    def test_leaves_to_those_who_may_decide_what_is_theirs(self):
        with pytest.raises(ApproversDecide):
            decide(an_approval(), **self.DESK)

    def test_is_never_the_operator_s_own(self):
        with pytest.raises(NotYourOwn):
            decide(an_approval(requester_id="u-ops"), **self.DESK | {"approvers": None})

    @pytest.mark.feature("APP-20")
    def test_changes_nothing_when_repeated(self):
        once = decide(an_approval(), **self.DESK | {"approvers": None}).state

        assert decide(once, **self.DESK) == Change(once)


class TestReadable:
    @pytest.mark.parametrize(
        ("by", "approvers"),
        [("u-lea", None), ("u-omar", some_approvers(a_seat()))],
        ids=["requester", "approver"],
    )
    def test_is_so_for_those_it_concerns(self, by: str, approvers: Approvers | None):
        assert readable(an_approval(), approvers, by=by, now=NOW) == an_approval()

    @pytest.mark.parametrize(
        "approvers",
        [None, some_approvers(a_seat()), some_approvers(a_seat(user_id="u-eve", role="user"))],
    )
    def test_is_not_so_for_others(self, approvers: Approvers | None):
        with pytest.raises(NotFound):
            readable(an_approval(), approvers, by="u-eve", now=NOW)


class TestWithdraw:
    @pytest.mark.parametrize("told", [True, False])
    def test_takes_the_question_back_and_is_done_once(self, told):
        withdrawn = withdraw(an_approval(told=told), by="u-lea", now=NOW)
        again = withdraw(withdrawn.state, by="u-lea", now=NOW)

        assert types(withdrawn) == [ApprovalWithdrawn]
        assert withdrawn.state.state == "withdrawn"
        assert again == Change(withdrawn.state)
        assert (
            tell_opened(withdrawn.state, some_approvers(a_seat()), ladder=LADDER, now=NOW).events
            == ()
        )

    def test_leaves_nothing_to_decide(self):
        withdrawn = an_approval(state="withdrawn")

        with pytest.raises(AlreadyWithdrawn):
            decide(withdrawn)

    def test_comes_too_late_once_it_is_decided(self):
        with pytest.raises(AlreadyDecided):
            withdraw(an_approval(state="refused"), by="u-lea", now=NOW)

    def test_is_the_requesters_alone(self):
        with pytest.raises(RequesterOnly):
            withdraw(an_approval(), by="u-omar", now=NOW)
        with pytest.raises(NotFound):
            withdraw(None, by="u-lea", now=NOW)
