"""Leaving the platform, and coming back to it."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from kit.addresses import Email
from kit.attempts import TooManyAttempts, attempts_id
from kit.clock import now
from kit.http import Anyone, Operator, Person, Said, may_answer
from kit.ids import OpaqueId, new_id
from kit.links import LinkExpired, LinkInvalid, read_link
from kit.problems import NotFound
from kit.robots import FOR_PEOPLE, Robots
from services.users.api.fields import (
    Accepted,
    Address,
    Answer,
    LinkToken,
    Password,
    Question,
    Reason,
)
from services.users.api.letters import Letters
from services.users.api.transfers import HANDING_OVER, MOST
from services.users.domain import deactivations, questions
from services.users.domain import passwords as rules
from services.users.domain.accounts import LinkNoLongerValid, SecretQuestion
from services.users.domain.deactivations import (
    NothingToReactivate,
    PasswordUsedBefore,
    Reactivation,
    SuccessorsMissing,
    TooLateToReactivate,
    TwiceNamed,
)
from services.users.domain.passwords import PasswordRefused, WrongPassword
from services.users.domain.questions import AnswerTooEasy
from services.users.managing import Managing
from services.users.passwords import Passwords
from services.users.proving import Proving


class OfOne(Said):
    structure_id: OpaqueId
    user_id: OpaqueId


def _each_once(named: tuple[OfOne, ...]) -> tuple[OfOne, ...]:
    if len({one.structure_id for one in named}) < len(named):
        raise ValueError("Each structure has one successor.")
    return named


class Leaving(Said):
    current_password: Password
    confirmed: Literal[True] = Field(
        description="What is under way is lost, and there are some days only to come back"
    )
    successor_id: OpaqueId | None = Field(
        None, description="Manages all your structures from now on"
    )
    successors: Annotated[tuple[OfOne, ...], AfterValidator(_each_once)] = Field(
        (), max_length=MOST, description="Or who manages which"
    )


class SentBack(Said):
    """What somebody asked of the desk who is too late to come back without it."""

    email: Email = Field(description="The login address of the account")
    reason: Reason


class ComingBack(Said):
    token: LinkToken
    password: Annotated[Password, Field(description="Another than the one you had")]
    question: Question
    answer: Answer


class Reactivated(BaseModel):
    status: Literal["active"] = "active"


def deactivation_routes(
    managing: Managing, letters: Letters, robots: Robots, passwords: Passwords
) -> APIRouter:
    routes = APIRouter(tags=["accounts"])
    identity, settings = managing.identity, managing.settings
    link_key = settings.link_key.get_secret_value()
    proving = Proving(identity, passwords, settings)

    @routes.put(
        "/v1/me/deactivation",
        status_code=204,
        responses=may_answer(
            WrongPassword, TooManyAttempts, SuccessorsMissing, TwiceNamed, *HANDING_OVER
        ),
    )
    async def leave(asked: Leaving, caller: Person) -> None:
        """
        Deactivate your account. All your devices are signed out, and no letter is sent any more.

        Whoever manages structures names who manages them next: all of them move, or nothing
        happens. What you were granted stays, for when you come back in time.
        """
        account = await proving.password(caller.user_id, asked.current_password.get_secret_value())
        await managing.deactivate(
            account.id,
            password_version=account.password_version,
            one_for_all=asked.successor_id,
            each={one.structure_id: one.user_id for one in asked.successors},
            id=new_id(),
        )

    @routes.post(
        "/v1/accounts/reactivation-links", status_code=202, responses=may_answer(*FOR_PEOPLE)
    )
    async def send_link(asked: Address, caller: Anyone) -> Accepted:
        """Ask for a link to come back, as often as needed. The answer is the same for anyone."""
        await robots.keep_out(asked.proof)
        await letters.reactivate(asked.email)
        return Accepted()

    @routes.post(
        "/v1/ops/accounts/reactivation-links",
        status_code=202,
        responses=may_answer(NotFound, NothingToReactivate),
    )
    async def send_link_for(asked: SentBack, caller: Operator) -> Accepted:
        """
        Send the owner of a deactivated account a link to come back with, however late.

        The letter says why; who had it sent stays in what is told of the account.
        """
        await letters.reactivate_for(asked.email, by=caller.user_id, reason=asked.reason)
        return Accepted()

    @routes.post(
        "/v1/accounts/reactivation",
        responses=may_answer(
            LinkInvalid,
            LinkExpired,
            LinkNoLongerValid,
            PasswordRefused,
            PasswordUsedBefore,
            AnswerTooEasy,
            TooLateToReactivate,
            TooManyAttempts,
        ),
    )
    async def come_back(asked: ComingBack, caller: Anyone) -> Reactivated:
        """Reactivate an account with the link of a letter, another password and a question."""
        at, within = now(), settings.reactivation_for
        link = read_link(link_key, asked.token, purpose="reactivation", now=at)
        account = await identity.accounts.find(link.user_id)
        account = deactivations.back_in_time(account, link.nonce, within, at)
        password, answer = asked.password.get_secret_value(), asked.answer.get_secret_value()
        rules.check(password, account.email)
        questions.check(asked.question, answer)
        await proving.differs(account, password)
        chosen = Reactivation(
            nonce=link.nonce,
            password_hash=await passwords.hash(password),
            question=SecretQuestion(
                question=asked.question,
                answer_hash=await passwords.hash(questions.normalised(answer)),
                chosen_at=at,
            ),
        )
        await identity.committer.change_together(
            (
                identity.accounts.at(account.id),
                identity.attempts.at(attempts_id("sign-in", account.email)),
            ),
            partial(deactivations.reactivate, chosen=chosen, within=within, now=now()),
        )
        return Reactivated()

    return routes
