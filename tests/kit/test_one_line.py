"""Texts of one line and of several."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from kit.one_line import lines

NEEDED: Any = TypeAdapter(Annotated[str, lines(20)])
OPTIONAL: Any = TypeAdapter(Annotated[str, lines(20, least=0)])


class TestLines:
    @pytest.mark.parametrize("text", ["Un", "Un\r\n\tdeux", "👩\u200d🔧 ok", "a\u200bb"])
    def test_are_kept_as_they_were_written(self, text: str):
        assert NEEDED.validate_python(f" {text} ") == text
        assert OPTIONAL.validate_python(text) == text

    @pytest.mark.parametrize("text", ["a\x00", "\x1b[2J ok", "a\x7fb", "a\x9bb", "a\x0bb"])
    def test_have_no_control_characters(self, text: str):
        for one in (NEEDED, OPTIONAL):
            with pytest.raises(ValidationError):
                one.validate_python(text)

    @pytest.mark.parametrize("text", ["", " \n\t ", "\u200b", "\ufeff \u2060", "\u3164"])
    def test_are_none_where_nothing_is_seen(self, text: str):
        with pytest.raises(ValidationError):
            NEEDED.validate_python(text)

    def test_may_be_left_out_where_they_are_optional(self):
        assert OPTIONAL.validate_python(" ") == ""
