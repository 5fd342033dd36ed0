"""Files brought to the antivirus, each before anybody may read it."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic

import structlog

from kit.change import Change
from kit.clamd import Clamd
from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.contents import Contents
from kit.file import F, Verdict, claim
from kit.mongo import NoFile
from kit.workers import Worker

log = structlog.get_logger(__name__)

AT_ONCE = 4

Record = Callable[[F | None, Verdict, datetime], Change[F]]


class Scanner(Generic[F]):
    """``record`` is the decision that notes a verdict: ``kit.file.scanned``, and what to tell."""

    def __init__(
        self, files: Collection[F], contents: Contents, antivirus: Clamd, record: Record[F]
    ) -> None:
        self.collection = files
        self._contents, self._antivirus, self._record = contents, antivirus, record

    async def run(self, committer: Committer) -> None:
        await Worker(self.collection, claim=claim, work=self.scan, at_once=AT_ONCE).run(committer)

    async def scan(self, file: F) -> None:
        verdict = await self._verdict(file)
        if verdict.outcome != "clean":
            log.warning("a file is not clean", id=file.id, outcome=verdict.outcome)
        infected = verdict.outcome == "infected"
        if infected:
            await self._contents.unsettle(file.content)
        await self.collection.change(file.id, lambda current: self._record(current, verdict, now()))
        if infected:
            await self._contents.settle(self.collection, file.content)

    async def _verdict(self, file: F) -> Verdict:
        if file.size > self._antivirus.limit:
            return Verdict("unscannable", "Larger than what is scanned.")
        try:
            return await self._antivirus.scan(await self._contents.read(file.content))
        except NoFile:
            return Verdict("failed", "Its bytes are not there.")
