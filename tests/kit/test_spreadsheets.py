"""Lists as CSV, whatever the cells hold."""

import csv
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.spreadsheets import MARK, download, inert, is_formula, lines, plain


class TestInert:
    @pytest.mark.feature("STR-51")
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", "'=1"])
    def test_puts_an_apostrophe_before_what_would_be_calculated(self, text: str):
        assert inert(text) == f"'{text}"

    @pytest.mark.feature("STR-51")
    @pytest.mark.parametrize(
        ("text", "inside"),
        [
            ("Léa;=1+1;", "Léa;'=1+1;"),
            ("a,+1", "a,'+1"),
            ('a;"=1', "a;\"'=1"),
            ("a\n-1", "a\n'-1"),
            ("\t=1", "'\t'=1"),
        ],
    )
    def test_puts_one_where_another_reader_would_see_a_cell_begin(self, text: str, inside: str):
        assert inert(text) == inside

    @pytest.mark.parametrize("text", ["", "MAIRIE", "1-2", "L'ATELIER", "'tis", " =1", "a, -b; c"])
    def test_leaves_other_texts_alone(self, text: str):
        assert inert(text) == text

    @given(st.text("'\"=+-@\t\r\n,;ab ", max_size=8))
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

    @pytest.mark.feature("STR-51")
    @given(st.lists(st.text("b;,\t\"\n\r'= ", max_size=7), min_size=1, max_size=3))
    def test_hold_no_formula_for_a_spreadsheet_that_divides_them_elsewhere(self, row: list[str]):
        for delimiter in ",;":
            text = lines([row], delimiter=delimiter)
            for other in ",;\t":
                read = csv.reader(io.StringIO(text, newline=""), delimiter=other)
                assert not [cell for row in read for cell in row if cell.startswith("=")]

    @pytest.mark.feature("STR-51")
    def test_quote_every_cell_since_some_spreadsheets_divide_by_several_signs_at_once(self):
        assert lines([("a;b", None, "c")]) == '"a;b","","c"\r\n'


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

        assert (await anext(pieces)).decode() == MARK + '"é"\r\n'
        for n in range(1, 101):
            assert len(await anext(pieces)) == 100 * 104
            assert made == n
        assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert answer.headers["content-disposition"] == 'attachment; filename="f.csv"'
