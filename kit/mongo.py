"""The one file that knows the MongoDB drivers: motor, or PyMongo's own async API by setting."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from typing import Any

from bson.codec_options import CodecOptions, TypeEncoder, TypeRegistry
from gridfs.errors import NoFile
from pymongo import DeleteOne, IndexModel, InsertOne, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern

from kit.settings import Connections

__all__ = ["DeleteOne", "IndexModel", "InsertOne", "Mongo", "NoFile", "UpdateOne"]

Documents = Any  # a collection of the driver: both have the same methods, but not the same type
Bucket = Any  # of GridFS, likewise
Session = Any

NAMESPACE_EXISTS = 48
LIFETIME_EXCEEDED = 290
OPTIONS: dict[str, Any] = {
    "w": "majority",
    "readConcernLevel": "majority",
    "serverSelectionTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
}


class _DayEncoder(TypeEncoder):
    """A day is kept as its ISO string: BSON only knows moments."""

    python_type = date

    def transform_python(self, value: Any) -> str:
        return str(value.isoformat())


CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, type_registry=TypeRegistry([_DayEncoder()])
)


def _client(url: str, driver: str, signed_in: dict[str, Any]) -> Any:
    if driver == "motor":
        # Each operation takes a thread: the default of 5 per core would cap a service at 10.
        os.environ.setdefault("MOTOR_MAX_WORKERS", "64")
        from motor.motor_asyncio import AsyncIOMotorClient  # noqa: PLC0415  # one of the two

        return AsyncIOMotorClient(url, **OPTIONS, **signed_in)
    from pymongo import AsyncMongoClient  # noqa: PLC0415  # is never loaded

    return AsyncMongoClient(url, **OPTIONS, **signed_in)


class Mongo:
    """One database of one service, whichever driver serves it."""

    def __init__(
        self, url: str, database: str, driver: str = "motor", *, user: str = "", password: str = ""
    ) -> None:
        self._motor = driver == "motor"
        signed_in: dict[str, Any] = {}
        if user:
            signed_in = {"username": user, "password": password, "authSource": "admin"}
        self._client = _client(url, driver, signed_in)
        self._database = self._client.get_database(database, codec_options=CODEC)
        self.name = database

    @classmethod
    def of(cls, service: str, settings: Connections) -> Mongo:
        """The database of a service, as the settings say."""
        return cls(
            settings.mongo,
            settings.database_prefix + service,
            settings.mongo_driver,
            user=settings.mongo_user,
            password=settings.mongo_password.get_secret_value(),
        )

    def __getitem__(self, collection: str) -> Documents:
        return self._database[collection]

    def bucket(self, name: str) -> Bucket:
        """Files in pieces, in the collections ``<name>.files`` and ``<name>.chunks``."""
        if self._motor:
            from motor.motor_asyncio import AsyncIOMotorGridFSBucket  # noqa: PLC0415  # as above

            return AsyncIOMotorGridFSBucket(self._database, name)
        from gridfs import AsyncGridFSBucket  # noqa: PLC0415  # as above

        return AsyncGridFSBucket(self._database, name)

    async def ping(self) -> None:
        """Raise unless a primary answers."""
        await self._database.command("ping")

    async def transaction(self, write: Callable[[Session], Awaitable[Any]]) -> Any:
        """Write all of it or nothing, on one snapshot, and return only when it is known which."""
        session = self._client.start_session()
        async with await session if self._motor else session as session:
            starting = session.start_transaction(read_concern=ReadConcern("snapshot"))
            if not self._motor:
                await starting
            try:
                written = await write(session)
            except BaseException:
                with suppress(PyMongoError):
                    await session.abort_transaction()
                raise
            await self._commit(session)
            return written

    async def _commit(self, session: Session) -> None:
        # A commit whose answer was lost may have happened. Asking again is safe, and the server
        # remembers, even after a crash; deciding again without knowing would do the thing twice.
        delay = 0.05
        while True:
            try:
                await session.commit_transaction()
                return
            except PyMongoError as error:
                if not (error.has_error_label("UnknownTransactionCommitResult") or cut_off(error)):
                    raise
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2)

    async def create(self, *collections: str) -> None:
        """Before the first transaction needs them: creating inside one is slow and may clash."""
        for name in {*collections} - {*await self._database.list_collection_names()}:
            try:
                with suppress(CollectionInvalid):
                    await self._database.create_collection(name)
            except OperationFailure as error:
                # Another process of the service begins at the same moment.
                if error.code != NAMESPACE_EXISTS:
                    raise

    async def drop(self) -> None:
        await self._client.drop_database(self._database.name)

    async def close(self) -> None:
        closing = self._client.close()
        if closing is not None:
            await closing


def lost_race(error: BaseException) -> bool:
    """Somebody else wrote the same documents first: look again."""
    if isinstance(error, BulkWriteError):
        wrongs = error.details["writeErrors"]
        return bool(wrongs) and all(
            wrong["code"] == 112
            or (wrong["code"] == 11000 and "_id" in wrong.get("keyPattern", {}))
            for wrong in wrongs
        )
    return isinstance(error, PyMongoError) and getattr(error, "code", None) in (112, 251)


def cut_off(error: BaseException) -> bool:
    """The transaction took longer than MongoDB lets one last."""
    return isinstance(error, PyMongoError) and getattr(error, "code", None) == LIFETIME_EXCEEDED


def unavailable(error: BaseException) -> bool:
    """MongoDB is away, or not yet itself again: nothing is wrong with what was asked."""
    return isinstance(error, ConnectionFailure) or (
        isinstance(error, PyMongoError)
        and (
            error.has_error_label("TransientTransactionError")
            or error.has_error_label("RetryableWriteError")
            or getattr(error, "code", None) in (91, 189, 11600, 11602, 10107, 13435, 13436)
        )
    )
