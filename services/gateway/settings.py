"""Settings of the gateway alone."""

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from kit.settings import Settings

Network = IPv4Network | IPv6Network


class GatewaySettings(Settings):
    access_public_key: str = Field(
        description="What access tokens are verified with: the public key of users, JWK or PEM"
    )
    upstreams: dict[str, str] = Field(
        default={
            "users": "http://127.0.0.1:8081",
            "structures": "http://127.0.0.1:8082",
            "approvals": "http://127.0.0.1:8083",
            "notifications": "http://127.0.0.1:8084",
            "support": "http://127.0.0.1:8085",
        },
        description="Where each service answers",
    )
    upstream_patience: float = Field(default=15, description="Seconds a service has to answer")
    download_patience: float = Field(
        default=600, description="Seconds that a client has to take a file of any length"
    )
    file_patience: float = Field(
        default=120, description="Seconds that a client has to send a file"
    )
    file_room: int = Field(
        default=200_000_000, description="Bytes of files that may be on their way in at once"
    )
    upstream_connections: int = Field(default=200, description="Open at once to all services")
    credential_rate: str = Field(
        default="30/minute", description="Requests without an access token, for each address"
    )
    caller_rate: str = Field(default="200/second", description="Requests of each caller")
    trusted_proxies: list[Network] = Field(
        default=[], description="Networks whose X-Forwarded-For is believed"
    )
    metrics_readers: list[Network] = Field(
        default=[IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")],
        description="Networks that may read /metrics",
    )
