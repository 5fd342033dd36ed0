"""Whether the notice of a claim has reached the manager: only then is silence an answer."""

from dataclasses import replace
from datetime import timedelta

from contracts.notifications import VacancyNoticeHandedOver, VacancyNoticeReturned
from kit.change import Change
from services.users.domain.claims import Claim


def hand_over(
    told: VacancyNoticeHandedOver, current: Claim | None, *, notice: timedelta
) -> Change[Claim]:
    """The days in which a manager may object begin now, and not before: the letter may be late."""
    if current is None or current.state != "proved" or current.notified_at:
        return Change(current)
    until = max(filter(None, (current.wake_at, told.handed_over_at + notice)))
    return Change(replace(current, notified_at=told.handed_over_at, wake_at=until))


def give_back(told: VacancyNoticeReturned, current: Claim | None) -> Change[Claim]:
    """It was taken, and could not be brought to its reader: the desk decides, at any time."""
    if current is None or current.state != "proved":
        return Change(current)
    return Change(replace(current, state="desk", notified_at=None, wake_at=None))
