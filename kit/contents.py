"""The bytes of files, in GridFS, and what makes sure that none is left that nothing names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import IO, Any

from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.ids import new_id
from kit.mongo import Bucket, IndexModel, Mongo, NoFile
from kit.tasks import now_and_then

SWEPT_AT_ONCE = 100


class Contents:
    """
    Bytes under ids of their own, which entities name (``kit.file.File.content``).

    GridFS takes part in no transaction. So bytes are *unsettled* from before they come until an
    entity that names them is kept, and again from before one goes until they are gone too.
    Whoever dies in between leaves them to the ``Sweeper``.
    """

    def __init__(self, mongo: Mongo, name: str) -> None:
        self._mongo, self._name = mongo, name
        self._unsettled = mongo[f"{name}.unsettled"]

    @cached_property
    def _bucket(self) -> Bucket:
        # Not in the constructor: motor's belongs to the loop that runs when it is made.
        return self._mongo.bucket(self._name)

    async def prepare(self) -> None:
        parts = [f"{self._name}.{part}" for part in ("files", "chunks", "unsettled")]
        await self._mongo.create(*parts)
        # The driver makes this index only in an empty bucket, and not in one that was restored.
        pieces = IndexModel([("files_id", 1), ("n", 1)], unique=True)
        await self._mongo[parts[1]].create_indexes([pieces])
        await self._unsettled.create_indexes([IndexModel("at")])

    async def keep(self, content: bytes | IO[bytes]) -> str:
        """Gives the id under which these bytes are kept, unsettled."""
        id = new_id()
        await self.unsettle(id)
        await self._bucket.upload_from_stream_with_id(id, id, content)
        return id

    async def read(self, id: str) -> AsyncIterator[bytes]:
        """The bytes in pieces; raises NoFile before the first one when they are not there."""
        stream = await self._bucket.open_download_stream(id)

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await stream.readchunk():
                yield piece

        return pieces()

    async def unsettle(self, id: str) -> None:
        await self._unsettled.update_one({"_id": id}, {"$set": {"at": now()}}, upsert=True)

    async def settle(self, files: Collection[Any], *ids: str) -> None:
        """Keep the bytes that a file names, unless it is infected, and forget the others."""
        where = {"content": {"$in": [*ids]}, "scan": {"$ne": "infected"}}
        named = set(await files.documents.distinct("content", where))
        for id in ids:
            if id not in named:
                with suppress(NoFile):
                    await self._bucket.delete(id)
            await self._unsettled.delete_one({"_id": id})

    async def unsettled(self, before: datetime) -> list[str]:
        found = self._unsettled.find({"at": {"$lt": before}}, batch_size=SWEPT_AT_ONCE + 1)
        rows = await found.sort("at", 1).limit(SWEPT_AT_ONCE).to_list(None)
        return [one["_id"] for one in rows]


@dataclass(slots=True)
class Sweeper:
    """
    Settles what those who died have left unsettled.

    ``after`` must be longer than any request may last: nobody is at work on it any more.
    """

    collection: Collection[Any]
    contents: Contents
    every: float = 600
    after: timedelta = timedelta(hours=1)

    async def run(self, _: Committer) -> None:
        await now_and_then(self._sweep_all, every=self.every, what="sweep files")

    async def _sweep_all(self) -> None:
        while await self.sweep(now() - self.after):
            pass

    async def sweep(self, before: datetime) -> int:
        """Settle what was left before this moment, at most SWEPT_AT_ONCE; says how many."""
        if left := await self.contents.unsettled(before):
            await self.contents.settle(self.collection, *left)
        return len(left)
