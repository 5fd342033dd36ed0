"""Rattachements from a file: each line as if asked by hand, once, whatever dies meanwhile."""

import asyncio
import csv
import io
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from kit import workers
from kit.clock import now, today
from kit.frame import NotUtf8
from kit.internal import Caller
from kit.problems import Problem
from services.users import importing
from services.users.attaching import Attaching
from services.users.domain.imports import LEASE, LEFT_OUT
from services.users.importing import (
    COLUMNS,
    NotCsv,
    TooManyLines,
    UnknownHeader,
    read,
    text_of,
)
from tests.users.hall import EVE, LEA, OMAR, Hall, problem
from tests.users.rattaching import a_creation, a_delegate

URL = "/v1/rattachement-imports"
BAKERY, GARAGE = "73282932000074", "44306184100047"
HEADER = ",".join(COLUMNS)
TODAY = today().isoformat()


def a_file(*lines: str) -> str:
    return "\n".join((HEADER, *lines))


async def brought(hall: Hall, text: str, caller: Caller = OMAR, **query: Any) -> Any:
    headers = {"content-type": "text/csv", "idempotency-key": "a-file"}
    answer = await hall.call("POST", URL, caller, content=text, params=query, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def ended(hall: Hall, id: str, caller: Caller = OMAR) -> list[dict[str, Any]]:
    async def look() -> Any:
        return (await hall.get(f"{URL}/{id}", caller))["ended_at"]

    async with hall.working():
        await hall.until(look)
    return list((await hall.get(f"{URL}/{id}/lines", caller))["items"])


async def forgotten(hall: Hall, id: str) -> None:
    """Once the days have passed that it is kept for."""
    over = {"$set": {"wake_at": now()}}
    await hall.service.mongo["imports"].update_one({"_id": id}, over)

    async def look() -> bool:
        return await hall.service.mongo["imports"].count_documents({}) == 0

    async with hall.working():
        await hall.until(look)


def _failing(*_: Any) -> Any:
    raise RuntimeError("whenever it is tried")


class TestRead:
    def test_numbers_the_lines_as_an_editor_does(self):
        text = a_file("a@b.fr,1,,2026-01-01,", "", 'c@d.fr,"2",x,2026-01-01,2026-02-01')

        assert [*read("\ufeff" + text)] == [
            (2, ["a@b.fr", "1", "", "2026-01-01", ""]),
            (4, ["c@d.fr", "2", "x", "2026-01-01", "2026-02-01"]),
        ]

    @pytest.mark.parametrize(
        ("text", "refusal"),
        [
            ("", UnknownHeader),
            ("email;unit\n", UnknownHeader),
            (HEADER + '\n"a', NotCsv),
            (HEADER + "\n" + "x" * 200_000, NotCsv),
            (HEADER + "\na@b.fr" * 10_001, TooManyLines),
        ],
    )
    def test_refuses_what_is_no_such_file(self, text, refusal):
        with pytest.raises(refusal):
            [*read(text)]

    @given(st.text(max_size=20))
    def test_never_fails_in_a_way_nobody_foresaw(self, text):
        with suppress(Problem):
            [*read(HEADER + "\n" + text)]


class TestTextOf:
    @pytest.mark.parametrize("file", ["é".encode("latin-1"), "é".encode("utf-16"), b"\xed\xa0\x80"])
    def test_refuses_another_encoding(self, file):
        with pytest.raises(NotUtf8) as refusal:
            text_of(file)

        assert refusal.value.members["errors"][0]["pointer"] == "/body"


class TestImport:
    async def test_says_of_each_line_what_became_of_it(self, hall: Hall):
        text = a_file(
            f"lea@example.org,{BAKERY},ovens,{TODAY},",
            f"lea@example.org,{BAKERY},tills,{TODAY},",
            f"new@example.org,{BAKERY},,{TODAY},",
            f"lea@example.org,{GARAGE},,{TODAY},",
            f"nobody,{BAKERY},,{TODAY},",
            f"eve@example.org,{BAKERY},,31/12/2026,",
            f"eve@example.org,{BAKERY},,20261231,",
            f"eve@example.org,{BAKERY},,{TODAY},2026-W53-4",
            f"eve@example.org,{BAKERY},shop,{TODAY},",
            f"eve@example.org,{BAKERY},,{TODAY},2001-01-01",
        )

        lines = await ended(hall, (await brought(hall, text))["id"])

        assert [one["refusal"] or one["outcome"] for one in lines] == [
            "accepted",
            "accepted",
            "accepted",
            "unknown-identifier",
            "unreadable-email",
            *["unreadable-date"] * 3,
            "unknown-units",
            "wrong-dates",
        ]
        [shown] = (await hall.get("/v1/rattachements/active", LEA))["items"]
        assert [one["unit"] for one in shown["lines"]] == ["ovens", "tills"]
        [waits] = (await hall.get("/v1/structure-users/s-bakery/invitations"))["items"]
        assert waits["email"] == "new@example.org"

    async def test_attaches_to_neither_of_two_structures_with_one_identifier(self, hall: Hall):
        other = a_creation(structure_id="s-other", identifier_type="RIDET", created_at=now())
        await hall.hear(other)

        text = a_file(f"lea@example.org,{BAKERY},,{TODAY},")
        [line] = await ended(hall, (await brought(hall, text))["id"])

        assert (line["outcome"], line["refusal"]) == ("refused", "ambiguous-identifier")
        assert (await hall.get("/v1/rattachements/active", LEA))["items"] == []

    async def test_dry_run_keeps_nothing_but_its_report(self, hall: Hall):
        text = a_file(
            f"lea@example.org,{BAKERY},,{TODAY},", f"lea@example.org,{BAKERY},shop,{TODAY},"
        )
        before = await hall.service.journal.rows.count_documents({})

        shown = await brought(hall, text, dry_run=True)
        lines = await ended(hall, shown["id"])

        assert [one["outcome"] for one in lines] == ["accepted", "refused"]
        assert await hall.service.journal.rows.count_documents({}) == before
        assert (await hall.get("/v1/rattachements/active", LEA))["items"] == []
        answer = await hall.call("GET", f"{URL}/{shown['id']}/report.csv")
        rows = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
        assert [row["refusal"] for row in rows] == ["", "unknown-units"]

    async def test_goes_on_after_a_kill_and_repeats_nothing(
        self, hall: Hall, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(importing, "AT_ONCE", 5)
        monkeypatch.setattr(workers, "GRACE", 0)
        people = [f"p{n:02}" for n in range(23)]
        for name in people:
            await hall.person(name)
        lines = [f"{name}@example.org,{BAKERY},,{TODAY}," for name in people]
        id = (await brought(hall, a_file(*lines)))["id"]
        for _ in range(6):  # Cut off at some moment, each time.
            async with hall.working():
                await asyncio.sleep(0.03)
            await hall.service.mongo["imports"].update_one(
                {"_id": id, "ended_at": None}, {"$set": {"wake_at": now() - LEASE}}
            )

        found = await ended(hall, id)

        assert [one["outcome"] for one in found] == ["accepted"] * 23
        made = [one["user_id"] for one in await hall.told("rattachement-made")]
        assert sorted(made) == [f"u-{name}" for name in people]

    async def test_says_what_a_delegate_cannot_give(self, hall: Hall):
        manages = a_delegate(id="u-eve:s-bakery", user_id="u-eve")
        await hall.keep(manages)
        people = ("lea@example.org", "new@example.org")
        text = a_file(*(f"{one},{BAKERY},,{TODAY}," for one in people))

        lines = await ended(hall, (await brought(hall, text, EVE))["id"], EVE)

        assert [(one["outcome"], one["reason"]) for one in lines] == [("accepted", LEFT_OUT)] * 2
        [made] = await hall.told("rattachement-made")
        assert (made["user_id"], made["left_out"]) == ("u-lea", True)

    async def test_gives_nothing_by_who_has_left_the_platform_since(self, hall: Hall):
        await hall.keep(a_delegate(id="u-eve:s-bakery", user_id="u-eve"))
        text = a_file(*(f"{one}@example.org,{BAKERY},,{TODAY}," for one in ("lea", "new")))
        file = await brought(hall, text, EVE)
        await hall.closed("u-eve")

        lines = await ended(hall, file["id"], EVE)

        assert [one["refusal"] for one in lines] == ["not-found"] * 2
        assert await hall.told("rattachement-made") == await hall.told("invitation-sent") == []

    async def test_of_a_line_that_fails_whenever_it_is_tried_goes_on(
        self, hall: Hall, monkeypatch: pytest.MonkeyPatch
    ):
        ask = Attaching.ask

        def fails(self: Attaching, email: str, *rest: Any) -> Any:
            asked = ask(self, email, *rest)
            return replace(asked, decide=_failing) if email.startswith("eve") else asked

        monkeypatch.setattr(Attaching, "ask", fails)
        people = ("lea", "eve", "new")
        text = a_file(*(f"{one}@example.org,{BAKERY},,{TODAY}," for one in people))

        with capture_logs() as logged:
            lines = await ended(hall, (await brought(hall, text))["id"])

        said = [one["refusal"] or one["outcome"] for one in lines]
        assert said == ["accepted", "line-failed", "accepted"]
        failed = [one for one in logged if one["event"] == "unable to deal with a line"]
        assert [one["error"] for one in failed] == ["RuntimeError"] * importing.TRIES
        assert all("exc_info" not in one for one in failed)  # Its words may hold an address.

    async def test_is_brought_once_however_often_it_is_sent(self, hall: Hall):
        text = a_file(f"lea@example.org,{BAKERY},,{TODAY},")

        first, second = await brought(hall, text), await brought(hall, text)

        assert first["id"] == second["id"]
        assert await hall.service.mongo["imports"].count_documents({}) == 1

    async def test_is_forgotten_with_its_addresses_some_days_after_its_end(
        self, hall: Hall, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(importing, "AT_ONCE", 2)
        text = a_file(*(f"{n}@example.org,{BAKERY},,{TODAY}," for n in range(5)))
        id = (await brought(hall, text))["id"]
        await ended(hall, id)
        [kept] = await hall.service.mongo["imports"].find({}).to_list(None)
        assert kept["wake_at"] - kept["ended_at"] == timedelta(days=30)

        await forgotten(hall, id)

        assert await hall.service.mongo["import-lines"].count_documents({}) == 0
        assert problem(await hall.call("GET", f"{URL}/{id}")) == (404, "not-found")

    async def test_of_which_not_all_was_kept_does_nothing_and_is_forgotten(self, hall: Hall):
        id = (await brought(hall, a_file(f"lea@example.org,{BAKERY},,{TODAY},")))["id"]
        # Whoever brought it was killed before the last line.
        await hall.service.mongo["imports"].update_one({"_id": id}, {"$set": {"whole": False}})

        await forgotten(hall, id)

        assert await hall.service.mongo["import-lines"].count_documents({}) == 0
        assert await hall.told("rattachement-made") == []

    async def test_is_ones_own(self, hall: Hall):
        id = (await brought(hall, a_file()))["id"]

        for path in (f"{URL}/{id}", f"{URL}/{id}/lines", f"{URL}/{id}/report.csv"):
            assert problem(await hall.call("GET", path, LEA)) == (404, "not-found")

    async def test_names_what_is_wrong_with_a_file(self, hall: Hall):
        headers = {"content-type": "text/csv"}
        answer = await hall.call("POST", URL, content="email\n", headers=headers)
        latin = await hall.call("POST", URL, content="é".encode("latin-1"), headers=headers)

        assert problem(answer) == (422, "unknown-header")
        assert problem(latin) == (400, "not-utf8")
