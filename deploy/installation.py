"""One machine's installation: its ports, its data, its secrets, and what services are told."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

import services
from deploy.embedded import mongod
from deploy.trouble import Trouble

OPERATOR = "ops@chorale.example"


class Installation(BaseSettings):
    """Where everything is when it runs on one machine."""

    model_config = SettingsConfigDict(env_prefix="CHORALE_", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where services listen")
    gateway_port: int = 8080
    users_port: int = 8081
    structures_port: int = 8082
    approvals_port: int = 8083
    notifications_port: int = 8084
    support_port: int = 8085

    data: Path = Field(default=Path("var"), description="Folder of all that chorale up keeps")
    kafka: str = Field(
        default="", description="A Kafka that is there, to be used instead of the embedded broker"
    )
    mongo_port: int = Field(default=27117, description="Of the embedded MongoDB")
    kafka_port: int = Field(default=9192, description="Of the embedded broker")
    mail_port: int = Field(default=1025, description="Of the catcher of mail (SMTP)")
    mail_page_port: int = Field(default=8025, description="Of the page that shows the mail")
    sirene_port: int = Field(default=8090, description="Of the stub of Sirene")

    def port_of(self, service: str) -> int:
        port = getattr(self, f"{service}_port", None)
        if not isinstance(port, int):
            raise Trouble(f"No port is known for the service {service}")
        return port

    def url_of(self, service: str) -> str:
        return f"http://127.0.0.1:{self.port_of(service)}"

    @property
    def gateway(self) -> str:
        return self.url_of("gateway")

    @property
    def mail(self) -> Path:
        return self.data / "mail"

    def told_to_services(self, *, embedded: bool) -> dict[str, str]:
        """The environment of the services; what the embedded parts decide is never overruled."""
        others = {name: self.url_of(name) for name in service_names() if name != "gateway"}
        free = {
            "CHORALE_UPSTREAMS": json.dumps(others),
            "CHORALE_SECRETS": str(self.data.resolve() / "secrets"),
        }
        if not embedded:
            return free | _already(free)
        free |= {
            "CHORALE_SIRENE_URL": f"http://127.0.0.1:{self.sirene_port}/api-sirene/3.11",
            "CHORALE_OPERATORS": OPERATOR,
            "CHORALE_PUBLIC_URL": self.gateway,
            "CHORALE_LOG_LEVEL": "warning",
            "CHORALE_UNSCANNED_FILES": "true",
            "CHORALE_EFFORT_BITS": "0",
        }
        decided = {
            "CHORALE_MONGO": mongod.url(self.mongo_port),
            "CHORALE_SMTP_HOST": "127.0.0.1",
            "CHORALE_SMTP_PORT": str(self.mail_port),
        }
        if not self.kafka:
            decided |= {
                "CHORALE_KAFKA": f"127.0.0.1:{self.kafka_port}",
                "CHORALE_KAFKA_IDEMPOTENCE": "false",
                # This broker lets a group wait half a session before its members may join.
                "CHORALE_KAFKA_SESSION": "4",
            }
        return free | _already(free) | decided

    def join(self) -> None:
        """Speak to what ``chorale up`` runs here, unless the environment names something else."""
        if "CHORALE_MONGO" in os.environ or not (self.data / "secrets").exists():
            return
        for name, value in self.told_to_services(embedded=True).items():
            os.environ.setdefault(name, value)


def _already(wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: os.environ[name] for name in wanted if name in os.environ}


def service_names() -> list[str]:
    """Every folder of services/ that can be run, the gateway first."""
    mains = (main for folder in services.__path__ for main in Path(folder).glob("*/main.py"))
    found = {main.parent.name for main in mains}
    return sorted(found, key=lambda name: (name != "gateway", name))


def ports(installation: Installation, *, embedded: bool) -> dict[str, int]:
    """The setting that gives each port we are about to listen on."""
    wanted = [f"{name}_port" for name in service_names()]
    if embedded:
        wanted += ["mongo_port", "mail_port", "mail_page_port", "sirene_port"]
        wanted += [] if installation.kafka else ["kafka_port"]
    return {f"CHORALE_{name.upper()}": getattr(installation, name) for name in wanted}


def make_sure_ports_are_free(wanted: Mapping[str, int]) -> None:
    """Say which port is taken before anything is started."""
    for setting, port in wanted.items():
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError as taken:
                raise Trouble(f"Port {port} is taken: set {setting} to another") from taken
    if len(set(wanted.values())) < len(wanted):
        raise Trouble(f"Two of these are the same port: {', '.join(wanted)}")


@contextmanager
def alone_on(data: Path) -> Iterator[None]:
    """Hold the data folder: two runs on one would spoil each other's work."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            lock.seek(0)
            raise Trouble(
                f"Chorale already runs on {data.resolve()} (process {lock.read().strip()}): "
                "stop it, or set CHORALE_DATA to another folder"
            ) from held
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
