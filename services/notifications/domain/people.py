"""How to write to people: what the users service last told of them."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.users import NotificationPreferences, PersonChanged, PersonErased
from kit.change import Change, Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(Entity):
    """How to write to a user: the copy of what the users service last told."""

    first_name: str
    last_name: str
    email: str
    """Where what happens is told; of the account itself is written to ``login``."""
    login: str = ""
    linked: dict[str, str] = field(default_factory=dict)
    """Addresses that only one letter goes to, each by the nonce of its link."""
    language: str
    time_zone: str = "Europe/Paris"
    wishes: NotificationPreferences = field(default_factory=NotificationPreferences)
    active: bool
    heard: int
    """The version of the person this copy shows."""
    erased: bool = False
    recapped_until: datetime | None = None
    """Up to when they were told of the movements on their structures; ``wake_at``: when next."""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


def copy_person(event: PersonChanged, current: Person | None) -> Change[Person]:
    if current and (current.erased or current.heard >= event.version):
        return Change(current)
    return Change(
        Person(
            id=event.user_id,
            first_name=event.first_name,
            last_name=event.last_name,
            email=event.email,
            login=event.login,
            linked=_linked(event),
            language=event.language,
            time_zone=event.time_zone,
            wishes=event.notifications,
            active=event.active,
            heard=event.version,
            version=current.version if current else 0,
            wake_at=current.wake_at if current else None,
            recapped_until=current.recapped_until if current else None,
        )
    )


def forget_person(event: PersonErased, current: Person | None) -> Change[Person]:
    """Nobody is written to under this id any more, whatever is heard late."""
    nobody = Person(
        id=event.user_id,
        version=current.version if current else 0,
        first_name="",
        last_name="",
        email="",
        language=current.language if current else "fr",
        active=False,
        heard=current.heard if current else 0,
        erased=True,
    )
    return Change(nobody)


def _linked(event: PersonChanged) -> dict[str, str]:
    by_nonce = {
        event.old_login_nonce: event.old_login,
        event.new_login_nonce: event.new_login,
        event.new_contact_nonce: event.new_contact,
    }
    return {nonce: address for nonce, address in by_nonce.items() if nonce}
