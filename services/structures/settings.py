"""What may differ from one installation to another for structures."""

from datetime import timedelta

from pydantic import Field, SecretStr

from kit.settings import Settings


class StructuresSettings(Settings):
    sirene_url: str = Field(
        default="http://127.0.0.1:8090/api-sirene/3.11",
        description="INSEE's own is https://api.insee.fr/api-sirene/3.11",
    )
    sirene_key: SecretStr = Field(default=SecretStr(""), description="X-INSEE-Api-Key-Integration")
    sirene_timeout: float = Field(default=3, description="Seconds")
    sirene_per_minute: int = Field(
        default=30, ge=1, description="INSEE's limit, for each process: divide it among replicas"
    )
    identifier_checksums: bool = Field(
        default=True, description="False where made-up SIRETs must be accepted, as in a sandbox"
    )
    import_checksums: bool = Field(
        default=False, description="The real public directory holds SIRETs whose key is wrong"
    )
    changes_effective_after: timedelta = Field(
        default=timedelta(0),
        ge=timedelta(0),
        description="How long a modification waits before it takes effect (ISO 8601: PT30M)",
    )
