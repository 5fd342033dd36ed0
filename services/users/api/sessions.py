"""Signing in, staying in, and signing out."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

from kit.addresses import Email
from kit.attempts import TooManyAttempts
from kit.clock import now
from kit.http import Anyone, Person, Said, may_answer
from kit.ids import EntityId
from services.users.api.fields import Accepted, Password, Proof
from services.users.domain import sessions as domain
from services.users.domain.accounts import AccountMoved
from services.users.domain.challenges import ChallengeOver, CodeRefused
from services.users.domain.devices import label
from services.users.domain.second_factor import Method
from services.users.domain.sessions import (
    NoSuchSession,
    Session,
    SessionEnded,
    WrongCredentials,
)
from services.users.identity import Identity
from services.users.settings import UsersSettings
from services.users.signing_in import Challenged, Door, SignedIn
from services.users.tokens import Signer

Secret = Annotated[str, Field(min_length=1, max_length=200)]
UserAgent = Annotated[str, Header()]


class Credentials(Said):
    email: Email
    password: Password


class AwaitedCode(Said):
    challenge: Secret


class ChallengeAnswer(Said):
    challenge: Secret
    code: Proof


class Refresh(Said):
    refresh_token: Secret


class Tokens(BaseModel):
    access_token: str
    refresh_token: str = Field(description="Good for one use; used again, it ends the session")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # no secret
    expires_in: int = Field(description="Seconds the access token is good for")


class Challenge(BaseModel):
    challenge: str = Field(description="To send back with a code of the second factor")
    method: Method = Field(description="An app shows the code, or a letter that is asked for")
    expires_in: int


CHALLENGED: dict[int | str, dict[str, Any]] = {
    202: {"model": Challenge, "description": "A code of the second factor is needed"}
}


class Device(BaseModel):
    """A session of yours."""

    id: str
    device: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class Devices(BaseModel):
    items: list[Device]
    next: str | None = None


class Issuing:
    """Answers whoever was let in, by whatever way."""

    def __init__(self, signer: Signer, settings: UsersSettings) -> None:
        self._signer, self._settings = signer, settings

    def tokens(self, signed_in: SignedIn) -> Tokens:
        account, at, settings = signed_in.account, signed_in.at, self._settings
        claims = {
            "sub": account.id,
            "sid": signed_in.session.id,
            "roles": ["operator"] if settings.is_operator(account.email) else [],
        }
        return Tokens(
            access_token=self._signer.access_token(claims, now=at, until=at + settings.access_for),
            refresh_token=str(signed_in.refresh_token),
            expires_in=int(settings.access_for.total_seconds()),
        )

    def answer(self, outcome: SignedIn | Challenged, response: Response) -> Response | Tokens:
        if isinstance(outcome, Challenged):
            challenge = Challenge(
                challenge=outcome.challenge,
                method=outcome.method,
                expires_in=int(self._settings.challenge_for.total_seconds()),
            )
            return Response(challenge.model_dump_json(), 202, NOT_KEPT, "application/json")
        response.headers.update(NOT_KEPT)
        return self.tokens(outcome)


def session_routes(
    identity: Identity, door: Door, issuing: Issuing, settings: UsersSettings
) -> APIRouter:
    routes = APIRouter(prefix="/v1/sessions", tags=["sessions"])

    @routes.post(
        "",
        status_code=201,
        response_model=Tokens,
        responses={**may_answer(WrongCredentials, TooManyAttempts, AccountMoved), **CHALLENGED},
    )
    async def sign_in(
        asked: Credentials, caller: Anyone, response: Response, user_agent: UserAgent = ""
    ) -> Response | Tokens:
        """
        Sign in. An account with a second factor answers 202 and a challenge.

        The refusal of a wrong password and of an unknown e-mail are the same. After too many
        failures nobody gets in for a while, right password or not.
        """
        outcome = await door.sign_in(
            asked.email,
            asked.password.get_secret_value(),
            device=label(user_agent),
            address=caller.address,
        )
        return issuing.answer(outcome, response)

    @routes.post("/challenge", status_code=201, responses=may_answer(CodeRefused, ChallengeOver))
    async def answer_challenge(
        asked: ChallengeAnswer, caller: Anyone, response: Response, user_agent: UserAgent = ""
    ) -> Tokens:
        """Finish signing in with a code of the second factor. Each code is good once."""
        response.headers.update(NOT_KEPT)
        signed_in = await door.answer(asked.challenge, asked.code, device=label(user_agent))
        return issuing.tokens(signed_in)

    @routes.post(
        "/challenge/letters",
        status_code=202,
        responses=may_answer(ChallengeOver, TooManyAttempts),
    )
    async def send_code(asked: AwaitedCode, caller: Anyone) -> Accepted:
        """Have a code sent by letter, where that is the second factor; the one before is void."""
        await door.send_code(asked.challenge)
        return Accepted()

    @routes.post("/refresh", responses=may_answer(SessionEnded))
    async def refresh(asked: Refresh, caller: Anyone, response: Response) -> Tokens:
        """
        Get new tokens for the last refresh token.

        If the answer was lost, ask again within ten seconds. A token used after that is taken for
        a stolen one, and ends the session.
        """
        response.headers.update(NOT_KEPT)
        return issuing.tokens(await door.refresh(asked.refresh_token))

    _device_routes(routes, identity, settings)
    return routes


def _device_routes(routes: APIRouter, identity: Identity, settings: UsersSettings) -> None:
    @routes.get("")
    async def mine(caller: Person) -> Devices:
        """Where you are signed in, newest first. Complete: an account has few sessions."""
        account, at = await identity.accounts.get(caller.user_id), now()
        kept = await identity.sessions.many(list(account.session_ids))
        newest = (kept[id] for id in reversed(account.session_ids) if id in kept)
        return Devices(items=[_shown(one, caller.session_id) for one in newest if one.open(at)])

    async def end(session_id: str, user_id: str) -> None:
        at = now()
        await identity.committer.change_together(
            (identity.sessions.at(session_id), identity.accounts.at(user_id)),
            lambda session, account: domain.revoke(
                session, account, by=user_id, access_for=settings.access_for, now=at
            ),
        )

    @routes.delete("", status_code=204)
    async def sign_out_elsewhere(caller: Person) -> None:
        """Sign out all your devices but this one. Doing it again changes nothing."""
        at = now()
        await identity.change_as_read(
            caller.user_id,
            identity.sessions_of,
            lambda account, *others: domain.end_others(
                account,
                *others,
                current=caller.session_id,
                access_for=settings.access_for,
                now=at,
            ),
        )

    @routes.delete("/current", status_code=204, responses=may_answer(NoSuchSession))
    async def sign_out(caller: Person) -> None:
        """Sign out here. Doing it again changes nothing."""
        await end(caller.session_id, caller.user_id)

    @routes.delete("/{id}", status_code=204, responses=may_answer(NoSuchSession))
    async def sign_out_there(id: EntityId, caller: Person) -> None:
        """Sign out one of your devices. Doing it again changes nothing."""
        await end(id, caller.user_id)


NOT_KEPT = {"Cache-Control": "no-store"}


def _shown(session: Session, current: str) -> Device:
    return Device(
        id=session.id,
        device=session.device,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        expires_at=session.expires_at,
        current=session.id == current,
    )
