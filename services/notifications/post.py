"""The SMTP server, reached over a few connections that are kept open."""

import asyncio
from email.message import Message
from typing import Self

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from services.notifications.domain.suppressions import code_of
from services.notifications.settings import NotificationsSettings

PERMANENT = 500
DOUBTFUL_AFTER = 5.0
"""Seconds of silence after which the server may have closed the connection."""
PATIENCE = 45.0
"""Seconds for one letter: less than its lease, so that no two attempts overlap."""


class Undelivered(Exception):
    """The server did not take a letter; ``for_good`` when it never will."""

    def __init__(self, detail: str, *, for_good: bool, recipient_refused: str = "") -> None:
        super().__init__(detail)
        self.for_good = for_good
        self.recipient_refused = recipient_refused
        """Its code, where it is the recipient that was refused for good, not the letter."""


class _Line:
    def __init__(self, settings: NotificationsSettings) -> None:
        self._client = SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=settings.smtp_timeout,
        )
        self._used_at = 0.0

    async def send(self, message: Message) -> None:
        await self._open()
        try:
            await self._client.send_message(message)
        except SMTPNotSupported as limit:
            raise Undelivered(str(limit), for_good=True) from None
        self._used_at = asyncio.get_running_loop().time()

    async def _open(self) -> None:
        silence = asyncio.get_running_loop().time() - self._used_at
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
        self._free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
        self._lines = [_Line(settings) for _ in range(settings.smtp_connections)]
        for line in self._lines:
            self._free.put_nowait(line)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for line in self._lines:
            line.close()

    async def send(self, message: Message) -> None:
        """Hand one letter over, or raise Undelivered within the time the post is given."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(message)
        except TimeoutError:
            raise Undelivered("No answer in time.", for_good=False) from None

    async def _send(self, message: Message) -> None:
        line = await self._free.get()
        try:
            await line.send(message)
        except SMTPRecipientsRefused as refusal:
            refused = refusal.recipients[0]
            raise _answered(refused, code_of(refused.code, refused.message)) from None
        except SMTPDataError as refusal:
            raise _answered(refusal) from None
        except Undelivered:
            raise
        except SMTPResponseException as refusal:
            # Of the connection, the credentials or the sender: no fault of the letter's.
            line.close()
            raise Undelivered(f"{refusal.code} {refusal.message}", for_good=False) from None
        except (SMTPException, OSError) as failure:
            line.close()
            raise Undelivered(f"{type(failure).__name__}: {failure}", for_good=False) from None
        except BaseException:
            line.close()
            raise
        finally:
            self._free.put_nowait(line)


def _answered(
    refusal: SMTPRecipientRefused | SMTPDataError, recipient_refused: str = ""
) -> Undelivered:
    for_good = refusal.code >= PERMANENT
    return Undelivered(
        f"{refusal.code} {refusal.message}",
        for_good=for_good,
        recipient_refused=recipient_refused if for_good else "",
    )
