"""What may differ from one installation of support to another."""

from datetime import time, timedelta
from typing import Self

from pydantic import Field, model_validator

from kit.business_days import WorkingHours
from kit.settings import Duration, Settings
from services.support.domain.clocks import Timing


class SupportSettings(Settings):
    support_opens_at: time = Field(
        default=time(9), description="On business days, in Europe/Paris: patience is counted then"
    )
    support_closes_at: time = time(18)
    ticket_fresh_for: Duration = Field(
        default=timedelta(hours=2),
        ge=timedelta(),
        description="Working time that remains at least of what was promised of a ticket, once "
        "its emitter has answered or it was handed on",
    )

    ticket_files_most: int = Field(
        default=20, ge=1, description="Files that one ticket may have, of both sides"
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
