"""Deciding on several approvals at once."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from kit.heard import TooStale
from kit.http import Person as Caller
from kit.http import may_answer
from kit.ids import OpaqueId
from kit.problems import NotFound
from services.approvals.answering import Answering
from services.approvals.api.decisions import REFUSALS
from services.approvals.api.fields import Decision
from services.approvals.domain.approvals import Approval, State
from services.approvals.domain.deciding import Decider, ReasonMissing

MOST = 500


def _distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len({*ids}) < len(ids):
        raise ValueError("Each approval may be named once only.")
    return ids


class Decisions(Decision):
    """One answer to several questions."""

    approval_ids: Annotated[tuple[OpaqueId, ...], AfterValidator(_distinct)] = Field(
        min_length=1, max_length=MOST
    )


class Outcome(BaseModel):
    """What became of one of them."""

    id: str
    state: State | None
    problem: dict[str, Any] | None = None
    """Why it could not be decided."""


def several_routes(answering: Answering) -> APIRouter:
    routes = APIRouter(prefix="/v1/approvals", tags=["approvals"])

    @routes.put("/decisions", responses=may_answer(ReasonMissing, TooStale))
    async def decide_several(body: Decisions, caller: Caller) -> list[Outcome]:
        """Answer several at once; each is decided by itself, and says what became of it."""
        if body.verdict == "refused" and not body.reason:
            raise ReasonMissing(field="body/reason")
        await answering.rights.require_fresh()
        found = await answering.approvals.many([*body.approval_ids])

        async def decided(id: str, one: Approval | None) -> Outcome:
            try:
                if one is None:
                    raise NotFound
                kept = await answering.answer(one, body.answer, Decider(user_id=caller.user_id))
            except REFUSALS as refusal:
                return Outcome(id=id, state=None, problem=refusal.as_json())
            return Outcome(id=id, state=kept.state)

        return await asyncio.gather(*(decided(id, found.get(id)) for id in body.approval_ids))

    return routes
