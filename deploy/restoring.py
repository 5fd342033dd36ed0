"""
``chorale restore``: a database from its backup, and from Kafka what was told after it.

Why each step is there: docs/decisions/0012-restore.md.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from pymongo import ReplaceOne
from pymongo.database import Database

from contracts.event import Event, personal_fields
from deploy import archive, retold
from deploy.backup import database
from deploy.installation import service_names
from deploy.trouble import Trouble
from kit.bus import claim
from kit.ids import new_id
from kit.journal import SLICES
from kit.leases import PAST
from kit.record import HEARTBEAT, Record
from kit.service import RESTORING, Service, tells
from kit.settings import Connections, read
from kit.tasks import ended

LOST = "kit.lost.v1"
"""What stands in the journal where an event was that nobody has any more."""
AT_ONCE = 500
OF_THE_KIT = {"discarded", "heard", "journal", "once", "parked", "slices", RESTORING}

Found = Database[dict[str, Any]]


@dataclass(slots=True)
class Slice:
    """How far a slice is known: by the backup, by Kafka, and by those who heard it."""

    kept: int
    last: int
    heard: int = 0
    claimed: int = 0
    offset: int = -1
    adopted: set[int] = field(default_factory=set)

    @property
    def missing(self) -> list[int]:
        """Positions that were given to events of which nothing is left."""
        end = max(self.last, self.heard, self.claimed)
        return [n for n in range(self.kept + 1, end + 1) if n not in self.adopted]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told after the backup: the service has forgotten why, and others have not."""

    kinds: Counter[str]
    keys: set[tuple[str, str]]
    filled: int


def load(service: str, file: Path, settings: Connections) -> dict[str, int]:
    """
    Bring back the documents of a backup into a database that is not there.

    The service does not start before ``finish``. Versions rise, so that what is decided from now
    on is newer than anything that was told and is forgotten here.
    """
    counts = archive.verify(file)
    said = archive.head(file)["service"]
    if said != service:
        raise Trouble(f"{file} is a backup of {said}")
    with database(service, settings) as found:
        if set(found.list_collection_names()) - {RESTORING}:
            raise Trouble(f"{found.name} is not empty: drop it first, with the service stopped")
        found[RESTORING].replace_one({"_id": "whole"}, {"since": datetime.now(UTC)}, upsert=True)
        for name in counts:
            found.create_collection(name)
        pieces = archive.documents(file)
        while some := list(islice(pieces, AT_ONCE)):
            for name in {name for name, _ in some}:
                of_it: list[Any] = [one for of, one in some if of == name]
                found[name].insert_many(of_it, ordered=False)
        for name in set(counts) - OF_THE_KIT:
            newer = {"$set": {"version": {"$add": ["$version", _step()]}}}
            found[name].update_many({"version": {"$type": "number"}}, [newer])
    return counts


async def adopt(
    service: str, told: AsyncIterator[Sequence[Record]], settings: Connections
) -> dict[int, Slice]:
    """Take into the journal what Kafka has of our own and the backup has not."""
    with database(service, settings) as found:
        known = {one["_id"]: one["last"] for one in found["slices"].find()}
        slices = {n: Slice(last, last) for n, last in known.items()}
        async for records in told:
            rows = [row for one in records if (row := _row(service, one, slices[one.partition]))]
            if rows:
                # A row that waited at the backup was told after it, under the same id.
                found["journal"].bulk_write(
                    [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in rows]
                )
        for n, most in _heard_by_others(service, found, settings).items():
            slices[n].heard = most
    return slices


def _row(service: str, record: Record, slice: Slice) -> dict[str, Any] | None:
    """The row that an event was told from; None if we have it, or it is none of ours."""
    slice.offset = max(slice.offset, record.offset)
    if record.type == HEARTBEAT:
        slice.claimed = max(slice.claimed, _claimed(record))
        return None
    position = record.position
    ours = record.type.startswith(f"{service}.") or record.type == LOST
    if position is None or not ours or position <= slice.kept or position in slice.adopted:
        return None
    kind = _kinds().get(record.type)
    personal = sorted(personal_fields(kind)) if kind else []
    slice.adopted.add(position)
    slice.last = max(slice.last, position)
    return {
        "_id": record.id,
        "slice": record.partition,
        "clock": int(record.headers["ce_sequence"]),
        "key": record.key,
        "type": record.type,
        "public": kind is not None and kind.audience == "public",
        "at": datetime.fromisoformat(record.headers["ce_time"]),
        "correlation": record.headers["ce_correlationid"],
        "data": record.value,
        "position": position,
        **({"personal": personal} if personal else {}),
    }


def finish(
    service: str, slices: dict[int, Slice], settings: Connections, *, accept_loss: bool
) -> Told:
    """
    Have the service go on behind what it told, and let it start.

    A position that was heard somewhere must never be given to another event: it would be skipped
    there. Raises when what had it is gone, unless that is accepted; then an empty event has it.
    """
    missing = {n: slice.missing for n, slice in slices.items()}
    lost = sum(map(len, missing.values()))
    if lost and not accept_loss:
        raise Trouble(
            f"{lost} events that {service} told after this backup are neither in Kafka nor in any "
            "journal: bring Kafka back, or take a newer backup, or go on without them by "
            "--accept-loss"
        )
    with database(service, settings) as found:
        for n, slice in slices.items():
            if missing[n]:
                found["journal"].insert_many([_empty(n, position) for position in missing[n]])
            _go_on(found, n, slice, missing[n])
        kinds, keys = Counter[str](), set[tuple[str, str]]()
        for row in _after(found, slices):
            kinds[row["type"]] += 1
            keys.add((row["type"], row["key"]))
    return Told(kinds, keys, lost)


async def put_right(service: Service[Any], slices: dict[int, Slice]) -> None:
    """What a service itself has to do about it: services/<name>/restored.py, if there is one."""
    name = f"services.{service.name}.restored"
    if not find_spec(name):
        return

    async def told() -> AsyncIterator[dict[str, Any]]:
        for n, slice in slices.items():
            newer = service.journal.rows.find({"slice": n, "position": {"$gt": slice.kept}})
            async for row in newer.sort("position", 1):
                yield row

    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    try:
        await import_module(name).put_right(service, told())
    finally:
        await ended([keeping], again=1)


def release(service: str, settings: Connections) -> None:
    """All is there: the service may start."""
    with database(service, settings) as found:
        found.drop_collection(RESTORING)


def _step() -> int:
    """
    Further than versions and epochs rose since the backup, and than an earlier restore went.

    Milliseconds: no entity changes as often.
    """
    return int(datetime.now(UTC).timestamp() * 1000)


def _empty(n: int, position: int) -> dict[str, Any]:
    return {
        "_id": new_id(),
        "slice": n,
        "clock": 0,
        "key": "",
        "type": LOST,
        "public": False,
        "at": datetime.now(UTC),
        "correlation": "",
        "data": b"{}",
        "position": position,
    }


def _go_on(found: Found, n: int, slice: Slice, missing: Sequence[int]) -> None:
    last = max(slice.last, *missing, 0)
    # What Kafka does not have is told again, from there.
    acked = min(slice.last, *(position - 1 for position in missing)) if missing else slice.last
    if slice.offset < 0:
        acked = 0
    known = {"last": last, "acked": acked, "offset": slice.offset, "owner": "", "until": PAST}
    # Above the epoch of any relay that stood still meanwhile and goes on.
    found["slices"].update_one(
        {"_id": n}, {"$set": known, "$inc": {"epoch": _step()}, "$unset": {"replay": ""}}
    )


def _heard_by_others(service: str, found: Found, settings: Connections) -> dict[int, int]:
    most = dict.fromkeys(range(SLICES), 0)
    for other in set(service_names()) - {service}:
        heard = found.client[settings.database_prefix + other]["heard"]
        for one in heard.find({"_id": {"$regex": f"^{service}\\.events/"}}):
            n = int(one["_id"].rpartition("/")[2])
            most[n] = max(most[n], one["last"])
    return most


def stop_those_behind(service: str, settings: Connections) -> None:
    """Whoever tells less than we have heard was restored before us: it must not start so."""
    with database(service, settings) as found:
        for heard in found["heard"].find():
            topic, _, n = heard["_id"].partition("/")
            teller = topic.removesuffix(".events")
            theirs = found.client[settings.database_prefix + teller]
            told = theirs["slices"].find_one({"_id": int(n)})
            if told and told["last"] < heard["last"]:
                theirs[RESTORING].replace_one({"_id": "behind"}, {"by": service}, upsert=True)
                raise Trouble(
                    f"{service} has heard more than {teller} remembers to have told: "
                    f"drop and restore {teller} again, now that {service} is there"
                )


def _after(found: Found, slices: dict[int, Slice]) -> Iterable[dict[str, Any]]:
    for n, slice in slices.items():
        yield from found["journal"].find({"slice": n, "position": {"$gt": slice.kept}})


def _claimed(record: Record) -> int:
    said = claim(record)
    return said[0] if said else 0


@cache
def _kinds() -> dict[str, type[Event]]:
    def below(kind: type[Event]) -> Iterable[type[Event]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    return {one.type: one for one in below(Event)}


async def restore(service: str, file: Path, *, accept_loss: bool) -> list[str]:
    """All steps, from an empty database to one that may start; says what there is to know."""
    settings = read(Connections)
    await retold.nobody_is_there(settings.database_prefix + service, settings)
    counts = load(service, file, settings)
    lines = [f"{sum(counts.values()):,} documents are back"]
    if tells(service):
        slices = await adopt(service, retold.whole(f"{service}.events", settings), settings)
        told = finish(service, slices, settings, accept_loss=accept_loss)
        lines += _report(service, told)
    else:
        slices = {}
    built = import_module(f"services.{service}.main").create()
    await put_right(built.state.service, slices)
    await built.state.service.mongo.close()
    release(service, settings)
    stop_those_behind(service, settings)
    return lines + await _to_replay(service, settings)


def _report(service: str, told: Told) -> list[str]:
    lines = [f"{n} {kind} told after the backup" for kind, n in sorted(told.kinds.items())]
    if told.filled:
        lines.append(f"{told.filled} events are lost: nobody has them any more")
    lines += [f"  {kind} {key}" for kind, key in sorted(told.keys)]
    return [*lines, f"What {service} decided by HTTP after the backup is to be looked at again"]


async def _to_replay(service: str, settings: Connections) -> list[str]:
    """Who must tell again what Kafka has no more."""
    lines = []
    with database(service, settings) as found:
        heard = {one["_id"]: one["last"] for one in found["heard"].find()}
    topics = sorted({slice.partition("/")[0] for slice in heard})
    for topic in topics:
        first = await retold.first_positions(topic, settings)
        if [n for n, position in first.items() if position > heard.get(f"{topic}/{n}", 0) + 1]:
            lines.append(f"Kafka has lost what is missing here: chorale replay {topic[:-7]}")
    return lines
