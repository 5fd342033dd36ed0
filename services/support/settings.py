"""What may differ from one installation of support to another."""

from datetime import time, timedelta

from pydantic import Field

from kit.attempts import Limit
from kit.business_days import WorkingHours
from kit.settings import Duration, OpenFormSettings


class SupportSettings(OpenFormSettings):
    support_opens_at: time = Field(
        default=time(9), description="On business days, in Europe/Paris: patience is counted then"
    )
    support_closes_at: time = time(18)

    form_link_for: Duration = Field(
        default=timedelta(days=1),
        description="How long there is to confirm what was written without signing in",
    )
    form_letters_most: int = Field(
        default=5, ge=1, description="Letters that ask one address to confirm, in a day"
    )
    form_kept_for: Duration = Field(
        default=timedelta(days=365),
        description="Then the words and the address of a ticket that was written without signing "
        "in are forgotten, once it is answered",
    )
    exchange_patience: Duration = Field(
        default=timedelta(minutes=5), description="How long somebody waits for an agent to talk to"
    )
    exchange_silence: Duration = Field(
        default=timedelta(minutes=15),
        description="Without a word for so long, a written exchange is over",
    )
    exchange_waits_most: int = Field(
        default=100,
        ge=0,
        description="Readers of exchanges that one process keeps waiting; fewer than "
        "CHORALE_UPSTREAM_CONNECTIONS. Others are answered at once, and ask again",
    )

    @property
    def hours(self) -> WorkingHours:
        return WorkingHours(self.support_opens_at, self.support_closes_at)

    @property
    def form_letters_limit(self) -> Limit:
        return Limit(self.form_letters_most, timedelta(days=1))
