"""Asking for a change of one's own habilitations, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalExpired, ApprovalWithdrawn
from contracts.users import (
    HabilitationsGranted,
    HabilitationsNotApplied,
    HabilitationsRefused,
    HabilitationsRequested,
    HabilitationsRequestExpired,
)
from services.users.domain.drafts import MANAGES, Add, AlreadyHeld, Remove, RemoveAll, row_of
from services.users.domain.habilitation_requests import (
    AlreadyAsked,
    NotAttached,
    NothingAsked,
    ask,
    expire,
    settle,
    unit_ended,
    withdraw,
)
from services.users.domain.rattachements import MOST, TooManyRights
from tests.users.habilitating import (
    HALF_AN_HOUR,
    READS,
    WRITES,
    a_delegate,
    a_place,
    a_profile,
    a_request_for,
    a_submit,
    the_manager,
)
from tests.users.rattaching import (
    LATER,
    NOW,
    READ,
    TODAY,
    a_decision,
    a_line,
    a_rattachement,
)


def asked(*operations, of: Any = None, **but: Any):
    """What becomes of what Lea asks for herself."""
    tie = of or a_rattachement()
    how = {"operations": operations, "comment": "", "submitted": a_submit(tie.user_id)} | but
    return ask(None, tie, None, a_place(), **how)


def settled(request, tie=None, decider=None, *, active=True, waits=timedelta(), **decided):
    """What becomes of it once it is approved, by Omar unless said otherwise."""
    decision = a_decision(kind="habilitation", subject_id=request.id, **decided)
    by = decider or the_manager()
    submitted = a_submit(by.user_id, id=request.id, at=LATER, waits=waits)
    changes = settle(
        decision,
        request,
        tie or a_rattachement(),
        by,
        None,
        requester_active=active,
        espace_open=True,
        submitted=submitted,
    )
    return [change.state for change in changes], [e for change in changes for e in change.events]


class TestAsk:
    @pytest.mark.feature("HAB-16", "HAB-17")
    def test_puts_what_would_be_added_and_removed_to_those_who_decide(self):
        request, tie, noted = asked(Add(WRITES), Remove(row_of(READ)), comment="Je dépose.")

        assert request.state.status == "requested"
        [told] = request.events
        assert isinstance(told, HabilitationsRequested)
        assert (told.given, told.taken, told.comment) == ((WRITES,), (READ,), "Je dépose.")
        assert tie.state.habilitations == (READ,)
        assert (tie.events, noted.state) == ((), None)
        assert [one.request_id for one in tie.state.pending_changes] == [request.state.id]

    @pytest.mark.feature("HAB-06")
    def test_is_how_a_user_without_modification_comes_by_it(self):
        lea = a_rattachement(habilitations=(READS,))

        request, tie, _ = asked(Add(WRITES), of=lea)
        [_, granted, _], _ = settled(request.state, tie.state)

        assert {*granted.habilitations} == {READS, WRITES}

    def test_of_more_than_could_be_told_is_refused_and_not_granted(self):
        many = tuple(a_profile(unit=f"u-{nth}") for nth in range(MOST - 1))
        request, tie, _ = asked(Add(WRITES))
        meanwhile = replace(tie.state, habilitations=many)

        with pytest.raises(TooManyRights):
            asked(Add(WRITES), of=a_rattachement(habilitations=many))
        [closed, left, _], _ = settled(request.state, meanwhile)

        assert (closed.status, left.pending_changes) == ("not_applied", ())
        assert closed.reason == "Ce serait trop d'habilitations pour une seule personne."

    @pytest.mark.feature("HAB-17")
    def test_of_a_removal_needs_a_decision_too(self):
        request, tie, _ = asked(RemoveAll())

        assert request.state.taken == (READ,)
        assert tie.state.habilitations == (READ,)

    def test_names_the_units_when_it_is_about_units_alone(self):
        on_ovens, in_shop = (a_profile(unit=unit) for unit in ("ovens", "shop"))

        assert asked(Add(on_ovens), Add(in_shop))[0].state.units == ("ovens", "shop")
        assert asked(Add(on_ovens), Add(READS))[0].state.units == ()

    def test_repeated_is_asked_once(self):
        request, tie, _ = asked(Add(WRITES))

        again = ask(
            request.state,
            tie.state,
            None,
            a_place(),
            operations=(Add(WRITES),),
            comment="",
            submitted=a_submit("u-lea"),
        )

        assert [one.state for one in again] == [request.state, tie.state, None]
        assert not any(one.events for one in again)

    def test_of_what_waits_already_is_refused(self):
        _, tie, _ = asked(Add(WRITES))

        with pytest.raises(AlreadyAsked) as refusal:
            asked(Add(WRITES), of=tie.state, submitted=a_submit("u-lea", id="h-2"))
        other, *_ = asked(Add(READS), of=tie.state, submitted=a_submit("u-lea", id="h-2"))

        assert refusal.value.members == {"request_id": "h-1"}
        assert other.events

    def test_of_what_is_held_is_refused(self):
        with pytest.raises(AlreadyHeld):
            asked(Add(READ))

    def test_of_nothing_is_refused(self):
        with pytest.raises(NothingAsked):
            asked(Add(WRITES), Remove(row_of(WRITES)))

    @pytest.mark.parametrize(
        "gone",
        [
            a_rattachement(role=None, lines=()),
            a_rattachement(lines=(a_line(valid_until=TODAY - timedelta(days=1)),)),
        ],
    )
    def test_is_for_those_who_are_attached(self, gone):
        with pytest.raises(NotAttached):
            asked(Add(WRITES), of=gone)

    @pytest.mark.feature("HAB-16")
    def test_by_a_principal_manager_is_his_to_grant_and_recorded_as_such(self):
        request, tie, noted = asked(Add(WRITES), of=the_manager())

        assert (request.state.status, request.state.decided_at) == ("granted", NOW)
        assert request.events == ()
        assert tie.state.habilitations == tie.events[0].habilitations == (MANAGES, WRITES)
        assert (noted.state.cause, noted.state.by) == ("own", "u-omar")

    def test_by_a_delegate_is_not_theirs_to_grant(self):
        request, tie, _ = asked(Add(WRITES), of=a_delegate())

        assert request.state.status == "requested"
        assert WRITES not in tie.state.habilitations


class TestSettle:
    WAITING = a_request_for(WRITES, taken=(READ,))

    @pytest.mark.feature("HAB-16", "HAB-17", "APP-18")
    def test_applies_what_was_approved(self):
        [request, tie, noted], told = settled(self.WAITING)

        assert (request.status, request.decided_at) == ("granted", LATER)
        assert tie.habilitations == (WRITES,)
        assert (noted.cause, noted.by) == ("approved", "u-omar")
        assert [type(one).__name__ for one in told] == ["HabilitationsGranted", "RightsChanged"]
        assert isinstance(told[0], HabilitationsGranted)

    @pytest.mark.feature("HAB-15")
    def test_has_what_was_approved_wait_like_everything_that_is_given(self):
        [_, tie, noted], _ = settled(self.WAITING, waits=HALF_AN_HOUR)

        assert tie.habilitations == ()
        assert tie.wake_at == noted.effective_at == LATER + HALF_AN_HOUR

    def test_of_a_refusal_changes_nothing_and_says_why(self):
        lea = a_rattachement()

        [request, tie, noted], told = settled(
            self.WAITING, lea, verdict="refused", reason="Pas encore."
        )

        assert (request.status, request.reason, tie, noted) == ("refused", "Pas encore.", lea, None)
        assert [type(one) for one in told] == [HabilitationsRefused]

    @pytest.mark.parametrize(
        ("request_", "lea", "why"),
        [
            (WAITING, a_rattachement(role=None, lines=()), "rattaché"),
            (replace(WAITING, ended_unit="ovens"), a_rattachement(), "ovens"),
            (WAITING, a_rattachement(lines=(a_line("ovens"),)), "services"),
            (WAITING, a_rattachement(habilitations=(WRITES,)), "déjà l'abonnement"),
            (
                a_request_for(WRITES.model_copy(update={"valid_until": TODAY})),
                a_rattachement(),
                "terminée",
            ),
        ],
    )
    def test_says_why_it_can_no_longer_be_applied(self, request_, lea, why):
        [request, tie, noted], told = settled(request_, lea)

        assert request.status == "not_applied"
        assert why in request.reason
        assert (tie.habilitations, noted) == (lea.habilitations, None)
        assert [type(one) for one in told] == [HabilitationsNotApplied]

    def test_gives_nothing_to_an_account_that_is_no_longer_active(self):
        [request, *_], _ = settled(self.WAITING, active=False)

        assert request.status == "not_applied"

    @pytest.mark.feature("APP-15", "APP-20")
    @pytest.mark.parametrize(
        "decider",
        [
            a_delegate(MANAGES, READS),
            a_delegate(READS, WRITES),
            a_delegate(MANAGES, WRITES, may_approve=False),
            a_delegate(MANAGES, WRITES, role=None, lines=()),
            a_rattachement(habilitations=(MANAGES, WRITES)),
        ],
        ids=["lacks it", "manages no more", "may not approve", "has left", "the requester"],
    )
    def test_lets_nobody_grant_by_an_approval_what_they_could_not_give(self, decider):
        [request, tie, _], _ = settled(self.WAITING, decider=decider, decided_by=decider.user_id)

        assert request.status == "not_applied"
        assert tie.habilitations == (READ,)

    @pytest.mark.feature("APP-16")
    def test_lets_the_desk_stand_in_where_nobody_decides(self):
        desk = a_rattachement(user_id="u-ops", role=None, lines=())

        [request, tie, _], _ = settled(self.WAITING, decider=desk, by_desk=True)

        assert request.status == "granted"
        assert WRITES in tie.habilitations

    def test_lets_a_delegate_grant_what_they_hold(self):
        [request, tie, _], _ = settled(self.WAITING, decider=a_delegate(MANAGES, WRITES))

        assert request.status == "granted"
        assert WRITES in tie.habilitations

    @pytest.mark.feature("APP-20")
    @pytest.mark.parametrize(
        "status", ["granted", "refused", "not_applied", "withdrawn", "expired"]
    )
    def test_is_done_once(self, status):
        request = replace(self.WAITING, status=status)

        states, told = settled(request)

        assert (states[:2], told) == ([request, a_rattachement()], [])

    def test_heeds_no_decision_about_somebody_else(self):
        states, told = settled(self.WAITING, requester_id="u-zoe")

        assert (states[0], told) == (self.WAITING, [])


class TestWithdraw:
    def told(self, request, **but):
        about = {"approval_id": request.id, "subject_id": request.id, "kind": "habilitation"}
        whose = {"structure_id": request.structure_id, "requester_id": request.user_id}
        return ApprovalWithdrawn(**about | whose | {"withdrawn_at": LATER} | but)

    def test_changes_nothing_and_leaves_room_for_another(self):
        request, tie, _ = asked(Add(WRITES))

        for _ in range(2):
            withdrawn, freed = withdraw(self.told(request.state), request.state, tie.state)
            assert (withdrawn.state.status, withdrawn.state.decided_at) == ("withdrawn", LATER)
            assert freed.state == a_rattachement()
            assert (withdrawn.events, freed.events) == ((), ())
            request, tie = withdrawn, freed

    def test_says_nothing_of_what_is_decided_or_of_others(self):
        granted, waiting = replace(a_request_for(WRITES), status="granted"), a_request_for(WRITES)
        others = self.told(waiting, requester_id="u-zoe")

        for told, request in ((self.told(granted), granted), (others, waiting)):
            assert withdraw(told, request, a_rattachement())[0].state == request


class TestExpire:
    def told(self, request: Any, **but: Any) -> ApprovalExpired:
        about = {"approval_id": request.id, "subject_id": request.id, "kind": "habilitation"}
        whose = {"structure_id": request.structure_id, "requester_id": request.user_id}
        when = {"opened_at": NOW, "expired_at": LATER}
        return ApprovalExpired(**about | whose | when | but)

    def test_changes_nothing_and_leaves_room_for_another(self):
        request, tie, _ = asked(Add(WRITES))

        expired, freed = expire(self.told(request.state), request.state, tie.state)

        assert (expired.state.status, expired.state.decided_at) == ("expired", LATER)
        assert [type(one) for one in expired.events] == [HabilitationsRequestExpired]
        assert freed.state == a_rattachement()
        again = expire(self.told(request.state), expired.state, freed.state)
        assert [one.events for one in again] == [(), ()]

    def test_says_nothing_of_what_is_decided_or_of_others(self):
        granted, waiting = replace(a_request_for(WRITES), status="granted"), a_request_for(WRITES)
        others = self.told(waiting, requester_id="u-zoe")

        for told, request in ((self.told(granted), granted), (others, waiting)):
            assert expire(told, request, a_rattachement())[0].state == request


class TestUnitEnded:
    ON_OVENS = a_request_for(a_profile(unit="ovens"))

    def test_is_noted_once(self):
        ended = unit_ended(self.ON_OVENS, "ovens").state

        assert ended.ended_unit == "ovens"
        assert unit_ended(ended, "ovens").state == ended

    def test_is_nothing_to_what_does_not_need_it(self):
        decided = replace(self.ON_OVENS, status="granted")
        for request, unit in ((self.ON_OVENS, "shop"), (decided, "ovens"), (None, "ovens")):
            assert unit_ended(request, unit).state == request
