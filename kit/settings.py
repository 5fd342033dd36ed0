"""What may differ from one installation to another. Read from the environment, once, at start."""

import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


def _seconds(written: Any) -> Any:
    plain = isinstance(written, str) and written.replace(".", "", 1).isdecimal()
    return float(written) if plain else written


Duration = Annotated[timedelta, BeforeValidator(_seconds)]
"""Seconds, or ISO 8601 (``PT1H``)."""


class Connections(BaseSettings):
    """
    Where Kafka and MongoDB are, and who we are to them.

    Each setting is an environment variable ``CHORALE_<NAME>``; a secret may instead be the content
    of the file ``<CHORALE_SECRETS>/chorale_<name>``. ``deploy/.env.example`` lists them all.
    """

    model_config = SettingsConfigDict(env_prefix="CHORALE_", extra="ignore", frozen=True)

    kafka: str = "127.0.0.1:9192"
    kafka_user: str = Field(default="", description="Who signs in (SCRAM-SHA-512); empty: nobody")
    kafka_password: SecretStr = SecretStr("")
    kafka_tls: bool = False
    kafka_ca: str = Field(
        default="", description="File of the authorities believed with TLS; empty: the system's"
    )
    mongo: str = Field(
        default="mongodb://127.0.0.1:27117/?replicaSet=rs0",
        description="TLS is asked for here: &tls=true&tlsCAFile=...",
    )
    mongo_user: str = Field(default="", description="Who signs in; empty: nobody")
    mongo_password: SecretStr = SecretStr("")
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    database_prefix: str = Field(default="", description="Put before each database's name")

    @model_validator(mode="after")
    def _signed_in_as_meant(self) -> Self:
        """Half a setting would leave Kafka open without anybody having said so."""
        if self.kafka_ca and not self.kafka_tls:
            raise ValueError("CHORALE_KAFKA_CA means nothing without CHORALE_KAFKA_TLS")
        for user, password in (
            (self.kafka_user, self.kafka_password),
            (self.mongo_user, self.mongo_password),
        ):
            if password.get_secret_value() and not user:
                raise ValueError("A password for Kafka or MongoDB is given without its user")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, file_secret_settings


class Settings(Connections):
    """Settings every service has; a service adds its own in a subclass in its ``settings.py``."""

    kafka_idempotence: bool = Field(
        default=True, description="False only for the embedded broker, which does not know it"
    )
    kafka_session: float = Field(
        default=10,
        description="Seconds after which the keys of a killed process go to another "
        "(Apache Kafka takes 6 or more)",
    )
    kafka_member: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._{}-]{0,200}$",
        description="A name that this process has in all its lives, and no other of its service "
        "at the same time: killed and started again it goes on at once, and waits neither for "
        "kafka_session nor for its leases. "
        "{host} is the name of its machine; empty: none",
    )

    internal_key: SecretStr = Field(description="What the gateway signs its word with (HS256)")
    link_key: SecretStr = Field(description="What links in letters are signed with (HS256)")

    rights_max_age: float = Field(
        default=5, description="Seconds without a heartbeat after which rights are not trusted"
    )
    heartbeat_every: float = Field(default=1, description="Seconds")
    consistency_patience: float = Field(
        default=3, description="Seconds a read waits for the fact its token names"
    )
    hear_at_once: int = Field(default=2000, description="Events taken from Kafka at once")
    retry_every: float = Field(default=1, description="Seconds between looks at what is parked")
    body_limit: int = Field(default=1_000_000, description="Bytes of a request's body")
    file_limit: int = Field(default=10_000_000, description="Bytes of a file that is brought")
    archive_limit: int = Field(
        default=50_000_000, description="Bytes of files that leave as one zip, all together"
    )
    clamd: str = Field(
        default="",
        description="Where the antivirus (clamd) answers, host:port; empty: nowhere",
    )
    clamd_limit: int = Field(
        default=25_000_000,
        description="Bytes that it looks at: the least of StreamMaxLength, MaxFileSize and "
        "MaxScanSize of clamd.conf",
    )
    clamd_patience: float = Field(default=120, description="Seconds for each file")
    unscanned_files: bool = Field(
        default=False,
        description="True: without an antivirus files may be read all the same. False: they wait",
    )
    page_size: int = 50
    page_size_most: int = 500
    traces: str = Field(
        default="", description="Where spans are sent (OTLP/HTTP, .../v1/traces); empty: none are"
    )
    traces_ratio: float = Field(
        default=1, ge=0, le=1, description="The part of requests that are followed"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def member(self) -> str | None:
        """This process in its group of Kafka, if it keeps its name (decision 0050)."""
        return self.kafka_member.replace("{host}", socket.gethostname()) or None


class WaitingSettings(Settings):
    """Of services in which what is asked for may wait before it is in force."""

    changes_effective_after: Duration = Field(
        default=timedelta(),
        ge=timedelta(),
        description="How long a change of a structure, or a habilitation that is given, waits; "
        "what is taken away never does",
    )


class OpenFormSettings(Settings):
    """Of services with forms that anybody may send."""

    effort_bits: int = Field(
        default=16,
        ge=0,
        le=32,
        description="Zero bits that a proof of work begins with: each doubles it; 0 asks for none",
    )
    effort_for: Duration = Field(
        default=timedelta(minutes=10), description="How long there is for a proof of work"
    )


S = TypeVar("S", bound=BaseSettings)


def read(kind: type[S], **known: Any) -> S:
    """Read settings of one kind from the environment and, when named, the folder of secrets."""
    folder = os.environ.get("CHORALE_SECRETS", "")
    where: dict[str, Any] = {"_secrets_dir": Path(folder)} if folder else {}
    return kind(**where, **known)
