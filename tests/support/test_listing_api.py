"""Lists of tickets over HTTP: tabs, searches, files."""

import csv
import io
import zipfile
from typing import Any

import pytest

from kit.spreadsheets import MARK
from services.support.domain.reach import EMITTED, RECEIVED
from tests.support.asking import pointers, written
from tests.support.desk import MINE, OTHER, Desk

TICKETS = "/v1/tickets"
QUESTION = {
    "category": "PAIEMENT",
    "subcategory": "M_QUESTION_DEMANDE_REJETEE",
    "recipient_structure_id": OTHER,
}
READS_ALL = ((EMITTED, "consultation"),)
TREATS = ((RECEIVED, "modification"),)


async def listed(desk: Desk, user: str = "ana", *, operator: bool = False, **asked: Any) -> Any:
    answer = await desk.by(user, operator=operator).get(TICKETS, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(desk: Desk, user: str = "ana", *, operator: bool = False, **asked: Any) -> list[str]:
    return [one["id"] for one in (await listed(desk, user, operator=operator, **asked))["items"]]


class TestList:
    @pytest.mark.feature("SUP-27")
    async def test_gives_all_of_mine_newest_first_page_by_page(self, desk: Desk):
        mine = [(await written(desk))["id"] for _ in range(5)]
        await written(desk, "bob")

        seen, cursor = [], ""
        while cursor is not None:
            page = await listed(desk, tab="not_closed", size=2, cursor=cursor)
            seen += [one["id"] for one in page["items"]]
            cursor = page["next"]
        assert seen == mine[::-1]

    @pytest.mark.parametrize("sort", ["created_at", "title", "number"])
    async def test_is_complete_while_others_are_written(self, desk: Desk, sort: str):
        there = {(await written(desk, title=f"Titre {n}"))["id"] for n in range(5)}

        seen, cursor = list[str](), ""
        while cursor is not None:
            page = await listed(desk, tab="not_closed", sort=sort, size=2, cursor=cursor)
            seen += [one["id"] for one in page["items"]]
            cursor = page["next"]
            await written(desk, title="Titre 22")
            if len(seen) > 20:
                break
        assert there <= {*seen}
        assert len({*seen}) == len(seen)

    @pytest.mark.feature("SUP-27", "SUP-42")
    async def test_gives_those_of_all_structures_whose_tickets_one_may_read(self, desk: Desk):
        ticket = (await written(desk))["id"]
        draft = (await written(desk, draft=True))["id"]
        await desk.hear_rights("cleo", MINE, may=READS_ALL)

        assert await ids(desk, "cleo", tab="not_closed") == [ticket]
        assert await ids(desk, "cleo", tab="drafts") == []
        assert await ids(desk, tab="drafts") == [draft]
        assert await ids(desk, "bob", tab="not_closed") == []
        assert await ids(desk, "olga", operator=True, tab="not_closed") == [ticket]
        assert await ids(desk, "olga", operator=True, tab="drafts") == []

    @pytest.mark.feature("SUP-26", "SUP-28", "SUP-29")
    async def test_gives_each_tab_what_it_is_named_after(self, desk: Desk):
        running, waiting, closed = [(await written(desk))["id"] for _ in range(3)]
        async with desk.by("olga", operator=True) as olga:
            await olga.put(f"{TICKETS}/{waiting}/assignment")
            await olga.post(f"{TICKETS}/{waiting}/questions", json={"text": "Laquelle ?"})
        await desk.by().put(f"{TICKETS}/{closed}/closure")

        assert await ids(desk, tab="actions_required") == [waiting]
        assert await ids(desk, tab="not_closed") == [waiting, running]
        assert await ids(desk, tab="in_progress") == [running]
        assert await ids(desk, tab="closed") == [closed]
        counts = (await desk.by().get(f"{TICKETS}/counts")).json()
        assert {tab: one["count"] for tab, one in counts.items()} == {
            "actions_required": 1,
            "not_closed": 2,
            "in_progress": 1,
            "closed": 1,
            "drafts": 0,
            "to_treat": 0,
        }

    @pytest.mark.feature("SUP-39")
    async def test_gives_agents_what_they_have_to_treat(self, desk: Desk):
        question = (await written(desk, **QUESTION))["id"]
        for_the_desk = (await written(desk))["id"]
        await desk.hear_rights("rene", OTHER, may=TREATS)

        assert await ids(desk, "rene", tab="to_treat") == [question]
        assert await ids(desk, "olga", operator=True, tab="to_treat") == [for_the_desk]
        assert await ids(desk, tab="to_treat") == []
        await desk.hear_rights("ana", OTHER, may=TREATS)
        assert await ids(desk, tab="to_treat") == []
        assert await ids(desk, "rene", tab="not_closed", view="emitted") == []

    @pytest.mark.feature("SUP-34")
    async def test_sorts_and_groups(self, desk: Desk):
        for n in (2, 0, 1):
            await written(desk, title=f"Titre {n}")
        await written(desk, **QUESTION, title="Autre", object_number="R-1")

        page = await listed(desk, tab="not_closed", sort="title", direction="ascending")
        assert [one["title"] for one in page["items"]] == ["Autre", "Titre 0", "Titre 1", "Titre 2"]
        assert page["groups"] == []
        page = await listed(desk, tab="not_closed", sort="category", grouped=True, size=2)
        assert page["groups"] == [
            {"count": 1, "more": False, "value": "PAIEMENT"},
            {"count": 3, "more": False, "value": "FACTURES_EMISES"},
        ]

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"tab": "lost"}, "/query/tab"),
            ({"state": "lost"}, "/query/state"),
            ({"tab": "closed", "sort": "description"}, "/query/sort"),
            ({"tab": "closed", "size": "0"}, "/query/size"),
            ({"tab": "closed", "state[$ne]": "open"}, "/query/state[$ne]"),
            ({"tab": "closed", "size": "100000"}, "/query/size"),
            ({"tab": "closed", "cursor": "???"}, "/query/cursor"),
            ({"category": "{$ne:1}"}, "/query/category"),
            ({"number": "CPROCS"}, "/query/number"),
        ],
    )
    async def test_names_what_is_wrong(self, desk: Desk, asked: dict[str, str], field: str):
        assert pointers(await desk.by().get(TICKETS, params=asked)) == [field]


class TestSearch:
    @pytest.mark.feature("SUP-31")
    async def test_refuses_to_look_for_nothing(self, desk: Desk):
        for path in ("", ".csv", ".xlsx"):
            for asked, field in (({}, "tab"), ({"sort": "title"}, "tab"), ({"q": "de la"}, "q")):
                answer = await desk.by().get(f"{TICKETS}{path}", params=asked)
                assert pointers(answer) == [f"/query/{field}"]
                assert answer.json()["type"] == "/problems/no-criterion"

    @pytest.mark.feature("SUP-31")
    async def test_refuses_days_that_no_ticket_has_before_a_file_begins_to_leave(self, desk: Desk):
        for path in ("", ".csv", ".xlsx"):
            for name in ("created_from", "created_until"):
                for day in ("0001-01-01", "9999-12-31"):
                    answer = await desk.by().get(f"{TICKETS}{path}", params={name: day})
                    assert answer.status_code == 422
                    assert pointers(answer) == [f"/query/{name}"]
                for day in ("1900-01-01", "9998-12-31"):
                    answer = await desk.by().get(f"{TICKETS}{path}", params={name: day})
                    assert answer.status_code == 200

    @pytest.mark.feature("SUP-31")
    async def test_finds_by_number_words_category_state_date_and_structure(self, desk: Desk):
        said = {"title": "Virement", "description": "<p>Rejets répétés</p>"}
        ticket = await written(desk, **said, object_number="F-2026-0043")
        await written(desk, title="Autre chose")
        day = ticket["created_at"][:10]

        for asked in (
            {"number": ticket["number"]},
            {"number": ticket["number"].removeprefix("CPROCS")},
            {"q": "rejet REPETE"},
            {"q": "f-2026-0043"},
            {"q": "virements", "category": "FACTURES_EMISES", "state": "open"},
            {"q": "virement", "subcategory": "SAISIE_ET_DEPOT", "structure_id": MINE},
            {"q": "virement", "created_from": day, "tab": "in_progress"},
        ):
            assert await ids(desk, **asked) == [ticket["id"]], asked
        for asked in (
            {"q": "virement rejeter inconnu"},
            {"q": "virement", "state": "closed"},
            {"q": "virement", "created_until": "2020-01-01"},
            {"q": "virement", "structure_id": OTHER},
            {"q": "virement", "tab": "closed"},
        ):
            assert await ids(desk, **asked) == [], asked

    @pytest.mark.feature("SUP-42")
    async def test_finds_nothing_of_others(self, desk: Desk):
        ticket = await written(desk, title="Virement")

        for asked in ({"q": "virement"}, {"number": ticket["number"]}, {"structure_id": MINE}):
            assert await ids(desk, "bob", **asked) == []


class TestExport:
    @pytest.mark.feature("SUP-33")
    async def test_is_the_whole_list_without_formulas(self, desk: Desk, monkeypatch):
        monkeypatch.setattr("services.support.views.listing.READ_AT_ONCE", 2)
        await written(desk, title="=1+1")
        for n in range(4):
            await written(desk, title=f"Titre {n}")

        answer = await desk.by().get(f"{TICKETS}.csv", params={"tab": "not_closed"})
        head, *rows = csv.reader(io.StringIO(answer.text.removeprefix(MARK)))

        assert answer.headers["content-type"].startswith("text/csv")
        assert head[:3] == ["Numéro", "Description brève", "Catégorie"]
        assert [row[1] for row in rows] == ["Titre 3", "Titre 2", "Titre 1", "Titre 0", "'=1+1"]
        assert rows[0][2:5] == ["Factures émises", "Saisie et dépôt", "Ouvert"]
        assert rows[0][6] == "Menuiserie Petit"

    @pytest.mark.feature("SUP-33")
    async def test_leaves_as_a_workbook_too(self, desk: Desk):
        await written(desk, title="=1+1")

        answer = await desk.by().get(f"{TICKETS}.xlsx", params={"tab": "not_closed"})

        assert 'filename="sollicitations.xlsx"' in answer.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert ">=1+1</t>" in sheet
        assert "<f>" not in sheet

    async def test_holds_nothing_of_others(self, desk: Desk):
        await written(desk)
        answer = await desk.by("bob").get(f"{TICKETS}.csv", params={"tab": "not_closed"})
        assert len(answer.text.splitlines()) == 1
