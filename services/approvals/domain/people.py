"""Those who ask and decide: what they are called, and whether they are still there."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.users import PersonChanged, PersonErased
from kit.change import Change, Entity
from kit.links import LONG_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Entity):
    """The name shown for a requester: the copy of what the users service last told."""

    name: str
    email: str = ""
    active: bool = True
    heard: int
    """The version of the person this copy shows."""
    erased: bool = False
    secured_at: datetime = LONG_AGO
    """When their account was last made safe: links of letters made until then are worth nothing."""


def copy_person(event: PersonChanged, current: Person | None, *, now: datetime) -> Change[Person]:
    """Keep what was told last; whatever hangs on somebody follows as they leave and come back."""
    if current and (current.erased or current.heard >= event.version):
        return Change(current)
    name = f"{event.first_name} {event.last_name}".strip()
    known = current or Person(id=event.user_id, name="", heard=0)
    stays = replace(known, name=name, email=event.email, active=event.active, heard=event.version)
    came_back = event.active and current is not None and not current.active
    follows = came_back or not event.active
    # Whatever else is told of somebody, what was to follow still does.
    return Change(replace(stays, wake_at=now if follows else known.wake_at))


def secure(current: Person | None, *, at: datetime) -> Change[Person]:
    """
    Make void the links of all letters so far.

    Something was done to the account: its password, addresses, second factor or sessions changed,
    and whoever has read its letters must not answer with them any more.
    """
    if current is None:
        return Change(None)  # Of nobody known here no link is good.
    return Change(replace(current, secured_at=max(current.secured_at, at)))


def follow(current: Person | None, now: datetime, *, lease: timedelta) -> Change[Person]:
    """Begin with what hangs on somebody who has left or come back, while a worker lives."""
    if current is None or current.wake_at is None or current.wake_at > now:
        return Change(current)
    return Change(replace(current, wake_at=now + lease))


def followed(begun: Person, current: Person | None) -> Change[Person]:
    """End that, unless they have left or come back again, or were erased, meanwhile."""
    if current is None or (current.heard, current.erased) != (begun.heard, begun.erased):
        return Change(current)
    return Change(replace(current, wake_at=None))


def forget_name(event: PersonErased, current: Person | None) -> Change[Person]:
    """
    Nobody is called anything under this id any more, whatever is heard late.

    Whoever was active until then leaves as by a deactivation.
    """
    nobody = current or Person(id=event.user_id, name="", heard=0)
    wake_at = event.erased_at if current and current.active else nobody.wake_at
    return Change(replace(nobody, name="", email="", active=False, erased=True, wake_at=wake_at))
