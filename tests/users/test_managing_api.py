"""Handing structures over, over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from httpx import Response

from kit.change import Change
from kit.clock import now
from kit.internal import Caller
from services.users.domain.accounts import Account, PostalAddress
from services.users.settings import UsersSettings
from tests.users.hall import EVE, LEA, OMAR, Hall, problem
from tests.users.managing import a_tie, managed_by
from tests.users.managing_api import (
    DESK,
    REASON,
    TRANSFERS,
    attached,
    claim,
    leave,
    manager,
    notified,
    prove,
    transfer,
)
from tests.users.rattaching import a_creation

SUCCESSORS = "/v1/managed-structures/successors"


class TestTransfer:
    @pytest.mark.feature("GPT-01", "GPT-03", "GPT-07", "GPT-09")
    async def test_hands_one_structure_over(self, hall: Hall):
        await attached(hall)

        done = await transfer(hall)

        assert done.status_code == 201, done.text
        assert done.json()["structure_ids"] == ["s-bakery"]
        assert await manager(hall) == "u-lea"
        former = await hall.membership.rattachements.get("u-omar:s-bakery")
        assert (former.role, bool(former.lines)) == ("user", True)

    @pytest.mark.feature("GPT-02", "GPT-07")
    @pytest.mark.parametrize("field", ["type", "user_id"])
    async def test_needs_its_type_and_its_user(self, hall: Hall, field: str):
        answer = await transfer(hall, **{field: None})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/body/{field}"

    @pytest.mark.feature("GPT-08")
    @pytest.mark.parametrize(
        ("caller", "refused"),
        [(LEA, (403, "not-its-principal-manager")), (EVE, (404, "not-found"))],
        ids=["attached", "a stranger"],
    )
    async def test_is_for_the_principal_manager(self, hall: Hall, caller: Caller, refused: Any):
        await attached(hall)

        assert problem(await transfer(hall, caller, user_id="u-zoe")) == refused
        assert await manager(hall) == "u-omar"

    @pytest.mark.feature("GPT-06")
    @pytest.mark.parametrize("user", ["u-eve", "u-nobody"])
    async def test_refuses_who_is_not_attached_like_who_is_nobody(self, hall: Hall, user: str):
        answer = await transfer(hall, user_id=user)

        assert problem(answer) == (409, "successor-not-attached")
        assert answer.json()["structure_ids"] == ["s-bakery"]

    @pytest.mark.feature("GPT-06")
    async def test_is_not_to_oneself(self, hall: Hall):
        assert problem(await transfer(hall, user_id="u-omar")) == (422, "handed-to-yourself")

    @pytest.mark.feature("GPT-08")
    async def test_lets_one_of_two_at_once_stand(self, hall: Hall):
        await attached(hall)
        await attached(hall, "u-zoe")

        answers = await asyncio.gather(transfer(hall), transfer(hall, user_id="u-zoe"))

        assert sorted(one.status_code for one in answers) == [201, 403]
        principals = await hall.membership.rattachements.select(
            {"structure_id": "s-bakery", "role": "principal_manager"}
        )
        assert [one.user_id for one in principals] == [await manager(hall)]

    @pytest.mark.feature("GPT-08")
    async def test_is_of_so_many_structures_at_most(self, hall: Hall, monkeypatch: Any):
        assert UsersSettings.model_fields["transferred_most"].default == 2000
        await hall.hear(a_creation(structure_id="s-mill", created_by="u-omar", created_at=now()))
        await attached(hall, "u-lea", "s-bakery", "s-mill")
        monkeypatch.setitem(hall.service.settings.__dict__, "transferred_most", 1)

        for way in (
            transfer(hall, type="global", structure_ids=[]),
            transfer(hall, type="multiple", structure_ids=["s-bakery", "s-mill"]),
            leave(hall, OMAR, successor_id="u-lea"),
        ):
            answer = await way
            assert problem(answer) == (409, "too-many-structures")
            assert answer.json()["most"] == 1
        assert [await manager(hall, one) for one in ("s-bakery", "s-mill")] == ["u-omar"] * 2
        assert (await transfer(hall)).status_code == 201

    async def test_is_done_once_with_its_key(self, hall: Hall):
        await attached(hall)
        body = {"type": "global", "structure_ids": [], "user_id": "u-lea"}
        once = {"json": body, "headers": {"idempotency-key": "k-1"}}

        first = await hall.call("POST", TRANSFERS, OMAR, **once)
        await hall.service.mongo["once"].update_many({}, {"$unset": {"status": ""}})
        second = await hall.call("POST", TRANSFERS, OMAR, **once)

        assert (first.status_code, second.json()) == (201, first.json())
        assert len(await hall.told("management-transferred")) == 1

    @pytest.mark.feature("GPT-04")
    async def test_hands_hundreds_over_or_none(self, hall: Hall):
        ids = [f"s-{n:04}" for n in range(200)]
        await hundreds(hall, ids, but="s-0199")
        asked = {"type": "global", "structure_ids": [], "user_id": "u-lea"}

        refused = await hall.call("POST", TRANSFERS, EVE, json=asked)
        unmoved = await hall.membership.managed_by("u-eve")
        await attached(hall, "u-lea", "s-0199")
        done = await hall.call("POST", TRANSFERS, EVE, json=asked)

        assert problem(refused) == (409, "successor-not-attached")
        assert unmoved == tuple(ids)
        assert done.status_code == 201
        assert sorted(done.json()["structure_ids"]) == ids
        assert await hall.membership.managed_by("u-eve") == ()
        assert len(await hall.membership.managed_by("u-lea")) == 200


async def hundreds(hall: Hall, ids: list[str], *, but: str) -> None:
    """Structures that Eve manages and, but for one, Lea is attached to."""
    of, eve = hall.membership, hall.identity.accounts
    ties = [
        *(a_tie("u-eve", one, role="principal_manager") for one in ids),
        *(a_tie("u-lea", one) for one in ids if one != but),
    ]
    await of.management.documents.insert_many(
        [of.management.document(managed_by("u-eve", one)) for one in ids]
    )
    await of.rattachements.documents.insert_many([of.rattachements.document(one) for one in ties])
    await eve.documents.update_one({"_id": "u-eve"}, {"$set": {"manages": len(ids)}})


async def histories(hall: Hall, structure: str = "s-bakery", *users: str) -> Any:
    """What those who manage the structure read of who did, and of what these users gained."""
    [new] = {one for one in [await manager(hall, structure)] if one}
    caller = Caller(user_id=new)
    done = (await hall.get(f"/v1/structure-users/{structure}/history", caller))["items"]
    of_management = [
        (one["done"], one["user_id"], one["former_manager_id"], one["by"])
        for one in done
        if one["done"].startswith("management-")
    ]
    entries = []
    for user in users:
        path = f"/v1/habilitations/{structure}/{user}/history"
        [newest, *_] = (await hall.get(path, caller))["items"]
        entries.append(newest)
    return of_management, entries


class TestHistoriesOfManagement:
    async def test_say_who_handed_over_to_whom_and_what_each_gained_or_lost(self, hall: Hall):
        await attached(hall)
        await transfer(hall)

        of_all, (lea, omar) = await histories(hall, "s-bakery", "u-lea", "u-omar")

        assert of_all == [("management-transferred", "u-lea", "u-omar", "u-omar")]
        assert (lea["cause"], lea["manages"], lea["by"]["id"]) == ("management", True, "u-omar")
        assert (omar["cause"], omar["manages"]) == ("management", False)
        manages = ("organisation", "modification")
        assert manages in [(one["application"], one["level"]) for one in lea["given"]]
        assert [(one["application"], one["level"]) for one in omar["taken"]] == [manages]

    async def test_say_who_left(self, hall: Hall):
        await attached(hall)
        assert (await leave(hall, OMAR, successor_id="u-lea")).status_code == 204

        of_all, [omar] = await histories(hall, "s-bakery", "u-omar")

        assert of_all == [("management-left", "u-lea", "u-omar", "u-omar")]
        assert omar["manages"] is False

    @pytest.mark.parametrize("structure", ["s-mill", "s-garage"])
    async def test_say_who_claimed(self, hall: Hall, structure: str):
        await hall.hear(a_creation(structure_id="s-mill", created_by=None, created_at=now()))
        id = (await claim(hall, structure_id=structure)).json()["id"]
        await prove(hall, id)
        former = await manager(hall, structure)
        if former == "u-zoe":  # Who was silent.
            await notified(hall, id)
            await hall.membership.claims.change(
                id, lambda one: Change(replace(one, wake_at=now()) if one else None)
            )
            async with hall.working():
                await hall.until(lambda: _is_managed(hall, structure, "u-lea"))

        of_all, [lea] = await histories(hall, structure, "u-lea")

        before = "u-zoe" if structure == "s-garage" else None
        assert of_all == [("management-claimed", "u-lea", before, "u-lea")]
        assert (lea["manages"], lea["by"]["id"]) == (True, "u-lea")

    async def test_say_whom_the_desk_named_and_why(self, hall: Hall):
        await hall.hear(a_creation(structure_id="s-mill", created_by=None, created_at=now()))
        assert (await assign(hall)).status_code == 201

        of_all, [lea] = await histories(hall, "s-mill", "u-lea")

        assert of_all == [("management-assigned", "u-lea", None, "u-desk")]
        assert (lea["manages"], lea["by"]["id"]) == (True, "u-desk")
        done = (await hall.get("/v1/structure-users/s-mill/history", LEA))["items"]
        assert done[0]["comment"] == REASON


class TestAssign:
    """The desk names the manager of a structure that has none."""

    @pytest.fixture(autouse=True)
    async def mill(self, hall: Hall) -> None:
        await hall.hear(a_creation(structure_id="s-mill", created_by=None, created_at=now()))

    async def test_is_told_and_kept_like_a_claim_that_was_granted(self, hall: Hall):
        given = {"idempotency-key": "k-1"}

        first = await assign(hall, headers=given)
        again = await assign(hall, headers=given)

        assert (first.json(), again.status_code) == (again.json(), 201)
        kept = await hall.membership.claims.get(first.json()["id"])
        assert (kept.state, kept.decided_by, kept.reference) == ("granted", "u-desk", "T-1")
        [told] = await hall.told("vacancy-claim-settled")
        assert (told["claimant_id"], told["outcome"]) == ("u-lea", "granted")
        assert told["reason"] == REASON
        assert await manager(hall, "s-mill") == "u-lea"
        assert (await hall.identity.accounts.get("u-lea")).manages == 1
        tie = await hall.membership.rattachements.get("u-lea:s-mill")
        assert (tie.role, len(tie.lines)) == ("principal_manager", 1)

    @pytest.mark.parametrize(
        ("but", "refused", "field"),
        [
            ({"structure_id": "s-garage"}, (409, "managed-already"), None),
            ({"structure_id": "s-none"}, (404, "unknown-structure"), "/body/structure_id"),
            ({"email": "who@example.org"}, (422, "no-such-user"), "/body/email"),
            ({"email": "eve@example.org"}, (422, "no-such-user"), "/body/email"),
            ({"reason": " "}, (422, "invalid"), "/body/reason"),
            ({"reference": ""}, (422, "invalid"), "/body/reference"),
        ],
    )
    async def test_is_refused(self, hall: Hall, but: Any, refused: Any, field: str | None):
        await leave(hall, EVE)

        answer = await assign(hall, **but)

        assert problem(answer) == refused
        assert [one["pointer"] for one in answer.json().get("errors", [])] == [field] * bool(field)
        assert await manager(hall, "s-mill") is None

    async def test_is_not_of_oneself(self, hall: Hall):
        lea = replace(LEA, operator=True)

        assert problem(await assign(hall, lea)) == (403, "not-your-own-claim")

    async def test_is_for_operators(self, hall: Hall):
        assert problem(await assign(hall, OMAR)) == (403, "operators-only")


async def assign(hall: Hall, caller: Caller = DESK, **but: Any) -> Response:
    headers = but.pop("headers", {})
    said = {"email": "lea@example.org", "reference": "T-1", "reason": REASON}
    body = {"structure_id": "s-mill"} | said | but
    return await hall.call("POST", "/v1/ops/vacancy-claims", caller, json=body, headers=headers)


async def _is_managed(hall: Hall, structure: str, by: str) -> bool:
    return await manager(hall, structure) == by


class TestManagedStructures:
    @pytest.mark.feature("GPT-04", "ACC-12")
    async def test_are_those_of_whom_one_is_the_principal_manager(self, hall: Hall):
        assert [
            one["structure_id"] for one in (await hall.get("/v1/managed-structures"))["items"]
        ] == ["s-bakery"]
        assert (await hall.get("/v1/managed-structures", EVE))["items"] == []


class TestSuccessors:
    @pytest.mark.feature("ACC-14")
    @pytest.mark.parametrize(
        "words", ["lea", "LÉA  martin", "lea@example", "rue des lilas", "33000 bordeaux"]
    )
    async def test_are_found_by_name_address_and_email(self, hall: Hall, words: str):
        await attached(hall)
        await attached(hall, "u-zoe")
        await living_at(hall, "u-lea", "12 rue des Lilas", "33000", "Bordeaux")

        found = await hall.get(SUCCESSORS, structure_id="s-bakery", q=words)

        assert [one["user_id"] for one in found["items"]] == ["u-lea"]

    @pytest.mark.feature("ACC-14", "GPT-06")
    async def test_are_attached_with_an_active_account_and_not_oneself(self, hall: Hall):
        await attached(hall)
        await attached(hall, "u-zoe")
        await hall.keep(a_tie("u-eve", role=None, lines=()))
        await hall.identity.accounts.documents.update_one(
            {"_id": "u-zoe"}, {"$set": {"status": "deactivated"}}
        )

        found = await hall.get(SUCCESSORS, structure_id="s-bakery")

        assert [one["user_id"] for one in found["items"]] == ["u-lea"]

    @pytest.mark.feature("GPT-04")
    async def test_of_all_are_attached_to_each(self, hall: Hall):
        await hall.hear(a_creation(structure_id="s-mill", created_at=now()))
        await attached(hall, "u-lea", "s-bakery", "s-mill")
        await attached(hall, "u-zoe")

        assert [one["user_id"] for one in (await hall.get(SUCCESSORS))["items"]] == ["u-lea"]

    async def test_come_in_pages(self, hall: Hall):
        for user in ("u-lea", "u-zoe", "u-eve"):
            await attached(hall, user)

        seen, cursor = [], ""
        while cursor is not None:
            page = await hall.get(SUCCESSORS, structure_id="s-bakery", size=1, cursor=cursor)
            seen += [one["user_id"] for one in page["items"]]
            cursor = page["next"]

        assert sorted(seen) == ["u-eve", "u-lea", "u-zoe"]

    @pytest.mark.feature("ACC-14", "GPT-08")
    @pytest.mark.parametrize(("caller", "status"), [(LEA, 403), (EVE, 404)])
    async def test_are_for_the_principal_manager(self, hall: Hall, caller: Caller, status: int):
        await attached(hall)

        answer = await hall.call("GET", f"{SUCCESSORS}?structure_id=s-bakery", caller)

        assert answer.status_code == status


async def living_at(hall: Hall, user: str, line: str, postcode: str, city: str) -> None:
    def moved(account: Account | None) -> Change[Account]:
        address = PostalAddress(line=line, postcode=postcode, city=city, country="FR")
        return Change(account and replace(account, address=address))

    await hall.identity.accounts.change(user, moved)
