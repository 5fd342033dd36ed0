"""What may differ from one installation of users to another."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from kit.addresses import normalised
from kit.attempts import Limit
from kit.settings import Duration, OpenFormSettings, WaitingSettings

DefaultSet = Literal["applications", "espaces"]


class OidcProvider(BaseModel):
    """An identity provider that people may sign in with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    label: str = Field(min_length=1, max_length=100)
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    scopes: tuple[str, ...] = ("openid", "email", "profile")

    @model_validator(mode="after")
    def _may_be_believed(self) -> Self:
        if not is_safe(self.issuer):
            raise ValueError("An issuer is an https address")
        if "openid" not in self.scopes:
            raise ValueError("Without the scope openid nobody says who somebody is")
        return self


class UsersSettings(WaitingSettings, OpenFormSettings):
    access_private_key: SecretStr = Field(
        description="What access tokens are signed with: an Ed25519 key, as JWK or PEM"
    )
    second_factor_keys: SecretStr = Field(
        description="What secrets of authenticator apps are encrypted with: Fernet keys, comma "
        "separated. The first encrypts, each decrypts what it encrypted"
    )
    operators: str = Field(default="", description="Logins of the operators, comma separated")
    applications: str = Field(
        default="",
        description="File of the applications, their levels and who has which from the beginning; "
        "empty: services/users/catalogue.yaml",
    )
    espaces: str = Field(
        default="",
        description="File of the espaces, what each opens and who has which from the beginning; "
        "empty: services/users/espaces.yaml",
    )
    default_set: DefaultSet = Field(
        default="applications",
        description="Which of the two files says what a new rattachement has: the levels of each "
        "application, and every espace is open; or the espaces of each role, and no other is",
    )

    access_for: Duration = Field(
        default=timedelta(minutes=5), description="How long a person's access token is good"
    )
    client_access_for: Duration = Field(
        default=timedelta(minutes=10),
        le=timedelta(seconds=32767),
        description="How long another system's access token is good",
    )
    client_secret_for: Duration = Field(
        default=timedelta(days=365), description="How long the secret of another system is good"
    )
    client_secret_overlap: Duration = Field(
        default=timedelta(days=1),
        description="How long the secret before is good beside one that was just given",
    )
    client_secret_reminder: Duration = Field(
        default=timedelta(days=15),
        description="How long before its end whoever had a secret made is told",
    )
    password_memory: int = Field(
        default=65_536,
        ge=7168,
        description="KiB that hashing a password fills; a hash that was made otherwise is made "
        "again when its owner signs in",
    )
    password_passes: int = Field(default=3, ge=1, description="How often hashing goes through them")
    session_for: Duration = timedelta(days=30)
    sessions_most: int = Field(default=50, ge=1, description="Of one account; the oldest ends")

    link_for: Duration = Field(
        default=timedelta(minutes=60), description="How long a link in a letter is good"
    )
    invitation_for: Duration = Field(
        default=timedelta(days=7), description="How long an invitation to a structure is good"
    )
    letters_most: int = Field(default=5, ge=1, description="Links sent to one account in an hour")

    unactivated_for: Duration = Field(
        default=timedelta(days=7), description="Then an account that nobody activated is erased"
    )
    login_back_for: Duration = Field(
        default=timedelta(days=7),
        description="How long the old address can undo the change of a login",
    )

    code_for: Duration = Field(
        default=timedelta(minutes=10), description="How long a code in a letter is good"
    )
    codes_most: int = Field(default=10, ge=1, description="Codes sent to one account in an hour")

    sign_in_failures: int = Field(default=5, ge=1, description="Then the account is locked")
    sign_in_locked_for: Duration = timedelta(hours=1)
    address_failures: int = Field(default=30, ge=1, description="Then the address is locked")
    address_locked_for: Duration = timedelta(minutes=15)
    challenge_for: Duration = timedelta(minutes=5)
    challenge_tries: int = Field(default=5, ge=1)

    oidc_providers: tuple[OidcProvider, ...] = Field(
        default=(),
        description="Identity providers, as JSON: name, label, issuer, client_id, client_secret "
        "and scopes of each",
    )
    oidc_redirect_uris: str = Field(
        default="", description="Pages that a sign-in may come back to, comma separated"
    )
    oidc_sign_in_for: Duration = timedelta(minutes=10)
    oidc_patience: float = Field(default=5, description="Seconds for each answer of a provider")

    personal_file_limit: int = Field(
        default=4_000_000, description="Bytes of a file that a person keeps at hand"
    )
    personal_files_most: int = Field(default=50, ge=1, description="Of one person")
    reference_for: Duration = Field(
        default=timedelta(hours=1),
        description="How long another system may read a file that its owner has referred it to",
    )

    exports_most: int = Field(default=3, ge=1, description="Of one person in a day")
    export_kept_for: Duration = Field(
        default=timedelta(days=7), description="Until it is taken, once"
    )
    import_kept_for: Duration = Field(
        default=timedelta(days=30),
        description="How long a file of rattachements is kept once it is worked through",
    )
    deactivated_kept_for: Duration = Field(
        default=timedelta(days=1095),
        description="How long a deactivated account is kept before its person is erased",
    )

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [one.name for one in self.oidc_providers]
        if len(names) != len(set(names)):
            raise ValueError("Two identity providers have the same name")
        return self

    @field_validator("operators")
    @classmethod
    def _logins(cls, written: str) -> str:
        return ",".join(map(normalised, filter(str.strip, written.split(","))))

    @property
    def oidc_redirects(self) -> frozenset[str]:
        return frozenset(filter(None, map(str.strip, self.oidc_redirect_uris.split(","))))

    @property
    def exports_limit(self) -> Limit:
        return Limit(self.exports_most, timedelta(days=1))

    transferred_most: int = Field(
        default=2000, ge=1, description="Structures that are handed over in one decision"
    )
    reactivation_for: Duration = Field(
        default=timedelta(days=60),
        description="Whole days, in Europe/Paris, after the day of a deactivation",
    )
    vacancy_code_for: Duration = Field(
        default=timedelta(days=7), description="How long there is for the code of a claim"
    )
    vacancy_code_tries: int = Field(default=5, ge=1, description="Of the code of one claim")
    vacancy_claims_most: int = Field(
        default=3, ge=1, description="Claims in a day, by one user and to one structure"
    )
    vacancy_documents_for: Duration = Field(
        default=timedelta(days=30), description="How long a claim by documents waits for the desk"
    )
    vacancy_notice_for: Duration = Field(
        default=timedelta(days=15), description="How long an absent manager may object to a claim"
    )

    @property
    def sign_in_limit(self) -> Limit:
        return Limit(self.sign_in_failures, self.sign_in_locked_for)

    @property
    def address_limit(self) -> Limit:
        return Limit(self.address_failures, self.address_locked_for)

    @property
    def letters_limit(self) -> Limit:
        return Limit(self.letters_most, timedelta(hours=1))

    @property
    def codes_limit(self) -> Limit:
        return Limit(self.codes_most, timedelta(hours=1))

    @property
    def claims_limit(self) -> Limit:
        return Limit(self.vacancy_claims_most, timedelta(days=1))

    def is_operator(self, email: str) -> bool:
        """``email``: in its one spelling."""
        return bool(email) and email in self.operators.split(",")


def is_safe(address: str) -> bool:
    """Whether what is asked there is read by nobody else: https, or this very machine."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_here(parts.hostname or "")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
