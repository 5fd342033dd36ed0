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
from deploy.embedded import mongod
from deploy.embedded.child import Child
from deploy.installation import service_names
from deploy.kafka.admin import GROUP, READ, TOPIC, WRITE, Right
from deploy.replicas import make_set
from kit.kafka import secured
from kit.mongo import Mongo, Session
from kit.settings import Connections
from tests import stack
from tests.ports import free_ports

real = pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")


class TestRights:
    def test_are_what_the_card_says(self) -> None:
        assert access.rights("support") == {
            Right(TOPIC, "support.events", "support", WRITE),
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
async def guarded(
    secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Connections]:
    """Three brokers with the properties of production, asked by their operator."""
    folder = tmp_path_factory.mktemp("guarded")
    async with stack.apache_kafka(folder, brokers=3, secrets=secrets) as (address, _):
        yield signed_in(address, "admin", secrets)


def signed_in(address: str, name: str, secrets: Path) -> Connections:
    password = (secrets / name / "chorale_kafka_password").read_text()
    return Connections(kafka=address, kafka_user=name, kafka_password=SecretStr(password))


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
    async def applied(self, guarded: Connections, secrets: Path) -> list[str]:
        return await access.apply_to_kafka(guarded, access.passwords(secrets, "kafka"))

    async def test_takes_from_each_service_its_own_facts_alone(
        self, guarded: Connections, secrets: Path
    ) -> None:
        await tell(signed_in(guarded.kafka, "users", secrets), "users.events")
        with pytest.raises(TopicAuthorizationFailedError):
            await tell(signed_in(guarded.kafka, "structures", secrets), "users.events")

    async def test_gives_each_service_what_it_hears_in_its_own_group(
        self, guarded: Connections, secrets: Path
    ) -> None:
        structures = signed_in(guarded.kafka, "structures", secrets)
        await tell(signed_in(guarded.kafka, "users", secrets), "users.events")
        assert await hear(structures, "users.events", "structures") == b"{}"
        with pytest.raises(TopicAuthorizationFailedError):
            await hear(structures, "approvals.events", "structures")
        with pytest.raises(GroupAuthorizationFailedError):
            await hear(structures, "users.events", "approvals")

    async def test_knows_nobody_without_the_password(
        self, guarded: Connections, secrets: Path
    ) -> None:
        wrong = Connections(
            kafka=guarded.kafka, kafka_user="users", kafka_password=SecretStr("guessed")
        )
        with pytest.raises(KafkaConnectionError):
            await tell(wrong, "users.events")

    async def test_is_told_what_changes_once(self, guarded: Connections, secrets: Path) -> None:
        known = access.passwords(secrets, "kafka")
        assert await access.apply_to_kafka(guarded, known) == []
        async with access.admin.cluster(guarded) as cluster:
            await cluster.grant([Right(TOPIC, "users.events", "support", WRITE)])
        withdrawn = "support: write topic users.events: withdrawn"
        assert await access.apply_to_kafka(guarded, known) == [withdrawn]


@pytest.fixture(scope="module")
async def locked(
    secrets: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Connections]:
    """Three mongods that ask for a password, as their operator sees them."""
    folder, ports = tmp_path_factory.mktemp("locked"), free_ports(3)
    (folder / "key").touch(mode=0o600)
    (folder / "key").write_text((secrets / "mongo_keyfile").read_text())
    members = [guarded_mongod(folder, port) for port in ports]
    for one in members:
        await one.spawn()
    hosts = [f"127.0.0.1:{port}" for port in ports]
    settings = Connections(
        mongo=f"mongodb://{','.join(hosts)}/?replicaSet={mongod.REPLICA_SET}",
        mongo_user="admin",
        mongo_password=SecretStr((secrets / "admin" / "chorale_mongo_password").read_text()),
    )
    async with asyncio.timeout(60):
        for _ in range(2):  # Asked again, it changes nothing.
            await make_set(hosts[0], hosts, settings)
    yield settings
    for one in members:
        one.kill()


def guarded_mongod(folder: Path, port: int) -> Child:
    asked = mongod.mongod(folder / str(port), port)
    return Child(
        f"mongod-{port}",
        [*asked.command, "--keyFile", str(folder / "key")],
        log_file=folder / f"{port}.log",
        ready=asyncio.Event().wait,
    )


@real
class TestMongoDB:
    async def test_opens_to_each_service_its_own_database_alone(
        self, locked: Connections, secrets: Path
    ) -> None:
        known = access.passwords(secrets, "mongo")
        assert len(await access.apply_to_mongo(locked, known)) == len(known)
        assert await access.apply_to_mongo(locked, known) == []
        mine = locked.model_copy(
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

    async def test_knows_nobody_without_a_password(self, locked: Connections) -> None:
        stranger = Mongo.of("users", Connections(mongo=locked.mongo))
        with pytest.raises(OperationFailure, match="requires authentication"):
            await stranger["things"].find_one({})
        await stranger.close()
