"""What Kafka still has of a topic, read once from its beginning to its end as it is now."""

from collections.abc import AsyncIterator, Sequence
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.trouble import Trouble
from kit.journal import SLICES
from kit.kafka import secured
from kit.record import Record
from kit.settings import Connections


async def whole(topic: str, settings: Connections) -> AsyncIterator[Sequence[Record]]:
    places = [TopicPartition(topic, n) for n in range(SLICES)]
    # Its default is the end, and a seek may come before what it has asked for meanwhile is
    # answered: of some slices all would then be passed over, as if nobody had it any more.
    begin: dict[str, Any] = {"auto_offset_reset": "earliest"} | secured(settings)
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka, **begin) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        while [p for p in places if await consumer.position(p) < ends[p]]:
            found = await consumer.getmany(timeout_ms=500, max_records=1000)
            yield [Record.of(one) for one in chain(*found.values())]


async def first_positions(topic: str, settings: Connections) -> dict[int, int]:
    """Of each slice, the first position that Kafka still has; nothing for a slice without any."""
    first = dict[int, int]()
    async for records in whole(topic, settings):
        for one in records:
            if one.position is not None:
                first.setdefault(one.partition, one.position)
    return first


async def nobody_is_there(group: str, settings: Connections) -> None:
    """Raise while a process of the service still runs: it would write beside us."""
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, **secured(settings))
    await client.start()
    try:
        [answer] = await client.describe_consumer_groups([group])
        members = sum(len(found[5]) for found in answer.groups)
    finally:
        await client.close()
    if members:
        raise Trouble(f"{members} processes of {group} still run: stop them first")
