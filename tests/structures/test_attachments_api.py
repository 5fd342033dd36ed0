"""The files of a structure over HTTP."""

import asyncio
import io
import zipfile
from typing import Any

import pytest

from kit.clock import now
from kit.file import Verdict
from services.structures.domain.attachments import scanned
from tests.structures.conftest import World
from tests.structures.filing import FILES, bring, brought, founded
from tests.structures.keeping import PDF
from tests.structures.test_api import pointers

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = PDF + b"another"


@pytest.fixture(autouse=True)
async def structure(world: World) -> None:
    await founded(world)


async def pieces(world: World) -> int:
    return int(await world.service.mongo["attachments.chunks"].count_documents({}))


async def judged(world: World, id: str, verdict: Verdict) -> None:
    """What the scanner does, once it has asked the antivirus."""
    [files] = [one for one in world.service.collections if one.name == "attachments"]
    waiting = {"scan": "pending", "wake_at": now()}
    await files.documents.update_one({"_id": id}, {"$set": waiting})
    if verdict.outcome != "failed":
        await files.change(id, lambda current: scanned(current, verdict, now()))


class TestAdd:
    @pytest.mark.feature("PJS-01", "PJS-06")
    async def test_keeps_a_file_as_it_is(self, world: World):
        answer = await bring(world, params={"name": "Carte grise.PDF", "type": "CARTE_GRISE"})

        made = answer.json()
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{FILES}/{made['id']}"
        assert (made["designation"], made["extension"]) == ("Carte grise", "pdf")
        assert (made["type"], made["size"], made["scan"]) == ("CARTE_GRISE", len(PDF), "unscanned")
        assert (await world.told())[-1]["type"] == "structures.attachment-added.v1"

    @pytest.mark.feature("PJS-05")
    async def test_takes_10_megabytes_and_not_a_byte_more(self, world: World):
        large = PDF + bytes(10_000_000 - len(PDF))
        assert (await brought(world, content=large))["size"] == 10_000_000
        answer = await bring(world, content=large + b"\0")
        assert (answer.status_code, answer.json()["limit"]) == (413, 10_000_000)

    async def test_leaves_other_bodies_as_small_as_they_are(self, world: World):
        answer = await world.calls("u-lea").post("/v1/structures", content=bytes(1_000_001))
        assert (answer.status_code, answer.json()["limit"]) == (413, 1_000_000)

    @pytest.mark.feature("PJS-05")
    @pytest.mark.parametrize(
        ("but", "pointer"),
        [
            ({"params": {"name": "rib.exe"}}, "/query/name"),
            ({"params": {"name": "rib.txt"}}, "/query/name"),
            ({"params": {"name": "x" * 51 + ".pdf"}}, "/query/name"),
            ({"params": {"name": "../../rib.pdf"}}, "/query/name"),
            ({"params": {"type": "FACTURE"}}, "/query/type"),
            ({"headers": {"content-type": "image/png"}}, "/header/content-type"),
            ({"headers": {"content-type": "x" * 256}}, "/header/content-type"),
            ({"content": b""}, "/body"),
            ({"content": b"MZ\x90\0"}, "/body"),
        ],
    )
    async def test_names_what_is_wrong_and_keeps_nothing(
        self, world: World, but: Any, pointer: str
    ):
        answer = await bring(world, **but)
        assert (answer.status_code, pointers(answer)) == (422, [pointer])
        assert await pieces(world) == 0

    async def test_repeated_with_its_key_is_one_file(self, world: World):
        key = {"Idempotency-Key": "k-1"}
        answers = await asyncio.gather(*(bring(world, headers=key) for _ in range(3)))
        answers.append(await bring(world, headers=key))

        assert len({one.json()["id"] for one in answers}) == 1
        assert await pieces(world) == 1
        other = await bring(world, headers=key, content=OTHER)
        assert (other.status_code, pointers(other)) == (422, ["/header/idempotency-key"])

    async def test_of_several_at_once_keeps_each(self, world: World):
        made = await asyncio.gather(*(brought(world, content=PDF + bytes([n])) for n in range(5)))
        assert len({one["id"] for one in made}) == 5
        assert await pieces(world) == 5
        assert await world.service.mongo["attachments.unsettled"].count_documents({}) == 0

    @pytest.mark.parametrize(("user", "status"), [("u-omar", 403), ("u-zoe", 404), ("", 401)])
    async def test_is_for_managers(self, world: World, user: str, status: int):
        assert (await bring(world, user)).status_code == status
        assert await pieces(world) == 0


class TestDownload:
    @pytest.mark.feature("PJS-02", "PJS-03")
    async def test_gives_the_bytes_to_all_who_are_attached(self, world: World):
        made = await brought(world, params={"name": "relevé.pdf"})
        path = f"{FILES}/{made['id']}/content"

        answer = await world.calls("u-omar").get(path)
        assert (answer.status_code, answer.content) == (200, PDF)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-length"] == str(len(PDF))
        assert "filename*=UTF-8''relev%C3%A9.pdf" in answer.headers["content-disposition"]
        assert "sandbox" in answer.headers["content-security-policy"]
        for user, but, status in (
            ("u-zoe", {}, 404),
            ("u-desk", {"operator": True}, 404),
            ("", {}, 401),
            ("", {"client_id": "c-1", "scopes": frozenset({"structures:read"})}, 403),
        ):
            assert (await world.calls(user, **but).get(path)).status_code == status

    @pytest.mark.parametrize(
        ("verdict", "kind"),
        [
            (Verdict("failed"), "not-scanned-yet"),
            (Verdict("infected", "Eicar"), "file-infected"),
            (Verdict("unscannable"), "file-unscannable"),
        ],
    )
    async def test_waits_for_the_antivirus(self, world: World, verdict: Verdict, kind: str):
        made = await brought(world)
        await judged(world, made["id"], verdict)
        for path in (f"/{made['id']}/content", f"/archive?id={made['id']}"):
            answer = await world.calls("u-lea").get(FILES + path)
            assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{kind}")
            assert ("retry-after" in answer.headers) == (verdict.outcome == "failed")

    @pytest.mark.feature("PJS-03")
    async def test_gives_several_as_a_zip(self, world: World):
        ids = [(await brought(world, content=one))["id"] for one in (PDF, OTHER)]

        answer = await world.calls("u-omar").get(f"{FILES}/archive", params={"id": ids})
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert [archive.read(name) for name in archive.namelist()] == [PDF, OTHER]
        for some, status in ((["0" * 32], 404), ([], 422), (["x"], 422)):
            answer = await world.calls("u-omar").get(f"{FILES}/archive", params={"id": some})
            assert answer.status_code == status
        stranger = await world.calls("u-zoe").get(f"{FILES}/archive", params={"id": ids})
        assert stranger.status_code == 404


class TestList:
    @pytest.mark.feature("PJS-02")
    async def test_has_all_of_the_structure_newest_first(self, world: World):
        made = [(await brought(world, content=PDF + bytes([n])))["id"] for n in range(3)]
        await brought(world, params={"type": "AUTRE"})
        omar, seen, cursor = world.calls("u-omar"), list[str](), ""
        while cursor is not None:
            asked = {"type": "RIB", "size": 2, "cursor": cursor}
            answer = (await omar.get(FILES, params=asked)).json()
            seen += [one["id"] for one in answer["items"]]
            cursor = answer["next"]
        assert sorted(seen) == sorted(made)
        assert (await world.calls("u-zoe").get(FILES)).status_code == 404

    async def test_shows_what_is_known_of_one(self, world: World):
        made = await brought(world)
        assert (await world.calls("u-omar").get(f"{FILES}/{made['id']}")).json() == made
        assert (await world.calls("u-zoe").get(f"{FILES}/{made['id']}")).status_code == 404

    @pytest.mark.feature("PJS-06")
    async def test_there_are_types_by_what_they_are_about(self, world: World):
        every = (await world.calls("u-zoe").get("/v1/attachment-types")).json()
        assert {"RIB", "CARTE_GRISE"} <= {one["code"] for one in every}
        about = {"about": "bank_details"}
        [rib] = (await world.calls("u-zoe").get("/v1/attachment-types", params=about)).json()
        assert (rib["code"], "pdf" in rib["extensions"]) == ("RIB", True)


class TestRemove:
    @pytest.mark.feature("PJS-04")
    async def test_keeps_nothing_of_it(self, world: World):
        path = f"{FILES}/{(await brought(world))['id']}"
        assert (await world.calls("u-omar").delete(path)).status_code == 403
        assert (await world.calls("u-zoe").delete(path)).status_code == 404
        assert (await world.calls("u-lea").delete(path)).status_code == 204
        assert (await world.calls("u-lea").get(f"{path}/content")).status_code == 404
        assert (await world.calls("u-lea").delete(path)).status_code == 404
        assert await pieces(world) == 0
        assert (await world.told())[-1]["type"] == "structures.attachment-removed.v1"
