"""Bytes in GridFS: none is lost that a file names, none is left that nothing names."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from kit.change import Change
from kit.clamd import Clamd
from kit.clock import now
from kit.collection import Collection
from kit.contents import Contents, Sweeper
from kit.file import File, Verdict, claim, scanned
from kit.mongo import NoFile
from kit.scanner import Scanner
from kit.service import Service
from tests.kit.conftest import keeping
from tests.kit.test_clamd import EICAR, a_clamd, looking

LARGE = bytes(range(256)) * 3000
"""Three pieces."""


@dataclass(frozen=True)
class Shelf:
    """Files of a service, and where their bytes are."""

    files: Collection[File]
    contents: Contents
    service: Service

    async def bring(self, id: str, content: bytes, **but: object) -> File:
        stored = await self.contents.keep(content)
        said = {"id": id, "designation": id, "extension": "txt", "size": len(content)}
        said |= {"content": stored, "scan": "pending", "added_by": "u", "added_at": now()}
        file = File(**said | {"wake_at": now()} | but)
        kept = await self.files.change(id, lambda _: Change(file))
        await self.contents.settle(self.files, stored)
        return kept

    async def bytes_of(self, id: str) -> bytes:
        return b"".join([piece async for piece in await self.contents.read(id)])

    async def pieces(self) -> int:
        return int(await self.service.mongo["files.chunks"].count_documents({}))

    async def sweep(self) -> int:
        return await Sweeper(self.files, self.contents).sweep(now() + timedelta(seconds=1))


@pytest.fixture
async def shelf(service: Service) -> AsyncIterator[Shelf]:
    files, contents = service.collection("files", File), service.contents("files")
    async with keeping(service):
        yield Shelf(files, contents, service)


class TestContents:
    async def test_gives_back_what_was_brought(self, shelf: Shelf):
        stored = await shelf.contents.keep(LARGE)
        assert await shelf.bytes_of(stored) == LARGE
        assert await shelf.pieces() == 4

    async def test_says_at_once_what_is_not_there(self, shelf: Shelf):
        with pytest.raises(NoFile):
            await shelf.contents.read("nothing")

    async def test_keeps_what_a_file_names_and_forgets_the_rest(self, shelf: Shelf):
        file = await shelf.bring("a", b"hello")
        loose = await shelf.contents.keep(LARGE)
        await shelf.contents.settle(shelf.files, file.content, loose)
        assert await shelf.bytes_of(file.content) == b"hello"
        assert await shelf.pieces() == 1

    async def test_are_found_by_their_index_after_a_restore(self, shelf: Shelf):
        indexes = await shelf.service.mongo["files.chunks"].index_information()
        assert [("files_id", 1), ("n", 1)] in [one["key"] for one in indexes.values()]


class TestSweeper:
    async def test_forgets_bytes_whose_file_never_came(self, shelf: Shelf):
        await shelf.contents.keep(LARGE)
        # Killed halfway: pieces without their file.
        half = await shelf.contents.keep(LARGE)
        await shelf.service.mongo["files.files"].delete_one({"_id": half})

        assert await shelf.sweep() == 2
        assert await shelf.pieces() == 0
        assert await shelf.sweep() == 0

    async def test_keeps_those_of_a_file_that_came_before_its_bringer_died(self, shelf: Shelf):
        file = await shelf.bring("a", LARGE)
        await shelf.contents.unsettle(file.content)
        assert await shelf.sweep() == 1
        assert await shelf.bytes_of(file.content) == LARGE

    async def test_leaves_alone_what_is_being_brought(self, shelf: Shelf):
        await shelf.contents.keep(LARGE)
        sweeper = Sweeper(shelf.files, shelf.contents)
        assert await sweeper.sweep(now() - sweeper.after) == 0
        assert await shelf.pieces() == 4


class TestScanner:
    async def verdict_on(self, shelf: Shelf, clamd: Clamd, content: bytes) -> File:
        file = await shelf.bring("a", content)
        scanner = Scanner(shelf.files, shelf.contents, clamd, noted)
        # Its worker takes it, which is tried elsewhere, and then has it scanned.
        claimed = await shelf.files.change(file.id, lambda current: claim(current, now()))
        await scanner.scan(claimed)
        return await shelf.files.get(file.id)

    async def test_says_that_a_file_is_clean(self, shelf: Shelf):
        async with a_clamd(looking) as clamd:
            assert (await self.verdict_on(shelf, clamd, LARGE)).scan == "clean"
        assert await shelf.pieces() == 4

    async def test_destroys_what_is_infected(self, shelf: Shelf):
        async with a_clamd(looking) as clamd:
            found = await self.verdict_on(shelf, clamd, EICAR)
        assert found.scan == "infected"
        assert await shelf.sweep() == 0
        assert await shelf.pieces() == 0

    async def test_never_calls_clean_what_is_too_large(self, shelf: Shelf):
        async with a_clamd(looking) as clamd:
            clamd.limit = 100
            assert (await self.verdict_on(shelf, clamd, LARGE)).scan == "unscannable"

    async def test_tries_again_later_when_nobody_is_there(self, shelf: Shelf):
        async with a_clamd(looking) as clamd:
            pass
        waiting = await self.verdict_on(shelf, clamd, b"hello")
        assert (waiting.scan, waiting.scans) == ("pending", 1)
        assert waiting.wake_at
        assert waiting.wake_at > now()


def noted(current: File | None, verdict: Verdict, at: object) -> Change[File]:
    return Change(current and scanned(current, verdict, at))
