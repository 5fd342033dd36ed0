"""How letters leave, and where their links lead."""

from datetime import time, timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Literal

from pydantic import Field, SecretStr

from kit.settings import Duration, Settings


class NotificationsSettings(Settings):
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 1025
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_connections: int = Field(default=10, ge=1, description="Letters handed over at once")
    smtp_timeout: float = Field(default=15, description="Seconds for each answer of the server")
    smtp_domain_rate: float = Field(
        default=0,
        ge=0,
        description="Letters a second to the addresses of one domain, from each process; links and "
        "codes do not wait for it. 0: no limit",
    )
    mail_from: str = Field(
        default="Chorale <ne-pas-repondre@chorale.example>",
        pattern=r"^(.*<[!-~]+@[!-~]+>|[!-~]+@[!-~]+)$",
        description="Whom letters are from; the name may have accents, the address may not",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="Where the links in letters lead"
    )

    desk_address: str = Field(
        default="",
        pattern=r"^([^\s<>@]+@[^\s<>@]+)?$",
        description="Where the support desk is told of tickets it is to treat; empty: nowhere",
    )
    digests_at: time = Field(
        default=time(7),
        description="When digests leave, where their reader is; weekly ones and recaps on Mondays",
    )
    approval_links: bool = Field(
        default=True,
        description="Whether letters to approvers carry a link that answers without signing in; "
        "without, those already sent open nothing",
    )
    letters_kept_for: Duration = Field(
        default=timedelta(days=400),
        description="How long the words of a letter are kept; that it was written stays",
    )

    def sender(self) -> Address:
        name, address = parseaddr(self.mail_from)
        return Address(display_name=name, addr_spec=address)
