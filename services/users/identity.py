"""What the account side of users keeps, and what forgets it in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kit.clock import now
from kit.collection import Ask
from kit.mongo import IndexModel
from kit.workers import Job, Timer
from services.users.domain import attempts, challenges, provider_sign_ins, sessions
from services.users.domain.accounts import Account
from services.users.domain.attempts import Attempts
from services.users.domain.challenges import Challenge
from services.users.domain.clients import Client
from services.users.domain.logins import Login
from services.users.domain.provider_sign_ins import LinkedIdentity, ProviderSignIn
from services.users.domain.sessions import Session

if TYPE_CHECKING:
    from kit.collection import Collection
    from kit.committer import Committer
    from kit.service import Service


CREDENTIALS = (
    "/v1/accounts",
    "/v1/clients",
    "/v1/me/attachments/",
    "/v1/me/exports/",
    "/v1/oidc",
    "/v1/password-resets",
    "/v1/second-factor",
    "/v1/sessions",
    "/v1/tokens",
)
"""Paths whose POST answers hold a secret, or would tell which accounts exist if kept."""

BY_USER = IndexModel([("user_id", 1), ("_id", 1)])
DEACTIVATED = IndexModel(
    "deactivated_at", partialFilterExpression={"deactivated_at": {"$type": "date"}}
)

NOBODY = "nobody"
"""Looked up in place of an unknown account, so that it takes the same time."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who may come in, and who is in."""

    committer: Committer
    accounts: Collection[Account]
    logins: Collection[Login]
    attempts: Collection[Attempts]
    challenges: Collection[Challenge]
    sessions: Collection[Session]
    clients: Collection[Client]
    provider_sign_ins: Collection[ProviderSignIn]
    linked: Collection[LinkedIdentity]

    @classmethod
    def of(cls, service: Service) -> Identity:
        return cls(
            committer=service.committer,
            accounts=service.collection("accounts", Account, indexes=[DEACTIVATED]),
            logins=service.collection("logins", Login, indexes=[BY_USER]),
            attempts=service.collection("attempts", Attempts),
            challenges=service.collection("challenges", Challenge),
            sessions=service.collection("sessions", Session, indexes=[BY_USER]),
            clients=service.collection("clients", Client),
            provider_sign_ins=service.collection("provider-sign-ins", ProviderSignIn),
            linked=service.collection("linked-identities", LinkedIdentity, indexes=[BY_USER]),
        )

    def timers(self) -> list[Job]:
        """Forget attempts, challenges, sign-ins under way and sessions once they are over."""
        return [
            Timer(self.attempts, wake=self._forget_attempts),
            Timer(self.challenges, wake=self._forget_challenge),
            Timer(self.provider_sign_ins, wake=self._forget_provider_sign_in),
            Timer(self.sessions, wake=self._expire),
        ]

    def _forget_attempts(self, over: Attempts) -> Ask:
        at = now()
        return self.attempts.ask(over.id, lambda current: attempts.forget(current, now=at))

    def _forget_challenge(self, over: Challenge) -> Ask:
        at = now()
        return self.challenges.ask(over.id, lambda current: challenges.forget(current, now=at))

    def _forget_provider_sign_in(self, over: ProviderSignIn) -> Ask:
        at = now()
        return self.provider_sign_ins.ask(
            over.id, lambda current: provider_sign_ins.forget(current, now=at)
        )

    def _expire(self, over: Session) -> Ask:
        at = now()
        return Ask(
            places=(self.sessions.at(over.id), self.accounts.at(over.user_id)),
            decide=lambda session, account: sessions.expire(session, account, now=at),
        )
