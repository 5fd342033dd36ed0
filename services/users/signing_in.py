"""From an e-mail and a password to a session, without telling which accounts exist."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from kit.attempts import attempt, attempts_id
from kit.change import Change
from kit.clock import now
from kit.collection import Place
from kit.ids import new_id
from services.users.codes import Codes
from services.users.domain import challenges, second_factor, sessions
from services.users.domain.accounts import Account, SentCode
from services.users.domain.challenges import Challenge, ChallengeOver, CodeRefused
from services.users.domain.second_factor import Method
from services.users.domain.sessions import Session, SessionEnded, WrongCredentials
from services.users.identity import NOBODY, Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings
from services.users.tokens import RefreshToken, Signer


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a person holds who is in."""

    account: Account
    session: Session
    refresh_token: RefreshToken
    at: datetime


@dataclass(frozen=True, slots=True)
class Challenged:
    """What a person holds who has yet to show a code, and where they find it."""

    challenge: str
    method: Method


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt to sign in; it was counted before the password was looked at."""

    account_tries: str
    address_tries: str
    at: datetime


class Door:
    """Lets people in, and in again."""

    def __init__(
        self,
        identity: Identity,
        passwords: Passwords,
        signer: Signer,
        codes: Codes,
        settings: UsersSettings,
    ) -> None:
        self._identity, self._passwords = identity, passwords
        self._signer, self._codes, self._settings = signer, codes, settings

    async def sign_in(
        self, email: str, password: str, *, device: str, address: str
    ) -> SignedIn | Challenged:
        attempted = await self._attempt(attempts_id("sign-in", email), address)
        account = await self._identity.account_of(email)
        active = account is not None and account.status == "active"
        known = account.password_hash if account and active else ""
        right, renewed = await self._passwords.check(password, known)
        if account is None or not right:
            raise WrongCredentials
        if renewed:
            rehash = partial(sessions.rehash, known=known, renewed=renewed)
            await self._identity.accounts.change(account.id, rehash)
        return await self._enter(account, attempted, device)

    async def send_code(self, challenge: str) -> None:
        """Have a letter written with a code for this challenge."""
        id, at = _hash(challenge), now()
        asked = await self._identity.challenges.find(id)
        user_id = asked.user_id if asked else NOBODY
        tries_id = attempts_id("codes", user_id)
        decide = partial(
            challenges.send_code,
            code=SentCode(nonce=secrets.token_urlsafe(32), expires_at=at + self._settings.code_for),
            letters_id=tries_id,
            limit=self._settings.codes_limit,
            now=at,
        )
        await self._identity.committer.change_together(
            (
                self._identity.accounts.at(user_id),
                self._identity.challenges.at(id),
                self._identity.attempts.at(tries_id),
            ),
            decide,
        )

    async def answer(self, challenge: str, code: str, *, device: str) -> SignedIn:
        """Open the session that a challenge stood before."""
        id, at = _hash(challenge), now()
        asked = await self._identity.challenges.find(id)
        account = await self._identity.accounts.find(asked.user_id if asked else NOBODY)
        if asked is None or account is None:
            raise ChallengeOver
        session, token = self._new_session(account, device, at)
        attempted = Attempted(asked.account_tries, asked.address_tries, asked.created_at)
        decide = partial(
            challenges.answer,
            code=code,
            keys=self._codes,
            session=session,
            access_for=self._settings.access_for,
            now=at,
        )
        left, *_ = await self._identity.committer.change_together(
            (self._identity.challenges.at(id), *self._places(account, attempted, session)), decide
        )
        if left is not None:
            raise CodeRefused
        return SignedIn(account, session, token, at)

    async def refresh(self, refresh_token: str) -> SignedIn:
        """Renew a session, or end it when its token had been used already."""
        shown, at = RefreshToken.read(refresh_token), now()
        session = await self._identity.sessions.find(shown.session_id) if shown else None
        if shown is None or session is None:
            raise SessionEnded
        following = self._signer.after(shown)
        decide = partial(
            sessions.refresh,
            shown=shown.hashes(),
            new_secret=following.hashes().secret,
            access_for=self._settings.access_for,
            now=at,
        )
        session, account = await self._identity.committer.change_together(
            (self._identity.sessions.at(session.id), self._identity.accounts.at(session.user_id)),
            decide,
        )
        renewed = session and account and session.secret_hash == following.hashes().secret
        if not renewed or not session.open(at):
            raise SessionEnded
        return SignedIn(account, session, following, at)

    async def let_in(
        self, account: Account, *, tries: str, device: str, address: str
    ) -> SignedIn | Challenged:
        """Somebody who has shown who they are otherwise than by their password."""
        return await self._enter(account, await self._attempt(tries, address), device)

    async def _enter(
        self, account: Account, attempted: Attempted, device: str
    ) -> SignedIn | Challenged:
        if method := second_factor.method(account):
            return await self._challenge(account, attempted, method)
        return await self._open(account, attempted, device)

    async def _attempt(self, tries: str, address: str) -> Attempted:
        limits, at = self._settings, now()
        one = Attempted(tries, attempts_id("address", address), at)
        await self._identity.committer.change_together(
            (
                self._identity.attempts.at(one.account_tries),
                self._identity.attempts.at(one.address_tries),
            ),
            lambda on_account, from_address: (
                attempt(on_account, id=one.account_tries, limit=limits.sign_in_limit, now=at),
                attempt(from_address, id=one.address_tries, limit=limits.address_limit, now=at),
            ),
        )
        return one

    async def _challenge(
        self, account: Account, attempted: Attempted, method: Method
    ) -> Challenged:
        challenge = secrets.token_urlsafe(32)
        until = attempted.at + self._settings.challenge_for
        asked = Challenge(
            id=_hash(challenge),
            user_id=account.id,
            password_version=account.password_version,
            account_tries=attempted.account_tries,
            address_tries=attempted.address_tries,
            tries_left=self._settings.challenge_tries,
            created_at=attempted.at,
            expires_at=until,
            wake_at=until,
        )
        await self._identity.challenges.change(asked.id, lambda _: Change(asked))
        return Challenged(challenge, method)

    async def _open(self, account: Account, attempted: Attempted, device: str) -> SignedIn:
        at = now()
        session, token = self._new_session(account, device, at)
        decide = partial(
            sessions.sign_in,
            session=session,
            password_version=account.password_version,
            asked_for=None,
            attempted_at=attempted.at,
            access_for=self._settings.access_for,
        )
        await self._identity.committer.change_together(
            self._places(account, attempted, session), decide
        )
        return SignedIn(account, session, token, at)

    def _places(
        self, account: Account, attempted: Attempted, session: Session
    ) -> tuple[Place, ...]:
        room = self._settings.sessions_most - 1
        oldest = account.session_ids[:-room] if room else account.session_ids
        return (
            self._identity.attempts.at(attempted.account_tries),
            self._identity.attempts.at(attempted.address_tries),
            self._identity.accounts.at(account.id),
            self._identity.sessions.at(session.id),
            *(self._identity.sessions.at(id) for id in oldest),
        )

    def _new_session(
        self, account: Account, device: str, at: datetime
    ) -> tuple[Session, RefreshToken]:
        token = RefreshToken.first(new_id())
        session = sessions.opened(
            id=token.session_id,
            user_id=account.id,
            device=device,
            token=token.hashes(),
            lasts=self._settings.session_for,
            now=at,
        )
        return session, token


def _hash(challenge: str) -> str:
    return sha256(challenge.encode()).hexdigest()
