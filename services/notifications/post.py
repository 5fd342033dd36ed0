"""The SMTP server, reached over a few connections that are kept open."""

import asyncio
from datetime import timedelta
from email.message import Message
from typing import Any, Self

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
)

from services.notifications.domain.suppressions import code_of
from services.notifications.settings import NotificationsSettings

PERMANENT = 500
CLOSING = 421
"""The server goes away, whatever it was asked (RFC 5321); once it has read a letter, over that."""
TOO_LARGE = 552
"""Of a sender: the letter that was announced is (RFC 1870); any other refusal is of us."""
DOUBTFUL_AFTER = 5.0
"""Seconds of silence after which the server may have closed the connection."""
PATIENCE = 45.0
"""Seconds for one letter: less than its lease, so that no two attempts overlap."""


class Undelivered(Exception):
    """The server did not take a letter; ``for_good`` when it never will."""

    def __init__(
        self,
        detail: str,
        *,
        for_good: bool = False,
        of_server: bool = False,
        recipient_refused: str = "",
    ) -> None:
        super().__init__(detail)
        self.for_good = for_good
        self.of_server = of_server
        """Whether it takes none from us at this moment: this one was not handed over."""
        self.recipient_refused = recipient_refused
        """Its code, where it is the recipient that was refused for good, not the letter."""


class _Client(SMTP):
    handing = False
    """Whether the letter itself was begun: if no answer comes it may have been taken."""

    async def data(self, *letter: Any, **how: Any) -> SMTPResponse:
        self.handing = True
        return await super().data(*letter, **how)


class _Line:
    def __init__(self, settings: NotificationsSettings) -> None:
        self._client = _Client(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=settings.smtp_timeout,
        )
        self._used_at = 0.0

    @property
    def handing(self) -> bool:
        return self._client.handing

    async def send(self, message: Message) -> None:
        self._client.handing = False
        await self._open()
        try:
            await self._client.send_message(message)
        except SMTPNotSupported as limit:
            raise Undelivered(str(limit), for_good=True) from None
        self._used_at = _elapsed()

    async def _open(self) -> None:
        silence = _elapsed() - self._used_at
        if self._client.is_connected and silence > DOUBTFUL_AFTER:
            try:
                await self._client.noop()
            except (SMTPException, OSError):
                self._client.close()
        if not self._client.is_connected:
            await self._client.connect()

    def close(self) -> None:
        self._client.close()


class Post:
    """Hands letters over, several at once."""

    def __init__(self, settings: NotificationsSettings) -> None:
        self._settings = settings
        self._away_since: float | None = None
        self._free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
        self._lines = [_Line(settings) for _ in range(settings.smtp_connections)]
        for line in self._lines:
            self._free.put_nowait(line)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()

    @property
    def away_for(self) -> timedelta:
        """How long the server has taken nothing, and said so of no letter."""
        since = self._away_since
        return timedelta(seconds=_elapsed() - since) if since is not None else timedelta()

    async def send(self, message: Message) -> None:
        """Hand one letter over, or raise Undelivered within the time the post is given."""
        line: _Line | None = None
        try:
            async with asyncio.timeout(PATIENCE):
                line = await self._free.get()
                await self._send(line, message)
        except TimeoutError:
            failure = Undelivered("No answer in time.", of_server=not (line and line.handing))
        except Undelivered as raised:
            failure = raised
        else:
            self._away_since = None
            return
        if not failure.of_server:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = _elapsed()
        raise failure from None

    async def _send(self, line: _Line, message: Message) -> None:
        try:
            await line.send(message)
        except SMTPRecipientsRefused as refusal:
            refused = refusal.recipients[0]
            code = code_of(refused.code, refused.message)
            raise _answered(refused, recipient_refused=code) from None
        except SMTPDataError as refusal:
            raise _answered(refusal) from None
        except Undelivered:
            raise
        except SMTPResponseException as refusal:
            line.close()
            raise Undelivered(
                f"{refusal.code} {refusal.message}", of_server=refusal.code != TOO_LARGE
            ) from None
        except (SMTPException, OSError) as failure:
            line.close()
            raise Undelivered(
                f"{type(failure).__name__}: {failure}", of_server=not line.handing
            ) from None
        except BaseException:
            line.close()
            raise
        finally:
            self._free.put_nowait(line)


def _answered(
    refusal: SMTPRecipientRefused | SMTPDataError, *, recipient_refused: str = ""
) -> Undelivered:
    for_good = refusal.code >= PERMANENT
    return Undelivered(
        f"{refusal.code} {refusal.message}",
        for_good=for_good,
        of_server=refusal.code == CLOSING and isinstance(refusal, SMTPRecipientRefused),
        recipient_refused=recipient_refused if for_good else "",
    )


def _elapsed() -> float:
    return asyncio.get_running_loop().time()
