"""One broker or several, each of them a controller too (KRaft), on 127.0.0.1 alone."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import SecretStr

from deploy import topics
from deploy.embedded.child import Child
from deploy.kafka import jars
from deploy.trouble import Trouble
from kit.settings import Connections

SECURED = Path(__file__).with_name("broker.properties")
CLUSTER = "Y2hvcmFsZS1jbHVzdGVyLQ"
MEMORY = "512m"
PORTS_OF_ONE = 2


def brokers(
    data: Path, ports: Sequence[int], *, jars_in: Path | None = None, secrets: Path | None = None
) -> list[Child]:
    """
    Brokers to be spawned, all of them before the first is waited for.

    Takes a while the first time: call it in a thread.

    ``ports``: two for each broker, the first for its clients. Their logs stay in ``data``, so that
    a broker that was killed and is started again has what it had acknowledged. With ``secrets``
    (of ``chorale secrets``) everybody signs in, as in production.
    """
    found = jars.resolve(jars_in or data / "kafka")
    java = [
        *("java", f"-Xmx{MEMORY}", "-XX:+UseSerialGC", "-Djava.awt.headless=true"),
        *("-Dorg.apache.logging.log4j.level=WARN", "-cp", f"{found}/*"),
    ]
    written = _secured(data / "kafka", ports, secrets) if secrets else _open(data / "kafka", ports)
    children = []
    for number, (file, env) in enumerate(written, 1):
        _format(java, file, env, secrets)
        settings = _as_operator(addresses(ports)[number - 1], secrets)
        ready = partial(topics.make_patiently, settings, brokers=len(written))
        children.append(
            Child(
                f"kafka-{number}",
                [*java, "kafka.Kafka", str(file)],
                log_file=data / "log" / f"kafka-{number}.log",
                ready=ready,
                env=env,
            )
        )
    return children


Written = tuple[Path, dict[str, str]]
"""The properties of a broker, and what they take from its environment."""


def _open(folder: Path, ports: Sequence[int]) -> list[Written]:
    written = list[Written]()
    for properties in settings(folder, ports):
        logs = Path(str(properties["log.dirs"]))
        logs.mkdir(parents=True, exist_ok=True)
        file = logs.parent / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        written.append((file, dict[str, str]()))
    return written


def _secured(folder: Path, ports: Sequence[int], secrets: Path) -> list[Written]:
    """The file of production; here its secrets are elsewhere."""
    clients, controllers = addresses(ports), addresses(ports[1:])
    text = SECURED.read_text().replace("/run/secrets", str(secrets.resolve()))
    written = []
    for number, (client, controller) in enumerate(zip(clients, controllers, strict=True), 1):
        logs = (folder / str(number) / "log").resolve()
        logs.mkdir(parents=True, exist_ok=True)
        file = logs.parent / "server.properties"
        file.write_text(text)
        env = {
            "BROKER_ID": str(number),
            "BROKER_DATA": str(logs),
            "BROKER_LISTENERS": f"CLIENTS://{client},CONTROLLER://{controller}",
            "BROKER_ADVERTISED": f"CLIENTS://{client}",
            "BROKER_VOTERS": _voters(controllers),
        }
        written.append((file, env))
    return written


def _as_operator(address: str, secrets: Path | None) -> Connections:
    password = (secrets / "admin" / "chorale_kafka_password").read_text() if secrets else ""
    return Connections(
        kafka=address,
        kafka_user="admin" if secrets else "",
        kafka_password=SecretStr(password),
        kafka_tls=False,
    )


def _voters(controllers: Sequence[str]) -> str:
    return ",".join(f"{number}@{address}" for number, address in enumerate(controllers, 1))


def addresses(ports: Sequence[int]) -> list[str]:
    return [f"127.0.0.1:{port}" for port in ports[::PORTS_OF_ONE]]


def settings(folder: Path, ports: Sequence[int]) -> list[Mapping[str, object]]:
    """The server.properties of each broker."""
    clients, controllers = addresses(ports), addresses(ports[1:])
    asked = topics.asked_for(len(clients))
    copies, in_sync = asked.replicas, asked.in_sync
    shared = {
        "process.roles": "broker,controller",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": _voters(controllers),
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        # 50 by default: that many more files to open at each start, for six groups.
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        # 9 s by default, for which a dead broker's slices would have no leader.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,
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


def _format(
    java: Sequence[str], properties: Path, env: Mapping[str, str], secrets: Path | None
) -> None:
    if (properties.parent / "log" / "meta.properties").exists():
        return
    asked = ["kafka.tools.StorageTool", "format", "--ignore-formatted"]
    asked += ["--cluster-id", CLUSTER, "--config", str(properties)]
    if secrets:  # Whoever is to let the others in must be known from the first moment.
        password = (secrets / "admin" / "chorale_kafka_password").read_text()
        asked += ["--add-scram", f"SCRAM-SHA-512=[name=admin,password={password}]"]
    # Everybody on a machine may read the arguments of a process: Java takes these from a file,
    # which is the owner's alone, and is not to leave them where others watch JVMs either.
    with NamedTemporaryFile("w", dir=properties.parent, prefix="format-") as file:
        file.write("".join(f"{_quoted(one)}\n" for one in asked))
        file.flush()
        done = subprocess.run(
            [*java, "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", f"@{file.name}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **env},
        )
    if done.returncode:
        raise Trouble(f"Apache Kafka cannot use {properties.parent}:\n{done.stdout}{done.stderr}")


def _quoted(argument: str) -> str:
    """As the files of arguments of ``java`` have it."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
