"""Who manages a structure, and what the catalogue gives from the start."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.users import RightsChanged
from kit.change import Change
from services.users.domain.management import Management, appoint_creator
from services.users.domain.structures import learn
from tests.users.people import an_account
from tests.users.rattaching import (
    DEFAULTS,
    MANAGE,
    NOW,
    READ,
    TODAY,
    a_creation,
    a_line,
    a_rattachement,
    a_request,
    a_structure,
)

BY_OMAR = Management(id="s-bakery", principal_manager_id="u-omar")


def appointed(*current: Any, **but: Any) -> Any:
    return appoint_creator(
        *(current or (None,) * 5),
        created=a_creation(**but),
        user_id="u-omar",
        defaults=DEFAULTS,
        on=TODAY,
    )


class TestAppointCreator:
    @pytest.mark.feature("RAT-06", "HAB-04")
    def test_attaches_him_as_principal_manager_of_the_whole(self):
        structure, management, _, rattachement, _ = appointed()

        assert structure.state == a_structure()
        assert management.state == BY_OMAR
        assert rattachement.events == (
            RightsChanged(
                rattachement_id="u-omar:s-bakery",
                user_id="u-omar",
                structure_id="s-bakery",
                role="principal_manager",
                lines=(a_line(),),
                habilitations=(MANAGE, READ),
                valid_from=TODAY,
                version=1,
            ),
        )

    def test_shows_the_structure_among_his_requests(self):
        _, _, request, *_ = appointed()

        assert request == Change(
            a_request(
                id="s-bakery",
                user_id="u-omar",
                status="granted",
                decided_at=NOW,
            )
        )

    def test_changes_nothing_when_repeated(self):
        states = tuple(change.state for change in appointed())

        assert appointed(*states) == tuple(map(Change, states))

    def test_shows_it_to_who_was_told_to_manage_it_before_a_backup_came_back(self):
        _, management, request, *others = appointed(None, BY_OMAR, None, None, None)

        assert management == Change(BY_OMAR)
        assert request.state == appointed()[2].state
        assert others == [Change(None)] * 2

    def test_never_replaces_another_principal_manager(self):
        by_zoe = replace(BY_OMAR, principal_manager_id="u-zoe")

        structure, *rest = appointed(None, by_zoe, None, None, None)

        assert structure.state == a_structure()
        assert rest == [Change(by_zoe), *[Change(None)] * 3]

    def test_denies_it_to_who_has_left_so_that_structures_does_not_take_him_for_it(self):
        gone = an_account(id="u-omar", status="deactivated")

        states = None, None, None, None, gone
        _, management, request, rattachement, account = appointed(*states)

        assert (management, request, account) == (Change(None), Change(None), Change(gone))
        [told] = rattachement.events
        assert (told.user_id, told.role, told.version) == ("u-omar", None, 1)
        again = appointed(None, None, None, rattachement.state, gone)
        assert again[3] == Change(rattachement.state)

    def test_gives_a_mere_user_what_a_manager_may_do(self):
        user = a_rattachement(id="u-omar:s-bakery", user_id="u-omar", habilitations=())

        *_, rattachement, _ = appointed(None, None, None, user, None)

        assert rattachement.state == replace(
            user, role="principal_manager", habilitations=(MANAGE, READ), noted=TODAY
        )


class TestLearn:
    def test_keeps_what_was_told_first(self):
        closed_since = a_structure(status="inactive")

        assert learn(a_creation(), closed_since) == Change(closed_since)

    @pytest.mark.parametrize("but", [{"kind": "person"}, {"non_diffusible": True}])
    def test_knows_what_is_not_to_be_named(self, but):
        structure = learn(a_creation(**but), None).state

        assert structure is not None
        assert structure.discreet
