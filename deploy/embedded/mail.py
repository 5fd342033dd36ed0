"""Catches every letter as a file, and shows them on a page. Nothing ever leaves the machine."""

import asyncio
import email
import html
import re
import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

SHOWN = 200
REFUSED = "@refused.example.org"
"""The addresses that are refused for good, so that what follows from it can be seen."""
_NAME = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}\.eml")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:1rem}}
td{{padding:.2rem 1rem .2rem 0;vertical-align:top}}iframe{{width:100%;height:30rem}}</style>
{body}</html>"""


class Catcher:
    """What aiosmtpd calls with each message."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_RCPT(  # noqa: N802 (as below)
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address.endswith(REFUSED):
            return f"550 5.1.1 <{address}>: nobody is here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (the name is aiosmtpd's)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(4)}.eml"
        partial = self.folder / f".{name}"
        delivered_to = b"".join(b"Delivered-To: %b\r\n" % to.encode() for to in envelope.rcpt_tos)
        content = envelope.original_content or b""
        partial.write_bytes(delivered_to + content)
        partial.replace(self.folder / name)
        return f"250 Kept as {name}"


async def catch(folder: Path, port: int) -> asyncio.Server:
    """An SMTP server on 127.0.0.1 that keeps what it is given in a folder."""
    catcher = Catcher(folder)
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(catcher, hostname="localhost", ident="Chorale", enable_SMTPUTF8=True),
        "127.0.0.1",
        port,
    )


def letters(folder: Path) -> list[Path]:
    """Newest first."""
    found = (file for file in folder.iterdir() if _NAME.fullmatch(file.name))
    return sorted(found, reverse=True)


def read(letter: Path) -> EmailMessage:
    return email.message_from_bytes(letter.read_bytes(), policy=modern)


def text(message: EmailMessage, kind: str = "plain") -> str:
    """The part a person reads, whatever encoding it claims to be in."""
    part = message.get_body((kind,))
    content = part.get_payload(decode=True) if part else None
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8") if part else "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def page(folder: Path) -> Starlette:
    """The letters of a folder, for a browser on this machine."""

    def listing(_: Request) -> Response:
        rows = "".join(
            f'<tr><td><a href="/{one.name}">{_header(message, "subject") or "(no subject)"}</a>'
            f"<td>{_header(message, 'to')}<td>{_header(message, 'date')}"
            for one in letters(folder)[:SHOWN]
            for message in (read(one),)
        )
        body = f"<table>{rows}</table>" if rows else "<p>No letter yet."
        return _answer("Letters", f"<h1>Letters</h1><p>The {SHOWN} newest, newest first.{body}")

    def letter(request: Request) -> Response:
        name = request.path_params["name"]
        if not _NAME.fullmatch(name) or not (folder / name).exists():
            raise HTTPException(404)
        return _answer(name, _shown(read(folder / name)))

    return Starlette(
        routes=[Route("/", listing), Route("/{name}", letter)],
        # Otherwise any web page could read the links through a name that leads to 127.0.0.1.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


def _shown(message: EmailMessage) -> str:
    heads = "".join(
        f"<tr><td>{name.title()}<td>{_header(message, name)}"
        for name in ("subject", "from", "to", "date", "message-id")
    )
    body = f'<p><a href="/">All letters</a><table>{heads}</table>'
    if plain := text(message):
        body += f"<pre>{_with_links(plain)}</pre>"
    if rich := text(message, "html"):
        body += f'<iframe sandbox srcdoc="{html.escape(rich)}"></iframe>'
    return body


def _with_links(plain: str) -> str:
    shown, end = "", 0
    for link in _LINK.finditer(plain):
        url = html.escape(link[0])
        shown += f'{html.escape(plain[end : link.start()])}<a href="{url}">{url}</a>'
        end = link.end()
    return shown + html.escape(plain[end:])


def _header(message: EmailMessage, name: str) -> str:
    try:
        value: Any = message[name]
        return html.escape(str(value or ""))
    except Exception:  # The parser raises many things at headers that are none.
        return "(unreadable)"


def _answer(title: str, body: str) -> Response:
    return HTMLResponse(_PAGE.format(title=html.escape(title), body=body), headers=_HEADERS)
