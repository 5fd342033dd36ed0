"""A letter's link that stops more of its kind: it counts once, whatever is chosen afterwards."""

from dataclasses import dataclass, replace
from datetime import datetime

from contracts.users import RECAP, UNSUBSCRIBED_WITHIN, NotificationPreferences
from kit.change import Change, Entity
from kit.links import LinkInvalid
from services.users.domain.accounts import Account, person_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscription(Entity):
    """A link that was used; forgotten once it is too old in any case."""

    user_id: str


def unsubscribe(
    current: Unsubscription | None,
    account: Account | None,
    *,
    id: str,
    topic: str,
    now: datetime,
) -> tuple[Change[Unsubscription], Change[Account]]:
    """A mail program may ask again and again, also after its owner has thought better of it."""
    if account is None or account.status == "erased":
        raise LinkInvalid(field="query/token")
    if current:
        return Change(current), Change(account)
    used = Unsubscription(id=id, user_id=account.id, wake_at=now + UNSUBSCRIBED_WITHIN)
    wishes = without(account.notifications, topic)
    if wishes == account.notifications:
        return Change(used), Change(account)
    changed = replace(account, notifications=wishes, edition=account.edition + 1)
    return Change(used), Change(changed, (person_changed(changed),))


def without(wishes: NotificationPreferences, topic: str) -> NotificationPreferences:
    """What is wished for once letters on this topic are not: an application, the recap, or all."""
    if topic == RECAP:
        return wishes.model_copy(update={"weekly_recap": False})
    if topic:
        return wishes.model_copy(update={"applications": wishes.applications | {topic: "never"}})
    # An application with a rhythm of its own would go on in digests.
    silent = dict.fromkeys(wishes.applications, "never")
    return wishes.model_copy(update={"rhythm": "never", "applications": silent})


def forget(current: Unsubscription | None, *, now: datetime) -> Change[Unsubscription]:
    due = current is None or current.wake_at is None or current.wake_at <= now
    return Change(None if due else current)
