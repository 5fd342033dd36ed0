"""What is there at the end, read behind the services' backs: their databases and the topics."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from pymongo import AsyncMongoClient

from deploy.access import card
from kit.journal import SLICES
from kit.record import HEARTBEAT
from tests.faults.points import HEARING, TELLING

Document = dict[str, Any]
COPYING = ("structures", "approvals", "support")


@dataclass(frozen=True, slots=True)
class Told:
    """One event, as its journal or its topic has it. ``position`` 0: it has none yet."""

    id: str
    slice: int
    position: int
    key: str
    type: str
    clock: int


@dataclass(slots=True)
class Evidence:
    journals: dict[str, list[Told]] = field(default_factory=dict)
    last: dict[str, dict[int, int]] = field(default_factory=dict)
    """The last position given, by service and slice."""
    topics: dict[str, list[list[Told]]] = field(default_factory=dict)
    """The events of each partition in their order there, repeats and all."""
    heard: dict[str, dict[str, int]] = field(default_factory=dict)
    hears: dict[str, set[str]] = field(default_factory=dict)
    """The topics that each service has to hear, as its card says."""
    parked: dict[str, list[str]] = field(default_factory=dict)
    requests: dict[str, Document] = field(default_factory=dict)
    rattachements: dict[str, Document] = field(default_factory=dict)
    approvals: dict[str, Document] = field(default_factory=dict)
    tickets: dict[str, Document] = field(default_factory=dict)
    structures: dict[str, Document] = field(default_factory=dict)
    structures_known: dict[str, Document] = field(default_factory=dict)
    letters: dict[str, Document] = field(default_factory=dict)
    rights: dict[str, dict[str, Document]] = field(default_factory=dict)
    rights_told: dict[str, int] = field(default_factory=dict)
    """The version of the last rights told of each rattachement."""
    rights_ascend: bool = True


Client = AsyncMongoClient[Document]


async def databases(mongo: str) -> Evidence:
    found = Evidence()
    async with AsyncMongoClient(mongo) as client:
        for service in TELLING:
            await _journal(client, service, found)
        for service in HEARING:
            heard = await _all(client, service, "heard")
            found.heard[service] = {id: one["last"] for id, one in heard.items()}
            told_by = {one.partition(".")[0] for one in card(service)["Consumes"]}
            found.hears[service] = {f"{teller}.events" for teller in told_by}
            aside = [await _all(client, service, name) for name in ("parked", "discarded")]
            found.parked[service] = [id for some in aside for id in some]
        for service in COPYING:
            found.rights[service] = await _all(client, service, "rights")
        found.requests = await _all(client, "users", "requests")
        found.rattachements = await _all(client, "users", "rattachements")
        found.structures_known = await _all(client, "users", "structures")
        found.structures = await _all(client, "structures", "structures")
        found.approvals = await _all(client, "approvals", "approvals")
        found.tickets = await _all(client, "support", "tickets")
        found.letters = await _all(client, "notifications", "letters")
    return found


async def _all(client: Client, service: str, collection: str) -> dict[str, Document]:
    found = client[service][collection].find(batch_size=10_000)
    return {one["_id"]: one async for one in found}


async def _journal(client: Client, service: str, found: Evidence) -> None:
    rows = found.journals[service] = []
    wanted = {"slice": 1, "position": 1, "key": 1, "type": 1, "clock": 1}
    cursor = client[service]["journal"].find({}, wanted, batch_size=10_000)
    async for one in cursor:
        place = one["slice"], one.get("position", 0)
        rows.append(Told(one["_id"], *place, one["key"], one["type"], one["clock"]))
    slices = await _all(client, service, "slices")
    found.last[service] = {number: one["last"] for number, one in slices.items()}  # type: ignore[misc]
    if service == "users":
        changed = {"type": "users.rights-changed.v1"}
        told = client[service]["journal"].find(changed, {"key": 1, "data": 1}, batch_size=10_000)
        async for one in told.sort("clock", 1):
            version = json.loads(one["data"])["version"]
            found.rights_ascend &= version > found.rights_told.get(one["key"], 0)
            found.rights_told[one["key"]] = version


async def topics(kafka: str, found: Evidence) -> None:
    """Every topic from its beginning to its end."""
    places = [TopicPartition(f"{name}.events", n) for name in TELLING for n in range(SLICES)]
    found.topics = {name: [[] for _ in range(SLICES)] for name in TELLING}
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest"
    ) as reader:
        reader.assign(places)
        ends = await reader.end_offsets(places)
        for place in places:
            await reader.seek_to_beginning(place)
        left = {place for place in places if ends[place] > 0}
        while left:
            for place, records in (await reader.getmany(timeout_ms=500, max_records=5000)).items():
                into = found.topics[place.topic.partition(".")[0]][place.partition]
                into += [_told(one) for one in records if _is_event(one)]
            left = {place for place in left if await reader.position(place) < ends[place]}


def _is_event(record: Any) -> bool:
    return dict(record.headers).get("ce_type") != HEARTBEAT.encode()


def _told(record: Any) -> Told:
    said = {name: value.decode() for name, value in record.headers}
    return Told(
        said["ce_id"],
        record.partition,
        int(said["ce_position"]),
        (record.key or b"").decode(),
        said["ce_type"],
        int(said["ce_sequence"]),
    )
