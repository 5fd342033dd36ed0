"""What becomes of a letter: attempts at handing it over, and their outcomes."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.notifications import VacancyNoticeHandedOver, VacancyNoticeReturned
from kit.change import Change
from kit.problems import Conflict, NotFound
from services.notifications.domain.letters import (
    LINKED,
    OPENING,
    TO_THE_INACTIVE,
    Letter,
    address,
    forget_words,
)
from services.notifications.domain.people import Person


class NoSuchLetter(NotFound):
    """There is no such letter."""


class NotToBeSentAgain(Conflict):
    """This letter has left, its words are gone, or nobody knows any more where it would go."""


LEASE = timedelta(minutes=1)
AGAIN_AFTER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
ASKED_AT_LEAST_EVERY = timedelta(minutes=10)
"""A mail server that is away: so long a letter may wait once it is back."""
UNKNOWN_FOR_GOOD_AFTER = timedelta(days=1)
RIGHTS_ARE_HEARD_WITHIN = timedelta(minutes=1)
"""Of a fact, those by which it happened; else all that is known of rights is too stale to ask."""


ERASED: Final = "The person was erased."


def claim(current: Letter | None, now: datetime) -> Change[Letter]:
    """Take a letter for as long as the lease lasts; a sender that dies has used up its attempt."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    if current.attempts > len(AGAIN_AFTER):
        error = current.last_error or "No attempt came to an end."
        return Change(replace(current, status="failed", last_error=error, wake_at=None))
    return Change(replace(current, attempts=current.attempts + 1, wake_at=now + LEASE))


def unwanted(letter: Letter, person: Person, *, now: datetime) -> str:
    """Why a letter must not leave any more; empty when it may."""
    if person.erased:
        return ERASED
    if letter.template in LINKED and not address(letter, person):
        return "The address is awaited no longer."
    if letter.link and letter.template in OPENING and letter.link.expires_at <= now:
        return "The link has expired."
    if person.active or letter.template in TO_THE_INACTIVE:
        return ""
    return "The account is not active."


def sent(
    current: Letter | None, *, message_id: str, address_id: str = "", now: datetime
) -> Change[Letter]:
    """Record the hand-over, whichever attempt it was: the letter is on its way."""
    if current is None or current.status == "sent":
        return Change(current)
    gone = replace(
        current,
        status="sent",
        to="",
        sent_at=now,
        message_id=message_id,
        address_id=address_id,
        last_error="",
        wake_at=None,
    )
    if current.template != "vacancy-notice":
        return Change(gone)
    told = VacancyNoticeHandedOver(
        letter_id=current.id,
        claim_id=current.subject_id,
        manager_id=current.recipient_id,
        handed_over_at=now,
    )
    return Change(gone, (told,))


def suppressed(claimed: Letter, current: Letter | None, *, why: str) -> Change[Letter]:
    done = _record(claimed, current, status="suppressed", last_error=why, wake_at=None)
    if why == ERASED and done.state is not current and done.state:
        # Written after the erasure had passed, which took the words out of those before it.
        return forget_words(done.state)
    return done


def refused(claimed: Letter, current: Letter | None, *, error: str) -> Change[Letter]:
    """Give up at once: asking again would give the same answer."""
    return _record(claimed, current, status="failed", last_error=error, wake_at=None)


def postponed(
    claimed: Letter, current: Letter | None, *, error: str, now: datetime
) -> Change[Letter]:
    """Try again later, each time later, and give up after the last delay."""
    if claimed.attempts > len(AGAIN_AFTER):
        return refused(claimed, current, error=error)
    again_at = now + AGAIN_AFTER[claimed.attempts - 1]
    return _record(claimed, current, last_error=error, wake_at=again_at)


def unreached(
    claimed: Letter, current: Letter | None, *, error: str, away: timedelta, now: datetime
) -> Change[Letter]:
    """
    Wait for a mail server that takes nothing, however long: no attempt has failed.

    ``away``: how long it has been so. The longer it is, the more seldom it is asked.
    """
    again_at = now + min(max(away, AGAIN_AFTER[0]), ASKED_AT_LEAST_EVERY)
    return _record(
        claimed,
        current,
        attempts=claimed.attempts - 1,
        held=True,
        last_error=error,
        wake_at=again_at,
    )


def held(claimed: Letter, current: Letter | None, *, until: datetime) -> Change[Letter]:
    """Wait, and drop nothing: no attempt has failed."""
    return _record(claimed, current, attempts=claimed.attempts - 1, held=True, wake_at=until)


def not_yet_known(claimed: Letter, current: Letter | None, *, now: datetime) -> Change[Letter]:
    """
    Who a person is comes on another key, perhaps a moment later: no attempt has failed.

    For that moment their rights are not asked either, which may come later still.
    """
    age = now - claimed.created_at
    if age > UNKNOWN_FOR_GOOD_AFTER:
        return refused(claimed, current, error="The recipient is unknown.")
    wait = min(max(age, timedelta(milliseconds=200)), timedelta(minutes=10))
    return _record(
        claimed,
        current,
        attempts=claimed.attempts - 1,
        held=claimed.held or age + wait > RIGHTS_ARE_HEARD_WITHIN,
        wake_at=now + wait,
    )


def came_back(current: Letter | None, *, error: str, now: datetime) -> Change[Letter]:
    """Taken by a mail server that could not bring it any further."""
    if current is None or current.status != "sent":
        return Change(current)
    failed = replace(current, status="failed", last_error=error)
    if current.template != "vacancy-notice":
        return Change(failed)
    told = VacancyNoticeReturned(
        letter_id=current.id,
        claim_id=current.subject_id,
        manager_id=current.recipient_id,
        returned_at=now,
    )
    return Change(failed, (told,))


def send_again(current: Letter | None, *, known: bool, now: datetime) -> Change[Letter]:
    """
    An operator has one more try made at a letter that was given up.

    Its reader may have lost rights since: they are looked at. ``known``: whether its recipient
    is; the address of others is forgotten once it has left.
    """
    if current is None:
        raise NoSuchLetter
    if current.status == "waiting":
        return Change(current)
    given_up = current.status in ("failed", "suppressed") and not current.forgotten
    if not given_up or not (known or current.to):
        raise NotToBeSentAgain(status=current.status)
    return Change(replace(current, status="waiting", attempts=0, held=True, wake_at=now))


def send_all_again(
    *current: Letter | None, known: Collection[str], now: datetime
) -> tuple[Change[Letter], ...]:
    """The same of many; those that cannot be sent again stay as they are."""
    return tuple(_or_stays(one, known=known, now=now) for one in current)


def _or_stays(current: Letter | None, *, known: Collection[str], now: datetime) -> Change[Letter]:
    try:
        here = current is not None and current.recipient_id in known
        return send_again(current, known=here, now=now)
    except (NoSuchLetter, NotToBeSentAgain):
        return Change(current)


def _record(claimed: Letter, current: Letter | None, **outcome: Any) -> Change[Letter]:
    """What came of an attempt, unless a later one has begun: that one has the word."""
    if current is None or current.status != "waiting" or current.attempts != claimed.attempts:
        return Change(current)
    return Change(replace(current, **outcome))
