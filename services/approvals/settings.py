"""What may differ from one installation of approvals to another."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from kit.settings import Settings
from services.approvals.domain.ladder import Ladder

Days = Annotated[int, Field(ge=1, le=1000)]


class ApprovalsSettings(Settings):
    approval_reminded_after: tuple[Days, ...] = Field(
        default=(3, 10, 20),
        description="Business days after which those who were asked are reminded, as JSON",
    )
    approval_escalated_after: int = Field(
        default=5,
        ge=0,
        le=1000,
        description="Business days that the principal manager has before all who may decide are "
        "asked; 0: they never are",
    )
    approval_expires_after: Days = Field(
        default=30, description="Business days after which what nobody has answered is over"
    )

    approval_links: bool = Field(
        default=True,
        description="Whether letters to approvers carry a link that answers without signing in; "
        "without, those already sent open nothing",
    )

    @model_validator(mode="after")
    def _ends_last(self) -> Self:
        """A step after the end would never be taken, and nobody would notice."""
        if max((*self.approval_reminded_after, self.approval_escalated_after)) >= (
            self.approval_expires_after
        ):
            raise ValueError("CHORALE_APPROVAL_EXPIRES_AFTER comes after every other step")
        return self

    @property
    def ladder(self) -> Ladder:
        return Ladder(
            reminders=self.approval_reminded_after,
            escalation=self.approval_escalated_after or None,
            expiry=self.approval_expires_after,
        )
