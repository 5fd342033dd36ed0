"""What is left of what comes back from a backup: of rights, managements, accounts and claims."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.event import Event
from contracts.users import AccountChanged, PersonErased, RightsChanged, VacancyClaimSettled
from kit import journal
from kit.change import Change
from kit.clock import now
from services.users.domain.claims import Claim
from services.users.domain.rattachements import Rattachement, nothing_yet, rights_of
from services.users.domain.restored import (
    appoint_as_told,
    leave_again,
    no_more_than,
    settle_again,
    vacate,
)
from services.users.restored import put_right
from tests.users.claims import a_proved_claim
from tests.users.habilitating import READS, WRITES
from tests.users.hall import LEA, URL, Hall
from tests.users.managing import a_tie, managed_by
from tests.users.people import an_account
from tests.users.rattaching import LATER, MANAGE, READ, a_line, a_manager, a_rattachement

SHOP, OVENS = a_line("shop"), a_line("ovens")


def told(**but) -> RightsChanged:
    """What was told last, after the backup."""
    return rights_of(a_rattachement(**but))


class TestNoMoreThan:
    def left(self, last: RightsChanged, **backup) -> Rattachement:
        change = no_more_than(last, a_rattachement(**backup))
        assert change.state
        assert change.events == (rights_of(change.state),)
        return change.state

    def test_leaves_out_what_was_taken_away_since(self):
        left = self.left(told(habilitations=(READ, WRITES)), habilitations=(READ, READS))

        assert left.habilitations == (READ,)

    def test_leaves_nothing_to_whoever_was_detached_since(self):
        left = self.left(told(role=None, lines=(), habilitations=()))

        assert (left.role, left.lines, left.habilitations) == (None, (), ())

    def test_leaves_the_units_that_stayed(self):
        here = READ.model_copy(update={"unit": "shop"})

        left = self.left(
            told(lines=(OVENS,), habilitations=()), lines=(SHOP, OVENS), habilitations=(here,)
        )

        assert (left.role, left.lines, left.habilitations) == ("user", (OVENS,), ())

    @pytest.mark.parametrize(("before", "since"), [(True, False), (False, True)])
    def test_lets_nobody_approve_who_could_not_then_or_before(self, before, since):
        assert not self.left(told(may_approve=since), may_approve=before).may_approve

    @pytest.mark.parametrize(
        ("role", "since", "left"),
        [
            ("principal_manager", "principal_manager", "principal_manager"),
            ("principal_manager", "user", "user"),
            ("user", "principal_manager", "user"),
        ],
    )
    def test_leaves_no_higher_role_than_there_was_then_or_before(self, role, since, left):
        assert self.left(told(role=since), role=role).role == left


class TestVacate:
    def test_takes_the_management_from_who_had_it(self):
        management, account, tie = vacate(
            managed_by(), an_account(id="u-omar", manages=2), a_manager(), user_id="u-omar"
        )

        assert management.state.principal_manager_id is None
        assert account.state.manages == 1
        assert (tie.state.role, tie.events) == ("user", (rights_of(tie.state),))

    def test_leaves_a_structure_that_somebody_else_manages(self):
        zoes, omar = managed_by("u-zoe"), an_account(id="u-omar", manages=2)

        assert vacate(zoes, omar, a_manager(), user_id="u-omar") == (
            Change(zoes),
            Change(omar),
            Change(a_manager()),
        )


class TestAppointAsTold:
    last = rights_of(a_rattachement(role="principal_manager", habilitations=(MANAGE,)))

    def test_gives_the_successor_all_that_was_told(self):
        nothing = nothing_yet("u-lea", "s-bakery")

        management, account, tie = appoint_as_told(
            managed_by(None), an_account(), nothing, last=self.last
        )

        assert management.state == managed_by("u-lea")
        assert account.state.manages == 1
        assert tie.events == (rights_of(tie.state),)
        assert (tie.state.role, tie.state.lines, tie.state.habilitations) == (
            "principal_manager",
            self.last.lines,
            (MANAGE,),
        )

    def test_counts_a_structure_that_was_managed_already_once(self):
        lea = an_account(manages=1)
        management, account, _ = appoint_as_told(
            managed_by("u-lea"), lea, a_rattachement(), last=self.last
        )

        assert (management.state, account.state) == (managed_by("u-lea"), lea)

    @pytest.mark.parametrize("account", [None, an_account(status="deactivated")])
    def test_appoints_nobody_who_is_not_there_any_more(self, account):
        management, _, tie = appoint_as_told(
            managed_by(None), account, a_rattachement(), last=self.last
        )

        assert (management.state, tie.state) == (managed_by(None), a_rattachement())


class TestLeaveAgain:
    def test_deactivates_who_had_left(self):
        change = leave_again(an_account(manages=3), at=LATER)

        assert (change.state.status, change.state.deactivated_at) == ("deactivated", LATER)
        assert [(one.type, one.active) for one in change.events] == [
            ("users.person-changed.v1", False)
        ]

    @pytest.mark.parametrize("status", ["pending", "deactivated", "erased"])
    def test_changes_nobody_else(self, status):
        one = an_account(status=status)

        assert leave_again(one, at=LATER) == Change(one)


class TestSettleAgain:
    told = VacancyClaimSettled(
        claim_id="c-1",
        structure_id="s-bakery",
        structure_name=None,
        claimant_id="u-lea",
        former_manager_id=None,
        outcome="objected",
        settled_at=LATER,
    )

    def test_ends_a_claim_whose_notice_would_run_out(self):
        claim, management = settle_again(
            a_proved_claim(), replace(managed_by(), claim_id="c-1"), told=self.told
        )

        assert isinstance(claim.state, Claim)
        assert (claim.state.state, claim.state.wake_at) == ("objected", None)
        assert management.state == managed_by()

    def test_leaves_what_was_settled_before(self):
        claim = a_proved_claim(state="lapsed", settled_at=LATER, wake_at=None)

        assert settle_again(claim, managed_by(), told=self.told)[0] == Change(claim)


async def rows(*events: Event) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        yield journal.row(event, clock=1, correlation="", at=now())


class TestPutRight:
    async def restored(self, hall: Hall, *told: Event) -> dict[str, str | None]:
        """Who manages what once it is put right."""
        await put_right(hall.service, rows(*told))
        kept = await hall.membership.management.many(["s-bakery", "s-garage"])
        return {id: one.principal_manager_id for id, one in kept.items()}

    async def handed_over(self, hall: Hall, to: str) -> tuple[Event, ...]:
        """What was told after the backup when Omar handed the bakery over."""
        omar = await hall.membership.rattachements.get("u-omar:s-bakery")
        successor = a_tie(to, role="principal_manager", habilitations=(MANAGE, READ))
        return rights_of(replace(omar, role="user", habilitations=(READ,))), rights_of(successor)

    async def test_leaves_a_structure_to_whom_it_was_handed_over(self, hall: Hall):
        managed = await self.restored(hall, *await self.handed_over(hall, "u-lea"))

        assert managed == {"s-bakery": "u-lea", "s-garage": "u-zoe"}
        omar = await hall.get(f"{URL}/s-bakery/u-omar", LEA)
        assert omar["role"] == "user"
        counts = await hall.identity.accounts.many(["u-lea", "u-omar"])
        assert (counts["u-lea"].manages, counts["u-omar"].manages) == (1, 0)

    async def test_leaves_to_nobody_what_went_to_somebody_who_is_lost(self, hall: Hall):
        managed = await self.restored(hall, *await self.handed_over(hall, "u-ana"))

        assert managed == {"s-bakery": None, "s-garage": "u-zoe"}

    async def test_lets_nobody_manage_who_left_or_was_erased(self, hall: Hall):
        left = AccountChanged(user_id="u-omar", action="deactivated", by="u-omar", changed_at=now())
        gone = PersonErased(user_id="u-zoe", erased_at=now())

        assert await self.restored(hall, left, gone) == {"s-bakery": None, "s-garage": None}
        known = await hall.identity.accounts.many(["u-omar", "u-zoe"])
        assert [known[id].status for id in ("u-omar", "u-zoe")] == ["deactivated", "erased"]

    async def test_lets_in_who_left_and_came_back(self, hall: Hall):
        changes = [
            AccountChanged(user_id="u-eve", action=action, by="", changed_at=now())
            for action in ("deactivated", "reactivated")
        ]
        await self.restored(hall, *changes)

        assert (await hall.identity.accounts.get("u-eve")).status == "active"
