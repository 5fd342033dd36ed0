"""How a session is opened, renewed and ended."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from contracts.users import SessionRevoked
from kit.attempts import Attempts, give_back
from kit.change import Change, Entity
from kit.problems import NotFound, Unauthorized
from services.users.domain.accounts import (
    Account,
    AccountMoved,
    LinkNoLongerValid,
    SecretQuestion,
    changed,
    person_changed,
    used,
)
from services.users.domain.passwords import WrongPassword
from services.users.domain.provider_sign_ins import LinkedIdentity
from services.users.domain.questions import require_answered
from services.users.domain.second_factor import Method, method

GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Entity):
    """One signed-in device. Of its refresh token only hashes are kept."""

    user_id: str
    device: str
    family_hash: str
    """Of the part that all its refresh tokens share: one that has it was issued, if long ago."""
    secret_hash: str
    previous_hash: str = ""
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def open(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class RefreshHashes:
    """A refresh token as it may be kept and compared."""

    family: str
    secret: str


class WrongCredentials(Unauthorized):
    """The e-mail or the password is wrong."""


class SessionEnded(Unauthorized):
    """This session has ended: sign in again."""


class NoSuchSession(NotFound):
    """You have no such session."""


def opened(
    *, id: str, user_id: str, device: str, token: RefreshHashes, lasts: timedelta, now: datetime
) -> Session:
    return Session(
        id=id,
        user_id=user_id,
        device=device,
        family_hash=token.family,
        secret_hash=token.secret,
        created_at=now,
        last_used_at=now,
        expires_at=now + lasts,
        wake_at=now + lasts,
    )


def sign_in(
    _tries: Attempts | None,
    from_address: Attempts | None,
    account: Account | None,
    _: Session | None,
    *oldest: Session | None,
    session: Session,
    password_version: int,
    asked_for: Method | None,
    attempted_at: datetime,
    access_for: timedelta,
) -> tuple[Change[Any], ...]:
    """
    Open a session for a password proved a moment ago; the ``oldest`` make room for it.

    ``asked_for``: the second factor that was. One that was turned on since is not passed over.

    It clears the failures of the account, but of those of the address only itself: one good
    account must not buy endless guesses at the others.
    """
    if account is None or account.status != "active":
        raise WrongCredentials
    if account.password_version != password_version:
        raise WrongCredentials
    if method(account) != asked_for:
        raise AccountMoved
    gone = {one.id for one in oldest if one}
    kept = tuple(id for id in account.session_ids if id not in gone)
    return (
        Change(None),
        give_back(from_address, attempted_at),
        Change(replace(account, session_ids=(*kept, session.id))),
        Change(session),
        *(_end(one, session.created_at, access_for) for one in oldest),
    )


def refresh(
    session: Session | None,
    account: Account | None,
    *,
    shown: RefreshHashes,
    new_secret: str,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Session], Change[Account]]:
    """
    Renew a session with its newest refresh token, which is thereby used up.

    A used one means that two hold it, so the session ends; this is kept and therefore not refused
    here: the session that comes back does not have the new secret. But the answer to the last one
    may have been lost: shown again within ``GRACE`` it leads to the same new secret, changing
    nothing. Nor does a token that never was of this session.
    """
    if session is None or not session.open(now):
        return Change(session), Change(account)
    if account is None or account.status != "active":
        return Change(session), Change(account)
    if not compare_digest(session.family_hash, shown.family):
        return Change(session), Change(account)
    if compare_digest(session.secret_hash, shown.secret):
        renewed = replace(
            session, secret_hash=new_secret, previous_hash=shown.secret, last_used_at=now
        )
        return Change(renewed), Change(account)
    answered = compare_digest(session.previous_hash, shown.secret)
    if answered and session.secret_hash == new_secret and now - session.last_used_at <= GRACE:
        return Change(session), Change(account)
    return _end(session, now, access_for), Change(_without(account, session.id))


def revoke(
    session: Session | None,
    account: Account | None,
    *,
    by: str,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Session], Change[Account]]:
    """Sign a device out. Signing it out again changes nothing."""
    if session is None or session.user_id != by:
        raise NoSuchSession
    return _end(session, now, access_for), Change(_without(account, session.id))


def all_ended(
    account: Account, *sessions: Session | None, access_for: timedelta, now: datetime, but: str = ""
) -> tuple[Any, ...]:
    """
    The account without its sessions, then their ends; ``but`` one of them, which goes on.

    ``sessions`` must be all those of the account.
    """
    if {*account.session_ids} - {session.id for session in sessions if session}:
        raise AccountMoved
    kept = tuple(id for id in account.session_ids if id == but)
    ended = (
        Change(one) if one and one.id == but else _end(one, now, access_for) for one in sessions
    )
    return replace(account, session_ids=kept), *ended


def shut(
    account: Account,
    *openings: Session | LinkedIdentity | None,
    since: datetime | None = None,
    access_for: timedelta,
    now: datetime,
) -> tuple[Account, list[Change[Any]]]:
    """
    The account without its sessions and what was linked from then on (None: ever), and their ends.

    ``openings`` must be all sessions and all linked identities of the account.
    """
    linked_at = {one.id: one.linked_at for one in openings if isinstance(one, LinkedIdentity)}
    if {*account.linked_ids} - linked_at.keys():
        raise AccountMoved
    gone = {id for id in account.linked_ids if since is None or linked_at[id] >= since}
    sessions = [one for one in openings if isinstance(one, Session)]
    secured, *ended = all_ended(account, *sessions, access_for=access_for, now=now)
    ends = iter(ended)
    closed = [
        next(ends) if isinstance(one, Session) else Change(None if one and one.id in gone else one)
        for one in openings
    ]
    kept = tuple(id for id in account.linked_ids if id not in gone)
    return replace(secured, linked_ids=kept), closed


def reset_password(
    account: Account | None,
    _tries: Attempts | None,
    *openings: Session | LinkedIdentity | None,
    nonce: str,
    answered: SecretQuestion | None,
    password_hash: str,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Replace a forgotten password, and unlock the account for it alone.

    Every device is signed out, and no identity of a provider is linked any more: whoever forgot
    nothing may have linked theirs. One's own is linked anew by the address that it verifies.

    ``answered``: the secret question that was answered rightly, as it was then; by itself it is
    worth nothing. What takes the login back stays good: whoever has stolen it reads its mail.
    Letters go to the login again: whoever knew the password may have sent them elsewhere.
    """
    used(account, nonce, "password-reset", now)
    if account is None or account.status != "active":
        raise LinkNoLongerValid
    require_answered(account, answered)
    secured, closed = shut(account, *openings, access_for=access_for, now=now)
    kept = tuple(one for one in account.links if one.purpose == "login-cancellation")
    told = changed(account, "password-reset", by="", now=now)
    reset = _with_password(
        replace(secured, links=kept, contact_email=None, edition=account.edition + 1), password_hash
    )
    return (
        Change(reset, (person_changed(reset), told)),
        Change(None),
        *closed,
    )


def change_password(
    account: Account | None,
    _tries: Attempts | None,
    *sessions: Session | None,
    password_version: int,
    password_hash: str,
    current: str,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Replace a password that was proved a moment ago; every device but this one is signed out.

    A contact address that is not confirmed yet is awaited no longer: the old password named it.
    """
    if account is None or account.status != "active":
        raise WrongPassword
    if account.password_version != password_version:
        raise WrongPassword
    secured, *ended = all_ended(account, *sessions, access_for=access_for, now=now, but=current)
    told = changed(account, "password-changed", by=account.id, now=now)
    links = secured.links_but("contact-confirmation", "password-reset")
    return (
        Change(_with_password(replace(secured, links=links), password_hash), (told,)),
        Change(None),
        *ended,
    )


def end_others(
    account: Account | None,
    *sessions: Session | None,
    current: str,
    access_for: timedelta,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """Sign every device out but this one."""
    if account is None:
        raise NoSuchSession
    kept, *ended = all_ended(account, *sessions, access_for=access_for, now=now, but=current)
    if kept == account:
        return Change(account), *ended
    told = changed(account, "signed-out-elsewhere", by=account.id, now=now)
    return Change(kept, (told,)), *ended


def rehash(current: Account | None, *, known: str, renewed: str) -> Change[Account]:
    """Keep the same password under its hash of today, unless it was changed meanwhile."""
    if current is None or current.password_hash != known:
        return Change(current)
    return Change(replace(current, password_hash=renewed))


def _with_password(account: Account, password_hash: str) -> Account:
    version = account.password_version + 1
    return replace(account, password_hash=password_hash, password_version=version)


def expire(
    session: Session | None, account: Account | None, *, now: datetime
) -> tuple[Change[Session], Change[Account]]:
    """Forget a session that has ended by itself."""
    if session is None or now < session.expires_at:
        return Change(session), Change(account)
    return Change(None), Change(_without(account, session.id))


def _end(session: Session | None, now: datetime, access_for: timedelta) -> Change[Session]:
    if session is None or not session.open(now):
        return Change(session)
    told = SessionRevoked(
        session_id=session.id, user_id=session.user_id, expires_at=now + access_for
    )
    return Change(replace(session, revoked_at=now), (told,))


def _without(account: Account | None, session_id: str) -> Account | None:
    if account is None or session_id not in account.session_ids:
        return account
    kept = tuple(id for id in account.session_ids if id != session_id)
    return replace(account, session_ids=kept)
