"""From a letter to the e-mail that people read: in their language, as plain text and as HTML."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from email.charset import BASE64, QP, Charset
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.utils import format_datetime, formataddr
from functools import partial
from secrets import token_hex
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from babel.dates import format_datetime as format_moment
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from services.notifications.domain.letters import Letter
from services.notifications.domain.people import Person
from services.notifications.domain.times import zone_of

Language = Literal["fr", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
WORDS: Final[dict[Language, dict[str, str]]] = {
    "fr": {
        "colon": "\N{NO-BREAK SPACE}:",
        "moment": "d MMMM yyyy 'à' HH:mm",
        "zone": "heure de Paris",
        "other zone": "heure locale\N{NO-BREAK SPACE}: {}",
    },
    "en": {
        "colon": ":",
        "moment": "d MMMM yyyy 'at' HH:mm",
        "zone": "Paris time",
        "other zone": "{} time",
    },
}
"""What dates and punctuation need of each, outside the templates."""
IN_HEADERS: Final = Charset("utf-8")
IN_HEADERS.header_encoding = BASE64
"""Of two encodings the library would work out the shorter one, for a tenth of the processor."""
HOME: Final = "Europe/Paris"
LONGEST_LINE = 990
"""Bytes; SMTP forbids more than 998 in one line."""
PLAIN_ADDRESS = re.compile(
    r"[\w+-]+(?:\.[\w+-]+)*@[a-z\d-]+(?:\.[a-z\d-]+)*", re.ASCII | re.IGNORECASE
)
"""Nearly every one, at a fraction of what parsing it costs."""
LONGEST_ERROR = 300
REMOVED: Final[dict[Language, str]] = {"fr": "[lien retiré]", "en": "[link removed]"}


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    language: Language = "fr"


@dataclass(frozen=True, slots=True)
class Told:
    """What a digest tells of, a line for each letter, and how many more there are."""

    lines: tuple[str, ...] = ()
    more: int = 0


NOTHING_TOLD = Told()


class Renderer:
    """The templates: one folder for each kind of letter, in it one for each language."""

    def __init__(self, public_url: str) -> None:
        self._url = public_url.rstrip("/")
        self._in = {language: _templates(language) for language in LANGUAGES}

    def api(self, path: str, token: str) -> str:
        """Where a program, not a person, brings a token."""
        return f"{self._url}/v1/{path}?token={token}"

    def link(self, purpose: str, token: str) -> str:
        """Where a one-time link leads: a page named like its purpose."""
        return f"{self._url}/{purpose}?token={token}"

    def render(
        self,
        letter: Letter,
        recipient: Person | None,
        about: Person | None,
        link: str = "",
        *,
        stop: str = "",
        told: Told = NOTHING_TOLD,
    ) -> Rendered:
        language = spoken(recipient.language if recipient else "")
        given = self._given(letter, recipient, about) | {
            "link": link,
            "code": link,
            "stop": stop,
            "told": told,
        }
        fill = partial(self._fill, language, letter.template)
        subject = given["subject"] = _in_a_line(fill("subject.txt", given))
        return Rendered(
            subject=subject,
            text=fill("text.txt", given),
            html=fill("letter.html", given),
            language=language,
        )

    def line(self, letter: Letter, recipient: Person, about: Person | None) -> str:
        """What a digest says of a letter: its subject."""
        given = self._given(letter, recipient, about)
        language = spoken(recipient.language)
        return _in_a_line(self._fill(language, letter.template, "subject.txt", given))

    def _given(
        self, letter: Letter, recipient: Person | None, about: Person | None
    ) -> dict[str, object]:
        """What every part of a letter may use."""
        return {
            **{name: _in_a_line(value) for name, value in letter.params.items()},
            "name": _in_a_line(recipient.name) if recipient else "",
            "about": _in_a_line(about.name) if about else "",
            "reason": readable(letter.reason),
            "expires_at": letter.link.expires_at if letter.link else None,
            "url": self._url,
            "movements": letter.movements,
            "zone": zone_of(recipient).key if recipient else HOME,
        }

    def redacted(self, letter: Letter, recipient: Person | None, about: Person | None) -> Rendered:
        """The letter as an operator may read it: nothing in it can be followed."""
        removed = REMOVED[spoken(recipient.language if recipient else "")]
        whole = self.render(letter, recipient, about, link=removed)
        cut = partial(re.sub, r"https?://[^\s\"<>]+", removed)
        return Rendered(cut(whole.subject), cut(whole.text), cut(whole.html), whole.language)

    def _fill(self, language: Language, letter: str, part: str, given: dict[str, object]) -> str:
        return self._in[language].get_template(f"{letter}/{language}/{part}").render(given)


def spoken(language: str) -> Language:
    """The language a letter is written in, for whoever speaks this one."""
    return "en" if language == "en" else "fr"


def _templates(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("services.notifications"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"language": language, "colon": WORDS[language]["colon"]}
    made.filters |= {
        "day": partial(_day, language),
        "moment": pass_context(partial(_moment, language)),
        "instant": pass_context(partial(_instant, language)),
        "quoted": _quoted,
    }
    return made


def compose(
    rendered: Rendered,
    *,
    message_id: str,
    sender: Address,
    to: str,
    now: datetime,
    stop: str = "",
) -> Message:
    """
    The e-mail itself; ValueError when nothing can be sent to such an address.

    ``stop``: where a mail program may POST to stop letters like it (RFC 8058).
    """
    # Not EmailMessage: it parses each header that it is given, for twenty times the processor.
    parts = [_part(rendered.text, "plain"), _part(rendered.html, "html")]
    # Left to the library, it is looked for in the text, with an expression compiled each time.
    message = MIMEMultipart("alternative", f"=_{token_hex(16)}", parts)
    # Encodes the name alone: a header with letters beyond ASCII becomes one word, address and all.
    message["From"] = formataddr((sender.display_name, sender.addr_spec))
    message["To"] = _address(to)
    message["Subject"] = Header(rendered.subject, IN_HEADERS, header_name="Subject").encode()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = rendered.language
    if stop:
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _part(text: str, subtype: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype)
    del part["MIME-Version"]
    part.set_payload(text, _encoding(text))
    return part


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
    except (MessageError, AttributeError, IndexError) as wrong:  # of some it cannot even say why
        raise ValueError("This is no address.") from wrong


def _in_a_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _encoding(text: str) -> Charset:
    longest = max((len(line.encode()) for line in text.splitlines()), default=0)
    charset = Charset("utf-8")
    eight_bits: Any = None
    charset.body_encoding = eight_bits if longest <= LONGEST_LINE else QP
    return charset


def _day(language: Language, iso: str) -> str:
    return format_date(date.fromisoformat(iso), "d MMMM yyyy", locale=language)


def _moment(language: Language, given: Context, at: datetime) -> str:
    """With the zone it is said in: a deadline is read by people in several."""
    words, zone = WORDS[language], str(given["zone"])
    said = format_moment(at, words["moment"], tzinfo=ZoneInfo(zone), locale=language)
    return f"{said} ({_zone(language, zone)})"


def _instant(language: Language, given: Context, iso: str) -> str:
    return _moment(language, given, datetime.fromisoformat(iso))


def _zone(language: Language, zone: str) -> str:
    if zone == HOME:
        return WORDS[language]["zone"]
    city = get_timezone_location(ZoneInfo(zone), locale=language, return_city=True)
    return WORDS[language]["other zone"].format(city)


def _quoted(text: str) -> str:
    """Words of somebody else, set apart so that they cannot pass for ours."""
    return "\n".join(f"> {line}" for line in text.splitlines())
