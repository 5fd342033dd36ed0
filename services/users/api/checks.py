"""Who may do what, and why: one question or many at once."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from contracts.users import Habilitation, Level, Line, Role
from kit.clock import today
from kit.http import Caller, Said, ScopeMissing, may_answer, reader
from kit.ids import OpaqueId
from services.users.api.rattachements import Unit
from services.users.catalogue import Code
from services.users.checking import Checking, NotYoursToCheck
from services.users.domain.checks import Answer, Check, Reason
from services.users.domain.rattachements import Rattachement

Reader = Annotated[Caller, reader("rights:check")]
MOST = 1_000


class CheckAsked(Said):
    user_id: OpaqueId
    structure_id: OpaqueId
    application: Code
    level: Level
    unit: Unit | None = Field(None, description="None: on the whole structure.")
    on: date | None = Field(None, description="A day in Europe/Paris; today when absent.")

    def meant(self, on: date) -> Check:
        return Check(**self.model_dump(exclude={"on"}), on=self.on or on)


class ChecksAsked(Said):
    checks: tuple[CheckAsked, ...] = Field(min_length=1, max_length=MOST)


class GrantShown(BaseModel):
    """What allows it: the role or a habilitation, within the days of a line."""

    role: Role
    line: Line
    habilitation: Habilitation | None = Field(
        description="None: the principal manager manages the structure without one."
    )


class CheckAnswered(BaseModel):
    allowed: bool
    reason: Reason
    grant: GrantShown | None
    rights_version: int | None = Field(
        description="Of the rights it was read from, as `users.rights-changed` numbers them."
    )


class ChecksAnswered(BaseModel):
    """One for each check, in their order."""

    answers: list[CheckAnswered]


def check_routes(checking: Checking) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["rights"])

    @routes.post("/rights-checks", responses=may_answer(NotYoursToCheck, ScopeMissing))
    async def check(asked: ChecksAsked, caller: Reader) -> ChecksAnswered:
        """
        Who may do what, and why: the grant that allows it, or what is missing first.

        Answered from the rattachements themselves, so that a right that was taken away is gone in
        the next answer. Whoever may not ask one of the questions is answered none of them.
        """
        checks = [one.meant(today()) for one in asked.checks]
        answered = await checking.answers(checks, caller)
        return ChecksAnswered(answers=[_shown(*one) for one in answered])

    return routes


def _shown(answer: Answer, tie: Rattachement | None) -> CheckAnswered:
    grant = None
    if answer.grant and tie and tie.role:
        grant = GrantShown(role=tie.role, **answer.grant._asdict())
    return CheckAnswered(
        allowed=answer.allowed,
        reason=answer.reason,
        grant=grant,
        rights_version=tie.version if tie else None,
    )
