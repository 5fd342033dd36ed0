"""The users of structures over HTTP, as lists show them to those who manage."""

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
from services.users.domain.rattachements import rattachement_id
from tests.users.hall import EVE, LEA, OMAR, URL, ZOE, Hall, problem
from tests.users.managing_api import leave
from tests.users.people import an_account
from tests.users.rattaching import (
    a_decision,
    a_delegate,
    a_line,
    a_rattachement,
    an_ended_unit,
)


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

    async def test_read_a_manager_who_was_kept_before_there_were_lines(self, hall: Hall):
        await hall.attach("lea@example.org", units=["ovens"])
        before = await hall.get(URL)
        await hall.membership.rattachements.documents.update_one(
            {"_id": rattachement_id("u-omar", "s-bakery")},
            {
                "$unset": {"lines": ""},
                "$set": {"extent": {"units": [], "valid_from": "2026-01-05", "valid_until": None}},
            },
        )

        seen = [one["user_id"] for one in (await hall.get(URL))["items"]]
        assert seen == [one["user_id"] for one in before["items"]] == ["u-lea", "u-omar"]

    @pytest.mark.feature("RAT-28")
    async def test_find_by_words_of_a_name_or_address_whole(self, hall: Hall):
        size = 2
        await self.crowd(hall, 2101)
        await hall.attach("lea@example.org", units=["ovens"])
        for nth in (0, 1, 2100):
            named = an_account(id=f"u-{nth:05}", first_name="Éloïse", email=f"{nth}@port.example")
            await hall.identity.accounts.change(named.id, lambda _, one=named: Change(one))

        async def found(words: str, caller: Caller = OMAR) -> list[str]:
            query: dict[str, Any] = {"q": words, "size": size, "cursor": ""}
            users: list[str] = []
            while query["cursor"] is not None:
                page = await hall.get(URL, caller, **query)
                assert len(page["items"]) <= size
                users += [one["user_id"] for one in page["items"]]
                query["cursor"] = page["next"]
            return users

        assert await found("eloise PORT.example") == ["u-00000", "u-00001", "u-02100"]
        assert await found("eloise lea@example.org") == []
        assert await found("lea@example.org", ZOE) == []
        answer = await hall.call("GET", f"{URL}.csv", params={"q": "2100@port"})
        rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert [row["user_id"] for row in rows] == ["u-02100"]

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

    @pytest.mark.feature("RAT-28", "RAT-31")
    async def test_show_a_manager_of_units_nothing_of_other_units(self, hall: Hall):
        await self.refuse(hall, LEA, "tills")
        await hall.attach("lea@example.org", units=["ovens", "tills"])
        await hall.keep(a_delegate("ovens"))

        [lea, *_] = (await hall.get(URL, ZOE, structure_id="s-bakery"))["items"]
        export = await hall.call("GET", f"{URL}.csv", ZOE, params={"structure_id": "s-bakery"})
        units = (await hall.get(f"{URL}/s-bakery/u-lea/units", ZOE))["items"]
        done = (await hall.get(f"{URL}/s-bakery/history", ZOE))["items"]

        for one in (lea, await hall.get(f"{URL}/s-bakery/u-lea", ZOE)):
            assert [line["unit"] for line in one["lines"]] == ["ovens"]
        assert [(one["unit"], one["state"]) for one in units] == [("ovens", "valid")]
        assert {tuple(one["units"]) for one in done} == {("ovens",)}
        assert "tills" not in export.text

    @pytest.mark.feature("RAT-31")
    async def test_show_a_manager_of_units_who_is_attached_to_the_whole(self, hall: Hall):
        asked = await self.ask(hall, EVE, comment="Bonjour, c'est personnel.")
        await self.settle(hall, EVE, asked, verdict="approved")
        await hall.keep(a_delegate("ovens"))

        [row] = (await hall.get(f"{URL}/s-bakery/u-eve/units", ZOE))["items"]
        [whole] = (await hall.get(f"{URL}/s-bakery/u-eve/units"))["items"]

        assert (row["unit"], row["state"], row["comment"]) == (None, "valid", "")
        assert whole["comment"] == "Bonjour, c'est personnel."

    @pytest.mark.feature("RAT-31")
    async def test_name_no_unit_to_whoever_was_never_attached(self, hall: Hall):
        path = f"{URL}/s-bakery/u-eve/units"

        async def named(caller: Caller) -> Any:
            return [(one["unit"], one["name"]) for one in (await hall.get(path, caller))["items"]]

        await self.refuse(hall, EVE, "tills")
        assert (await named(EVE), await named(OMAR)) == ([("tills", "")], [("tills", "Caisses")])
        await hall.attach("eve@example.org", units=["ovens"])
        assert await named(EVE) == [("ovens", "Fours"), ("tills", "Caisses")]

    async def ask(self, hall: Hall, caller: Caller, *units: str, comment: str = "") -> str:
        body = {"structure_id": "s-bakery", "valid_from": today().isoformat(), "units": units}
        answer = await hall.call(
            "POST", "/v1/rattachements", caller, json=body | {"comment": comment}
        )
        id: str = answer.json()["id"]
        return id

    async def settle(self, hall: Hall, caller: Caller, asked: str, **but: Any) -> None:
        ids = {"approval_id": asked, "subject_id": asked, "requester_id": caller.user_id}
        await hall.hear(a_decision(**ids, decided_at=now(), **but))

    async def refuse(self, hall: Hall, caller: Caller, unit: str) -> None:
        asked = await self.ask(hall, caller, unit)
        await self.settle(hall, caller, asked, verdict="refused", reason="Inconnue ici.")

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
        left = await leave(hall, LEA)
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
