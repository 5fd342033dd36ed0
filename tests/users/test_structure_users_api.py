"""The users of structures over HTTP: attached, invited, listed, detached, and leaving."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kit.change import Change
from kit.clock import now, today
from kit.internal import Caller
from kit.links import sign_link
from services.users.domain.logins import Login, login_id
from tests.users.hall import EVE, LEA, OMAR, URL, ZOE, Hall, problem
from tests.users.people import an_account
from tests.users.rattaching import (
    a_creation,
    a_delegate,
    a_line,
    a_rattachement,
)


class TestAttach:
    @pytest.mark.feature("RAT-14")
    async def test_is_to_the_one_that_its_manager_of_several_has_picked(self, hall: Hall):
        await hall.hear(a_creation(structure_id="s-mill", identifier="55210055400013"))
        managed = (await hall.get("/v1/managed-structures"))["items"]
        assert [one["structure_id"] for one in managed] == ["s-bakery", "s-mill"]

        await hall.attach("lea@example.org", structure_id="s-mill")

        [shown] = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert shown["structure_id"] == "s-mill"

    @pytest.mark.feature("RAT-12", "RAT-13", "RAT-02")
    async def test_takes_effect_at_once_for_whoever_has_the_address(self, hall: Hall):
        answer = await hall.attach(" Lea@Example.org ")

        assert (answer.status_code, answer.json()) == (202, {"status": "accepted", "left_out": []})
        [shown] = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert (shown["structure_id"], shown["role"]) == ("s-bakery", "user")
        [letter] = await hall.told("rattachement-made")
        assert (letter["user_id"], letter["made_by"]) == ("u-lea", "u-omar")

    @pytest.mark.feature("RAT-13")
    async def test_answers_alike_for_every_address(self, hall: Hall):
        await hall.identity.accounts.change(
            "u-gone", lambda _: Change(an_account(id="u-gone", status="deactivated"))
        )
        gone = Login(id=login_id("gone@example.org"), user_id="u-gone")
        await hall.identity.logins.change(gone.id, lambda _: Change(gone))
        addresses = ("lea", "new", "gone", "lea", "new")

        answers = [await hall.attach(f"{name}@example.org") for name in addresses]

        said = '{"status":"accepted","left_out":[]}'
        assert {(one.status_code, one.text) for one in answers} == {(202, said)}
        assert len({frozenset(one.headers) for one in answers}) == 1

    @pytest.mark.feature("RAT-12", "HAB-05")
    async def test_by_a_delegate_leaves_out_what_they_lack_and_says_it_alike(self, hall: Hall):
        await hall.keep(a_delegate(user_id="u-eve", id="u-eve:s-bakery"))

        answers = [await hall.attach(f"{name}@example.org", EVE) for name in ("lea", "new")]

        assert {one.text for one in answers} == {answers[0].text}
        left_out = answers[0].json()["left_out"]
        assert {"application": "engagements", "level": "modification"} in left_out
        tie = await hall.membership.rattachements.get("u-lea:s-bakery")
        assert (tie.role, tie.habilitations) == ("user", ())

    @pytest.mark.feature("RAT-12", "RAT-16")
    async def test_refuses_alike_for_every_address(self, hall: Hall):
        for name in ("lea", "new"):
            email = f"{name}@example.org"
            assert problem(await hall.attach(email, LEA)) == (404, "not-found")
            assert problem(await hall.attach(email, units=["shop"])) == (422, "unknown-units")
            last = (today() - timedelta(days=1)).isoformat()
            assert problem(await hall.attach(email, valid_until=last)) == (422, "wrong-dates")
        assert problem(await hall.attach("omar@example.org")) == (403, "not-yourself")
        await hall.keep(a_rattachement(user_id="u-eve", id="u-eve:s-bakery"))
        assert problem(await hall.attach("lea@example.org", EVE)) == (403, "managers-only")

    async def test_of_two_at_once_is_one(self, hall: Hall):
        answers = await asyncio.gather(*(hall.attach("new@example.org") for _ in range(8)))

        assert {one.status_code for one in answers} == {202}
        logins = await hall.identity.logins.select({"_id": login_id("new@example.org")})
        invitees = await hall.identity.invitees.select({})
        assert [one.user_id for one in logins] == [one.id for one in invitees]

    @pytest.mark.feature("RAT-13", "RAT-30")
    async def test_invites_whoever_has_no_account_and_attaches_them_then(self, hall: Hall):
        await hall.attach("new@example.org", units=["ovens"])
        [waits] = (await hall.get(f"{URL}/s-bakery/invitations"))["items"]
        assert (waits["email"], waits["units"]) == ("new@example.org", ["ovens"])
        user = waits["user_id"]

        again = await hall.call("PUT", f"{URL}/s-bakery/{user}/activation-letter")
        assert again.status_code == 202
        await self.accept(hall)

        async with hall.working():

            async def attached() -> Any:
                found = await hall.get(URL, structure_id="s-bakery")
                return [one for one in found["items"] if one["user_id"] == user]

            [shown] = await hall.until(attached)
        assert (shown["first_name"], [one["unit"] for one in shown["lines"]]) == ("Noé", ["ovens"])
        assert (await hall.get(f"{URL}/s-bakery/invitations"))["items"] == []
        refused = await hall.call("PUT", f"{URL}/s-bakery/{user}/activation-letter")
        assert problem(refused) == (409, "account-active")

    async def accept(self, hall: Hall) -> None:
        [*_, letter] = await hall.told("invitation-sent")
        body = {"password": "a long enough one", "first_name": "Noé", "last_name": "Roux"}
        said = body | {"token": self.link(hall, letter)}
        opened = await hall.call("POST", "/v1/accounts/invitation", Caller(), json=said)
        assert opened.status_code == 200, opened.text

    @pytest.mark.parametrize("active", [True, False])
    async def test_gives_nothing_by_who_has_left_when_an_invitation_is_accepted(
        self, hall: Hall, active: bool
    ):
        await hall.attach("new@example.org")
        [waits] = (await hall.get(f"{URL}/s-bakery/invitations"))["items"]
        if not active:
            await hall.closed("u-omar")

        await self.accept(hall)
        async with hall.working():

            async def attached() -> Any:
                return await hall.membership.rattachements.find(f"{waits['user_id']}:s-bakery")

            tie = await hall.until(attached)

        assert bool(tie.habilitations) is active

    async def test_is_refused_to_who_has_left(self, hall: Hall):
        await hall.closed("u-omar")

        assert problem(await hall.attach("lea@example.org")) == (404, "not-found")

    async def test_heeds_no_forged_link(self, hall: Hall):
        await hall.attach("new@example.org")
        [letter] = await hall.told("invitation-sent")
        body = {"password": "a long enough one", "first_name": "Noé", "last_name": "Roux"}
        for token in (
            self.link(hall, letter | {"nonce": "another"}),
            self.link(hall, letter, key="k" * 32),
            self.link(hall, letter, purpose="activation"),
            self.link(hall, letter, until=now() - timedelta(seconds=1)),
        ):
            answer = await hall.call(
                "POST", "/v1/accounts/invitation", Caller(), json=body | {"token": token}
            )
            assert answer.status_code == 422
        assert (await hall.identity.accounts.get(letter["user_id"])).status == "pending"

    def link(
        self,
        hall: Hall,
        letter: dict[str, Any],
        *,
        key: str = "",
        purpose: str = "",
        until: Any = None,
    ) -> str:
        return sign_link(
            key or hall.service.settings.link_key.get_secret_value(),
            purpose=purpose or "invitation",
            user_id=letter["user_id"],
            nonce=letter["nonce"],
            expires_at=until or now() + timedelta(days=7),
        )


class TestDetach:
    @pytest.mark.feature("RAT-17", "RAT-18", "RAT-19", "RAT-27")
    async def test_ends_it_for_the_user_and_leaves_their_other_structures(self, hall: Hall):
        await hall.attach("lea@example.org", units=["ovens", "tills"])
        await hall.attach("lea@example.org", ZOE, structure_id="s-garage")

        one = await hall.detach("u-lea", units=["tills"])
        assert one.json() == {"units": ["ovens"], "attached": True}
        for _ in range(2):
            assert (await hall.detach("u-lea")).json() == {"units": [], "attached": False}

        active = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert [one["structure_id"] for one in active] == ["s-garage"]
        mine = (await hall.get("/v1/rattachements", LEA))["items"]
        assert {one["structure_id"]: one["state"] for one in mine} == {
            "s-bakery": "removed",
            "s-garage": "valid",
        }
        assert [one["units"] for one in await hall.told("rattachement-removed")] == [["tills"], []]

    @pytest.mark.feature("RAT-17")
    @pytest.mark.parametrize("comment", ["", "  ", None, "x" * 1001])
    async def test_needs_a_comment(self, hall: Hall, comment: Any):
        answer = await hall.detach("u-lea", comment=comment)

        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/body/comment"]

    async def test_is_for_those_who_administer(self, hall: Hall):
        await hall.attach("lea@example.org")

        assert problem(await hall.detach("u-lea", ZOE)) == (404, "not-found")
        assert problem(await hall.detach("u-eve")) == (404, "not-found")
        assert problem(await hall.detach("u-omar", LEA)) == (403, "managers-only")
        assert problem(await hall.detach("u-omar")) == (409, "leave-instead")
        await hall.keep(a_delegate())
        assert problem(await hall.detach("u-omar", ZOE)) == (409, "principal-manager-stays")

    async def test_by_two_managers_at_once_is_told_once(self, hall: Hall):
        await hall.attach("lea@example.org")
        await hall.keep(a_delegate())

        answers = await asyncio.gather(
            *(hall.detach("u-lea", caller) for caller in (OMAR, ZOE) for _ in range(4))
        )

        assert {one.status_code for one in answers} == {200}
        assert len(await hall.told("rattachement-removed")) == 1

    async def test_by_whoever_is_being_detached_never_slips_through(self, hall: Hall):
        await hall.attach("lea@example.org")
        await hall.keep(a_delegate())

        first, second = await asyncio.gather(hall.detach("u-zoe"), hall.detach("u-lea", ZOE))

        assert first.status_code == 200
        lea = await hall.membership.rattachements.get("u-lea:s-bakery")
        assert (second.status_code == 200) == (not lea.lines)
        assert problem(await hall.detach("u-lea", ZOE))[0] == 404


class TestLeave:
    @pytest.mark.feature("RAT-22", "RAT-23", "RAT-24", "RAT-25")
    async def test_leaves_all_or_nothing(self, hall: Hall):
        await hall.attach("lea@example.org")
        await hall.attach("lea@example.org", ZOE, structure_id="s-garage")
        await hall.hear(a_creation(structure_id="s-own", created_by="u-lea", created_at=now()))

        refused = await hall.leave("s-bakery", "s-garage", "s-own")
        asked = await hall.leave("s-bakery", "s-garage", confirmed=False)

        assert problem(refused) == (409, "successor-missing")
        assert refused.json()["structure_ids"] == ["s-own"]
        assert problem(asked) == (422, "confirmation-missing")
        assert [one["id"] for one in asked.json()["structures"]] == ["s-bakery", "s-garage"]
        assert problem(await hall.leave("s-bakery", "s-nowhere")) == (404, "not-found")
        assert len((await hall.get("/v1/rattachements/active", LEA))["items"]) == 3
        for _ in range(2):
            assert (await hall.leave("s-bakery", "s-garage")).status_code == 200
        active = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert [one["structure_id"] for one in active] == ["s-own"]


class TestDays:
    @pytest.mark.feature("RAT-07", "RAT-26")
    async def test_pass_and_are_told_once(self, hall: Hall):
        yesterday = today() - timedelta(days=1)
        over = a_rattachement(lines=(a_line(valid_until=yesterday, valid_from=yesterday),))
        await hall.keep(over)

        async with hall.working():
            [told] = await hall.until(lambda: hall.told("rattachement-ended"))
            await asyncio.sleep(0.1)

        assert (told["user_id"], told["day"]) == ("u-lea", today().isoformat())
        assert len(await hall.told("rattachement-ended")) == 1
        assert (await hall.membership.rattachements.get(over.id)).role is None
