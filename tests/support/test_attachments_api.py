"""The files of tickets over HTTP."""

import asyncio
import io
import zipfile
from typing import Any

import httpx
import pytest

from kit.clock import now
from kit.collection import Collection
from kit.file import Verdict, noted
from kit.person import Erasure
from kit.personal import Personal
from tests.support.asking import written
from tests.support.desk import Desk

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


async def bring(
    desk: Desk, id: str, by: httpx.AsyncClient, content: bytes = PDF, **but: Any
) -> Any:
    asked = {"name": "Relevé.pdf"} | but
    headers = {"content-type": "application/pdf"}
    path = f"/v1/tickets/{id}/attachments"
    return await by.post(path, params=asked, content=content, headers=headers)


def files(desk: Desk) -> Collection[Any]:
    return next(one for one in desk.service.collections if one.name == "attachments")


async def judged(desk: Desk, id: str, outcome: Any = "clean") -> None:
    """What the scanner does, once it has asked the antivirus."""
    await files(desk).change(id, lambda current: noted(current, Verdict(outcome), now()))


async def brought(desk: Desk, id: str, by: httpx.AsyncClient, content: bytes = PDF) -> str:
    answer = await bring(desk, id, by, content)
    assert answer.status_code == 201, answer.text
    file = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/tickets/{id}/attachments/{file}"
    await judged(desk, file)
    return str(file)


async def pieces(desk: Desk) -> int:
    return int(await desk.service.mongo["attachments.chunks"].count_documents({}))


class TestAttachments:
    @pytest.mark.feature("SUP-15", "SUP-38")
    async def test_of_both_sides_are_read_by_both_and_by_nobody_else(self, desk: Desk):
        ticket = (await written(desk))["id"]
        olga = desk.by("olga", operator=True)
        mine = await brought(desk, ticket, desk.by())
        await olga.put(f"/v1/tickets/{ticket}/assignment")
        theirs = await brought(desk, ticket, olga, PDF + b"answer")

        for reader in (desk.by(), olga):
            listed = (await reader.get(f"/v1/tickets/{ticket}/attachments")).json()["items"]
            assert [(one["id"], one["side"]) for one in listed] == [
                (theirs, "desk"),
                (mine, "emitter"),
            ]
            read = await reader.get(f"/v1/tickets/{ticket}/attachments/{theirs}/content")
            assert read.content == PDF + b"answer"
            assert read.headers["content-disposition"].startswith("attachment;")
            assert "sandbox" in read.headers["content-security-policy"]
            asked = [("id", mine), ("id", theirs)]
            both = await reader.get(f"/v1/tickets/{ticket}/attachments/archive", params=asked)
            with zipfile.ZipFile(io.BytesIO(both.content)) as zipped:
                assert zipped.namelist() == ["Relevé.pdf", "Relevé (2).pdf"]
        for path in ("", f"/{mine}", f"/{mine}/content", f"/archive?id={mine}"):
            answer = await desk.by("bob").get(f"/v1/tickets/{ticket}/attachments{path}")
            assert answer.status_code == 404, path
        assert (await bring(desk, ticket, desk.by("bob"))).status_code == 404

    async def test_of_another_ticket_are_none(self, desk: Desk):
        one, other = [(await written(desk))["id"] for _ in range(2)]
        file = await brought(desk, one, desk.by())

        for path in (f"/{file}", f"/{file}/content", f"/archive?id={file}"):
            answer = await desk.by().get(f"/v1/tickets/{other}/attachments{path}")
            assert answer.status_code == 404, path

    @pytest.mark.feature("SUP-38")
    async def test_are_read_once_they_are_known_to_do_no_harm(self, desk: Desk):
        ticket = (await written(desk))["id"]
        file = (await bring(desk, ticket, desk.by())).json()["id"]
        path = f"/v1/tickets/{ticket}/attachments/{file}"

        pending = await desk.by().get(f"{path}/content")
        await judged(desk, file, "infected")
        infected = await desk.by().get(f"{path}/content")

        assert (pending.status_code, pending.json()["type"]) == (409, "/problems/not-scanned-yet")
        assert (infected.status_code, infected.json()["type"]) == (409, "/problems/file-infected")
        assert (await desk.by().get(path)).json()["scan"] == "infected"

    @pytest.mark.feature("SUP-15")
    async def test_that_come_at_once_do_not_pass_the_limit_together(self, desk: Desk):
        ticket, most = (await written(desk, draft=True))["id"], 20
        path = f"/v1/tickets/{ticket}/attachments"
        async with desk.by() as ana:
            first = [(await bring(desk, ticket, ana)).json()["id"] for _ in range(most - 2)]
            many = await asyncio.gather(*(bring(desk, ticket, ana) for _ in range(8)))
            assert sorted(one.status_code for one in many) == [201, 201, *[409] * 6]
            refusals = {one.json()["type"] for one in many if one.status_code == 409}
            assert refusals == {"/problems/too-many-files"}

            # One that was removed leaves its place to another.
            await ana.delete(f"{path}/{first[0]}")
            again = [(await bring(desk, ticket, ana)).status_code for _ in range(2)]
        assert again == [201, 409]
        assert await files(desk).documents.count_documents({"ticket_id": ticket}) == most

    @pytest.mark.feature("SUP-15")
    async def test_over_the_limit_name_it_and_leave_nothing(self, desk: Desk):
        ticket, before = (await written(desk))["id"], await pieces(desk)
        most = desk.service.settings.file_limit

        large = await bring(desk, ticket, desk.by(), PDF + bytes(most))
        assert (large.status_code, large.json()["limit"]) == (413, most)
        wrong = await bring(desk, ticket, desk.by(), b"MZ\x90\0")
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/body")
        assert await pieces(desk) == before

    async def test_of_a_draft_go_with_a_word_of_its_author(self, desk: Desk):
        draft, sent = (await written(desk, draft=True))["id"], (await written(desk))["id"]
        for ticket, status in ((draft, 204), (sent, 409)):
            file = await brought(desk, ticket, desk.by())
            answer = await desk.by().delete(f"/v1/tickets/{ticket}/attachments/{file}")
            assert answer.status_code == status

    @pytest.mark.feature("SUP-38")
    async def test_that_the_desk_reads_are_an_entry_that_their_owners_see_once(self, desk: Desk):
        ticket = (await written(desk))["id"]
        file = await brought(desk, ticket, desk.by())
        path = f"/v1/tickets/{ticket}"
        for reader in (desk.by("olga", operator=True), desk.by()):
            for _ in range(2):
                read = await reader.get(f"{path}/attachments/{file}/content")
                assert read.status_code == 200

        entries = (await desk.by().get(f"{path}/activity")).json()["items"]
        assert [(one["kind"], one["became"]) for one in entries] == [
            ("attachment-read", "Relevé.pdf"),
            ("attachment-added", "Relevé.pdf"),
            ("opened", ""),
        ]

    async def test_are_given_to_their_owner_and_go_with_them(self, desk: Desk):
        ticket = (await written(desk))["id"]
        olga = desk.by("olga", operator=True)
        await olga.put(f"/v1/tickets/{ticket}/assignment")
        before = await pieces(desk)
        mine = await brought(desk, ticket, desk.by())
        theirs = await brought(desk, ticket, olga)
        [kept] = {
            job.work.__self__
            for job in desk.service.jobs
            if isinstance(getattr(getattr(job, "work", None), "__self__", None), Personal)
        }

        given = (await kept.given("ana"))["pieces-jointes"]
        assert [one["id"] for one in given] == [mine]
        assert "content" not in given[0]
        activity = f"/v1/tickets/{ticket}/activity"
        names = [one["became"] for one in (await olga.get(activity)).json()["items"]]
        assert names.count("Relevé.pdf") == 2
        for user in ("ana", "olga"):
            await kept._erase(Erasure(id=user, erased_at=now()))

        assert [one.id for one in await files(desk).select({})] == [theirs]
        assert "Relevé" not in (await olga.get(activity)).text
        assert await pieces(desk) == before + 1


class TestDiscard:
    @pytest.mark.feature("SUP-17", "SUP-19")
    async def test_throws_a_draft_away_with_its_files_and_nothing_of_it_is_left(self, desk: Desk):
        draft = await written(desk, draft=True)
        path, before = f"/v1/tickets/{draft['id']}", await pieces(desk)
        for content in (PDF, PDF + b"2"):
            await brought(desk, draft["id"], desk.by(), content)
        for user in ("bob", "olga"):
            assert (await desk.by(user, operator=user == "olga").delete(path)).status_code == 404

        done, again = await desk.by().delete(path), await desk.by().delete(path)

        assert (done.status_code, done.content, again.status_code) == (204, b"", 404)
        assert (await desk.by().get(path)).status_code == 404
        assert (await desk.by().get("/v1/tickets?tab=drafts")).json()["items"] == []
        assert await files(desk).documents.count_documents({}) == 0
        assert await pieces(desk) == before
        assert await desk.told() == []

    async def test_is_of_a_draft_as_it_was_read_and_of_nothing_that_was_sent(self, desk: Desk):
        draft, sent = await written(desk, draft=True), await written(desk)
        path = f"/v1/tickets/{draft['id']}"
        assert (await desk.by().put(path, json={"title": "Autre"})).status_code == 200

        stale = await desk.by().delete(path, headers={"if-match": '"1"'})
        late = await desk.by().delete(f"/v1/tickets/{sent['id']}")

        assert (stale.status_code, late.status_code, late.json()["state"]) == (412, 409, "open")
        assert (await desk.by().delete(path, headers={"if-match": '"2"'})).status_code == 204

    async def test_leaves_no_file_that_comes_at_that_moment(self, desk: Desk):
        for n in range(10):
            draft = await written(desk, draft=True)
            id, path = draft["id"], f"/v1/tickets/{draft['id']}"
            await brought(desk, id, desk.by())
            come, gone = await asyncio.gather(
                bring(desk, id, desk.by(), PDF + bytes([n])), desk.by().delete(path)
            )
            left = await files(desk).documents.count_documents({"ticket_id": id})
            assert (come.status_code, gone.status_code, left) in {
                *((201, 409, 2), (404, 204, 0), (201, 204, 0))
            }
