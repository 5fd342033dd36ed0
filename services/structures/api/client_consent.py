"""What structures answers to a client who is proposed an account, or thinks again."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from fastapi import APIRouter
from pydantic import BaseModel

from kit.change import Change
from kit.clock import now
from kit.heard import TooStale
from kit.http import Caller, Person, may_answer
from kit.ids import EntityId
from kit.problems import NotFound
from services.structures.clientele import Clientele, Relations
from services.structures.domain import client_consent as domain
from services.structures.domain.client_accounts import ClientAccount, Consent, Verdict


class AnswerView(BaseModel):
    verdict: Verdict
    by: str
    at: datetime


class ConsentView(BaseModel):
    """Whether a client wants an account, and who said so when: for the client alone."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    reference: str
    consent: Consent
    answers: list[AnswerView]


def client_consent_routes(clientele: Clientele, relations: Relations) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-accounts", tags=["client accounts"])
    responses = may_answer(NotFound, domain.OnlyTheClient, TooStale)

    async def answered(
        id: str, caller: Caller, decide: Callable[..., Change[ClientAccount]]
    ) -> ConsentView:
        await relations.answering(caller, id)
        decided = partial(decide, by=caller.user_id, now=now())
        return _shown(await clientele.accounts.change(id, decided))

    @routes.get("/{id}/consent", responses=responses)
    async def read(id: EntityId, caller: Person) -> ConsentView:
        """Whether your structure wants this account, and who said so when."""
        return _shown(await relations.answering(caller, id))

    @routes.put("/{id}/acceptance", responses=responses)
    async def accept(id: EntityId, caller: Person) -> ConsentView:
        """Let the supplier see the users of your structure, and both write to each other."""
        return await answered(id, caller, domain.accept)

    @routes.put("/{id}/refusal", responses=responses)
    async def refuse(id: EntityId, caller: Person) -> ConsentView:
        """Have nothing to do with an account, or nothing more. It can be accepted later."""
        return await answered(id, caller, domain.refuse)

    return routes


def _shown(account: ClientAccount) -> ConsentView:
    return ConsentView(
        client_account_id=account.id,
        supplier_id=account.supplier_id,
        structure_id=account.structure_id,
        reference=account.reference,
        consent=account.consent,
        answers=[AnswerView(verdict=one.verdict, by=one.by, at=one.at) for one in account.answers],
    )
