"""How far somebody administers the users of a structure."""

from datetime import timedelta

import pytest

from kit.problems import NotFound
from services.users.domain.delegation import (
    AskForYourOwn,
    ManagersOnly,
    MoreThanYours,
    OutsideYourUnits,
    PrincipalManagerOnly,
    PrincipalManagerOutOfReach,
)
from services.users.domain.drafts import MANAGES, Add, Remove, RemoveAll, Replace, row_of
from services.users.domain.habilitations import PrincipalManagerApproves, let_approve
from tests.users.habilitating import (
    READS,
    WRITES,
    a_delegate,
    a_profile,
    a_submit,
    submitted,
    the_manager,
)
from tests.users.rattaching import READ, TODAY, a_line, a_rattachement

DAY = timedelta(days=1)
YESTERDAY, TOMORROW = TODAY - DAY, TODAY + DAY


class TestWhoHoldsOrganisationModification:
    @pytest.mark.feature("HAB-05")
    def test_administers_like_the_manager(self):
        ada, _ = submitted(Add(MANAGES), of=a_delegate(READS))

        changed, noted = submitted(Remove(row_of(READ)), Add(READS), by=ada.state)

        assert changed.state.habilitations == (READS,)
        assert noted.state.by == "u-ada"

    @pytest.mark.feature("HAB-05")
    def test_does_not_touch_what_the_principal_manager_may_do(self):
        for operation in (RemoveAll(), Add(READS)):
            with pytest.raises(PrincipalManagerOutOfReach):
                submitted(operation, of=the_manager(habilitations=(MANAGES, READ)), by=a_delegate())

    @pytest.mark.parametrize("wanted", [WRITES, a_profile("engagements", "consultation")])
    def test_gives_nothing_that_they_lack(self, wanted):
        lea = a_rattachement(habilitations=())

        with pytest.raises(MoreThanYours) as refusal:
            submitted(Add(wanted), of=lea, by=a_delegate())

        assert refusal.value.members["application"] == wanted.application

    def test_gives_nothing_by_replacing_either(self):
        with pytest.raises(MoreThanYours):
            submitted(Replace(row_of(READ), WRITES), by=a_delegate())

    def test_gives_nothing_for_longer_than_they_hold_it(self):
        until = {"valid_until": TOMORROW}
        ada = a_delegate(MANAGES, READS.model_copy(update=until))

        for wanted in (READS, READS.model_copy(update={"valid_until": TOMORROW + DAY})):
            with pytest.raises(MoreThanYours):
                submitted(Add(wanted), by=ada)
        changed, _ = submitted(Add(READS.model_copy(update=until)), by=ada)
        assert changed.events

    def test_gives_nothing_for_longer_than_they_are_attached(self):
        leaving = a_delegate(lines=(a_line(valid_until=TOMORROW),))

        with pytest.raises(MoreThanYours):
            submitted(Add(READS), by=leaving)

    def test_hands_on_a_delegation_only_for_its_own_days(self):
        away = MANAGES.model_copy(update={"valid_until": TOMORROW})

        with pytest.raises(MoreThanYours):
            submitted(Add(MANAGES), by=a_delegate(away))
        changed, _ = submitted(Add(away), by=a_delegate(away))
        assert away in changed.state.habilitations

    def test_does_not_change_their_own(self):
        ada = a_delegate()

        with pytest.raises(AskForYourOwn):
            submitted(Remove(row_of(READS)), of=ada, by=ada)

    @pytest.mark.parametrize(
        "no_more",
        [
            a_delegate(READS),
            a_delegate(MANAGES.model_copy(update={"level": "consultation"})),
            a_delegate(MANAGES.model_copy(update={"valid_until": YESTERDAY})),
            a_delegate(MANAGES.model_copy(update={"valid_from": TOMORROW})),
        ],
    )
    def test_administers_nobody_once_it_is_gone(self, no_more):
        with pytest.raises(ManagersOnly):
            submitted(Add(READS), by=no_more)

    @pytest.mark.parametrize(
        "left", [{"lines": (a_line(valid_until=YESTERDAY),)}, {"role": None, "lines": ()}]
    )
    def test_knows_of_nobody_once_they_have_left(self, left):
        with pytest.raises(NotFound):
            submitted(Add(READS), by=a_delegate(**left))

    @pytest.mark.feature("HAB-13")
    def test_may_take_what_they_do_not_hold(self):
        changed, _ = submitted(RemoveAll(), by=a_delegate())

        assert changed.state.habilitations == ()


class TestWhoHoldsItOnOneUnit:
    ADA = a_delegate(*(one.model_copy(update={"unit": "ovens"}) for one in (MANAGES, READS)))
    ON_OVENS, IN_SHOP = (
        a_profile(level="consultation", unit="ovens"),
        READ.model_copy(update={"unit": "shop"}),
    )

    def test_administers_that_unit(self):
        changed, _ = submitted(Add(self.ON_OVENS), by=self.ADA)

        assert self.ON_OVENS in changed.state.habilitations

    @pytest.mark.parametrize(
        "operation", [Remove(row_of(IN_SHOP)), Remove(row_of(READ)), Add(READS)]
    )
    def test_changes_no_row_of_another_unit_or_of_the_whole(self, operation):
        lea = a_rattachement(habilitations=(READ, self.ON_OVENS, self.IN_SHOP))

        with pytest.raises(OutsideYourUnits):
            submitted(operation, of=lea, by=self.ADA)

    def test_removes_all_of_their_unit_and_nothing_else(self):
        lea = a_rattachement(habilitations=(READ, self.ON_OVENS, self.IN_SHOP))

        changed, noted = submitted(RemoveAll(), of=lea, by=self.ADA)

        assert changed.state.habilitations == (READ, self.IN_SHOP)
        assert noted.state.taken == (self.ON_OVENS,)

    @pytest.mark.parametrize("holds", [(READ, IN_SHOP), ()])
    @pytest.mark.parametrize("there", [READ, IN_SHOP])
    def test_learns_nothing_of_other_rows_by_what_is_refused(self, holds, there):
        for operation in (Add(there), Remove(row_of(there)), Replace(row_of(there), there)):
            with pytest.raises(OutsideYourUnits):
                submitted(operation, of=a_rattachement(habilitations=holds), by=self.ADA)
            with pytest.raises(PrincipalManagerOutOfReach):
                submitted(operation, of=the_manager(habilitations=(MANAGES, *holds)), by=self.ADA)

    def test_knows_nothing_of_users_of_other_units(self):
        with pytest.raises(NotFound):
            submitted(RemoveAll(), of=a_rattachement(lines=(a_line("shop"),)), by=self.ADA)

    def test_is_limited_by_their_own_units_even_when_it_is_on_the_whole(self):
        limited = a_delegate(lines=(a_line("ovens"),))

        with pytest.raises(OutsideYourUnits):
            submitted(Add(READS), by=limited)
        changed, _ = submitted(Add(self.ON_OVENS), by=limited)
        assert changed.events


class TestLetApprove:
    def let(self, tie, by, **but):
        return let_approve(
            tie, None, by, **{"may_approve": False, "submitted": a_submit(by.user_id)} | but
        )

    @pytest.mark.feature("APP-15")
    def test_is_given_and_withdrawn_by_the_principal_manager(self):
        withdrawn, noted = self.let(a_delegate(), the_manager())
        given, _ = self.let(withdrawn.state, the_manager(), may_approve=True)

        assert withdrawn.events[0].may_approve is False
        assert (noted.state.cause, noted.state.may_approve) == ("approving", False)
        assert given.events[0].may_approve is True

    def test_repeated_changes_nothing(self):
        withdrawn, _ = self.let(a_delegate(), the_manager())
        again, noted = self.let(withdrawn.state, the_manager())

        assert (again.state, again.events, noted.state) == (withdrawn.state, (), None)

    def test_is_nothing_that_can_be_delegated(self):
        with pytest.raises(PrincipalManagerOnly):
            self.let(a_rattachement(), a_delegate())

    def test_of_a_principal_manager_is_never_withdrawn(self):
        with pytest.raises(PrincipalManagerApproves):
            self.let(the_manager(), the_manager())

    def test_is_about_nobody_who_is_not_attached(self):
        with pytest.raises(NotFound):
            self.let(None, the_manager())
