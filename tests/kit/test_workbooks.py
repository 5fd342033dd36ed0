"""Lists as workbooks, whatever the cells hold."""

import io
import random
import zipfile
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest

from kit import workbooks
from kit.workbooks import workbook


class TestWorkbook:
    async def read(self, *rows: tuple[str | None, ...]) -> list[list[list[str]]]:
        """The texts of each sheet, by row; a cell that is no text is not read, and fails."""

        async def batches() -> AsyncIterator[list[tuple[str | None, ...]]]:
            for row in rows:
                yield [row]

        answer = workbook("f.xlsx", ("é", "n"), batches())
        content = b"".join([bytes(piece) async for piece in answer.body_iterator])
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = sorted(one for one in book.namelist() if "/worksheets/" in one)
            sheets = [ET.fromstring(book.read(one)) for one in names]
        for sheet in sheets:
            assert {cell.get("t") for cell in sheet.iterfind(".//{*}c")} <= {"inlineStr", None}
            assert not sheet.findall(".//{*}f")
        return [
            [["".join(cell.itertext()) for cell in row] for row in sheet.iterfind(".//{*}row")]
            for sheet in sheets
        ]

    @pytest.mark.feature("SUP-33")
    async def test_holds_texts_alone_whatever_they_begin_with(self):
        hostile = ("=1+1", "@SUM(A1)", "http://a.example", "007", "+33 1", "<b>&", "é\U0001f600")
        [rows] = await self.read(*((one, "n") for one in hostile))

        assert [cell for cell, _ in rows] == ["é", *hostile]

    async def test_of_nothing_known_has_empty_cells(self):
        assert await self.read((None, "b")) == [[["é", "n"], ["", "b"]]]

    async def test_says_what_xml_cannot_as_spreadsheets_write_it(self):
        [[_, row]] = await self.read(("a\x01b\ud800", "_x0041_"))

        assert row == ["a_x0001_b_xD800_", "_x005F_x0041_"]

    async def test_holds_one_batch_at_a_time(self):
        made = 0

        async def batches() -> AsyncIterator[list[tuple[str, ...]]]:
            nonlocal made
            for n in range(100):
                made += 1
                yield [(f"{n}-{random.random()}",) for _ in range(100)]

        left, seen = 0, list[int]()
        async for piece in workbook("f.xlsx", ("é",), batches()).body_iterator:
            left += len(piece)
            seen.append(made)
        assert seen[:100] == [*range(1, 101)]
        assert left > 10_000

    async def test_begins_no_sheet_for_nothing(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(workbooks, "SHEET_MOST", 3)

        assert len(await self.read(("a", "x"), ("b", "x"))) == 1

    async def test_goes_on_with_another_sheet(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(workbooks, "SHEET_MOST", 3)
        sheets = await self.read(*((str(n), "x") for n in range(5)))

        firsts = [[row[0] for row in sheet] for sheet in sheets]
        assert firsts == [["é", "0", "1"], ["é", "2", "3"], ["é", "4"]]
