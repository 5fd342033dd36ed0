"""What people write with some formatting: HTML in which nothing acts, and the same as text."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Annotated, Final

import nh3
from pydantic import AfterValidator, Field, StringConstraints

from kit.one_line import NOT_IN_A_LINE

LONGEST: Final = 20_000
"""Characters, as they come and as they are kept: cleaning may also lengthen a text."""
BLOCKS: Final = frozenset({"p", "ul", "ol", "li", "blockquote", "pre"})
KEPT: Final = BLOCKS | {"a", "b", "br", "code", "em", "i", "strong", "u"}
_UNSEEN: Final = re.compile(rf"(?![\t\n])[{NOT_IN_A_LINE}]")
_CLEANER: Final = nh3.Cleaner(
    tags=set(KEPT),
    # None but these: unless said of all tags, `lang` and `title` stay.
    attributes={"a": {"href"}, "*": set()},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # the library gives them
        if tag == "br" or tag in BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def cleaned(written: str) -> str:
    """What may be shown as it stands; line ends of a text without any formatting are kept."""
    # What is not seen may be written as a reference; without it, what is left may act.
    seen = _UNSEEN.sub("", _CLEANER.clean(written.replace("\r\n", "\n"))).strip()
    kept = _CLEANER.clean(seen)
    return kept if "<" in kept else kept.replace("\n", "<br>")


def as_markup(text: str) -> str:
    """Text as it stands: nothing in it is markup, nothing a link."""
    return cleaned(escape(text))


def as_text(html: str) -> str:
    """The words of what was cleaned, for whoever reads, looks for or exports text."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.pieces)).strip()


def short_enough(kept: str) -> str:
    """As it is kept; what is longer is refused as a field that is wrong."""
    if len(kept) > LONGEST:
        raise ValueError(f"Written as HTML, this is longer than {LONGEST} characters.")
    return kept


Markup = Annotated[
    str,
    StringConstraints(max_length=LONGEST),
    AfterValidator(cleaned),
    AfterValidator(short_enough),
    Field(json_schema_extra={"contentMediaType": "text/html"}),
]
"""A text that may be formatted; whatever could act is taken out of it."""
