"""What people write with some formatting, and what is kept of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.support.markup import as_text, cleaned

WRITTEN = [
    ("<p>Bonjour <b>à tous</b></p>", "<p>Bonjour <b>à tous</b></p>", "Bonjour à tous"),
    ("un\ndeux", "un<br>deux", "un\ndeux"),
    ("1 < 2 & 3", "1 &lt; 2 &amp; 3", "1 < 2 & 3"),
    ("<script>alert(1)</script>ici", "ici", "ici"),
    ('<p onclick="x()" style="color: red">ici</p>', "<p>ici</p>", "ici"),
    ('<p title="x" lang="fr" dir="rtl">ici</p>', "<p>ici</p>", "ici"),
    ("<img src=x onerror=alert(1)>ici<iframe src=y></iframe>", "ici", "ici"),
    ("<ul><li>un</li><li>deux</li></ul>", "<ul><li>un</li><li>deux</li></ul>", "un\n\ndeux"),
    (
        '<a href="javascript:x()" target=_top>là</a>',
        '<a rel="noopener noreferrer nofollow">là</a>',
        "là",
    ),
    (
        '<a href="https://insee.fr/">INSEE</a>',
        '<a href="https://insee.fr/" rel="noopener noreferrer nofollow">INSEE</a>',
        "INSEE",
    ),
    ("<!-- caché --><svg><style>p{}</style></svg>ici", "ici", "ici"),
    (
        '<a href="java&#1;script:x()">là</a>&#x202e;',
        '<a rel="noopener noreferrer nofollow">là</a>',
        "là",
    ),
    ("a\u202eb\x00c\u200b", "abc", "abc"),
]


class TestCleaned:
    @pytest.mark.feature("SUP-14")
    @pytest.mark.parametrize(("written", "kept", "text"), WRITTEN)
    def test_keeps_formatting_and_nothing_that_acts(self, written: str, kept: str, text: str):
        assert cleaned(written) == kept
        assert as_text(kept) == text

    @given(st.text(st.sampled_from("<>&;\"'/=! \nabpscriptonx#x6:"), max_size=60))
    @settings(max_examples=200)
    def test_is_clean_once_for_all(self, written: str):
        once = cleaned(written)

        assert cleaned(once) == once
        assert "<script" not in once
