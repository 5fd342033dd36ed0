"""``chorale backup``: one service's database as it was at one moment, while the service works."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from deploy.archive import Writer
from deploy.trouble import Trouble
from kit.settings import Connections

OF_THE_MOMENT = {"heartbeats", "relays"}
"""Who publishes just now and how fresh is what we know: true when it was kept, and never again."""
SNAPSHOT_TOO_OLD = 239


@contextmanager
def database(service: str, settings: Connections) -> Iterator[Database[dict[str, Any]]]:
    signed_in: dict[str, Any] = {}
    if settings.mongo_user:
        password = settings.mongo_password.get_secret_value()
        signed_in = {"username": settings.mongo_user, "password": password, "authSource": "admin"}
    with MongoClient[dict[str, Any]](
        settings.mongo,
        **signed_in,
        w="majority",
        serverSelectionTimeoutMS=5_000,
    ) as client:
        yield client.get_database(settings.database_prefix + service)


def backup(service: str, file: Path, settings: Connections) -> dict[str, int]:
    """Write all that a service keeps, on one snapshot; gives how many documents of each kind."""
    with database(service, settings) as found:
        names = sorted(set(found.list_collection_names()) - OF_THE_MOMENT)
        if "slices" not in names:
            raise Trouble(f"There is no database of {service}")
        head = {
            "service": service,
            "taken_at": datetime.now(UTC),
            "chorale": version("chorale"),
            "mongodb": found.client.server_info()["version"],
        }
        writer = Writer(file, head)
        with found.client.start_session(snapshot=True) as session:
            try:
                for name in names:
                    writer.collection(name)
                    for batch in found[name].find_raw_batches(session=session):
                        writer.documents(cast("bytes", batch))
            except OperationFailure as failure:
                if failure.code != SNAPSHOT_TOO_OLD:
                    raise
                raise Trouble(
                    "The snapshot is gone: raise minSnapshotHistoryWindowInSeconds of MongoDB "
                    "above the time that a backup takes"
                ) from failure
        writer.close()
    return writer.counts
