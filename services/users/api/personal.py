"""What people may do about all that is kept of them: have it given to them, and be forgotten."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kit.attempts import TooManyAttempts
from kit.clock import now
from kit.downloads import ZIP, FileId, safe_headers
from kit.http import Anyone, Operator, Person, Said, may_answer, new_entity_id
from kit.links import LinkExpired, LinkInvalid, read_link
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from kit.robots import FOR_PEOPLE, Robots
from services.users.api.fields import Accepted, Address, LinkToken
from services.users.api.letters import Letters
from services.users.domain import exports as domain
from services.users.domain.accounts import LinkNoLongerValid
from services.users.domain.erasure import (
    LoginMayComeBack,
    NotDeactivated,
    StillPrincipalManager,
)
from services.users.domain.exports import Export, ExportNotReady, ExportOver, Status
from services.users.erasing import Erasing
from services.users.exporting import Exporting

EXPORTS = "/v1/me/exports"


class ExportShown(BaseModel):
    """All that the platform keeps of you, as a zip of JSON files and of your own."""

    id: str
    status: Status
    missing: tuple[str, ...]
    """Services that did not answer in time; once it is ready."""
    size: int
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None


class ErasureConfirmed(Said):
    token: LinkToken


class Confirmed(Said):
    confirmed: Literal[True]


class Erased(BaseModel):
    status: Literal["erased"] = "erased"


def export_routes(exporting: Exporting) -> APIRouter:
    routes = APIRouter(tags=["personal data"])

    @routes.post(EXPORTS, status_code=202, responses=may_answer(TooManyAttempts))
    async def ask_for_all(caller: Person) -> ExportShown:
        """Ask for all that the platform keeps of you. A letter tells when it is ready."""
        return _shown(await exporting.ask_for(new_entity_id(), caller.user_id, now()))

    @routes.get(EXPORTS)
    async def list_exports(caller: Person, asked: PageAsked) -> Page[ExportShown]:
        """What you have asked for, newest first."""
        found, following = await page(exporting.exports, {"user_id": caller.user_id}, asked)
        return Page[ExportShown](items=[_shown(one) for one in found], next=following)

    @routes.get(EXPORTS + "/{id}", responses=may_answer(NotFound))
    async def read_export(id: FileId, caller: Person) -> ExportShown:
        """How far an export of yours is."""
        return _shown(domain.mine(await exporting.exports.find(id), by=caller.user_id))

    @routes.post(
        EXPORTS + "/{id}/download",
        response_class=StreamingResponse,
        responses=ZIP | may_answer(NotFound, ExportNotReady, ExportOver),
    )
    async def download(id: FileId, caller: Person) -> StreamingResponse:
        """Take it away: once, whatever becomes of the answer. It is then destroyed."""
        at = now()
        taken = await exporting.exports.change(
            id, lambda current: domain.take(current, by=caller.user_id, now=at)
        )
        return StreamingResponse(
            await exporting.contents.read(taken.content),
            media_type="application/zip",
            headers=safe_headers("mes-donnees.zip") | {"content-length": str(taken.size)},
        )

    return routes


def erasure_routes(erasing: Erasing, letters: Letters, robots: Robots) -> APIRouter:
    routes = APIRouter(tags=["personal data"])
    link_key = erasing.settings.link_key.get_secret_value()

    @routes.post("/v1/accounts/erasure-links", status_code=202, responses=may_answer(*FOR_PEOPLE))
    async def send_erasure_link(asked: Address, caller: Anyone) -> Accepted:
        """
        Ask for a link that erases your deactivated account for good.

        The answer is the same for every address.
        """
        await robots.keep_out(asked.proof)
        await letters.send(asked.email, "erasure")
        return Accepted()

    @routes.post(
        "/v1/accounts/erasure",
        responses=may_answer(
            LinkInvalid, LinkExpired, LinkNoLongerValid, LoginMayComeBack, StillPrincipalManager
        ),
    )
    async def erase(asked: ErasureConfirmed, caller: Anyone) -> Erased:
        """Erase your deactivated account with the link of a letter. Nothing brings it back."""
        link = read_link(link_key, asked.token, purpose="erasure", now=now())
        try:
            await erasing.erase(link.user_id, nonce=link.nonce)
        except (NotFound, NotDeactivated):
            raise LinkNoLongerValid from None
        return Erased()

    @routes.put(
        "/v1/ops/accounts/{id}/erasure",
        responses=may_answer(NotFound, NotDeactivated, LoginMayComeBack, StillPrincipalManager),
    )
    async def erase_for(id: FileId, asked: Confirmed, caller: Operator) -> Erased:
        """Erase a deactivated account for somebody who asked the desk. Nothing brings it back."""
        await erasing.erase(id)
        return Erased()

    return routes


def _shown(export: Export) -> ExportShown:
    return ExportShown(
        id=export.id,
        status=export.status,
        missing=export.missing,
        size=export.size,
        requested_at=export.requested_at,
        ready_at=export.ready_at,
        expires_at=export.expires_at,
    )
