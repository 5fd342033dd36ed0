"""Apache Kafka on this machine: what it is told, and that it keeps what it acknowledged."""

import asyncio
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy import topics
from deploy.kafka import cluster, jars
from deploy.trouble import Trouble
from kit.settings import Connections
from tests import stack
from tests.platform import until

PLACE = TopicPartition("users.events", 3)
real = pytest.mark.skipif(not stack.apache(), reason="make test-kafka starts Apache Kafka")


class TestSettings:
    def test_listen_on_this_machine_alone(self, tmp_path: Path) -> None:
        for broker in cluster.settings(tmp_path, [1, 2, 3, 4, 5, 6]):
            for listener in str(broker["listeners"]).split(","):
                assert listener.split("://")[1].startswith("127.0.0.1:")

    def test_of_one_broker_ask_for_one_copy(self, tmp_path: Path) -> None:
        [one] = cluster.settings(tmp_path, [1, 2])
        assert (one["default.replication.factor"], one["min.insync.replicas"]) == (1, 1)
        assert one["controller.quorum.voters"] == "1@127.0.0.1:2"

    def test_of_three_let_one_be_away(self, tmp_path: Path) -> None:
        three = cluster.settings(tmp_path, [1, 2, 3, 4, 5, 6])
        for one in three:
            assert (one["offsets.topic.replication.factor"], one["min.insync.replicas"]) == (3, 2)
        voters = "1@127.0.0.1:2,2@127.0.0.1:4,3@127.0.0.1:6"
        assert {one["controller.quorum.voters"] for one in three} == {voters}
        assert len({one["log.dirs"] for one in three}) == 3

    def test_no_topic_is_made_by_a_wrong_name(self, tmp_path: Path) -> None:
        [one] = cluster.settings(tmp_path, [1, 2])
        assert one["auto.create.topics.enable"] == "false"


class TestFormatting:
    def test_shows_the_password_to_nobody_who_lists_processes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "admin").mkdir()
        (tmp_path / "admin" / "chorale_kafka_password").write_text('tell"nobody')
        told = list[tuple[list[str], str, int]]()

        def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            file = Path(command[-1].removeprefix("@"))
            told.append((command, file.read_text(), file.stat().st_mode & 0o777))
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr(subprocess, "run", run)
        cluster._format(["java"], tmp_path / "server.properties", {}, tmp_path)
        [(command, asked, mode)] = told
        assert not any("nobody" in one for one in command)
        assert '"SCRAM-SHA-512=[name=admin,password=tell\\"nobody]"' in asked.splitlines()
        assert mode == 0o600
        assert not Path(command[-1].removeprefix("@")).exists()


def test_a_machine_without_java_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Trouble, match="no java and no mvn"):
        jars.resolve(tmp_path)


async def values(address: str) -> list[bytes | None]:
    async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as reader:
        reader.assign([PLACE])
        await reader.seek_to_beginning(PLACE)
        end = (await reader.end_offsets([PLACE]))[PLACE]
        found = list[bytes | None]()
        async with asyncio.timeout(30):
            while len(found) < end:
                for some in (await reader.getmany(timeout_ms=200)).values():
                    found += [one.value for one in some]
        return found


@real
@pytest.mark.parametrize("brokers", [1, 3])
async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, brokers: int) -> None:
    """An idempotent producer goes on through it: each record is there once, in order."""
    async with (
        stack.apache_kafka(tmp_path, brokers=brokers) as (address, children),
        AIOKafkaProducer(
            bootstrap_servers=address, acks="all", enable_idempotence=True, compression_type="zstd"
        ) as producer,
    ):
        keeping = [asyncio.create_task(child.keep()) for child in children]
        sent = [b"%d" % n for n in range(300)]
        async with asyncio.timeout(90):
            for n, value in enumerate(sent):
                if n in {100, 200}:
                    pid = children[0].pid
                    assert pid
                    os.kill(pid, signal.SIGKILL)
                given = await producer.send_and_wait(PLACE.topic, value, partition=PLACE.partition)
                assert given.offset == n
            await children[0].until_ready()
        assert await values(address) == sent
        for task in keeping:
            task.cancel()


@real
async def test_topics_are_as_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made once; asked again, only what is not as declared is changed, and never the partitions."""
    async with stack.apache_kafka(tmp_path, brokers=3) as (address, _):
        settings = Connections(kafka=address)
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        [topic] = await admin.describe_topics([PLACE.topic])
        await admin.close()
        assert {len(one["replicas"]) for one in topic["partitions"]} == {3}
        assert await topics.make(settings) == []

        other = replace(topics.declared(), retention_days=1)
        monkeypatch.setattr(topics, "declared", lambda: other)
        changed = await topics.make(settings)
        assert changed == [f"{name}: retention.ms=86400000" for name in other.names]
        # The other brokers hear of it a moment later.
        await until(lambda: topics.make(settings), lambda changed: not changed)

        monkeypatch.setattr(topics, "declared", lambda: replace(other, partitions=32))
        with pytest.raises(Trouble, match="has 16 partitions, not 32"):
            await topics.make(settings)
