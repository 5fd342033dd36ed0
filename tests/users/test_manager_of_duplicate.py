"""Who manages a duplicate: whoever manages its model, as users knows when it hears of it."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.structures import StructureDuplicated
from kit.change import Change
from kit.clock import now
from services.users.domain.duplications import (
    Duplication,
    appoint_the_models,
    begin,
    claim,
    manager_to_be_found,
)
from services.users.domain.management import Management
from services.users.domain.transfers import ManagementMoved
from tests.users.hall import OMAR, Hall
from tests.users.managing import managed_by, somebody
from tests.users.rattaching import (
    DEFAULTS,
    LATER,
    NOW,
    a_creation,
    a_line,
    a_new_unit,
    a_structure,
)

COPY = "s-bakery-2"
SOUGHT = Duplication(id=COPY, model_id="s-bakery", at=NOW, appoints=True, copies=False, wake_at=NOW)


def of_a_duplicate(**but: Any) -> Any:
    said = {"structure_id": COPY, "identifier": "73282932000124", "duplicate_of": "s-bakery"}
    return a_creation(**said | but)


def a_duplication(**but: Any) -> StructureDuplicated:
    said = {"structure_id": COPY, "model_id": "s-bakery", "users": True}
    return StructureDuplicated(**said | {"duplicated_by": "u-omar", "duplicated_at": NOW} | but)


def sought(current: Duplication | None, of_model: Management | None, **but: Any) -> Any:
    return manager_to_be_found(of_a_duplicate(**but), current, of_model, None)


@pytest.mark.feature("DUP-01")
class TestManagerToBeFound:
    def test_is_nobody_else_where_who_was_named_manages_the_model(self):
        assert sought(None, managed_by("u-omar")) is None

    @pytest.mark.parametrize("of_model", [managed_by("u-lea"), managed_by(None), None])
    def test_is_sought_where_who_was_named_does_not(self, of_model: Management | None):
        assert sought(None, of_model) == Change(SOUGHT)

    def test_is_sought_where_nobody_was_named(self):
        assert sought(None, managed_by("u-lea"), created_by=None) == Change(SOUGHT)

    def test_is_sought_once(self):
        found = replace(SOUGHT, appoints=False, wake_at=None)

        assert sought(found, managed_by("u-lea")) == Change(found)

    def test_is_not_sought_where_the_duplicate_has_somebody(self):
        theirs = managed_by("u-zoe", COPY)

        assert manager_to_be_found(of_a_duplicate(), None, managed_by("u-lea"), theirs) is None


@pytest.mark.feature("DUP-01")
class TestAppointTheModels:
    NEW = a_structure(id=COPY, identifier="73282932000124")

    def appointed(
        self,
        current: Duplication | None = SOUGHT,
        of_model: Management | None = None,
        user: str | None = "u-lea",
        *states: Any,
    ) -> Any:
        return appoint_the_models(
            current,
            of_model or managed_by("u-lea"),
            self.NEW,
            *(states or (None, None, None, somebody())),
            user_id=user,
            defaults=DEFAULTS,
        )

    def test_makes_them_its_principal_manager_as_a_creator_is(self):
        found, management, request, tie, account = self.appointed()

        assert found == Change(replace(SOUGHT, appoints=False, wake_at=None))
        assert management == Change(managed_by("u-lea", COPY))
        assert (request.state.id, request.state.user_id) == (COPY, "u-lea")
        assert (tie.state.role, tie.state.lines) == ("principal_manager", (a_line(),))
        assert [one.role for one in tie.events] == ["principal_manager"]
        assert account == Change(somebody(manages=1))

    def test_changes_nothing_when_repeated(self):
        states = tuple(change.state for change in self.appointed())

        assert self.appointed(states[0], None, "u-lea", *states[1:]) == tuple(map(Change, states))

    def test_is_of_whoever_manages_the_model_at_that_moment(self):
        with pytest.raises(ManagementMoved):
            self.appointed(SOUGHT, managed_by("u-zoe"))

    def test_leaves_that_of_a_model_without_one_to_nobody(self):
        found, *others = self.appointed(SOUGHT, managed_by(None), None, None, None, None, None)

        assert found == Change(replace(SOUGHT, appoints=False, wake_at=None))
        assert others == [Change(None)] * 4

    def test_never_replaces_who_was_appointed_meanwhile(self):
        theirs = managed_by("u-zoe", COPY)

        _, *others = self.appointed(SOUGHT, None, "u-lea", theirs, None, None, somebody())

        assert others == [Change(theirs), Change(None), Change(None), Change(somebody())]

    def test_does_not_end_the_copying_that_was_told_of_meanwhile(self):
        both = begin(a_duplication(), claim(SOUGHT, NOW).state).state
        assert both

        found, *_ = self.appointed(both)

        assert found.state == replace(both, appoints=False)
        assert begin(a_duplication(), found.state) == Change(found.state)
        assert claim(found.state, LATER) != Change(found.state)


class TestTransfersAndDuplicates:
    async def hand_over_to_lea(self, hall: Hall) -> None:
        await hall.attach("lea@example.org")
        body = {"type": "unitary", "structure_ids": ["s-bakery"], "user_id": "u-lea"}
        answer = await hall.call("POST", "/v1/management-transfers", OMAR, json=body)
        assert answer.status_code == 201, answer.text

    async def manager(self, hall: Hall, structure: str = COPY) -> str | None:
        found = await hall.membership.management.find(structure)
        return found and found.principal_manager_id

    async def roles(self, hall: Hall, user: str) -> list[str | None]:
        told = await hall.told("rights-changed")
        return [one["role"] for one in told if one["rattachement_id"] == f"{user}:{COPY}"]

    @pytest.mark.feature("DUP-01", "GPT-09")
    async def test_made_while_structures_had_not_heard_of_the_transfer(self, hall: Hall):
        await self.hand_over_to_lea(hall)
        at = now()
        await hall.hear(
            of_a_duplicate(created_by="u-omar", created_at=at),
            a_duplication(duplicated_at=at),
            *(a_new_unit(code, structure_id=COPY) for code in ("ovens", "tills")),
        )
        async with hall.working():
            await hall.until(lambda: self.settled(hall))
        omar = await hall.membership.rattachements.find(f"u-omar:{COPY}")

        assert await self.manager(hall) == "u-lea"
        assert omar
        assert omar.role == "user"
        assert await self.roles(hall, "u-omar") == [None, "user"]
        assert await self.roles(hall, "u-lea") == ["principal_manager"]
        assert (await hall.identity.accounts.get("u-lea")).manages == 2

    @pytest.mark.feature("DUP-01", "GPT-03")
    async def test_heard_of_before_the_transfer_stays_with_who_managed_both(self, hall: Hall):
        await hall.hear(
            of_a_duplicate(created_by="u-omar", created_at=now()), a_duplication(users=False)
        )
        await self.hand_over_to_lea(hall)

        assert await self.manager(hall) == "u-omar"
        assert await self.manager(hall, "s-bakery") == "u-lea"
        assert await self.roles(hall, "u-omar") == ["principal_manager"]

    async def test_heard_of_before_its_model_waits_for_that(self, hall: Hall):
        model = {"structure_id": "s-mill", "identifier": "44306184100054"}
        await hall.hear(of_a_duplicate(duplicate_of="s-mill", created_at=now()))
        assert await self.manager(hall) is None
        async with hall.working():
            await hall.hear(a_creation(**model, created_at=now()))
            await hall.until(lambda: self.manager(hall))

        assert await self.manager(hall) == "u-omar"
        assert await self.roles(hall, "u-omar") == [None, "principal_manager"]

    async def settled(self, hall: Hall) -> bool:
        found = await hall.membership.duplications.find(COPY)
        return found is not None and found.wake_at is None and found.copies
