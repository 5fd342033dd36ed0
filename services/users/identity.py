"""What the account side of users keeps, and what forgets it in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from kit import attempts, robots
from kit.attempts import Attempts
from kit.clock import now
from kit.collection import Ask
from kit.mongo import IndexModel
from kit.robots import SpentEffort
from kit.workers import Job, Timer
from services.users.domain import (
    challenges,
    clients,
    emails,
    provider_sign_ins,
    sessions,
    unactivated,
    unsubscriptions,
)
from services.users.domain.accounts import Account, AccountMoved
from services.users.domain.challenges import Challenge
from services.users.domain.clients import Client
from services.users.domain.invitations import Invitee
from services.users.domain.logins import Login, login_id
from services.users.domain.provider_sign_ins import LinkedIdentity, ProviderSignIn
from services.users.domain.sessions import Session
from services.users.domain.unsubscriptions import Unsubscription

if TYPE_CHECKING:
    from collections.abc import Callable

    from kit.collection import Collection, Place
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
    "/v1/unsubscriptions",
)
"""Paths whose POST answers hold a secret, or would tell which accounts exist if kept."""

BY_USER = IndexModel([("user_id", 1), ("_id", 1)])
DEACTIVATED = IndexModel(
    "deactivated_at", partialFilterExpression={"deactivated_at": {"$type": "date"}}
)

NOBODY = "nobody"
"""Looked up in place of an unknown account, so that it takes the same time."""

TRIES = 5
"""Each is lost only to who signs in, or changes a login, between the read and the decision."""


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
    efforts: Collection[SpentEffort]
    invitees: Collection[Invitee]
    unsubscriptions: Collection[Unsubscription]

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
            efforts=service.collection("efforts", SpentEffort),
            invitees=service.collection(
                "invitees", Invitee, indexes=[IndexModel("invitations.gift.structure_id")]
            ),
            unsubscriptions=service.collection("unsubscriptions", Unsubscription),
        )

    async def account_of(self, email: str) -> Account | None:
        """Whoever signs in with this address; not whoever has left it and may take it back."""
        login = await self.logins.find(login_id(email))
        account = await self.accounts.find(login.user_id if login else NOBODY)
        return account if account and login and login.id == login_id(account.email) else None

    async def change_as_read(
        self,
        user_id: str,
        places: Callable[[Account | None], tuple[Place, ...]],
        decide: Callable[..., tuple[Any, ...]],
    ) -> None:
        """Decide on an account and on what belongs to it as it was read; anew when it moved."""
        for left in reversed(range(TRIES)):
            account = await self.accounts.find(user_id)
            whole = (self.accounts.at(user_id), *places(account))
            try:
                await self.committer.change_together(whole, decide)
            except AccountMoved:
                if not left:
                    raise
            else:
                return

    def sessions_of(self, account: Account | None) -> tuple[Place, ...]:
        return tuple(self.sessions.at(id) for id in (account.session_ids if account else ()))

    def identities_of(self, account: Account | None) -> tuple[Place, ...]:
        return tuple(self.linked.at(id) for id in (account.linked_ids if account else ()))

    def timers(self) -> list[Job]:
        """Forget what is over: tries, challenges, sessions, addresses left, accounts of nobody."""
        return [
            Timer(self.attempts, wake=self._forget_attempts),
            Timer(self.challenges, wake=self._forget_challenge),
            Timer(self.provider_sign_ins, wake=self._forget_provider_sign_in),
            Timer(self.sessions, wake=self._expire),
            Timer(self.efforts, wake=self._forget_effort),
            Timer(self.unsubscriptions, wake=self._forget_unsubscription),
            Timer(self.logins, wake=self._release),
            Timer(self.clients, wake=self._remind_of_secret),
            Timer(self.accounts, wake=self._erase_never_activated),
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

    def _forget_effort(self, over: SpentEffort) -> Ask:
        at = now()
        return self.efforts.ask(over.id, lambda current: robots.forget(current, now=at))

    def _forget_unsubscription(self, over: Unsubscription) -> Ask:
        at = now()
        return self.unsubscriptions.ask(
            over.id, lambda current: unsubscriptions.forget(current, now=at)
        )

    def _remind_of_secret(self, client: Client) -> Ask:
        at = now()
        return self.clients.ask(client.id, lambda current: clients.remind(current, now=at))

    def _expire(self, over: Session) -> Ask:
        at = now()
        return Ask(
            places=(self.sessions.at(over.id), self.accounts.at(over.user_id)),
            decide=lambda session, account: sessions.expire(session, account, now=at),
        )

    def _release(self, left: Login) -> Ask:
        at = now()
        return Ask(
            places=(self.logins.at(left.id), self.accounts.at(left.user_id)),
            decide=lambda login, account: emails.release(login, account, now=at),
        )

    def _erase_never_activated(self, account: Account) -> Ask:
        at = now()
        return Ask(
            places=(self.accounts.at(account.id), self.logins.at(login_id(account.email))),
            decide=partial(unactivated.erase, now=at),
        )
