"""What may differ from one installation to another for structures."""

from datetime import timedelta

from pydantic import Field, SecretStr

from kit.settings import Duration, Settings


class StructuresSettings(Settings):
    sirene_url: str = Field(
        default="http://127.0.0.1:8090/api-sirene/3.11",
        description="INSEE's own is https://api.insee.fr/api-sirene/3.11",
    )
    sirene_key: SecretStr = Field(default=SecretStr(""), description="X-INSEE-Api-Key-Integration")
    sirene_timeout: float = Field(
        default=3, description="Seconds INSEE has to answer, new tries included"
    )
    sirene_per_minute: int = Field(
        default=30, ge=1, description="INSEE's limit, for each process: divide it among replicas"
    )
    sirene_share: float = Field(
        default=0.3, gt=0, le=1, description="The part of that limit that one caller may use"
    )
    sirene_failures_most: int = Field(
        default=5,
        ge=1,
        description="SIRETs that fail in a row, of two callers at least; then INSEE is left in "
        "peace for a while",
    )
    sirene_rest: float = Field(default=15, description="Seconds between tries after that")
    sirene_remembered_for: float = Field(default=300, description="Seconds; 0 asks INSEE each time")
    archive_limit: int = Field(
        default=50_000_000, description="Bytes of files that leave as one zip, all together"
    )
    identifier_checksums: bool = Field(
        default=True, description="False where made-up SIRETs must be accepted, as in a sandbox"
    )
    default_currency: str = Field(
        default="EUR", pattern=r"^[A-Z]{3}$", description="Of clients that have none of their own"
    )
    default_language: str = Field(
        default="fr", pattern=r"^[a-z]{2}$", description="Of clients that have none of their own"
    )
    documents_in_client_language: bool = Field(
        default=False,
        description="True: a client's documents made by the administration are in the client's "
        "language, not in CHORALE_DEFAULT_LANGUAGE",
    )
    import_checksums: bool = Field(
        default=False, description="The real public directory holds SIRETs whose key is wrong"
    )
    changes_effective_after: Duration = Field(
        default=timedelta(),
        ge=timedelta(),
        description="How long a change of a structure waits; deactivation never does",
    )
