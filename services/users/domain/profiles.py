"""What people say of themselves, and how they want to be served. Saved all or none."""

from dataclasses import dataclass, fields, replace
from datetime import datetime

from contracts.event import Event
from contracts.users import NotificationPreferences
from kit.attempts import Attempts
from kit.change import Change
from kit.problems import Invalid, NotFound, PreconditionFailed
from services.users.domain.accounts import (
    Account,
    PostalAddress,
    SentLink,
    changed,
    link_requested,
    person_changed,
)
from services.users.domain.emails import LetterLimit, counted
from services.users.domain.passwords import WrongPassword


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One form: the personal data and the parameters of an account."""

    first_name: str
    last_name: str
    address: PostalAddress | None
    language: str
    time_zone: str
    notifications: NotificationPreferences


class PasswordNeeded(Invalid):
    """Another contact address needs your present password: what may be decided goes there."""

    def __init__(self) -> None:
        super().__init__(self.title(), field="body/current_password")


def save(
    account: Account | None,
    to_address: Attempts | None,
    of_user: Attempts | None,
    *,
    profile: Profile,
    contact_email: str | None,
    link: SentLink,
    password_version: int | None,
    letters: LetterLimit,
    if_match: int | None,
    now: datetime,
) -> tuple[Change[Account], Change[Attempts], Change[Attempts]]:
    """
    Save the whole form. Without a contact address it is the login; another is to be proved first.

    One that is awaited already is not sent a second letter: saving again changes nothing. Another
    needs the password, proved as of ``password_version``: letters there decide without signing in.
    """
    if account is None or account.status != "active":
        raise NotFound
    if if_match not in (None, account.edition):
        raise PreconditionFailed
    said = {one.name: getattr(profile, one.name) for one in fields(profile)}
    saved, told = replace(account, **said), tuple[Event, ...]()
    counts = Change(to_address), Change(of_user)
    if contact_email in (None, account.email):
        if account.contact_email:
            links = account.links_but("contact-confirmation")
            saved = replace(saved, contact_email=None, links=links)
            told = (changed(account, "contact-changed", by=account.id, now=now),)
    elif contact_email not in (account.contact_email, _awaited(account, now)):
        _require_password(account, password_version)
        saved = replace(saved, links=(*account.links_but("contact-confirmation"), link))
        asked = changed(account, "contact-change-asked", by=account.id, now=now)
        told = link_requested(account.id, link), asked
        counts = counted(to_address, of_user, letters, now)
    if saved == account:
        return Change(account), *counts
    saved = replace(saved, edition=account.edition + 1)
    return Change(saved, (person_changed(saved), *told)), *counts


def _require_password(account: Account, password_version: int | None) -> None:
    if password_version is None:
        raise PasswordNeeded
    if password_version != account.password_version:
        raise WrongPassword


def _awaited(account: Account, now: datetime) -> str | None:
    link = account.awaited("contact-confirmation")
    return link.email if link and now < link.expires_at else None
