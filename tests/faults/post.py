"""An SMTP server that notes every letter by its Message-ID, and fails in the ways that others do."""

import asyncio
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.mail import Catcher

MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)


class Post(Catcher):
    """``mood``: well, down, slow, 4xx or 5xx."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder)
        self._port, self.mood = port, "well"
        self.keeps = True
        """Whether letters are also kept as files: as long as somebody must read one."""
        self.taken: dict[str, list[float]] = defaultdict(list)
        """When each Message-ID was taken, by the wall clock."""
        self.refused: set[str] = set()
        """Those that were refused for good at least once."""
        self.cuts: list[float] = []
        """When connections were broken, whatever was on them."""
        self.moods: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, "127.0.0.1", self._port)

    def _connection(self) -> SMTP:
        return SMTP(self, hostname="localhost", ident="Chorale", enable_SMTPUTF8=True)

    async def handle_EHLO(  # noqa: N802 (the name is aiosmtpd's)
        self, server: SMTP, session: Session, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self._open.add(server.transport)
        return responses

    async def handle_DATA(  # noqa: N802 (the name is aiosmtpd's)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = bytes(envelope.original_content or b"")
        found = MESSAGE_ID.search(content)
        id = found[1].decode() if found else "none"
        self.moods[self.mood] += 1
        if self.mood == "slow":
            await asyncio.sleep(2)
        if self.mood == "4xx":
            return "451 Not now"
        if self.mood == "5xx":
            self.refused.add(id)
            return "550 Never"
        self.taken[id].append(time.time())
        if self.keeps:
            return await super().handle_DATA(server, session, envelope)
        return "250 Noted"

    async def be(self, mood: str, seconds: float) -> None:
        """In this mood for so long; down is: nobody listens, and open connections break."""
        self.mood = mood
        try:
            if mood == "down":
                self.stop()
                self.cuts.append(time.time())
                for transport in self._open:
                    transport.abort()
                self._open.clear()
            await asyncio.sleep(seconds)
        finally:
            if mood == "down":
                await self.start()
            self.mood = "well"

    def stop(self) -> None:
        if self._server:
            self._server.close()
