"""Lists, files and details of approvals, and what is written about them, over HTTP."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.structures import UnitEnded
from kit.clock import now, today
from kit.collection import Collection
from tests.approvals.asking import a_person, a_request, lea, rights
from tests.approvals.builders import a_mandate_question
from tests.approvals.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ids(stage: Stage, **query: Any) -> list[str]:
    answer = await stage.by("u-omar").get("/v1/approvals", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def pages(stage: Stage, **query: Any) -> list[str]:
    """The ids of all pages, of one approval each."""
    seen, cursor = [], ""
    while cursor is not None:
        asked = query | {"size": 1, "cursor": cursor}
        page = (await stage.by("u-omar").get("/v1/approvals", params=asked)).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    return seen


async def three(stage: Stage) -> None:
    """Of two people, in three structures, an hour apart; r-2 is refused."""
    at = now()
    await stage.hear(
        lea(),
        a_person("u-max", "Max", "Abel"),
        *(rights("u-omar", structure) for structure in ("s-7", "s-8", "s-9")),
        a_request("r-1", structure_name="bois", requested_at=at - timedelta(hours=3)),
        a_request(
            "r-2",
            structure_id="s-8",
            structure_name="Acier",
            units=("COMPTA",),
            user_id="u-max",
            requested_at=at - timedelta(hours=2),
        ),
        a_mandate_question(
            question_id="r-3",
            structure_id="s-7",
            structure_name=None,
            structure_identifier="1",
            asked_at=at - timedelta(hours=1),
        ),
    )
    said = {"verdict": "refused", "reason": "Non."}
    answer = await stage.by("u-omar").put("/v1/approvals/r-2/decision", json=said)
    assert answer.status_code == 200, answer.text


class TestList:
    @pytest.mark.feature("APP-08")
    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("opened_at", ["r-1", "r-2", "r-3"]),
            ("state", ["r-2", "r-1", "r-3"]),
            ("description", ["r-1", "r-2", "r-3"]),
            ("structure_identifier", ["r-3", "r-1", "r-2"]),
            ("structure_name", ["r-3", "r-2", "r-1"]),
            ("unit", ["r-1", "r-3", "r-2"]),
        ],
    )
    async def test_is_sorted_by_any_column_both_ways_page_by_page(
        self, stage: Stage, sort: str, order: list[str]
    ):
        await three(stage)

        assert await pages(stage, sort=sort, direction="ascending") == order
        assert await pages(stage, sort=sort, direction="descending") == order[::-1]

    @pytest.mark.feature("APP-06", "APP-08")
    async def test_is_filtered_by_any_column(self, stage: Stage):
        await three(stage)
        [number] = [
            one["number"]
            for one in (await stage.by("u-omar").get("/v1/approvals")).json()["items"]
            if one["id"] == "r-3"
        ]

        for asked, expected in (
            ({"state": "refused"}, ["r-2"]),
            ({"kind": "mandate"}, ["r-3"]),
            ({"number": number}, ["r-3"]),
            ({"structure_id": "s-9"}, ["r-1"]),
            ({"unit": "COMPTA"}, ["r-2"]),
            ({"requester_id": "u-max"}, ["r-2"]),
            ({"opened_from": today() - timedelta(days=2)}, ["r-3", "r-2", "r-1"]),
            ({"opened_until": today() - timedelta(days=2)}, []),
        ):
            assert await ids(stage, **asked) == expected, asked
        # A structure of others is not more visible for being named.
        others = await stage.by("u-eve").get("/v1/approvals", params={"structure_id": "s-9"})
        assert others.json()["items"] == []

    @pytest.mark.feature("APP-07")
    async def test_is_exported_with_the_columns_people_know(self, stage: Stage):
        await three(stage)

        asked = {"sort": "structure_name", "direction": "ascending"}
        answer = await stage.by("u-omar").get("/v1/approvals.csv", params=asked)

        assert answer.headers["content-type"].startswith("text/csv")
        header, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
        assert header[1:] == [
            "État",
            "Description",
            "Demandeur",
            "Structure",
            "Raison sociale",
            "Service",
            "Créé",
        ]
        assert [row[1:7] for row in rows] == [
            ["Demandé", "Souscrire un mandat de facturation", "Léa Martin", "1", "", ""],
            [
                "Refusé",
                "Demande de rattachement à un service",
                "Max Abel",
                "73282932000074",
                "Acier",
                "COMPTA",
            ],
            [
                "Demandé",
                "Demande de rattachement à la structure",
                "Léa Martin",
                "73282932000074",
                "bois",
                "",
            ],
        ]
        assert all(row[0].startswith("RITM") for row in rows)

    @pytest.mark.feature("APP-07")
    async def test_is_exported_whole_however_many_they_are(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(Collection.in_batches.__kwdefaults__, "at_once", 2)
        await three(stage)
        await stage.hear(a_request("r-4"), a_request("r-5"))

        answer = await stage.by("u-omar").get("/v1/approvals.csv", params={"sort": "number"})

        _, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
        numbers = [row[0] for row in rows]
        assert len(numbers) == 5
        assert numbers == sorted({*numbers}, reverse=True)

    @pytest.mark.feature("APP-07")
    async def test_is_exported_by_one_sort_however_many_they_are(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(Collection.in_batches.__kwdefaults__, "at_once", 1)
        sorts = []
        find = type(stage.service.mongo["approvals"]).find

        def noted(self: Any, *said: Any, **how: Any) -> Any:
            found = find(self, *said, **how)
            sort = found.sort
            found.sort = lambda by: sorts.append(by) or sort(by)
            return found

        monkeypatch.setattr(type(stage.service.mongo["approvals"]), "find", noted)
        await three(stage)

        await stage.by("u-omar").get("/v1/approvals.csv", params={"sort": "unit"})

        assert [by for by in sorts if by[0][0] == "by_unit"] == [[("by_unit", -1), ("_id", -1)]]

    @pytest.mark.feature("APP-08")
    async def test_is_sorted_by_number_both_ways_page_by_page(self, stage: Stage):
        await three(stage)
        given = {one["_id"]: one["number"] async for one in stage.service.mongo["approvals"].find()}
        order = sorted(given, key=given.__getitem__)

        assert await pages(stage, sort="number", direction="ascending") == order
        assert await pages(stage, sort="number", direction="descending") == order[::-1]

    @pytest.mark.feature("APP-08")
    async def test_is_read_to_its_end_however_long_what_it_is_sorted_by(self, stage: Stage):
        units = tuple(f"{n:03}-{'🛠' * 46}" for n in range(100))
        long = {"units": units, "structure_name": "🛠" * 255}
        asked = (a_request(id * 64, **long) for id in "rs")
        await stage.hear(lea(), rights("u-omar", "s-9"), *asked)

        for sort in ("unit", "structure_name", "description"):
            for direction in ("ascending", "descending"):
                assert len(await pages(stage, sort=sort, direction=direction)) == 2


class TestAsked:
    """What one has asked others for."""

    @pytest.mark.feature("APP-04", "APP-06")
    async def test_is_listed_for_whoever_asked_without_more_of_the_structure(self, stage: Stage):
        await three(stage)
        lea, wanted = stage.by("u-lea"), {"mine": "asked"}

        listed = (await lea.get("/v1/approvals", params=wanted)).json()
        first = (await lea.get("/v1/approvals", params=wanted | {"size": 1})).json()
        refused = (await stage.by("u-max").get("/v1/approvals", params=wanted)).json()

        assert [one["id"] for one in listed["items"]] == ["r-3", "r-1"]
        assert (listed["pending"], refused["pending"]) == (2, 0)
        assert ([one["id"] for one in first["items"]], bool(first["next"])) == (["r-3"], True)
        [one] = refused["items"]
        assert (one["state"], one["reason"], one["decided_by"]) == ("refused", "Non.", None)
        assert (one["structure_identifier"], one["structure_name"]) == (None, None)
        # Those who decide have asked for nothing.
        assert (await stage.by("u-omar").get("/v1/approvals", params=wanted)).json()["items"] == []

    async def test_can_be_taken_back_from_there(self, stage: Stage):
        await three(stage)
        lea = stage.by("u-lea")
        waiting = {"mine": "asked", "state": "requested", "kind": "mandate"}
        [found] = (await lea.get("/v1/approvals", params=waiting)).json()["items"]

        answer = await lea.put(f"/v1/approvals/{found['id']}/withdrawal")

        assert answer.json()["state"] == "withdrawn"
        assert (await lea.get("/v1/approvals", params=waiting)).json()["items"] == []

    async def test_is_exported_alike(self, stage: Stage):
        await three(stage)

        answer = await stage.by("u-max").get("/v1/approvals.csv", params={"mine": "asked"})

        [row] = [*csv.reader(io.StringIO(answer.text))][1:]
        assert row[1:6] == ["Refusé", "Demande de rattachement à un service", "Max Abel", "", ""]

    @pytest.mark.parametrize("sort", ["structure_name", "structure_identifier"])
    @pytest.mark.parametrize("path", ["/v1/approvals", "/v1/approvals.csv"])
    async def test_is_not_sorted_by_what_it_hides(self, stage: Stage, path: str, sort: str):
        answer = await stage.by("u-lea").get(path, params={"mine": "asked", "sort": sort})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/query/sort"


class TestDetail:
    @pytest.mark.feature("APP-11", "APP-12")
    async def test_says_who_asks_who_decides_and_what_was_written(self, stage: Stage):
        await stage.hear(rights("u-omar"), lea(), a_person("u-omar", "Omar", "Petit"))
        opened = now() - timedelta(days=3)
        await stage.hear(a_request(comment="Bonjour", requested_at=opened))
        began = now()
        omar, hers = stage.by("u-omar"), stage.by("u-lea")
        await omar.post("/v1/approvals/r-1/comments", json={"text": "Pourquoi ?", "asks": True})
        asked = (await hers.get("/v1/approvals/r-1")).json()
        await hers.post("/v1/approvals/r-1/comments", json={"text": "Pour facturer."})

        seen = (await omar.get("/v1/approvals/r-1")).json()
        known = (await hers.get("/v1/approvals/r-1")).json()

        assert seen["number"].startswith("RITM")
        assert seen["requester"] == {
            "id": "u-lea",
            "name": "Léa Martin",
            "email": "lea@example.org",
        }
        assert seen["approver"] == {"id": "u-omar", "name": "Omar Petit"}
        signed = [(one["by"]["name"], one["text"]) for one in seen["comments"]]
        assert signed == [
            ("Léa Martin", "Bonjour"),
            ("Omar Petit", "Pourquoi ?"),
            ("Léa Martin", "Pour facturer."),
        ]
        dates = [datetime.fromisoformat(one["at"]) for one in seen["comments"]]
        # MongoDB keeps milliseconds.
        assert abs(dates[0] - opened) < timedelta(milliseconds=2)
        assert began - timedelta(milliseconds=2) < dates[1] < dates[2] <= now()
        # Whoever asks does not learn who decides.
        assert (known["approver"], known["comments"][1]["by"]) == (None, None)
        assert (asked["information_requested"], known["information_requested"]) == (True, False)
        told = await stage.told()
        assert told.count("approvals.information-requested.v1") == 1
        assert told.count("approvals.information-given.v1") == 1

    @pytest.mark.feature("APP-05")
    async def test_of_a_question_that_waits_for_its_requester_is_not_counted(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())
        said = {"text": "Pourquoi ?", "asks": True}
        await stage.by("u-omar").post("/v1/approvals/r-1/comments", json=said)

        assert (await stage.by("u-omar").get("/v1/approvals")).json()["pending"] == 0

    async def test_takes_comments_of_those_it_concerns_alone(self, stage: Stage):
        await stage.hear(rights("u-omar"), lea(), a_request())
        path, said = "/v1/approvals/r-1/comments", {"text": "Bonjour"}

        async def answered(user: str, **but: Any) -> int:
            return (await stage.by(user).post(path, json=said | but)).status_code

        assert await answered("u-eve") == 404
        assert await answered("u-lea", asks=True) == 403
        assert await answered("u-lea", text=" ") == 422
        await stage.by("u-omar").put("/v1/approvals/r-1/decision", json={"verdict": "approved"})
        assert await answered("u-lea") == 409


class TestDecide:
    @pytest.mark.feature("APP-21")
    async def test_refuses_to_approve_for_a_unit_that_has_ended(self, stage: Stage):
        ended = UnitEnded(
            unit_id="1",
            structure_id="s-9",
            code="COMPTA",
            status="inactive",
            valid_from=today(),
            version=1,
            ended_at=now(),
        )
        await stage.hear(rights("u-omar"), lea(), a_request(units=("COMPTA",)), ended)
        omar = stage.by("u-omar")

        answer = await omar.put("/v1/approvals/r-1/decision", json={"verdict": "approved"})
        said = {"verdict": "refused", "reason": "Le service a fermé."}

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/units-ended"
        assert answer.json()["units"] == ["COMPTA"]
        refused = await omar.put("/v1/approvals/r-1/decision", json=said)
        assert refused.status_code == 200
