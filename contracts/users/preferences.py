"""When a user is written to of what happens, and what stops it."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

RECAP: Final = "weekly-recap"
UNSUBSCRIBED_WITHIN: Final = timedelta(days=90)
"""
Of the link that stops letters, from when one was written; its purpose is ``unsubscription``.

Its nonce begins with what it stops and a colon: an application, RECAP, or nothing for all.
"""
Rhythm = Literal["immediate", "daily", "weekly", "never"]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class QuietHours(BaseModel):
    """Hours of each day in which nobody is to be disturbed; they may pass midnight."""

    model_config = ConfigDict(frozen=True)

    begin: TimeOfDay
    end: TimeOfDay


class NotificationPreferences(BaseModel):
    """When a user is written to of what happens; letters about the account itself always leave."""

    model_config = ConfigDict(frozen=True)

    rhythm: Rhythm = "immediate"
    """Of every application that has none of its own."""
    applications: dict[str, Rhythm] = {}
    weekly_recap: bool = True
    """Of the movements on one's structures; with the rhythm ``never`` there is none either."""
    quiet_hours: QuietHours | None = None
    """In the user's time zone. What comes then waits for their end."""
