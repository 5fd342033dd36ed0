"""Files on their way out."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kit import downloads
from kit.file import File

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Shelf:
    """Bytes that are there."""

    async def read(self, id: str) -> AsyncIterator[bytes]:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield id.encode() * 1000

        return pieces()


def files(*names: str) -> list[File]:
    return [
        File(
            id=str(n),
            designation=name,
            extension="pdf",
            size=3000,
            content=str(n),
            scan="clean",
            added_by="u-lea",
            added_at=NOW,
        )
        for n, name in enumerate(names)
    ]


class TestHeaders:
    def test_have_the_name_saved_and_nothing_run(self):
        said = downloads.safe_headers("relevé n°1.pdf")
        assert said["content-disposition"] == (
            "attachment; filename=\"relev_ n_1.pdf\"; filename*=UTF-8''relev%C3%A9%20n%C2%B01.pdf"
        )
        assert said["x-content-type-options"] == "nosniff"
        assert "sandbox" in said["content-security-policy"]
        assert said["cache-control"] == "no-store"

    @given(some.text())
    def test_cannot_be_broken_out_of(self, name: str):
        name = name.encode("utf-8", "ignore").decode()
        said = downloads.safe_headers(name)["content-disposition"]
        assert said.isascii()
        assert said.isprintable()
        assert said.count('"') == 2
        assert "\\" not in said


class TestArchive:
    @pytest.mark.feature("PJS-03")
    async def test_holds_each_file_whole(self):
        answer = downloads.archive("tout.zip", files("rib", "kbis"), Shelf(), at=NOW)
        sent = b"".join([piece async for piece in answer.body_iterator])
        with zipfile.ZipFile(io.BytesIO(sent)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == ["rib.pdf", "kbis.pdf"]
            assert archive.read("kbis.pdf") == b"1" * 3000

    async def test_is_sent_as_it_is_made(self):
        answer = downloads.archive("tout.zip", files("rib"), Shelf(), at=NOW)
        sizes = [len(piece) async for piece in answer.body_iterator]
        assert len(sizes) == 4
        assert max(sizes) < 1200

    def test_names_stay_apart(self):
        some = ["a.pdf", "A.pdf", "a.pdf", "a (2).pdf", "con.txt", "LPT1.pdf"]
        assert [*downloads.unique(some)] == [
            "a.pdf",
            "A (2).pdf",
            "a (3).pdf",
            "a (2) (2).pdf",
            "_con.txt",
            "_LPT1.pdf",
        ]

    @given(some.lists(some.sampled_from(["a.pdf", "A.pdf", "a (2).pdf", "a (2) (2).pdf"])))
    def test_names_stay_apart_whatever_they_are(self, names: list[str]):
        kept = [*downloads.unique(names)]
        assert len({one.casefold() for one in kept}) == len(names)
