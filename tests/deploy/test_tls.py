"""What docs/how-to/deploy.md says of TLS: services reach a broker and a database that want it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError
from pydantic import SecretStr
from pymongo.errors import ServerSelectionTimeoutError

from deploy import keys
from deploy.embedded.child import Child
from deploy.embedded.mongod import _binary
from deploy.installation import service_names
from deploy.kafka import cluster
from kit.kafka import secured
from kit.mongo import OPTIONS, Mongo
from kit.settings import Connections
from tests import stack
from tests.certificates import certificate
from tests.ports import free_ports


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    certificate(folder)
    return folder


@pytest.fixture(scope="module")
async def port(folder: Path) -> AsyncIterator[int]:
    [port] = free_ports(1)
    (folder / "data").mkdir()

    async def listening() -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    server = Child(
        "mongod",
        [
            *(str(_binary()), "--dbpath", str(folder / "data"), "--port", str(port)),
            *("--bind_ip", "127.0.0.1", "--quiet", "--tlsMode", "requireTLS"),
            *("--tlsCertificateKeyFile", str(folder / "server.pem")),
        ],
        log_file=folder / "mongod.log",
        ready=listening,
    )
    await server.spawn()
    await server.until_ready()
    yield port
    await server.stop()


@pytest.fixture(scope="module")
async def broker(folder: Path) -> AsyncIterator[Connections]:
    """The file of production with the words that the how-to says."""
    written = cluster.SECURED.read_text().replace("SASL_PLAINTEXT", "SASL_SSL")
    written += f"ssl.keystore.type=PEM\nssl.keystore.location={folder / 'server.pem'}\n"
    written += f"ssl.truststore.type=PEM\nssl.truststore.location={folder / 'ca.pem'}\n"
    # One broker alone.
    written = written.replace("factor=3", "factor=1").replace("replicas=2", "replicas=1")
    written = written.replace("min.isr=2", "min.isr=1")
    (folder / "broker.properties").write_text(written)
    secrets = folder / "secrets"
    secrets.mkdir()
    keys.make_passwords(secrets, service_names())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster, "SECURED", folder / "broker.properties")
        plain = cluster._as_operator
        tls = {"kafka_tls": True, "kafka_ca": str(folder / "ca.pem")}
        patched.setattr(cluster, "_as_operator", lambda *said: plain(*said).model_copy(update=tls))
        async with stack.apache_kafka(folder, secrets=secrets) as (address, _):
            yield cluster._as_operator(address, secrets)


class TestMongo:
    @pytest.mark.parametrize("driver", ["motor", "pymongo"])
    async def test_is_reached_by_who_believes_its_authority(
        self, port: int, folder: Path, driver: str
    ):
        url = f"mongodb://127.0.0.1:{port}/?tls=true&tlsCAFile={folder / 'ca.pem'}"
        mongo = Mongo(url, "trial", driver)
        await mongo.ping()
        await mongo.close()

    @pytest.mark.parametrize("asked", ["", "?tls=true"])
    async def test_is_not_reached_without(
        self, port: int, asked: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(OPTIONS, "serverSelectionTimeoutMS", 500)
        mongo = Mongo(f"mongodb://127.0.0.1:{port}/{asked}", "trial")
        with pytest.raises(ServerSelectionTimeoutError):
            await mongo.ping()
        await mongo.close()


@pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")
class TestKafka:
    async def _topics(self, settings: Connections) -> set[str]:
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, **secured(settings))
        try:
            await consumer.start()
            return set(await consumer.topics())
        finally:
            await consumer.stop()

    async def test_is_reached_by_who_believes_its_authority(self, broker: Connections):
        assert "users.events" in await self._topics(broker)

    @pytest.mark.parametrize("but", [{"kafka_ca": ""}, {"kafka_ca": "", "kafka_tls": False}])
    async def test_is_not_reached_without(self, broker: Connections, but: dict[str, object]):
        with pytest.raises(KafkaConnectionError):
            await self._topics(broker.model_copy(update=but))

    async def test_still_wants_to_know_who_calls(self, broker: Connections):
        nobody = broker.model_copy(update={"kafka_password": SecretStr("wrong")})
        with pytest.raises(KafkaConnectionError):
            await self._topics(nobody)
