"""Each service may tell and hear what its card says, and nothing else, in Kafka and in MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from pydantic import SecretStr
from pymongo.errors import OperationFailure

from deploy import access, keys, topics
from deploy.installation import service_names
from deploy.kafka.admin import GROUP, READ, TOPIC, WRITE, Right
from kit.kafka import secured
from kit.mongo import Mongo, Session
from kit.settings import Connections
from tests import stack
from tests.deploy import guarded

real = pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")


class TestRights:
    def test_are_what_the_card_says(self) -> None:
        assert access.rights("support") == {
            Right(TOPIC, "support.events", "support", WRITE),
            Right(TOPIC, "structures.events", "support", READ),
            Right(TOPIC, "users.events", "support", READ),
            Right(GROUP, "support", "support", READ),
        }

    def test_never_let_a_service_write_what_another_tells(self) -> None:
        for name in service_names():
            written = {one.name for one in access.rights(name) if one.operation == WRITE}
            assert written <= {f"{name}.events"}

    def test_of_an_installation_beside_others_name_its_own_group(self) -> None:
        groups = {one.name for one in access.rights("users", prefix="b-") if one.kind == GROUP}
        assert groups == {"b-users"}

    def test_every_topic_is_written_by_somebody(self) -> None:
        told = {one for name in service_names() for one in access.rights(name)}
        written = {one.name for one in told if one.operation == WRITE}
        assert written == set(topics.declared().names)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    keys.make_passwords(folder, service_names())
    return folder


@pytest.fixture(scope="module")
async def kafka(
    secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Connections]:
    async with guarded.kafka(tmp_path_factory.mktemp("kafka"), secrets) as settings:
        yield settings


@pytest.fixture(scope="module")
async def mongo(
    secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Connections]:
    async with guarded.mongo(tmp_path_factory.mktemp("mongo"), secrets) as settings:
        yield settings


async def tell(settings: Connections, topic: str) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka, enable_idempotence=True, acks="all", **secured(settings)
    ) as producer:
        await producer.send_and_wait(topic, b"{}", partition=0)


async def hear(settings: Connections, topic: str, group: str) -> bytes | None:
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=settings.kafka,
        group_id=group,
        auto_offset_reset="earliest",
        **secured(settings),
    ) as consumer:
        async with asyncio.timeout(30):
            return (await consumer.getone()).value


@real
class TestKafka:
    @pytest.fixture(autouse=True)
    async def applied(self, kafka: Connections, secrets: Path) -> list[str]:
        return await access.apply_to_kafka(kafka, access.passwords(secrets, "kafka"))

    async def test_takes_from_each_service_its_own_facts_alone(
        self, kafka: Connections, secrets: Path
    ) -> None:
        await tell(guarded.signed_in(kafka.kafka, "users", secrets), "users.events")
        with pytest.raises(TopicAuthorizationFailedError):
            await tell(guarded.signed_in(kafka.kafka, "structures", secrets), "users.events")

    async def test_gives_each_service_what_it_hears_in_its_own_group(
        self, kafka: Connections, secrets: Path
    ) -> None:
        support = guarded.signed_in(kafka.kafka, "support", secrets)
        await tell(guarded.signed_in(kafka.kafka, "users", secrets), "users.events")
        assert await hear(support, "users.events", "support") == b"{}"
        with pytest.raises(TopicAuthorizationFailedError):
            await hear(support, "approvals.events", "support")
        with pytest.raises(GroupAuthorizationFailedError):
            await hear(support, "users.events", "approvals")

    async def test_knows_nobody_without_the_password(
        self, kafka: Connections, secrets: Path
    ) -> None:
        wrong = Connections(
            kafka=kafka.kafka, kafka_user="users", kafka_password=SecretStr("guessed")
        )
        with pytest.raises(KafkaConnectionError):
            await tell(wrong, "users.events")

    async def test_is_told_what_changes_once(self, kafka: Connections, secrets: Path) -> None:
        known = access.passwords(secrets, "kafka")
        assert await access.apply_to_kafka(kafka, known) == []
        async with access.admin.cluster(kafka) as cluster:
            await cluster.grant([Right(TOPIC, "users.events", "support", WRITE)])
        withdrawn = "support: write topic users.events: withdrawn"
        assert await access.apply_to_kafka(kafka, known) == [withdrawn]


@real
class TestMongoDB:
    async def test_opens_to_each_service_its_own_database_alone(
        self, mongo: Connections, secrets: Path
    ) -> None:
        known = access.passwords(secrets, "mongo")
        assert len(await access.apply_to_mongo(mongo, known)) == len(known)
        assert await access.apply_to_mongo(mongo, known) == []
        mine = mongo.model_copy(
            update={"mongo_user": "users", "mongo_password": SecretStr(known["users"])}
        )
        users, structures = Mongo.of("users", mine), Mongo.of("structures", mine)
        await users.create("things")

        async def write(session: Session) -> None:
            await users["things"].insert_one({"_id": 1}, session=session)

        await users.transaction(write)
        for doing in (structures["things"].insert_one({}), structures["things"].find_one({})):
            with pytest.raises(OperationFailure, match="not authorized"):
                await doing
        await users.close()
        await structures.close()

    async def test_knows_nobody_without_a_password(self, mongo: Connections) -> None:
        stranger = Mongo.of("users", Connections(mongo=mongo.mongo))
        with pytest.raises(OperationFailure, match="requires authentication"):
            await stranger["things"].find_one({})
        await stranger.close()
