"""One's own account: what one says of oneself, and what opens it."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from kit.addresses import Email
from kit.attempts import TooManyAttempts, attempts_id
from kit.clock import now
from kit.http import IfMatch, Person, Said, etag, may_answer
from kit.problems import PreconditionFailed
from services.users.api.fields import Accepted, Answer, Password, Question
from services.users.api.letters import Letters
from services.users.api.profiles import MyAccount, NewProfile, shown
from services.users.domain import emails, profiles, questions, sessions
from services.users.domain import passwords as rules
from services.users.domain.accounts import Account, SecretQuestion
from services.users.domain.passwords import PasswordRefused, WrongPassword
from services.users.domain.profiles import PasswordNeeded
from services.users.domain.questions import AnswerTooEasy
from services.users.identity import Identity
from services.users.proving import Proving
from services.users.settings import UsersSettings

KNOWN = (WrongPassword, TooManyAttempts)


class ChangedPassword(Said):
    current_password: Password
    password: Password


class ChangedLogin(Said):
    current_password: Password
    email: Email


class ChangedQuestion(Said):
    current_password: Password
    question: Question
    answer: Annotated[Answer, Field(description="Kept as a hash, without capitals and accents")]


def own_account_routes(
    identity: Identity,
    letters: Letters,
    proving: Proving,
    settings: UsersSettings,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/me", tags=["accounts"])

    @routes.get("")
    async def me(caller: Person, response: Response) -> MyAccount:
        """Your own account."""
        account = await identity.accounts.get(caller.user_id)
        etag(response, account.edition)
        return shown(account, operator=caller.operator, now=now())

    @routes.put("", responses=may_answer(PreconditionFailed, PasswordNeeded, *KNOWN))
    async def save(
        asked: NewProfile, caller: Person, if_match: IfMatch, response: Response
    ) -> MyAccount:
        """
        Save all your personal data and parameters, or none of them.

        Another contact address needs your present password, and is written to once you have
        followed the link sent to it.
        """
        contact = asked.personal.contact_email
        proved: Account | None = None
        if (said := asked.current_password) is not None:
            proved = await proving.password(caller.user_id, said.get_secret_value())
        account = proved or await identity.accounts.get(caller.user_id)
        limit = letters.limit(contact or account.email, account.id)
        saved, *_ = await identity.committer.change_together(
            (
                identity.accounts.at(account.id),
                identity.attempts.at(limit.to_address),
                identity.attempts.at(limit.of_user),
            ),
            partial(
                profiles.save,
                profile=asked.profile(),
                contact_email=contact,
                link=letters.link("contact-confirmation", contact or ""),
                password_version=proved.password_version if proved else None,
                letters=limit,
                if_match=if_match,
                now=now(),
            ),
        )
        etag(response, saved.edition)
        return shown(saved, operator=caller.operator, now=now())

    @routes.put("/password", status_code=204, responses=may_answer(*KNOWN, PasswordRefused))
    async def change_password(asked: ChangedPassword, caller: Person) -> None:
        """Choose another password. All your devices but this one are signed out."""
        account = await proving.password(caller.user_id, asked.current_password.get_secret_value())
        password = asked.password.get_secret_value()
        rules.check(password, account.email)
        tries = attempts_id("sign-in", account.email)
        decide = partial(
            sessions.change_password,
            password_version=account.password_version,
            password_hash=await proving.passwords.hash(password),
            current=caller.session_id,
            access_for=settings.access_for,
            now=now(),
        )
        await identity.change_as_read(
            account.id,
            lambda read: (identity.attempts.at(tries), *identity.sessions_of(read)),
            decide,
        )

    @routes.put("/login", status_code=202, responses=may_answer(*KNOWN))
    async def change_login(asked: ChangedLogin, caller: Person) -> Accepted:
        """
        Ask to sign in with another address.

        It does once the link sent to that address is followed; the present address is sent one
        that stops it, and for some days takes it back. The answer is the same for any address.
        """
        account = await proving.password(caller.user_id, asked.current_password.get_secret_value())
        limit = letters.limit(asked.email, account.id)
        await identity.committer.change_together(
            (
                identity.accounts.at(account.id),
                identity.attempts.at(limit.to_address),
                identity.attempts.at(limit.of_user),
            ),
            partial(
                emails.ask_for_login,
                confirmation=letters.link("login-confirmation", asked.email),
                cancellation=letters.link("login-cancellation", lasts=settings.login_back_for),
                password_version=account.password_version,
                letters=limit,
                now=now(),
            ),
        )
        return Accepted()

    @routes.put("/secret-question", status_code=204, responses=may_answer(*KNOWN, AnswerTooEasy))
    async def change_question(asked: ChangedQuestion, caller: Person) -> None:
        """Choose what you are asked besides, when you have forgotten your password."""
        questions.check(asked.question, asked.answer.get_secret_value())
        account = await proving.password(caller.user_id, asked.current_password.get_secret_value())
        answer = questions.normalised(asked.answer.get_secret_value())
        hashed, at = await proving.passwords.hash(answer), now()
        await identity.accounts.change(
            account.id,
            partial(
                questions.change_question,
                asked=SecretQuestion(question=asked.question, answer_hash=hashed, chosen_at=at),
                password_version=account.password_version,
                now=at,
            ),
        )

    return routes
