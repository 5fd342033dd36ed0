"""The users of structures over HTTP: attached, invited, listed, detached, and leaving."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalWithdrawn
from kit.change import Change
from kit.clock import now, today
from kit.collection import Stored
from kit.internal import Caller
from kit.links import sign_link
from services.users.domain.logins import Login, login_id
from services.users.domain.rattachements import rattachement_id
from tests.users.hall import EVE, LEA, OMAR, URL, ZOE, Hall, problem
from tests.users.people import an_account
from tests.users.rattaching import (
    a_creation,
    a_decision,
    a_delegate,
    a_line,
    a_rattachement,
    an_ended_unit,
)


class TestAttach:
    @pytest.mark.feature("RAT-12", "RAT-13", "RAT-14", "RAT-02")
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
        _, letter = await hall.told("invitation-sent")
        body = {"password": "a long enough one", "first_name": "Noé", "last_name": "Roux"}
        opened = await hall.call(
            "POST",
            "/v1/accounts/invitation",
            Caller(),
            json=body | {"token": self.link(hall, letter)},
        )
        assert opened.status_code == 200, opened.text

        async with hall.working():

            async def attached() -> Any:
                found = await hall.get(URL, structure_id="s-bakery")
                return [one for one in found["items"] if one["user_id"] == user]

            [shown] = await hall.until(attached)
        assert (shown["first_name"], [one["unit"] for one in shown["lines"]]) == ("Noé", ["ovens"])
        assert (await hall.get(f"{URL}/s-bakery/invitations"))["items"] == []
        refused = await hall.call("PUT", f"{URL}/s-bakery/{user}/activation-letter")
        assert problem(refused) == (409, "account-active")

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


class TestLists:
    @pytest.mark.feature("RAT-28")
    async def test_are_complete_page_by_page_and_as_a_file(self, hall: Hall):
        await self.crowd(hall, 1201)

        found: list[Any] = []
        query: dict[str, Any] = {"size": 500, "structure_id": "s-bakery"}
        while True:
            page = await hall.get(URL, **query)
            found += page["items"]
            if not page["next"]:
                break
            query["cursor"] = page["next"]
        answer = await hall.call("GET", f"{URL}.csv", params={"structure_id": "s-bakery"})
        rows = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]

        assert len({one["user_id"] for one in found}) == len(found) == 1202
        assert [row["user_id"] for row in rows] == [one["user_id"] for one in found]
        assert rows[0]["unit"] == "ovens"
        assert rows[0]["first_name"] == "'=1+1"

    @pytest.mark.feature("RAT-28", "RAT-29")
    async def test_show_the_users_of_ones_own_structures_alone(self, hall: Hall):
        await hall.attach("lea@example.org", units=["ovens"])
        await hall.attach("eve@example.org", ZOE, structure_id="s-garage")

        mine = (await hall.get(URL))["items"]

        assert [one["user_id"] for one in mine] == ["u-lea", "u-omar"]
        assert mine[0]["email"] == "lea@example.org"
        assert (await hall.get(URL, LEA))["items"] == []
        shown = await hall.get(f"{URL}/s-bakery/u-lea")
        assert shown == mine[0]
        for path in (
            f"{URL}/s-bakery/u-lea",
            f"{URL}/s-bakery/history",
            f"{URL}/s-bakery/invitations",
        ):
            assert problem(await hall.call("GET", path, ZOE)) == (404, "not-found")
            assert problem(await hall.call("GET", path, LEA)) == (403, "managers-only")
        assert problem(await hall.call("GET", f"{URL}/s-garage/u-eve"))[0] == 404
        assert problem(await hall.call("GET", f"{URL}/s-bakery/u-eve"))[0] == 404
        assert (
            problem(await hall.call("GET", URL, ZOE, params={"structure_id": "s-bakery"}))[0] == 404
        )

    @pytest.mark.feature("RAT-28")
    async def test_show_a_manager_of_units_those_of_these_units(self, hall: Hall):
        await hall.attach("lea@example.org", units=["ovens"])
        await hall.attach("eve@example.org", units=["tills"])
        await hall.keep(a_delegate("ovens"))

        seen = (await hall.get(URL, ZOE, structure_id="s-bakery"))["items"]
        of_tills = (await hall.get(URL, unit="tills"))["items"]

        assert [one["user_id"] for one in seen] == ["u-lea", "u-omar", "u-zoe"]
        assert [one["user_id"] for one in of_tills] == ["u-eve", "u-omar"]
        assert problem(await hall.call("GET", f"{URL}/s-bakery/u-eve", ZOE))[0] == 404
        assert problem(await hall.attach("new@example.org", ZOE)) == (403, "outside-your-units")

    @pytest.mark.feature("RAT-31")
    async def test_show_the_units_of_one_user(self, hall: Hall):
        await hall.attach("lea@example.org", units=["ovens", "tills"])
        await hall.detach("u-lea", units=["tills"])
        path = f"{URL}/s-bakery/u-lea/units"

        rows = (await hall.get(path, order="-unit"))["items"]

        assert [(one["unit"], one["name"], one["state"]) for one in rows] == [
            ("tills", "Caisses", "removed"),
            ("ovens", "Fours", "valid"),
        ]
        assert rows[0]["comment"] == "Mutation."
        assert (await hall.get(path, LEA))["items"] == rows[::-1]
        assert problem(await hall.call("GET", path, EVE))[0] == 404
        assert problem(await hall.call("GET", f"{URL}/s-bakery/u-eve/units", EVE))[0] == 404

    @pytest.mark.feature("RAT-31")
    async def test_show_the_units_of_one_user_to_another_system(self, hall: Hall):
        await hall.attach("lea@example.org", units=["ovens"])
        path = f"{URL}/s-bakery/u-lea/units"

        def a_system(*structures: str, scope: str = "rattachements:read") -> Caller:
            limits = {"scopes": frozenset({scope}), "structures": frozenset(structures)}
            return Caller(client_id="erp", **limits)

        for system in (a_system(), a_system("s-garage", "s-bakery")):
            [row] = (await hall.get(path, system))["items"]
            assert (row["unit"], row["state"]) == ("ovens", "valid")
        answer = await hall.call("GET", path, a_system("s-garage"))
        assert problem(answer) == (404, "not-found")
        answer = await hall.call("GET", path, a_system(scope="rights:check"))
        assert problem(answer) == (403, "scope-missing")
        answer = await hall.call("GET", f"{URL}/s-bakery/u-lea", a_system())
        assert problem(answer) == (403, "people-only")

    @pytest.mark.feature("RAT-30")
    async def test_show_what_was_done_newest_first(self, hall: Hall):
        body = {"structure_id": "s-bakery", "valid_from": today().isoformat()}
        asked = (await hall.call("POST", "/v1/rattachements", EVE, json=body)).json()["id"]
        await hall.hear(
            a_decision(
                approval_id=asked,
                subject_id=asked,
                requester_id="u-eve",
                verdict="refused",
                reason="Inconnue ici.",
                decided_at=now(),
            )
        )
        await hall.attach("lea@example.org")
        await hall.detach("u-lea")

        path = f"{URL}/s-bakery/history"
        done = (await hall.get(path))["items"]

        assert [(one["user_id"], one["done"], one["by"]) for one in done] == [
            ("u-lea", "detached", "u-omar"),
            ("u-lea", "attached", "u-omar"),
            ("u-eve", "refused", "u-omar"),
        ]
        assert done[0]["comment"] == "Mutation."
        of_eve = (await hall.get(path, user_id="u-eve"))["items"]
        assert [one["done"] for one in of_eve] == ["refused"]

    @pytest.mark.parametrize("how", ["detached", "left", "over"])
    async def test_show_what_came_and_went_with_it_among_habilitations(self, hall: Hall, how: str):
        await hall.attach("lea@example.org", units=["ovens"])
        if how == "detached":
            await hall.detach("u-lea")
        elif how == "left":
            assert (await hall.leave("s-bakery")).status_code == 200
        else:
            await hall.hear(an_ended_unit("ovens"))
            async with hall.working():
                await hall.until(lambda: _has_nothing(hall, "u-lea:s-bakery"))

        path = "/v1/habilitations/s-bakery/u-lea/history"
        taken, given = (await hall.get(path))["items"]

        by = {"detached": "u-omar", "left": "u-lea", "over": None}[how]
        cause = "ended" if how == "over" else "detached"
        assert (given["cause"], given["by"]["id"], given["taken"]) == ("attached", "u-omar", [])
        assert (taken["cause"], taken["by"] and taken["by"]["id"]) == (cause, by)
        assert given["given"]
        assert (taken["given"], taken["taken"]) == ([], given["given"])

    async def test_show_what_was_granted_and_ended_with_its_days(self, hall: Hall):
        body = {"structure_id": "s-bakery", "valid_from": (today() - timedelta(days=2)).isoformat()}
        asked = (await hall.call("POST", "/v1/rattachements", EVE, json=body)).json()["id"]
        ids = {"approval_id": asked, "subject_id": asked, "requester_id": "u-eve"}
        await hall.hear(a_decision(**ids, decided_at=now()))
        tie = await hall.membership.rattachements.get("u-eve:s-bakery")
        over = a_line(valid_from=tie.lines[0].valid_from, valid_until=tie.lines[0].valid_from)
        await hall.keep(replace(tie, lines=(over,), noted=over.valid_from - timedelta(days=1)))
        async with hall.working():
            await hall.until(lambda: _has_nothing(hall, tie.id))

        history = hall.membership.habilitation_history
        entries = await history.select({"user_id": "u-eve"}, sort=[("at", 1)])

        assert [(one.cause, one.by) for one in entries] == [("approved", "u-omar"), ("ended", None)]
        assert entries[1].taken == entries[0].given != ()

    @pytest.mark.feature("RAT-32")
    async def test_show_my_active_ones_with_role_and_units(self, hall: Hall):
        later = (today() + timedelta(days=1)).isoformat()
        await hall.attach("lea@example.org", units=["ovens"])
        await hall.attach("lea@example.org", units=["tills"], valid_from=later)
        await hall.attach("lea@example.org", ZOE, structure_id="s-garage", valid_from=later)

        [shown] = (await hall.get("/v1/rattachements/active", LEA))["items"]

        assert (shown["structure_id"], shown["role"], shown["may_modify"]) == (
            "s-bakery",
            "user",
            False,
        )
        assert [one["unit"] for one in shown["lines"]] == ["ovens", "tills"]

    @pytest.mark.feature("RAT-20", "RAT-21")
    async def test_say_what_i_may_modify(self, hall: Hall):
        await hall.attach("lea@example.org")
        await hall.attach("eve@example.org")
        await hall.detach("u-eve")

        async def mine(caller: Caller) -> Any:
            [shown] = (await hall.get("/v1/rattachements", caller))["items"]
            one = await hall.get(f"/v1/rattachements/{shown['id']}", caller)
            assert one == shown
            return shown["may_modify"], shown["state"]

        assert await mine(OMAR) == (True, "valid")
        assert await mine(LEA) == (False, "valid")
        assert await mine(EVE) == (False, "removed")
        [active] = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert active["may_modify"] is False

    @pytest.mark.feature("RAT-26")
    async def test_of_what_i_took_back_says_that_i_did(self, hall: Hall):
        body = {"structure_id": "s-bakery", "valid_from": today().isoformat()}
        asked = (await hall.call("POST", "/v1/rattachements", EVE, json=body)).json()["id"]
        ids = {"approval_id": asked, "subject_id": asked, "requester_id": "u-eve"}
        await hall.hear(
            ApprovalWithdrawn(
                **ids, structure_id="s-bakery", kind="rattachement", withdrawn_at=now()
            )
        )

        [mine] = (await hall.get("/v1/rattachements", EVE))["items"]
        nothing = await hall.get(f"{URL}/s-bakery/u-eve/units", EVE)

        assert (mine["state"], mine["status"]) == ("withdrawn", "withdrawn")
        assert nothing["items"] == []

    @pytest.mark.feature("RAT-30")
    async def test_show_a_manager_of_units_what_was_done_there_alone(self, hall: Hall):
        await hall.keep(a_delegate("ovens"))
        await hall.attach("lea@example.org", units=["ovens"])
        await hall.attach("eve@example.org", units=["tills"])
        for unit in ("ovens", "tills"):
            await hall.attach(f"{unit}@example.org", units=[unit])
        await hall.attach("both@example.org", units=["ovens", "tills"])
        await hall.attach("whole@example.org")

        done = (await hall.get(f"{URL}/s-bakery/history", ZOE))["items"]
        waiting = (await hall.get(f"{URL}/s-bakery/invitations", ZOE))["items"]

        assert [(one["user_id"], one["units"]) for one in done] == [("u-lea", ["ovens"])]
        assert [one["email"] for one in waiting] == ["ovens@example.org"]
        of_all = (await hall.get(f"{URL}/s-bakery/history"))["items"]
        assert {one["user_id"] for one in of_all} == {"u-lea", "u-eve"}
        assert len((await hall.get(f"{URL}/s-bakery/invitations"))["items"]) == 4

    @pytest.mark.feature("RAT-28", "ACC-11")
    async def test_say_who_has_left_the_platform(self, hall: Hall):
        await hall.attach("lea@example.org")
        await hall.attach("eve@example.org")
        left = await hall.call("PUT", "/v1/me/deactivation", LEA, json={"confirmed": True})
        assert left.status_code == 204

        shown = (await hall.get(URL))["items"]
        read = await hall.call("GET", f"{URL}.csv")
        rows = list(csv.DictReader(io.StringIO(read.text.removeprefix("\ufeff"))))

        active = {one["user_id"]: one["account_active"] for one in shown}
        assert active == {"u-eve": True, "u-lea": False, "u-omar": True}
        assert {one["user_id"]: one["state"] for one in shown}["u-lea"] == "valid"
        assert {one["user_id"]: one["account_active"] for one in rows} == {
            "u-eve": "true",
            "u-lea": "false",
            "u-omar": "true",
        }
        assert (await hall.get(f"{URL}/s-bakery/u-lea"))["account_active"] is False

    @pytest.mark.feature("RAT-27")
    @pytest.mark.parametrize("how", ["left", "detached"])
    async def test_end_and_leave_the_account_and_other_structures_alone(self, hall: Hall, how: str):
        await hall.attach("lea@example.org")
        await hall.attach("lea@example.org", ZOE, structure_id="s-garage")
        account = await hall.identity.accounts.get("u-lea")
        elsewhere = await hall.membership.rattachements.get("u-lea:s-garage")

        gone = await (hall.leave("s-bakery") if how == "left" else hall.detach("u-lea"))

        assert gone.status_code == 200
        assert await hall.identity.accounts.get("u-lea") == account
        assert await hall.membership.rattachements.get("u-lea:s-garage") == elsewhere
        [active] = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert active["structure_id"] == "s-garage"

    async def crowd(self, hall: Hall, many: int) -> None:
        ids = [f"u-{n:05}" for n in range(many)]
        ties = hall.membership.rattachements
        await ties.documents.insert_many(
            {"_id": one.id} | ties.dump(Stored(one))
            for one in (
                a_rattachement(
                    id=rattachement_id(id, "s-bakery"), user_id=id, lines=(a_line("ovens"),)
                )
                for id in ids
            )
        )
        accounts = hall.identity.accounts
        await accounts.documents.insert_many(
            {"_id": id} | accounts.dump(Stored(an_account(id=id, first_name="=1+1"))) for id in ids
        )


async def _has_nothing(hall: Hall, tie: str) -> bool:
    return (await hall.membership.rattachements.get(tie)).role is None


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
