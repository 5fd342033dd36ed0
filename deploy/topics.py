"""The topics of deploy/topics.yaml: made, verified, and given the settings they should have."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaError,
    LeaderNotAvailableError,
    TopicAlreadyExistsError,
)

from deploy.kafka import admin
from deploy.trouble import Trouble
from kit.kafka import secured
from kit.settings import Connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    names: Sequence[str]
    partitions: int
    replicas: int
    in_sync: int
    retention_days: int

    @property
    def settings(self) -> dict[str, str]:
        return {
            "retention.ms": str(self.retention_days * 24 * 3600 * 1000),
            "min.insync.replicas": str(self.in_sync),
        }


@cache
def declared() -> Topics:
    """What deploy/topics.yaml says."""
    said = yaml.safe_load((Path(__file__).parent / "topics.yaml").read_text())
    return Topics(names=said.pop("topics"), **said)


def asked_for(brokers: int | None = None) -> Topics:
    """As declared; with fewer brokers than that has copies, as many copies as there may be."""
    topics = declared()
    if brokers is None or brokers >= topics.replicas:
        return topics
    return replace(topics, replicas=brokers, in_sync=max(1, brokers - 1))


async def make_patiently(
    settings: Connections, *, brokers: int | None = None, alter: bool = True
) -> None:
    """As ``make``, once there are brokers enough to do so."""
    while True:
        try:
            await make(settings, brokers=brokers, alter=alter)
            return
        except (KafkaError, OSError):
            await asyncio.sleep(0.05)


async def make(
    settings: Connections, *, brokers: int | None = None, alter: bool = True
) -> list[str]:
    """
    Create the topics that are missing, and give the others their settings; says what it changed.

    The partitions of a topic that is there are never changed: a key would leave its slice.
    ``alter``: not every broker can be asked for settings.
    """
    topics = asked_for(brokers)
    client = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, **secured(settings))
    try:
        await client.start()
        there = set(await client.list_topics())
        missing = [name for name in topics.names if name not in there]
        await _create(client, topics, missing)
        # What was asked for a moment ago may not be told yet, so only what was there is verified.
        others = [name for name in topics.names if name in there]
        for one in await client.describe_topics(others):
            _verify(one, topics)
        differing = await _differing(client, topics, others) if alter else {}
    finally:
        await client.close()
    changed = [f"{name}: created, {topics.partitions} partitions" for name in missing]
    if differing:
        async with admin.cluster(settings) as cluster:
            for name, wrong in differing.items():
                await cluster.set(name, wrong)
                told = ", ".join(f"{setting}={value}" for setting, value in wrong.items())
                changed.append(f"{name}: {told}")
    return changed


def _verify(found: Mapping[str, Any], asked: Topics) -> None:
    partitions = len(found["partitions"])
    if not partitions:
        raise LeaderNotAvailableError(found["topic"])  # Somebody makes it at this moment.
    if partitions != asked.partitions:
        raise Trouble(
            f"{found['topic']} has {partitions} partitions, not {asked.partitions}: "
            "a topic keeps those it was made with"
        )


async def _create(client: AIOKafkaAdminClient, topics: Topics, names: Sequence[str]) -> None:
    wanted = [
        NewTopic(name, topics.partitions, topics.replicas, topic_configs=topics.settings)
        for name in names
    ]
    answers = (await client.create_topics(wanted)).topic_errors if wanted else []
    if any(code == InvalidReplicationFactorError.errno for _, code, _ in answers):
        raise InvalidReplicationFactorError(f"There are no {topics.replicas} brokers")
    refused = [
        f"{name}: {why or f'error {code}'}"
        for name, code, why in answers
        if code not in {0, TopicAlreadyExistsError.errno}  # Somebody else may make them too.
    ]
    if refused:
        raise Trouble("; ".join(refused))


async def _differing(
    client: AIOKafkaAdminClient, topics: Topics, names: Sequence[str]
) -> Mapping[str, dict[str, str]]:
    """The settings, topic by topic, that are not as declared."""
    if not names:
        return {}
    asked: list[Any] = [
        ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(topics.settings))
        for name in names
    ]
    differing = {}
    for answer in await client.describe_configs(asked):
        for _, _, _, name, found in answer.resources:
            values = {setting: value for setting, value, *_ in found}
            wrong = {s: v for s, v in topics.settings.items() if values.get(s, v) != v}
            if wrong:
                differing[name] = wrong
    return differing
