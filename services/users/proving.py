"""
That somebody knows a password, or the answer to a secret question.

Asked of those who have a session or a link already: either may be stolen.
"""

from kit.attempts import attempt, attempts_id
from kit.change import Change
from kit.clock import now
from kit.problems import Problem
from services.users.domain.accounts import Account, SecretQuestion
from services.users.domain.deactivations import PasswordUsedBefore
from services.users.domain.passwords import WrongPassword
from services.users.domain.questions import AnswerNeeded, WrongAnswer, normalised
from services.users.identity import Identity
from services.users.passwords import Passwords
from services.users.settings import UsersSettings


class Proving:
    """Counts each try before it is looked at; one that is right clears them."""

    def __init__(self, identity: Identity, passwords: Passwords, settings: UsersSettings) -> None:
        self._identity, self.passwords = identity, passwords
        self._limit = settings.sign_in_limit

    async def password(self, user_id: str, password: str) -> Account:
        """The account as it was when its password was proved; raises WrongPassword."""
        account = await self._identity.accounts.get(user_id)
        tries_id = attempts_id("password", user_id)
        await self._proved(tries_id, password, account.password_hash, WrongPassword())
        return account

    async def differs(self, account: Account, password: str) -> None:
        """Raises PasswordUsedBefore; counted, or a link would be good to try passwords with."""
        tries_id = attempts_id("password", account.id)
        await self._counted(tries_id)
        if await self.passwords.verify(password, account.password_hash):
            raise PasswordUsedBefore(field="body/password")

    async def answer(self, account: Account, answer: str | None) -> SecretQuestion | None:
        """The question that was answered, if there is one; raises AnswerNeeded or WrongAnswer."""
        question = account.secret_question
        if question is None:
            return None
        if answer is None:
            raise AnswerNeeded(question.question)
        tries_id = attempts_id("answer", account.id)
        await self._proved(tries_id, normalised(answer), question.answer_hash, WrongAnswer())
        return question

    async def _proved(self, tries_id: str, said: str, hash: str, otherwise: Problem) -> None:
        await self._counted(tries_id)
        if not await self.passwords.verify(said, hash):
            raise otherwise
        await self._identity.attempts.change(tries_id, lambda _: Change(None))

    async def _counted(self, tries_id: str) -> None:
        at = now()
        await self._identity.attempts.change(
            tries_id, lambda current: attempt(current, id=tries_id, limit=self._limit, now=at)
        )
