"""
The secret question: one proof more for a forgotten password, never enough by itself (ACC-07).

Who holds the link of the letter is asked it; who knows the answer and has no link is asked nothing.
"""

import unicodedata
from dataclasses import replace
from datetime import datetime

from kit.change import Change
from kit.problems import Invalid, NotFound
from services.users.domain.accounts import Account, SecretQuestion, changed
from services.users.domain.passwords import WrongPassword

SHORTEST = 3


class AnswerTooEasy(Invalid):
    """This answer is too easily guessed."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, field="body/answer")


class AnswerNeeded(Invalid):
    """Answer your secret question as well."""

    def __init__(self, question: str) -> None:
        super().__init__(self.title(), field="body/answer", question=question)


class WrongAnswer(Invalid):
    """This is not the answer to your secret question."""

    def __init__(self) -> None:
        super().__init__(self.title(), field="body/answer")


def normalised(answer: str) -> str:
    """The one spelling that is hashed: people remember neither capitals nor accents."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", answer).casefold())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


def check(question: str, answer: str) -> None:
    spelt = normalised(answer)
    if len(spelt) < SHORTEST:
        raise AnswerTooEasy(f"An answer has {SHORTEST} characters or more.")
    if spelt in normalised(question):
        raise AnswerTooEasy("The question does not contain its answer.")


def change_question(
    account: Account | None, *, asked: SecretQuestion, password_version: int, now: datetime
) -> Change[Account]:
    """Ask this from now on; the password was proved a moment ago."""
    if account is None or account.status != "active":
        raise NotFound
    if account.password_version != password_version:
        raise WrongPassword
    told = changed(account, "secret-question-changed", by=account.id, now=now)
    return Change(replace(account, secret_question=asked), (told,))


def require_answered(account: Account, answered: SecretQuestion | None) -> None:
    """``answered``: the question to which a right answer was given, as it was read then."""
    if account.secret_question and account.secret_question != answered:
        raise AnswerNeeded(account.secret_question.question)
