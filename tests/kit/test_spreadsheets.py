"""Lists as CSV, whatever the cells hold."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import spreadsheets
from kit.spreadsheets import MARK, download, inert, is_formula, lines, plain, workbook


class TestInert:
    @pytest.mark.feature("STR-51")
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"])
    def test_puts_an_apostrophe_before_what_would_be_calculated(self, text: str):
        assert inert(text) == f"'{text}"

    @pytest.mark.parametrize("text", ["", "MAIRIE", "1-2", "L'ATELIER", "'tis", " =1"])
    def test_leaves_other_texts_alone(self, text: str):
        assert inert(text) == text

    @given(st.text("'=+-@\t\r\nab ", max_size=6))
    def test_is_undone_by_plain_and_never_a_formula(self, text: str):
        assert plain(inert(text)) == text
        assert not is_formula(inert(text))


class TestLines:
    @given(st.lists(st.lists(st.text("ab;,\"\n\r'= é", max_size=5), min_size=2, max_size=2)))
    def test_are_read_as_they_were_written(self, rows: list[list[str]]):
        for delimiter in ",;":
            text = io.StringIO(lines(rows, delimiter=delimiter), newline="")
            read = list(csv.reader(text, delimiter=delimiter))
            assert [[*map(plain, row)] for row in read] == rows

    def test_of_nothing_known_are_empty_cells(self):
        assert lines([("a", None, "b")]) == "a,,b\r\n"


class TestDownload:
    @pytest.mark.feature("STR-51")
    async def test_holds_one_batch_at_a_time(self):
        made = 0

        async def batches() -> AsyncIterator[list[tuple[str, ...]]]:
            nonlocal made
            for _ in range(100):
                made += 1
                yield [("x" * 100,)] * 100

        answer = download("f.csv", ("é",), batches())
        pieces = aiter(answer.body_iterator)

        assert (await anext(pieces)).decode() == MARK + "é\r\n"
        for n in range(1, 101):
            assert len(await anext(pieces)) == 100 * 102
            assert made == n
        assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert answer.headers["content-disposition"] == 'attachment; filename="f.csv"'


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
            sheets = [ElementTree.fromstring(book.read(one)) for one in names]
        for sheet in sheets:
            assert {cell.get("t") for cell in sheet.iterfind(".//{*}c")} == {"inlineStr"}
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

    async def test_leaves_unknown_cells_out(self):
        assert await self.read((None, "b")) == [[["é", "n"], ["b"]]]

    async def test_goes_on_with_another_sheet(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(spreadsheets, "SHEET_MOST", 3)
        sheets = await self.read(*((str(n), "x") for n in range(5)))

        firsts = [[row[0] for row in sheet] for sheet in sheets]
        assert firsts == [["é", "0", "1"], ["é", "2", "3"], ["é", "4"]]
