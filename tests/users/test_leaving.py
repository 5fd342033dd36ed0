"""How rattachements end because somebody wants it."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.users import RattachementRemoved
from kit.change import Change
from kit.problems import NotFound
from services.users.domain.delegation import ManagersOnly, OutsideYourUnits
from services.users.domain.invitations import Invitation, Invitee
from services.users.domain.leaving import (
    AttachedToTheWhole,
    ConfirmationMissing,
    PrincipalManagerStays,
    Removal,
    SuccessorMissing,
    detach,
    leave,
)
from services.users.domain.rattachements import Past, rights_of
from tests.users.rattaching import (
    NOW,
    READ,
    TODAY,
    a_delegate,
    a_gift,
    a_line,
    a_manager,
    a_rattachement,
    a_structure,
    an_extent,
)

OVENS, TILLS = (READ.model_copy(update={"unit": unit}) for unit in ("ovens", "tills"))
BOTH = a_rattachement(lines=(a_line("ovens"), a_line("tills")), habilitations=(OVENS, TILLS))


def detached(acting: Any, tie: Any, *units: str, invitee: Any = None) -> Any:
    removal = Removal(id="x-1", by=acting.user_id if acting else "", at=NOW, comment="Mutation.")
    return detach(
        acting,
        tie,
        invitee,
        None,
        a_structure(),
        structure_id="s-bakery",
        units=units,
        removal=removal,
        on=TODAY,
    )


def left(*ties: Any, confirmed: bool = True) -> Any:
    removals = [Removal(id=f"x-{n}", by="u-lea", at=NOW) for n, _ in enumerate(ties)]
    structures = [a_structure(id=tie.structure_id) if tie else None for tie in ties]
    return leave(ties, structures, [None] * len(ties), confirmed=confirmed, removals=removals)


class TestDetach:
    @pytest.mark.feature("RAT-17", "RAT-19")
    def test_takes_everything_at_once_and_says_why(self):
        tie, _, action = detached(a_manager(), BOTH)

        past = tuple(Past(line=line, how="removed", comment="Mutation.") for line in BOTH.lines)
        gone = replace(BOTH, role=None, lines=(), habilitations=(), past=past)
        assert tie.state == gone
        told = RattachementRemoved(
            rattachement_id="u-lea:s-bakery",
            user_id="u-lea",
            structure_id="s-bakery",
            structure_name="Boulangerie du Port",
            comment="Mutation.",
            removed_by="u-omar",
            removed_at=NOW,
        )
        assert tie.events == (rights_of(gone), told)
        assert (action.state.done, action.state.by) == ("detached", "u-omar")
        assert action.state.comment == "Mutation."

    @pytest.mark.feature("RAT-18")
    def test_of_a_unit_keeps_the_others(self):
        tie, _, _ = detached(a_manager(), BOTH, "tills")

        assert tie.state.role == "user"
        assert tie.state.lines == (a_line("ovens"),)
        assert tie.state.habilitations == (OVENS,)
        assert tie.events[1].units == ("tills",)

    def test_of_the_last_unit_leaves_nothing(self):
        tie, _, _ = detached(a_manager(), BOTH, "ovens", "tills")

        assert (tie.state.role, tie.state.lines) == (None, ())
        assert tie.events[1].units == ()

    def test_changes_nothing_when_repeated(self):
        gone = detached(a_manager(), BOTH)[0].state

        assert detached(a_manager(), gone) == (Change(gone), Change(None), Change(None))

    def test_is_open_again_for_a_later_rattachement(self):
        gone = detached(a_manager(), BOTH)[0].state
        back = replace(gone, role="user", lines=(a_line(),))

        assert detached(a_manager(), back)[0].state.lines == ()

    @pytest.mark.feature("RAT-18")
    def test_cannot_take_a_unit_out_of_the_whole(self):
        with pytest.raises(AttachedToTheWhole):
            detached(a_manager(), a_rattachement(), "tills")

    @pytest.mark.parametrize("acting", [a_delegate(), a_manager(user_id="u-other")])
    def test_never_reaches_the_principal_manager(self, acting):
        with pytest.raises(PrincipalManagerStays):
            detached(acting, a_manager())

    @pytest.mark.feature("RAT-17")
    def test_is_for_those_who_administer(self):
        with pytest.raises(ManagersOnly):
            detached(a_rattachement(), BOTH)
        with pytest.raises(NotFound):
            detached(None, BOTH)
        with pytest.raises(NotFound):
            detached(a_manager(), None)

    @pytest.mark.feature("RAT-18")
    def test_keeps_a_manager_of_units_within_them(self):
        zoe = a_delegate("ovens")

        assert detached(zoe, BOTH, "ovens")[0].state.lines == (a_line("tills"),)
        with pytest.raises(OutsideYourUnits):
            detached(zoe, BOTH)
        with pytest.raises(OutsideYourUnits):
            detached(zoe, a_rattachement())
        with pytest.raises(NotFound):
            detached(zoe, a_rattachement(lines=(a_line("tills"),)))

    def test_takes_an_invitation_back(self):
        sent = Invitation(gift=a_gift(), nonce="n", expires_at=NOW)
        elsewhere = Invitation(gift=a_gift(structure_id="s-garage"), nonce="m", expires_at=NOW)
        invitee = Invitee(id="u-new", email="new@example.org", invitations=(sent, elsewhere))

        tie, invited, _ = detached(a_manager(), None, invitee=invitee)

        assert tie == Change(None)
        assert invited.state.invitations == (elsewhere,)
        limited = replace(invitee, invitations=(sent,))
        with pytest.raises(OutsideYourUnits):
            detached(a_delegate("ovens"), None, invitee=limited)

    @pytest.mark.feature("RAT-17", "RAT-18")
    def test_takes_what_stands_and_what_still_invites(self):
        invitee = an_invitee(a_gift(id="g-1", extent=an_extent(units=("ovens", "shop"))))

        tie, invited, _ = detached(a_manager(), BOTH, "ovens", invitee=invitee)

        assert tie.state.lines == (a_line("tills"),)
        [sent] = invited.state.invitations
        assert sent.gift.extent.units == ("shop",)
        tie, invited, _ = detached(a_manager(), BOTH, invitee=invitee)
        assert (tie.state.lines, invited.state) == ((), None)

    @pytest.mark.feature("RAT-18")
    def test_cannot_take_a_unit_out_of_an_invitation_to_the_whole(self):
        with pytest.raises(AttachedToTheWhole):
            detached(a_manager(), None, "tills", invitee=an_invitee(a_gift()))


def an_invitee(*gifts: Any) -> Invitee:
    sent = (Invitation(gift=one, nonce="n-1", expires_at=NOW) for one in gifts)
    return Invitee(id="u-lea", email="lea@example.org", invitations=tuple(sent))


class TestLeave:
    GARAGE = a_rattachement(id="u-lea:s-garage", structure_id="s-garage")

    @pytest.mark.feature("RAT-22", "RAT-24")
    def test_takes_the_rattachement_away_totally(self):
        [(tie, action)] = left(BOTH)

        assert (tie.state.role, tie.state.lines, tie.state.habilitations) == (None, (), ())
        assert tie.events[1].removed_by == "u-lea"
        assert action.state.done == "left"

    @pytest.mark.feature("RAT-23")
    def test_leaves_several_at_once(self):
        gone = left(BOTH, self.GARAGE)

        assert [tie.state.lines for tie, _ in gone] == [(), ()]

    @pytest.mark.feature("RAT-22", "RAT-23")
    def test_lists_what_goes_before_it_is_confirmed(self):
        with pytest.raises(ConfirmationMissing) as refusal:
            left(BOTH, self.GARAGE, confirmed=False)

        listed = refusal.value.members["structures"]
        assert [one["id"] for one in listed] == ["s-bakery", "s-garage"]

    @pytest.mark.feature("RAT-25")
    def test_needs_a_successor_of_a_principal_manager_and_leaves_nothing_without(self):
        own = replace(self.GARAGE, role="principal_manager")

        with pytest.raises(SuccessorMissing) as refusal:
            left(BOTH, own)

        assert refusal.value.members["structure_ids"] == ["s-garage"]

    def test_knows_only_ones_own(self):
        with pytest.raises(NotFound):
            left(BOTH, None)

    def test_changes_nothing_when_repeated(self):
        [(tie, _)] = left(BOTH)

        assert left(tie.state, confirmed=False) == [(Change(tie.state), Change(None))]
