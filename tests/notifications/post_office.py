"""A real SMTP server on a real port, that answers as it is told to."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


class PostOffice:
    """Takes every letter, until ``says`` gives it something else to answer."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.greets: list[str] = []
        """The answers to the next senders; 250 once there are none left."""
        self.says: list[str] = []
        """The answers to the next recipients; 250 once there are none left."""
        self.after_data: list[str] = []
        self.slowly = 0.0
        self.port = 0
        self._lines: list[SMTP] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        def connected() -> SMTP:
            self._lines.append(SMTP(self, hostname="post-office", loop=loop))
            return self._lines[-1]

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """The server is gone, and whoever was connected to it notices."""
        if self._server:
            self._server.close()
            self._server = None
        self.hang_up()

    def hang_up(self) -> None:
        for line in self._lines:
            if line.transport:
                line.transport.close()
        self._lines.clear()

    @property
    def connections(self) -> int:
        return len(self._lines)

    def forget(self) -> None:
        for kept in (self.taken, self.greets, self.says, self.after_data):
            kept.clear()
        self.slowly = 0.0

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.greets.pop(0) if self.greets else "250 OK"
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802  # as above
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.says.pop(0) if self.says else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # as above
        await asyncio.sleep(self.slowly)
        answer = self.after_data.pop(0) if self.after_data else "250 OK"
        if answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.SMTP)
            assert isinstance(message, EmailMessage)
            assert [message["To"]] == envelope.rcpt_tos
            self.taken.append(message)
        return answer
