"""Claiming the management of a structure in which nobody decides any more."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from contracts.users import CLAIM_DIGITS
from kit.addresses import Email
from kit.attempts import TooManyAttempts
from kit.http import Operator, Person, Said, may_answer, new_entity_id
from kit.ids import OpaqueId
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.users.api.fields import Comment, Reason
from services.users.claiming import Claiming
from services.users.domain.claims import (
    AlreadyYours,
    Claim,
    ClaimOver,
    ClaimUnderWay,
    ManagedAlready,
    ManagersObjectionOnly,
    NoSuchUser,
    NotYourOwnClaim,
    Proof,
    ProvedByDocuments,
    ReasonForRejection,
    State,
    WrongCode,
)
from services.users.domain.requests import UnknownStructure
from services.users.domain.transfers import ManagementMoved

Reference = Annotated[str, StringConstraints(max_length=50, pattern=r"^[0-9A-Za-z_/ -]*$")]
PROVED = (NotFound, ClaimOver, ClaimUnderWay, ManagementMoved)


class NewClaim(Said):
    structure_id: OpaqueId
    proof: Proof = Field(
        description="`code`: of a letter to the structure's own address. `documents`: the desk's"
    )
    reference: Reference = Field("", description="Number of the ticket that holds the documents")


class Shown(Said):
    code: Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{CLAIM_DIGITS}}}$")]


class Verdict(Said):
    verdict: Literal["confirmed", "rejected"]
    reason: Comment = ""


class Assignment(Said):
    structure_id: OpaqueId
    email: Email = Field(description="Login address of who is to manage it")
    reference: Annotated[Reference, StringConstraints(min_length=1)] = Field(
        description="Number of the ticket that holds the documents"
    )
    reason: Reason


class ClaimView(BaseModel):
    id: str
    structure_id: str
    structure_name: str | None
    proof: Proof
    state: State
    opened_at: datetime
    until: datetime | None = Field(
        description="Until when it is to be proved or, once it is, objected to"
    )
    reason: str
    settled_at: datetime | None


class ClaimForTheDesk(ClaimView):
    user_id: str
    reference: str
    decided_by: str


def vacancy_routes(claiming: Claiming) -> APIRouter:
    routes = APIRouter(tags=["management"])

    @routes.post(
        "/v1/vacancy-claims",
        status_code=202,
        responses=may_answer(UnknownStructure, AlreadyYours, ClaimUnderWay, TooManyAttempts),
    )
    async def claim(asked: NewClaim, caller: Person) -> ClaimView:
        """
        Claim the management of a structure; it takes a proof.

        A code is sent to the address that the structure itself has given, if there is one: whether
        there is, is not said here.
        """
        return _view(
            await claiming.claim(
                asked.structure_id,
                asked.proof,
                asked.reference,
                by=caller.user_id,
                id=new_entity_id(),
            )
        )

    @routes.get("/v1/vacancy-claims")
    async def mine(caller: Person, asked: PageAsked) -> Page[ClaimView]:
        """Your own claims, newest first."""
        claims = claiming.membership.claims
        found, following = await page(claims, {"user_id": caller.user_id}, asked, by="opened_at")
        return Page(items=[_view(one) for one in found], next=following)

    @routes.get("/v1/vacancy-claims/{id}", responses=may_answer(NotFound))
    async def one(id: OpaqueId, caller: Person) -> ClaimView:
        """A claim of yours or, once it was proved, to a structure that you manage."""
        return _view(await claiming.readable(id, by=caller.user_id))

    @routes.put(
        "/v1/vacancy-claims/{id}/proof",
        responses=may_answer(*PROVED, WrongCode, ProvedByDocuments),
    )
    async def prove(id: OpaqueId, shown: Shown, caller: Person) -> ClaimView:
        """
        Show the code of the letter. Too many wrong ones end the claim.

        A structure without a manager is yours at once; else its manager has some days to object.
        """
        return _view(await claiming.prove(id, shown.code, by=caller.user_id))

    @routes.put(
        "/v1/vacancy-claims/{id}/objection",
        responses=may_answer(NotFound, ManagersObjectionOnly, ClaimOver),
    )
    async def object_to(id: OpaqueId, caller: Person) -> ClaimView:
        """Say, as its principal manager, that you are there: nothing comes of the claim."""
        return _view(await claiming.object_to(id, by=caller.user_id))

    @routes.get("/v1/ops/vacancy-claims")
    async def waiting(caller: Operator, asked: PageAsked) -> Page[ClaimForTheDesk]:
        """
        The claims that wait for the desk, oldest first.

        Those by documents and, in state `desk`, those whose notice did not reach the manager.
        """
        where = {"$or": [{"state": "open", "proof": "documents"}, {"state": "desk"}]}
        found, following = await page(
            claiming.membership.claims, where, asked, by="opened_at", descending=False
        )
        return Page(items=[_for_the_desk(one) for one in found], next=following)

    @routes.post(
        "/v1/ops/vacancy-claims",
        status_code=201,
        responses=may_answer(UnknownStructure, NoSuchUser, ManagedAlready, NotYourOwnClaim),
    )
    async def assign(asked: Assignment, caller: Operator) -> ClaimForTheDesk:
        """
        Name the principal manager of a structure that has none, on documents, without a claim.

        It is kept and told like a claim that was granted, with the reason.
        """
        return _for_the_desk(
            await claiming.assign(
                asked.structure_id,
                asked.email,
                reference=asked.reference,
                reason=asked.reason,
                by=caller.user_id,
                id=new_entity_id(),
            )
        )

    @routes.put(
        "/v1/ops/vacancy-claims/{id}/decision",
        responses=may_answer(*PROVED, NotYourOwnClaim, ReasonForRejection),
    )
    async def decide(id: OpaqueId, asked: Verdict, caller: Operator) -> ClaimForTheDesk:
        """
        Confirm that the documents prove a claim, or reject it and say why.

        To confirm one in state `desk` makes the claimant the principal manager at once.
        """
        return _for_the_desk(
            await claiming.decide(
                id,
                by=caller.user_id,
                confirmed=asked.verdict == "confirmed",
                reason=asked.reason,
            )
        )

    return routes


def _view(claim: Claim) -> ClaimView:
    return ClaimView(
        id=claim.id,
        structure_id=claim.structure_id,
        structure_name=claim.structure_name,
        proof=claim.proof,
        state=claim.state,
        opened_at=claim.opened_at,
        until=claim.wake_at,
        reason=claim.reason,
        settled_at=claim.settled_at,
    )


def _for_the_desk(claim: Claim) -> ClaimForTheDesk:
    return ClaimForTheDesk(
        **_view(claim).model_dump(),
        user_id=claim.user_id,
        reference=claim.reference,
        decided_by=claim.decided_by,
    )
