"""The files of a structure: brought one by one, taken away one by one or as a zip."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kit import downloads
from kit.clock import now
from kit.downloads import BYTES, UNREADABLE, ZIP, FileId, Ticked
from kit.file import ArchiveTooLarge
from kit.files import A_FILE, UNACCEPTABLE, FileBrought, FileShown
from kit.http import Person, etag, may_answer, new_entity_id
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.structures.api.fields import StructureId
from services.structures.attachments import Attachments
from services.structures.domain import attachments as domain
from services.structures.domain.attachments import About, AttachmentType
from services.structures.domain.standing import opened_to_change
from services.structures.domain.structures import ManagersOnly, StructureInactive

FILES = "/v1/structures/{id}/attachments"


class AttachmentShown(FileShown):
    """A file of a structure, without its bytes."""

    structure_id: str
    type: AttachmentType
    added_by: str


class AttachmentTypeShown(BaseModel):
    code: AttachmentType
    label: str
    about: tuple[About, ...]
    extensions: tuple[str, ...]


def attachment_routes(kept: Attachments) -> APIRouter:
    routes = APIRouter(tags=["attachments"])
    _bringing(routes, kept)
    _taking(routes, kept)
    _listing(routes, kept)
    return routes


def _bringing(routes: APIRouter, kept: Attachments) -> None:
    @routes.post(
        FILES,
        status_code=201,
        openapi_extra=A_FILE,
        responses=may_answer(NotFound, ManagersOnly, StructureInactive, *UNACCEPTABLE),
    )
    async def add(
        id: StructureId,
        *,
        type: Annotated[AttachmentType, Query()],
        file: FileBrought,
        caller: Person,
        response: Response,
    ) -> AttachmentShown:
        """Add a file: its bytes are the body, its kind the Content-Type."""
        structure, to = await kept.approached(id, caller)
        opened_to_change(structure, to)
        described = domain.described(file.name, type, declared=file.declared, content=file.content)
        made = await kept.add(
            new_entity_id(), id, type=type, described=described, content=file.content, to=to
        )
        response.headers["Location"] = f"/v1/structures/{id}/attachments/{made.id}"
        etag(response, made.version)
        return AttachmentShown.of(made)

    @routes.delete(
        FILES + "/{attachment_id}",
        status_code=204,
        responses=may_answer(NotFound, ManagersOnly, StructureInactive, domain.AttachmentInUse),
    )
    async def remove(id: StructureId, attachment_id: FileId, caller: Person) -> None:
        """Remove a file for good."""
        _, to = await kept.approached(id, caller)
        await kept.remove(attachment_id, id, to=to)


def _taking(routes: APIRouter, kept: Attachments) -> None:
    @routes.get(
        FILES + "/{attachment_id}/content",
        response_class=StreamingResponse,
        responses=BYTES | may_answer(NotFound, *UNREADABLE),
    )
    async def download(id: StructureId, attachment_id: FileId, caller: Person) -> StreamingResponse:
        """The bytes of a file, once they are known to do no harm."""
        structure, to = await kept.approached(id, caller)
        found = domain.seen(await kept.files.collection.find(attachment_id), structure, to=to)
        return await downloads.download(found, kept.files.contents)

    @routes.get(
        FILES + "/archive",
        response_class=StreamingResponse,
        responses=ZIP | may_answer(NotFound, ArchiveTooLarge, *UNREADABLE),
    )
    async def archive(
        id: StructureId,
        asked: Ticked,
        caller: Person,
    ) -> StreamingResponse:
        """Several files as one zip."""
        structure, to = await kept.approached(id, caller)
        ids = list(dict.fromkeys(asked))
        known = await kept.files.collection.many(ids)
        found = [domain.seen(known.get(one), structure, to=to) for one in ids]
        domain.to_archive(found, structure, to=to, most=kept.archive_limit)
        return downloads.archive("pieces-jointes.zip", found, kept.files.contents, at=now())


def _listing(routes: APIRouter, kept: Attachments) -> None:
    @routes.get("/v1/attachment-types")
    async def types(
        caller: Person, about: Annotated[About | None, Query()] = None
    ) -> list[AttachmentTypeShown]:
        """What attachments may be, and the extensions each may have."""
        return [
            AttachmentTypeShown(
                code=one.code, label=one.label, about=one.about, extensions=one.extensions
            )
            for one in domain.TYPES
            if about is None or about in one.about
        ]

    @routes.get(FILES, responses=may_answer(NotFound))
    async def list_all(
        id: StructureId,
        caller: Person,
        asked: PageAsked,
        type: Annotated[AttachmentType | None, Query()] = None,
    ) -> Page[AttachmentShown]:
        """The files of a structure, newest first."""
        await kept.approached(id, caller)
        where = {"structure_id": id} | ({"type": type} if type else {})
        found, following = await page(kept.files.collection, where, asked, by="added_at")
        return Page[AttachmentShown](
            items=[AttachmentShown.of(one) for one in found], next=following
        )

    # After the archive's: an id must not be looked for under that name.
    @routes.get(FILES + "/{attachment_id}", responses=may_answer(NotFound))
    async def read(
        id: StructureId, attachment_id: FileId, caller: Person, response: Response
    ) -> AttachmentShown:
        """What is known of a file: whether it was scanned, for one."""
        structure, to = await kept.approached(id, caller)
        found = domain.seen(await kept.files.collection.find(attachment_id), structure, to=to)
        etag(response, found.version)
        return AttachmentShown.of(found)
