"""The topics of deploy/topics.yaml, made and verified."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    LeaderNotAvailableError,
    TopicAlreadyExistsError,
)

from deploy.trouble import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    names: Sequence[str]
    partitions: int
    retention_ms: int


def asked_for() -> Topics:
    """What deploy/topics.yaml says."""
    said = yaml.safe_load((Path(__file__).parent / "topics.yaml").read_text())
    return Topics(
        names=said["topics"],
        partitions=said["partitions"],
        retention_ms=said["retention_days"] * 24 * 3600 * 1000,
    )


def in_sync(replicas: int) -> int:
    """How many copies must have a fact before it is acknowledged: one of three may be away."""
    return 2 if replicas > 2 else 1


async def make_patiently(kafka: str, *, replicas: int = 1) -> Topics:
    """As ``make``, once there are brokers enough to do so."""
    while True:
        try:
            return await make(kafka, replicas=replicas)
        except (KafkaError, OSError):
            await asyncio.sleep(0.05)


async def make(kafka: str, *, replicas: int = 1) -> Topics:
    """Create the topics that are missing, and make sure of the partitions of all."""
    topics = asked_for()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    try:
        await admin.start()
        there = set(await admin.list_topics())
        wanted = [
            NewTopic(
                name,
                topics.partitions,
                replicas,
                topic_configs={
                    "retention.ms": str(topics.retention_ms),
                    "min.insync.replicas": str(in_sync(replicas)),
                },
            )
            for name in topics.names
            if name not in there
        ]
        answers = (await admin.create_topics(wanted)).topic_errors
        if any(code == InvalidReplicationFactorError.errno for _, code, _ in answers):
            raise InvalidReplicationFactorError(f"There are no {replicas} brokers")
        refused = [
            f"{name}: {why or f'error {code}'}"
            for name, code, why in answers
            if code not in {0, TopicAlreadyExistsError.errno}  # Somebody else may make them too.
        ]
        if refused:
            raise Trouble("; ".join(refused))
        # What was asked for a moment ago may not be told yet, so only what was there is verified.
        known = await admin.describe_topics([n for n in topics.names if n in there])
    finally:
        await admin.close()
    for one in known:
        if not one["partitions"]:  # Somebody else is making it at this moment.
            raise LeaderNotAvailableError(one["topic"])
        if len(one["partitions"]) != topics.partitions:
            found = len(one["partitions"])
            raise Trouble(f"{one['topic']} has {found} partitions, not {topics.partitions}")
    return topics
