"""Who may decide on what, and what a decision leads to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalDecided,
    ApprovalOpened,
    ApprovalWithdrawn,
    ApproverMissing,
)
from contracts.users import PersonChanged
from kit.change import Change
from kit.problems import NotFound
from services.approvals import domain
from services.approvals.domain import (
    AlreadyDecided,
    AlreadyWithdrawn,
    Approval,
    Approvers,
    NotYourOwn,
    Person,
    ReasonMissing,
    RequesterOnly,
)
from tests.approvals.builders import (
    NOW,
    TODAY,
    a_delegate_s_seat,
    a_habilitations_request,
    a_request,
    a_seat,
    an_approval,
    some_approvers,
)

TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)


def types(change: Change[Any]) -> list[type]:
    return [type(event) for event in change.events]


class TestOpenFor:
    @pytest.mark.feature("APP-03", "APP-09")
    def test_puts_the_question_to_the_approvers_of_the_structure(self):
        approvers = some_approvers(a_seat())

        opened, seats = domain.open_for(a_request(), None, approvers, now=NOW)

        assert opened.state == an_approval()
        assert opened.state.state == "requested"
        [told] = opened.events
        assert isinstance(told, ApprovalOpened)
        assert (told.principal_manager_id, told.approver_ids) == ("u-omar", ("u-omar",))
        assert seats == Change(approvers)

    @pytest.mark.feature("APP-03")
    def test_keeps_all_that_was_asked(self):
        asked = a_request(units=("COMPTA",), valid_until=TOMORROW, comment="Bonjour")

        opened, _ = domain.open_for(asked, None, None, now=NOW)

        approval = opened.state
        assert (approval.units, approval.valid_from) == (("COMPTA",), TODAY)
        assert (approval.valid_until, approval.comment) == (TOMORROW, "Bonjour")

    @pytest.mark.feature("APP-02", "APP-12", "HAB-16")
    def test_keeps_which_habilitations_would_be_given_and_taken(self):
        asked = a_habilitations_request(units=("COMPTA",), comment="Je dépose.")

        opened, _ = domain.open_for(asked, None, some_approvers(a_seat()), now=NOW)

        approval = opened.state
        assert (approval.kind, approval.given, approval.taken) == (
            "habilitation",
            asked.given,
            asked.taken,
        )
        assert (approval.units, approval.comment) == (("COMPTA",), "Je dépose.")
        assert opened.events[0].kind == "habilitation"

    def test_of_habilitations_is_decided_like_any_other(self):
        opened, _ = domain.open_for(a_habilitations_request(), None, None, now=NOW)

        decided = domain.decide(
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

        opened, _ = domain.open_for(a_request(), None, approvers, now=NOW)

        assert opened.events[0].approver_ids == ("u-omar", "u-ada")

    def test_names_no_principal_manager_where_only_a_delegate_decides(self):
        opened, _ = domain.open_for(a_request(), None, some_approvers(a_delegate_s_seat()), now=NOW)

        assert opened.events[0].principal_manager_id is None
        assert opened.events[0].approver_ids == ("u-ada",)

    @pytest.mark.feature("APP-20")
    def test_changes_nothing_when_repeated(self):
        approvers = some_approvers(a_seat())
        decided = an_approval(state="refused", reason="Non")

        assert domain.open_for(a_request(), decided, approvers, now=NOW) == (
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
        opened, seats = domain.open_for(a_request(), None, some_approvers(*seats), now=NOW)

        assert types(opened) == [ApproverMissing]
        assert (opened.state.state, opened.state.told) == ("requested", False)
        assert seats.state.awaited_by == "r-1"

    def test_is_looked_at_again_on_the_day_somebody_s_rights_begin(self):
        approvers = some_approvers(a_seat(valid_from=date(2026, 7, 14)))

        _, seats = domain.open_for(a_request(), None, approvers, now=NOW)

        assert seats.state.wake_at == datetime(2026, 7, 13, 22, 0, tzinfo=UTC)


class TestTakeSeat:
    def test_seats_whoever_may_decide(self):
        change = domain.take_seat(a_seat(), None, now=NOW)

        assert change.state == some_approvers(a_seat())

    def test_seats_whoever_will_decide(self):
        later = a_seat(valid_from=TOMORROW)

        change = domain.take_seat(later, None, now=NOW)

        assert change.state == some_approvers(later)

    def test_keeps_no_trace_of_somebody_who_never_decides(self):
        reader = a_seat(role="user")

        assert domain.take_seat(reader, None, now=NOW) == Change(None)

    @pytest.mark.parametrize("but", [{"role": "user"}, {"role": None}, {"valid_until": YESTERDAY}])
    def test_takes_the_seat_away_with_the_rights(self, but: dict[str, Any]):
        current = some_approvers(a_seat())

        change = domain.take_seat(a_seat(**but), current, now=NOW)

        assert change.state.seats == ()

    def test_withdraws_a_delegate_the_principal_manager_no_longer_lets_decide(self):
        current = some_approvers(a_delegate_s_seat())

        change = domain.take_seat(a_delegate_s_seat(may_approve=False), current, now=NOW)

        assert change.state.seats == ()

    def test_changes_nothing_when_repeated(self):
        current = some_approvers(a_seat(), awaited_by="r-1")

        assert domain.take_seat(a_seat(), current, now=NOW) == Change(current)

    def test_has_what_waits_looked_at_at_once(self):
        change = domain.take_seat(a_seat(), some_approvers(awaited_by="r-1"), now=NOW)

        assert change.state.wake_at == NOW


class TestLooked:
    def test_ends_when_nothing_waits_any_more(self):
        begun = some_approvers(a_seat(), awaited_by="r-1", version=3)

        change = domain.looked(begun, begun, still_waiting=None, now=NOW)

        assert (change.state.awaited_by, change.state.wake_at) == (None, None)

    def test_goes_on_when_something_changed_meanwhile(self):
        begun = some_approvers(awaited_by="r-1", version=3)
        current = some_approvers(a_seat(), awaited_by="r-2", version=4)

        change = domain.looked(begun, current, still_waiting=None, now=NOW)

        assert (change.state.awaited_by, change.state.wake_at) == ("r-2", NOW)

    def test_waits_for_rights_that_begin_later(self):
        begun = some_approvers(a_seat(valid_from=TOMORROW), awaited_by="r-1", version=3)

        change = domain.looked(begun, begun, still_waiting="r-1", now=NOW)

        assert change.state.awaited_by == "r-1"
        assert change.state.wake_at == datetime(2026, 1, 5, 23, 0, tzinfo=UTC)


class TestTellOpened:
    def test_tells_once(self):
        approvers = some_approvers(a_seat())
        first = domain.tell_opened(an_approval(told=False), approvers, now=NOW)

        assert types(first) == [ApprovalOpened]
        assert domain.tell_opened(first.state, approvers, now=NOW) == Change(first.state)

    @pytest.mark.feature("APP-16")
    def test_tells_nothing_while_nobody_may_decide(self):
        waiting = an_approval(told=False)

        assert domain.tell_opened(waiting, None, now=NOW) == Change(waiting)


def decide(current: Approval | None, **but: Any) -> Change[Approval]:
    asked = {
        "approvers": some_approvers(a_seat()),
        "verdict": "approved",
        "reason": "",
        "by": "u-omar",
        "seat": a_seat(),
        "now": NOW,
    } | but
    return domain.decide(current, asked.pop("approvers"), **asked)


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

    @pytest.mark.feature("APP-13")
    @pytest.mark.parametrize(
        "but",
        [
            {"verdict": "refused", "reason": "Finalement non"},
            {"by": "u-ada", "seat": a_delegate_s_seat()},
        ],
        ids=["the other verdict", "another approver"],
    )
    def test_is_final(self, but: dict[str, Any]):
        with pytest.raises(AlreadyDecided) as refusal:
            decide(decide(an_approval()).state, **but)

        assert refusal.value.members == {"verdict": "approved"}

    def test_is_never_the_requester_s(self):
        with pytest.raises(NotYourOwn):
            decide(an_approval(), by="u-lea", seat=a_seat(user_id="u-lea"))

    @pytest.mark.feature("APP-15")
    def test_may_be_a_delegate_s(self):
        assert decide(an_approval(), by="u-ada", seat=a_delegate_s_seat()).state.state == "approved"

    @pytest.mark.feature("APP-15")
    @pytest.mark.parametrize(
        "seat",
        [
            None,
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
            decide(an_approval(), seat=seat)

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

    @pytest.mark.parametrize("approvers", [None, some_approvers(a_seat())])
    def test_tells_that_it_was_open_before_it_tells_the_answer(self, approvers: Approvers | None):
        change = decide(an_approval(told=False), approvers=approvers)

        assert types(change) == [ApprovalOpened, ApprovalDecided]
        assert change.state.told


class TestReadable:
    @pytest.mark.parametrize(
        ("by", "seat"), [("u-lea", None), ("u-omar", a_seat())], ids=["requester", "approver"]
    )
    def test_is_so_for_those_it_concerns(self, by: str, seat: Any):
        assert domain.readable(an_approval(), seat, by=by, now=NOW) == an_approval()

    @pytest.mark.parametrize("seat", [None, a_seat(user_id="u-eve", role="user")])
    def test_is_not_so_for_others(self, seat: Any):
        with pytest.raises(NotFound):
            domain.readable(an_approval(), seat, by="u-eve", now=NOW)


class TestWithdraw:
    @pytest.mark.parametrize("told", [True, False])
    def test_takes_the_question_back_and_is_done_once(self, told):
        withdrawn = domain.withdraw(an_approval(told=told), by="u-lea", now=NOW)
        again = domain.withdraw(withdrawn.state, by="u-lea", now=NOW)

        assert types(withdrawn) == [ApprovalWithdrawn]
        assert withdrawn.state.state == "withdrawn"
        assert again == Change(withdrawn.state)
        assert domain.tell_opened(withdrawn.state, some_approvers(a_seat()), now=NOW).events == ()

    def test_leaves_nothing_to_decide(self):
        withdrawn = an_approval(state="withdrawn")

        with pytest.raises(AlreadyWithdrawn):
            domain.decide(
                withdrawn, None, verdict="approved", reason="", by="u-omar", seat=a_seat(), now=NOW
            )

    def test_comes_too_late_once_it_is_decided(self):
        with pytest.raises(AlreadyDecided):
            domain.withdraw(an_approval(state="refused"), by="u-lea", now=NOW)

    def test_is_the_requesters_alone(self):
        with pytest.raises(RequesterOnly):
            domain.withdraw(an_approval(), by="u-omar", now=NOW)
        with pytest.raises(NotFound):
            domain.withdraw(None, by="u-lea", now=NOW)


def told_of_lea(**but: Any) -> PersonChanged:
    said = {
        "user_id": "u-lea",
        "first_name": "Léa",
        "last_name": "Martin",
        "email": "lea@example.org",
        "active": True,
        "version": 1,
    }
    return PersonChanged(**said | but)


class TestCopyPerson:
    def test_never_goes_back_to_an_older_name(self):
        newer = Person(id="u-lea", name="Léa Durand", heard=2)

        copied = domain.copy_person(told_of_lea(), None, now=NOW)

        assert copied.state == Person(id="u-lea", name="Léa Martin", heard=1)
        assert domain.copy_person(told_of_lea(), newer, now=NOW) == Change(newer)

    @pytest.mark.feature("ACC-10")
    def test_wakes_whoever_takes_back_what_was_asked_by_who_has_left(self):
        left = domain.copy_person(told_of_lea(active=False), None, now=NOW).state

        assert (left.active, left.wake_at) == (False, NOW)
        back = domain.copy_person(told_of_lea(version=2), left, now=NOW).state
        assert (back.active, back.wake_at) == (True, None)


class TestWithdrawOfWhoLeft:
    LEFT = Person(id="u-lea", name="Léa Martin", active=False, heard=2)

    @pytest.mark.feature("ACC-10")
    def test_takes_a_question_back_once(self):
        taken = domain.withdraw_of_who_left(an_approval(), self.LEFT, now=NOW)

        assert (taken.state.state, types(taken)) == ("withdrawn", [ApprovalWithdrawn])
        again = domain.withdraw_of_who_left(taken.state, self.LEFT, now=NOW)
        assert again == Change(taken.state)

    def test_leaves_what_was_answered_and_who_came_back(self):
        answered = an_approval(state="approved")
        back = Person(id="u-lea", name="Léa Martin", heard=3)

        assert domain.withdraw_of_who_left(answered, self.LEFT, now=NOW) == Change(answered)
        assert domain.withdraw_of_who_left(an_approval(), back, now=NOW) == Change(an_approval())
