"""What the desk reads and takes away of others, as they see it, over HTTP."""

from typing import Any

import pytest

from services.support.domain.reach import RECEIVED
from tests.support.asking import written
from tests.support.desk import OTHER, Desk

EXPORTS = "/v1/tickets/exports"


async def kinds(desk: Desk, path: str) -> list[tuple[str, str]]:
    entries = (await desk.by().get(f"{path}/activity")).json()["items"]
    return [(one["kind"], one["signed"]) for one in entries]


async def exports(desk: Desk, user: str = "ana", *, operator: bool = False) -> list[Any]:
    answer = await desk.by(user, operator=operator).get(EXPORTS)
    assert answer.status_code == 200, answer.text
    return [*answer.json()["items"]]


class TestReading:
    @pytest.mark.feature("SUP-37")
    async def test_is_an_entry_once_for_each_agent_of_the_desk_and_day(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        path = f"/v1/tickets/{(await written(desk))['id']}"
        before = (await desk.by().get(path)).headers["etag"]
        for user in ("olga", "oscar"):
            async with desk.by(user, operator=True) as agent:
                for then in ("", "/activity", ""):
                    assert (await agent.get(f"{path}{then}")).status_code == 200

        assert await kinds(desk, path) == [
            *[("consulted", "support")] * 2,
            ("opened", ""),
        ]
        assert (await desk.by().get(path)).headers["etag"] == before
        monkeypatch.setattr("services.support.consulting.today", lambda: "another day")
        await desk.by("olga", operator=True).get(path)
        assert [kind for kind, _ in await kinds(desk, path)] == [*["consulted"] * 3, "opened"]

    @pytest.mark.feature("SUP-37")
    async def test_is_an_entry_too_where_an_act_had_nothing_to_do(self, desk: Desk):
        path = f"/v1/tickets/{(await written(desk))['id']}"
        async with desk.by("olga", operator=True) as olga:
            released = await olga.delete(f"{path}/assignment")
        assert (released.status_code, released.json()["title"]) == (200, "Dépôt refusé")
        assert await kinds(desk, path) == [("consulted", "support"), ("opened", "")]

    @pytest.mark.feature("SUP-37", "SUP-45")
    async def test_is_an_entry_of_what_is_requested_with_a_ticket_too(self, desk: Desk):
        town = {
            "identifier": {"type": "SIRET", "value": "21440109300015"},
            "legal_name": "Commune de Nantes",
            "reason": "Nous en sommes.",
        }
        asked = await desk.by().post("/v1/structure-requests", json=town)
        path = f"/v1/tickets/{asked.json()['id']}"
        assert (await desk.by("olga", operator=True).get(f"{path}/request")).status_code == 200
        assert await kinds(desk, path) == [("consulted", "support"), ("opened", "")]

    async def test_is_none_of_those_whose_ticket_it_is_nor_of_whoever_has_taken_it(
        self, desk: Desk
    ):
        path = f"/v1/tickets/{(await written(desk))['id']}"
        async with desk.by("olga", operator=True) as olga:
            await olga.put(f"{path}/assignment")
            await olga.get(path)
        await desk.by("ana", operator=True).get(path)

        assert [kind for kind, _ in await kinds(desk, path)] == ["taken", "opened"]

    async def test_fails_for_no_entry_that_cannot_be_kept(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        path = f"/v1/tickets/{(await written(desk))['id']}"

        def broken(*_: Any, **__: Any) -> None:
            raise ConnectionError

        monkeypatch.setattr("services.support.domain.acts.consulted", broken)
        assert (await desk.by("olga", operator=True).get(path)).status_code == 200


class TestExports:
    @pytest.mark.feature("SUP-33")
    async def test_of_the_desk_are_kept_with_what_was_asked_and_seen_by_others(self, desk: Desk):
        for _ in range(3):
            await written(desk, title="Rien reçu")
        await desk.hear_person("olga", "Olga")
        asked = {"tab": "not_closed", "q": "rien", "category": "FACTURES_EMISES"}
        for format in ("csv", "xlsx"):
            answer = await desk.by("olga", operator=True).get(f"/v1/tickets.{format}", params=asked)
            assert answer.status_code == 200

        mine, theirs = await exports(desk), await exports(desk, "oscar", operator=True)
        assert [(one["format"], one["tickets"]) for one in mine] == [("xlsx", 3), ("csv", 3)]
        assert {one["signed"] for one in mine} == {"support"}
        assert {one["signed"] for one in theirs} == {"Olga Roux"}
        wanted = mine[0]["asked"]
        assert (wanted["tab"], wanted["category"], wanted["words"]) == (
            *("not_closed", "FACTURES_EMISES"),
            1,
        )
        assert "rien" not in str(mine + theirs).lower()

    async def test_of_one_structure_are_seen_by_those_who_know_of_its_tickets(self, desk: Desk):
        await desk.hear_rights("rene", OTHER, may=((RECEIVED, "consultation"),))
        asked = {"structure_id": OTHER, "number": "7"}
        await desk.by("olga", operator=True).get("/v1/tickets.csv", params=asked)

        assert await exports(desk) == []
        [seen], [whole] = await exports(desk, "rene"), await exports(desk, "olga", operator=True)
        assert (seen["asked"]["number"], whole["asked"]["number"]) == (None, "7")
        assert seen["tickets"] == 0

    async def test_of_ones_own_tickets_are_nobody_elses_business(self, desk: Desk):
        await written(desk)
        await desk.by().get("/v1/tickets.csv", params={"tab": "not_closed"})
        mine = {"tab": "not_closed", "view": "emitted"}
        await desk.by("ana", operator=True).get("/v1/tickets.csv", params=mine)

        assert await exports(desk, "olga", operator=True) == []

    async def test_say_not_how_many_where_nobody_saw_the_last(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        await written(desk)
        monkeypatch.setattr("services.support.domain.exports.end", None)
        asked = {"tab": "not_closed"}
        answer = await desk.by("olga", operator=True).get("/v1/tickets.csv", params=asked)

        assert len(answer.text.splitlines()) == 2
        assert [one["tickets"] for one in await exports(desk)] == [None]
