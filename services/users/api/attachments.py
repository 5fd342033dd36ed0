"""The files of a person: for them alone, and for whom they hand a reference."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, StringConstraints

from kit import downloads
from kit.clock import now
from kit.downloads import BYTES, UNREADABLE, ZIP, FileId, Ticked
from kit.file import ArchiveTooLarge, readable_together
from kit.files import A_FILE, UNACCEPTABLE, FileBrought, FileShown
from kit.formats import FileTooLarge, InvalidFileName
from kit.http import IfMatch, Person, Said, etag, may_answer, new_entity_id, system
from kit.internal import Caller
from kit.links import LinkExpired, LinkInvalid, read_link, sign_link
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound, PreconditionFailed
from services.users.attachments import PersonalAttachments
from services.users.domain import attachments as domain
from services.users.domain.attachments import (
    PersonalAttachment,
    TooManyAttachments,
    UnknownAttachmentType,
)

MINE = "/v1/me/attachments"
REFERENCE = "attachment"
Type = Annotated[str, StringConstraints(max_length=64)]
Reference = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,1000}$")]
Depositing = Annotated[Caller, system("attachments:read")]


class PersonalAttachmentShown(FileShown):
    """A file of yours, without its bytes."""

    type: str


class PersonalAttachmentType(BaseModel):
    code: str
    label: str


class Described(Said):
    designation: Annotated[str, StringConstraints(max_length=100)]
    type: Type


class Referenced(BaseModel):
    reference: str = Field(description="For the system that an invoice is deposited in")
    expires_at: datetime


def personal_attachment_routes(kept: PersonalAttachments) -> APIRouter:
    routes = APIRouter(tags=["personal attachments"])
    _bringing(routes, kept)
    _taking(routes, kept)
    _handing(routes, kept)
    _keeping(routes, kept)
    return routes


def _bringing(routes: APIRouter, kept: PersonalAttachments) -> None:
    @routes.get("/v1/me/attachment-types")
    async def types(caller: Person) -> list[PersonalAttachmentType]:
        """What your files may be for."""
        return [
            PersonalAttachmentType(code=code, label=label) for code, label in kept.types.items()
        ]

    @routes.post(
        MINE,
        status_code=201,
        openapi_extra=A_FILE,
        responses=may_answer(
            UnknownAttachmentType, TooManyAttachments, FileTooLarge, *UNACCEPTABLE
        ),
    )
    async def add(
        *,
        type: Annotated[Type, Query(examples=["CARTE_GRISE"])],
        file: FileBrought,
        caller: Person,
        response: Response,
    ) -> PersonalAttachmentShown:
        """Add a file: its bytes are the body, its kind the Content-Type, its designation a name."""
        domain.known_type(type, kept.types, field="query/type")
        most = kept.settings.personal_file_limit
        described = domain.described(
            file.name, declared=file.declared, content=file.content, most=most
        )
        made = await kept.add(
            new_entity_id(),
            type=type,
            described=described,
            content=file.content,
            by=caller.user_id,
        )
        response.headers["Location"] = f"{MINE}/{made.id}"
        return _answered(made, response)


def _taking(routes: APIRouter, kept: PersonalAttachments) -> None:
    @routes.get(
        MINE + "/archive",
        response_class=StreamingResponse,
        responses=ZIP | may_answer(NotFound, ArchiveTooLarge, *UNREADABLE),
    )
    async def archive(asked: Ticked, caller: Person) -> StreamingResponse:
        """Several of your files as one zip."""
        found = await kept.mine(list(dict.fromkeys(asked)), by=caller.user_id)
        readable_together(found, most=kept.settings.archive_limit)
        return downloads.archive("pieces-jointes.zip", found, kept.files.contents, at=now())

    @routes.get(
        MINE + "/{id}/content",
        response_class=StreamingResponse,
        responses=BYTES | may_answer(NotFound, *UNREADABLE),
    )
    async def download(id: FileId, caller: Person) -> StreamingResponse:
        """The bytes of a file of yours, once they are known to do no harm."""
        [found] = await kept.mine([id], by=caller.user_id)
        return await downloads.download(found, kept.files.contents)


def _handing(routes: APIRouter, kept: PersonalAttachments) -> None:
    key = kept.settings.link_key.get_secret_value()

    @routes.post(MINE + "/{id}/references", status_code=201, responses=may_answer(NotFound))
    async def refer(id: FileId, caller: Person, response: Response) -> Referenced:
        """
        Let the system that you deposit an invoice in read this file, for a while (ACC-23).

        Whoever has the reference needs the scope ``attachments:read`` too. It says which file and
        whose; it is good until it expires, as long as you keep the file.
        """
        await kept.mine([id], by=caller.user_id)
        until = now() + kept.settings.reference_for
        response.headers["Cache-Control"] = "no-store"
        reference = sign_link(
            key, purpose=REFERENCE, user_id=caller.user_id, nonce=id, expires_at=until
        )
        return Referenced(reference=reference, expires_at=until)

    @routes.get(
        "/v1/attachment-references/{reference}/content",
        response_class=StreamingResponse,
        responses=BYTES | may_answer(NotFound, *UNREADABLE),
    )
    async def read_referred(reference: Reference, caller: Depositing) -> StreamingResponse:
        """The bytes of a file that its owner handed a reference to."""
        try:
            handed = read_link(key, reference, purpose=REFERENCE, now=now())
        except (LinkInvalid, LinkExpired):
            raise NotFound from None
        [found] = await kept.mine([handed.nonce], by=handed.user_id)
        return await downloads.download(found, kept.files.contents)


def _keeping(routes: APIRouter, kept: PersonalAttachments) -> None:
    @routes.get(MINE)
    async def list_mine(
        caller: Person, asked: PageAsked, type: Annotated[Type | None, Query()] = None
    ) -> Page[PersonalAttachmentShown]:
        """Your files, newest first."""
        where = {"added_by": caller.user_id} | ({"type": type} if type else {})
        found, following = await page(kept.files.collection, where, asked, by="added_at")
        return Page[PersonalAttachmentShown](
            items=[PersonalAttachmentShown.of(one) for one in found], next=following
        )

    @routes.delete(MINE, status_code=204, responses=may_answer(NotFound))
    async def remove_several(asked: Ticked, caller: Person) -> None:
        """Remove the files that you name, for good: all of them, or none if one is not there."""
        await kept.remove(list(dict.fromkeys(asked)), by=caller.user_id)

    # After the archive's: an id must not be looked for under that name.
    @routes.get(MINE + "/{id}", responses=may_answer(NotFound))
    async def read(id: FileId, caller: Person, response: Response) -> PersonalAttachmentShown:
        """What is known of a file of yours: whether it was scanned, for one."""
        [found] = await kept.mine([id], by=caller.user_id)
        return _answered(found, response)

    @routes.put(
        MINE + "/{id}",
        responses=may_answer(NotFound, UnknownAttachmentType, InvalidFileName, PreconditionFailed),
    )
    async def modify(
        id: FileId, body: Described, caller: Person, if_match: IfMatch, response: Response
    ) -> PersonalAttachmentShown:
        """Call a file of yours something else, or say that it is for something else."""
        domain.known_type(body.type, kept.types, field="body/type")
        modified = await kept.files.collection.change(
            id,
            lambda current: domain.modify(
                current, by=caller.user_id, designation=body.designation, type=body.type
            ),
            if_match=if_match,
        )
        return _answered(modified, response)

    @routes.delete(MINE + "/{id}", status_code=204, responses=may_answer(NotFound))
    async def remove(id: FileId, caller: Person) -> None:
        """Remove a file of yours for good."""
        await kept.remove([id], by=caller.user_id)


def _answered(one: PersonalAttachment, response: Response) -> PersonalAttachmentShown:
    etag(response, one.version)
    return PersonalAttachmentShown.of(one)
