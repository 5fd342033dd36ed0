"""One broker or several, each of them a controller too (KRaft), on 127.0.0.1 alone."""

import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from deploy import topics
from deploy.embedded.child import Child
from deploy.kafka import jars
from deploy.trouble import Trouble

CLUSTER = "Y2hvcmFsZS1jbHVzdGVyLQ"
MEMORY = "512m"
PORTS_OF_ONE = 2


def brokers(
    data: Path,
    ports: Sequence[int],
    *,
    jars_in: Path | None = None,
    but: Mapping[str, object] = MappingProxyType({}),
) -> list[Child]:
    """
    Brokers to be spawned, all of them before the first is waited for.

    Takes a while the first time: call it in a thread.

    ``ports``: two for each broker, the first for its clients. Their logs stay in ``data``, so that
    a broker that was killed and is started again has what it had acknowledged. ``but``: properties
    that differ from ours.
    """
    found = jars.resolve(jars_in or data / "kafka")
    java = [
        *("java", f"-Xmx{MEMORY}", "-XX:+UseSerialGC", "-Djava.awt.headless=true"),
        *("-Dorg.apache.logging.log4j.level=WARN", "-cp", f"{found}/*"),
    ]
    copies = min(3, len(addresses(ports)))
    children = []
    for number, properties in enumerate(settings(data / "kafka", ports), 1):
        folder = Path(str(properties["log.dirs"]))
        file = folder.parent / "server.properties"
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "".join(f"{name}={value}\n" for name, value in {**properties, **but}.items())
        )
        if not (folder / "meta.properties").exists():
            _format(java, file)
        children.append(
            Child(
                f"kafka-{number}",
                [*java, "kafka.Kafka", str(file)],
                log_file=data / "log" / f"kafka-{number}.log",
                ready=partial(topics.make_patiently, addresses(ports)[number - 1], replicas=copies),
            )
        )
    return children


def addresses(ports: Sequence[int]) -> list[str]:
    return [f"127.0.0.1:{port}" for port in ports[::PORTS_OF_ONE]]


def settings(folder: Path, ports: Sequence[int]) -> list[dict[str, object]]:
    """The server.properties of each broker."""
    clients, controllers = addresses(ports), addresses(ports[1:])
    copies = min(3, len(clients))
    shared = {
        "process.roles": "broker,controller",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": ",".join(
            f"{number}@{address}" for number, address in enumerate(controllers, 1)
        ),
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": topics.in_sync(copies),
        "offsets.topic.replication.factor": copies,
        # 50 by default: that many more files to open at each start, for six groups.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": topics.in_sync(copies),
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": topics.in_sync(copies),
        "group.initial.rebalance.delay.ms": 0,
        # 128 MB by default.
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    }
    return [
        shared
        | {
            "node.id": number,
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "log.dirs": (folder / str(number) / "log").resolve(),
        }
        for number, (client, controller) in enumerate(zip(clients, controllers, strict=True), 1)
    ]


def _format(java: Sequence[str], properties: Path) -> None:
    done = subprocess.run(
        [
            *(*java, "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"),
            *("--ignore-formatted", "--cluster-id", CLUSTER, "--config", str(properties)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise Trouble(f"Apache Kafka cannot use {properties.parent}:\n{done.stdout}{done.stderr}")
