"""Handing structures over: all that were chosen, or none of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.users import ManagementTransferred
from kit.change import Change
from kit.problems import NotFound
from services.users.domain.rattachements import rights_of
from services.users.domain.transfers import (
    HandedToYourself,
    ManagementMoved,
    NotItsPrincipalManager,
    SuccessorNotAttached,
    Transferred,
    WrongSelection,
    selected,
    transfer,
)
from tests.users.managing import (
    RULES,
    a_manager,
    a_tie,
    a_transfer,
    managed_by,
    somebody,
    to_hand_over,
)
from tests.users.rattaching import MANAGE, READ, TODAY, a_line, a_structure

BAKERY = {"s-bakery": to_hand_over()}


def transferred(
    handed: dict[str, Any] = BAKERY,
    successors: dict[str, Any] | None = None,
    *,
    current: Any = None,
    former: Any = None,
    chosen: dict[str, str] | None = None,
    counted: int | None = None,
    **but: Any,
) -> Transferred:
    asked = a_transfer(successors=chosen or dict.fromkeys(handed, "u-lea"), **but)
    users = dict.fromkeys(asked.successors.values())
    former = former or somebody("u-omar", manages=len(handed))
    return transfer(
        current,
        former,
        {user: somebody(user) for user in users} if successors is None else successors,
        handed,
        asked=asked,
        named={"s-bakery": a_structure()},
        field="body/user_id",
        counted=former.manages if counted is None else counted,
        **RULES,
    )


class TestSelected:
    @pytest.mark.feature("GPT-03")
    def test_is_one_structure_for_a_unitary_transfer(self):
        assert selected("unitary", ["s-bakery"], ()) == ("s-bakery",)

    @pytest.mark.feature("GPT-04")
    def test_is_everything_for_a_global_one(self):
        assert selected("global", [], ["s-bakery", "s-garage"]) == ("s-bakery", "s-garage")

    @pytest.mark.feature("GPT-05")
    def test_is_what_was_chosen_for_a_multiple_one_each_once(self):
        chosen = ["s-garage", "s-bakery", "s-garage"]

        assert selected("multiple", chosen, ()) == ("s-garage", "s-bakery")

    @pytest.mark.parametrize(
        ("kind", "chosen"),
        [
            ("unitary", []),
            ("unitary", ["s-bakery", "s-garage"]),
            ("multiple", []),
            ("global", ["s-bakery"]),
        ],
    )
    def test_refuses_another_number_of_structures(self, kind: Any, chosen: list[str]):
        with pytest.raises(WrongSelection) as refusal:
            selected(kind, chosen, ["s-bakery"])

        assert refusal.value.members["errors"][0]["pointer"] == "/body/structure_ids"

    @pytest.mark.feature("GPT-08")
    def test_refuses_who_manages_nothing(self):
        with pytest.raises(NotItsPrincipalManager):
            selected("global", [], ())


class TestTransfer:
    @pytest.mark.feature("GPT-01", "GPT-03")
    def test_makes_the_chosen_user_the_principal_manager(self):
        management, _, successor = transferred().handed

        assert management == Change(managed_by("u-lea"))
        assert successor.state == replace(
            a_tie(), role="principal_manager", habilitations=(MANAGE, READ), noted=TODAY
        )
        assert successor.events == (rights_of(successor.state),)

    @pytest.mark.feature("GPT-09", "RAT-25")
    def test_leaves_the_former_one_attached_as_a_mere_user(self):
        _, former, _ = transferred().handed

        assert former.state == replace(a_manager(), role="user", habilitations=(READ,))
        assert former.events == (rights_of(former.state),)

    @pytest.mark.feature("GPT-06")
    def test_gives_the_whole_structure_without_an_end(self):
        limited = a_tie(lines=(a_line("ovens", valid_until=TODAY),))

        *_, successor = transferred({"s-bakery": to_hand_over(successor=limited)}).handed

        assert a_line() in successor.state.lines

    @pytest.mark.feature("GPT-04", "GPT-05")
    def test_hands_over_all_that_was_chosen(self):
        done = transferred(
            {one: to_hand_over(one) for one in ("s-bakery", "s-garage")}, kind="global"
        )

        assert [one.state.principal_manager_id for one in done.handed[::3]] == ["u-lea"] * 2
        assert done.former.state == somebody("u-omar", manages=0)
        assert done.successors == (Change(somebody("u-lea", manages=2)),)

    @pytest.mark.feature("GPT-04")
    def test_hands_two_thousand_over_or_none(self):
        many = {f"s-{n}": to_hand_over(f"s-{n}") for n in range(2000)}

        done = transferred(many, kind="global")

        assert {one.state.principal_manager_id for one in done.handed[::3]} == {"u-lea"}
        with pytest.raises(SuccessorNotAttached):
            transferred(many | {"s-1999": to_hand_over("s-1999", successor=None)}, kind="global")

    def test_tells_each_successor_once(self):
        handed = {
            "s-bakery": to_hand_over(),
            "s-garage": to_hand_over("s-garage"),
            "s-mill": to_hand_over("s-mill", "u-zoe"),
        }
        chosen = {"s-bakery": "u-lea", "s-garage": "u-lea", "s-mill": "u-zoe"}

        told = transferred(handed, kind="deactivation", chosen=chosen).transfer.events

        assert [(one.principal_manager_id, one.structure_ids) for one in told] == [
            ("u-lea", ("s-bakery", "s-garage")),
            ("u-zoe", ("s-mill",)),
        ]

    def test_names_the_structure_when_it_is_one(self):
        [told] = transferred().transfer.events

        assert isinstance(told, ManagementTransferred)
        assert told.structure_name == "Boulangerie du Port"

    @pytest.mark.feature("GPT-06")
    @pytest.mark.parametrize(
        "tie",
        [
            None,
            a_tie(role=None, lines=(), pending_request_id="r-1"),
            a_tie(lines=(a_line(valid_until=TODAY - timedelta(days=1)),)),
            a_tie(lines=(a_line(valid_from=TODAY + timedelta(days=1)),)),
        ],
        ids=["never attached", "pending, refused or detached", "ended", "not begun"],
    )
    def test_refuses_who_is_not_attached_that_day(self, tie: Any):
        with pytest.raises(SuccessorNotAttached) as refusal:
            transferred({"s-bakery": to_hand_over(successor=tie)})

        assert refusal.value.members["structure_ids"] == ["s-bakery"]
        assert refusal.value.members["errors"][0]["pointer"] == "/body/user_id"

    @pytest.mark.feature("GPT-06")
    @pytest.mark.parametrize("account", [None, somebody(status="deactivated")])
    def test_refuses_an_account_that_is_not_active_like_one_that_is_not(self, account: Any):
        with pytest.raises(SuccessorNotAttached):
            transferred(successors={"u-lea": account})

    @pytest.mark.feature("GPT-04")
    def test_is_of_none_when_one_cannot_be_handed_over(self):
        handed = {"s-bakery": to_hand_over(), "s-garage": to_hand_over("s-garage", successor=None)}

        with pytest.raises(SuccessorNotAttached) as refusal:
            transferred(handed, kind="multiple")

        assert refusal.value.members["structure_ids"] == ["s-garage"]

    @pytest.mark.feature("GPT-06")
    def test_is_never_to_oneself(self):
        with pytest.raises(HandedToYourself) as refusal:
            transferred(chosen={"s-bakery": "u-omar"})

        assert refusal.value.members["errors"][0]["pointer"] == "/body/user_id"

    @pytest.mark.feature("GPT-08")
    def test_is_refused_to_a_delegate(self):
        delegate = a_manager(role="user")
        handed = {"s-bakery": to_hand_over(management=managed_by("u-zoe"), former=delegate)}

        with pytest.raises(NotItsPrincipalManager):
            transferred(handed)

    @pytest.mark.feature("GPT-08")
    @pytest.mark.parametrize("management", [None, managed_by(None), managed_by("u-zoe")])
    def test_shows_strangers_nothing(self, management: Any):
        with pytest.raises(NotFound):
            transferred({"s-bakery": to_hand_over(management=management, former=None)})

    @pytest.mark.parametrize("kind", ["global", "deactivation"])
    def test_is_decided_anew_when_something_is_missing_from_all(self, kind: Any):
        with pytest.raises(ManagementMoved):
            transferred(former=somebody("u-omar", manages=2), counted=1, kind=kind)

    @pytest.mark.feature("GPT-04", "ACC-12")
    @pytest.mark.parametrize("kind", ["global", "deactivation"])
    def test_is_of_all_where_the_account_was_kept_before_that_was_counted(self, kind: Any):
        done = transferred(former=somebody("u-omar"), kind=kind)

        assert done.former == Change(somebody("u-omar", manages=0))
        assert done.handed[0] == Change(managed_by("u-lea"))

    @pytest.mark.parametrize("kind", ["global", "deactivation"])
    @pytest.mark.parametrize("former", [a_manager(role="user"), None], ids=["attached", "gone"])
    def test_is_decided_anew_when_one_of_all_was_handed_over_meanwhile(
        self, kind: Any, former: Any
    ):
        moved = to_hand_over(management=managed_by("u-zoe"), former=former)

        with pytest.raises(ManagementMoved):
            transferred({"s-bakery": moved}, former=somebody("u-omar", manages=1), kind=kind)

    def test_changes_nothing_when_repeated(self):
        done = transferred()
        management, former, successor = (one.state for one in done.handed)
        handed = {
            "s-bakery": to_hand_over(management=management, former=former, successor=successor)
        }

        again = transferred(
            handed,
            {"u-lea": done.successors[0].state},
            current=done.transfer.state,
            former=done.former.state,
        )

        assert again.transfer == Change(done.transfer.state)
        assert again.handed == (Change(management), Change(former), Change(successor))
