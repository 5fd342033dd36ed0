"""From a letter to the e-mail that people read: French words, as plain text and as HTML."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from email.charset import QP, Charset
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.dates import format_datetime as format_moment
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.notifications.domain.letters import Letter
from services.notifications.domain.people import Person

PARIS = ZoneInfo("Europe/Paris")
LONGEST_LINE = 990
"""Bytes; SMTP forbids more than 998 in one line."""
PLAIN_ADDRESS = re.compile(
    r"[\w+-]+(?:\.[\w+-]+)*@[a-z\d-]+(?:\.[a-z\d-]+)*", re.ASCII | re.IGNORECASE
)
"""Nearly every one, at a fraction of what parsing it costs."""
REMOVED = "[lien retiré]"


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


class Renderer:
    """The templates, one folder for each kind of letter."""

    def __init__(self, public_url: str) -> None:
        self._url = public_url.rstrip("/")
        self._templates = Environment(
            loader=PackageLoader("services.notifications"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "day": _day,
            "moment": _moment,
            "instant": _instant,
            "quoted": _quoted,
        }

    def link(self, purpose: str, token: str) -> str:
        """Where a one-time link leads: a page named like its purpose."""
        return f"{self._url}/{purpose}?token={token}"

    def render(
        self, letter: Letter, recipient: Person | None, about: Person | None, link: str = ""
    ) -> Rendered:
        given: dict[str, object] = {
            **{name: _in_a_line(value) for name, value in letter.params.items()},
            "name": _in_a_line(recipient.name) if recipient else "",
            "about": _in_a_line(about.name) if about else "",
            "reason": readable(letter.reason),
            "expires_at": letter.link.expires_at if letter.link else None,
            "link": link,
            "code": link,
            "url": self._url,
        }
        subject = given["subject"] = _in_a_line(self._fill(f"{letter.template}/subject.txt", given))
        return Rendered(
            subject=subject,
            text=self._fill(f"{letter.template}/text.txt", given),
            html=self._fill(f"{letter.template}/letter.html", given),
        )

    def redacted(self, letter: Letter, recipient: Person | None, about: Person | None) -> Rendered:
        """The letter as an operator may read it: nothing in it can be followed."""
        whole = self.render(letter, recipient, about, link=REMOVED)
        parts = (whole.subject, whole.text, whole.html)
        return Rendered(*(re.sub(r"https?://[^\s\"<>]+", REMOVED, part) for part in parts))

    def _fill(self, template: str, given: dict[str, object]) -> str:
        return self._templates.get_template(template).render(given)


def compose(
    letter: Letter, rendered: Rendered, *, sender: Address, to: str, now: datetime
) -> Message:
    """The e-mail itself; ValueError when nothing can be sent to such an address."""
    # Not EmailMessage: it parses each header that it is given, for twenty times the processor.
    parts = [_part(rendered.text, "plain"), _part(rendered.html, "html")]
    message = MIMEMultipart("alternative", _subparts=parts)
    message["From"] = str(sender)
    message["To"] = _address(to)
    message["Subject"] = Header(rendered.subject, "utf-8", header_name="Subject").encode()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(letter.id, sender.domain)
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "fr"
    return message


def _part(text: str, subtype: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype)
    del part["MIME-Version"]
    part.set_payload(text, _encoding(text))
    return part


def message_id(letter_id: str, domain: str) -> str:
    """The same for every attempt, so that whoever receives a letter twice can tell."""
    return f"<{hashlib.sha256(letter_id.encode()).hexdigest()[:32]}@{domain}>"


def readable(text: str) -> str:
    """Without the characters that break out of a line, hide, or turn the reading direction."""
    return "\n".join(_in_a_line(line) for line in text.splitlines()).strip()


def masked(address: str) -> str:
    """An address that still tells two people apart, and writes to neither."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def without_addresses(text: str) -> str:
    return re.sub(r"[^\s<>@]+@[^\s<>@]+", lambda found: masked(found[0]), text)


def _address(text: str) -> str:
    if PLAIN_ADDRESS.fullmatch(text):
        return text
    if not re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", text):
        raise ValueError("This is no address.")
    try:
        return str(Address(addr_spec=text))
    except MessageError as wrong:
        raise ValueError("This is no address.") from wrong


def _in_a_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _encoding(text: str) -> Charset:
    longest = max((len(line.encode()) for line in text.splitlines()), default=0)
    charset = Charset("utf-8")
    eight_bits: Any = None
    charset.body_encoding = eight_bits if longest <= LONGEST_LINE else QP
    return charset


def _day(iso: str) -> str:
    return format_date(date.fromisoformat(iso), "d MMMM yyyy", locale="fr")


def _moment(at: datetime) -> str:
    return format_moment(at, "d MMMM yyyy 'à' HH:mm", tzinfo=PARIS, locale="fr")


def _instant(iso: str) -> str:
    return _moment(datetime.fromisoformat(iso))


def _quoted(text: str) -> str:
    """Words of somebody else, set apart so that they cannot pass for ours."""
    return "\n".join(f"> {line}" for line in text.splitlines())
