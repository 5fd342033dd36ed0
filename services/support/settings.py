"""What may differ from one installation of support to another."""

from datetime import time, timedelta
from typing import Self

from pydantic import Field, model_validator

from kit.attempts import Limit
from kit.business_days import WorkingHours
from kit.settings import Duration, OpenFormSettings
from services.support.domain.catalogue import TIMING
from services.support.domain.clocks import Timing
from services.support.domain.incoming import Filing


class SupportSettings(OpenFormSettings):
    support_opens_at: time = Field(
        default=TIMING.hours.begin,
        description="On business days, in Europe/Paris: patience is counted then",
    )
    support_closes_at: time = TIMING.hours.end
    ticket_fresh_for: Duration = Field(
        default=TIMING.at_least,
        gt=timedelta(),
        description="Working time that remains at least of what was promised of a ticket, once "
        "its emitter has answered or it was handed on",
    )

    ticket_files_most: int = Field(
        default=20, ge=1, description="Files that one ticket may have, of both sides"
    )

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
    letter_category: str = Field(
        default="UTILISATION_PLATEFORME",
        description="What letters to the desk are filed under (POST /v1/incoming-letters)",
    )
    letter_subcategory: str = Field(
        default="AUTRE_QUESTION",
        description="Of that category: one that the desk answers, about no object",
    )
    exchange_always: bool = Field(
        default=False, description="True: agents are there to talk to at any hour"
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

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        """No day would have an hour, and no ticket would ever be late."""
        if self.support_opens_at >= self.support_closes_at:
            raise ValueError("CHORALE_SUPPORT_OPENS_AT comes before CHORALE_SUPPORT_CLOSES_AT")
        return self

    @property
    def hours(self) -> WorkingHours:
        return WorkingHours(self.support_opens_at, self.support_closes_at)

    @property
    def timing(self) -> Timing:
        return Timing(self.hours, at_least=self.ticket_fresh_for)

    @property
    def filing(self) -> Filing:
        return Filing(self.letter_category, self.letter_subcategory)

    @property
    def form_letters_limit(self) -> Limit:
        return Limit(self.form_letters_most, timedelta(days=1))
