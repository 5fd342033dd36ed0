"""Letters as mail servers bring them: read as far as a ticket needs, however they are made."""

import codecs
import re
from collections.abc import Callable
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from kit.addresses import Email
from kit.one_line import NOT_IN_A_LINE
from kit.problems import Invalid
from services.support.domain.contents import Content
from services.support.domain.incoming import (
    Filing,
    Incoming,
    NoSender,
    NothingWritten,
    PassedOver,
    passed_over,
)
from services.support.markup import LONGEST, as_markup, as_text, cleaned

MOST_LINES: Final = 200_000
"""A letter of ten megabytes has 130,000; each is held against every part that is open."""
MOST_PARTS: Final = 50
LONGEST_HEADER: Final = 2_000
"""Characters that are read of a header: to read it takes the square of its length."""
LONGEST_TEXT: Final = 10_000
LONGEST_PART: Final = 50_000
"""Bytes that are read of its text, formatting included."""
MOST_NAMED: Final = 10
UNTITLED: Final = "Sans objet"
CUT: Final = "[Message trop long : la suite n'a pas été reprise.]"
DROPPED: Final = "Pièces jointes non reprises : "

_ADDRESS: Final[TypeAdapter[str]] = TypeAdapter(Email)
_UNSEEN: Final = re.compile(f"[{NOT_IN_A_LINE}]")
_ENDS_A_LINE: Final = re.compile(r"</(?:div|tr|h[1-6])\s{0,9}>", re.IGNORECASE)
_CHARSET: Final = re.compile(
    r"ascii|utf-(?:7|8|16|32)(?:-[bl]e)?|iso8859-\d+|cp\d+|koi8-[rtu]|mac-roman"
    r"|big5|gb2312|gbk|gb18030|hz|euc_\w+|shift_jis|iso2022_\w+"
)
"""By the names of Python's codecs. Others take the square of a length, or run what they decode."""
_UNREADABLE: Final = (
    MessageError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)
"""What the parser of Python raises at what nobody should write."""


class NotReadable(Invalid):
    """This is no letter that can be read."""


class _Bounded(EmailPolicy):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_HEADER]


_BOUNDED: Final[Any] = _Bounded()


def read(raw: bytes) -> Incoming | PassedOver:
    """Raise NotReadable, NoSender or NothingWritten."""
    if max(raw.count(b"\n"), raw.count(b"\r")) > MOST_LINES:
        raise NotReadable("It has too many lines.", field="body")
    try:
        message = BytesParser(_counting(), policy=_BOUNDED).parsebytes(raw)
        headers = _headers(message)
        return passed_over(headers) or _letter(message, headers)
    except _UNREADABLE as wrong:
        raise NotReadable(field="body") from wrong


def content(letter: Incoming, filing: Filing) -> Content:
    return Content(
        category=filing.category,
        subcategory=filing.subcategory,
        title=letter.title or UNTITLED,
        description=_description(letter),
        contact_email=letter.sender,
    )


def _counting() -> Callable[..., EmailMessage]:
    made = 0

    def part(policy: Any) -> EmailMessage:
        nonlocal made
        made += 1
        if made > MOST_PARTS:
            raise NotReadable("It has too many parts.", field="body")
        return EmailMessage(policy)

    return part


def _headers(message: EmailMessage) -> dict[str, str]:
    """As they were written: to read them as what they mean may fail. Of several the first."""
    written = [*message.raw_items()]
    return {name.lower(): str(value) for name, value in reversed(written)}


def _letter(message: EmailMessage, headers: dict[str, str]) -> Incoming:
    letter = Incoming(
        sender=_sender(message),
        message_id=headers.get("message-id", ""),
        date=headers.get("date", ""),
        title=_in_a_line(str(message["subject"] or ""), 200),
        text=_text(message),
        attachments=_attachments(message),
    )
    if not (letter.title or letter.text):
        raise NothingWritten(field="body")
    return letter


def _sender(message: EmailMessage) -> str:
    # Counted before any is read: there may be a hundred thousand.
    if sum(name.lower() == "from" for name, _ in message.raw_items()) != 1:
        raise NoSender(field="body")
    header: Any = message["from"]
    if len(header.addresses) != 1:
        raise NoSender(field="body")
    try:
        return _ADDRESS.validate_python(header.addresses[0].addr_spec)
    except ValidationError:
        raise NoSender(field="body") from None


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    payload = part.get_payload(decode=True) if part else None
    if part is None or not isinstance(payload, bytes):
        return ""
    said = _decoded(payload[:LONGEST_PART], part.get_content_charset("utf-8"))
    if part.get_content_subtype() == "html":
        said = as_text(cleaned(_ENDS_A_LINE.sub("<br>", said)))
    return said.replace("\r\n", "\n").replace("\r", "\n").strip()


def _decoded(payload: bytes, charset: str) -> str:
    try:
        known = codecs.lookup(charset).name
    except (LookupError, ValueError):
        known = ""
    if not _CHARSET.fullmatch(known):
        known = "utf-8"
    return _whole(payload.decode(known, "replace"))


def _attachments(message: EmailMessage) -> tuple[str, ...]:
    named = (part.get_filename() for part in message.walk())
    found = [one for name in named if name and (one := _in_a_line(str(name), 60))]
    return tuple(found[:MOST_NAMED])


def _description(letter: Incoming) -> str:
    """As text, and as much of it as can be kept once it is escaped."""
    kept = ""
    for most in (LONGEST_TEXT, 2_000):
        pieces = [letter.text[:most]]
        if len(letter.text) > most:
            pieces.append(CUT)
        if letter.attachments:
            pieces.append(DROPPED + ", ".join(letter.attachments))
        kept = as_markup("\n\n".join(pieces))
        if len(kept) <= LONGEST:
            break
    return kept


def _in_a_line(text: str, most: int) -> str:
    return " ".join(_UNSEEN.sub(" ", _whole(text)).split())[:most].strip()


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which cannot be kept."""
    return text.encode("utf-8", "replace").decode()
