"""The files of a ticket, of both sides: brought one by one, read one by one or as a zip."""

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from kit import downloads
from kit.clock import now
from kit.downloads import BYTES, UNREADABLE, ZIP, FileId, Ticked
from kit.file import ArchiveTooLarge, readable, readable_together
from kit.files import A_FILE, UNACCEPTABLE, FileBrought, FileShown
from kit.formats import FileTooLarge
from kit.heard import TooStale
from kit.http import Person, etag, may_answer, new_entity_id
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.support.api.fields import TicketId
from services.support.api.tickets import found
from services.support.attachments import TicketAttachments
from services.support.domain import attachments as domain
from services.support.domain.attachments import NobodyToRead, TicketAttachment, TooManyFiles
from services.support.domain.reach import Side
from services.support.domain.table import (
    EmitterOnly,
    NotInThisState,
    NotTaken,
    ReadsOnly,
    TakenByAnother,
    TreatedElsewhere,
)
from services.support.reaching import Reaching

FILES = "/v1/tickets/{id}/attachments"
CLOSED_TO_FILES = (
    NotInThisState,
    ReadsOnly,
    TreatedElsewhere,
    NotTaken,
    TakenByAnother,
    NobodyToRead,
)


class TicketAttachmentShown(FileShown):
    """A file of a ticket, without its bytes, and who of its two sides has added it."""

    side: Side


def attachment_routes(kept: TicketAttachments, reaching: Reaching) -> APIRouter:
    routes = APIRouter(tags=["support"])
    _bringing(routes, kept, reaching)
    _taking(routes, kept, reaching)
    _listing(routes, kept, reaching)
    return routes


def _bringing(routes: APIRouter, kept: TicketAttachments, reaching: Reaching) -> None:
    @routes.post(
        FILES,
        status_code=201,
        openapi_extra=A_FILE,
        responses=may_answer(
            NotFound, *CLOSED_TO_FILES, TooManyFiles, FileTooLarge, *UNACCEPTABLE, TooStale
        ),
    )
    async def add(
        id: TicketId, file: FileBrought, caller: Person, response: Response
    ) -> TicketAttachmentShown:
        """Add a file: its bytes are the body, its kind the Content-Type. Agents take it first."""
        ticket, reach = await found(kept.records, reaching, id, caller)
        domain.opened_to_files(ticket, reach)
        most = kept.settings.file_limit
        described = domain.described(
            file.name, declared=file.declared, content=file.content, most=most
        )
        made = await kept.add(
            new_entity_id(), id, described=described, content=file.content, reach=reach
        )
        response.headers["Location"] = f"/v1/tickets/{id}/attachments/{made.id}"
        return _answered(made, response)

    @routes.delete(
        FILES + "/{attachment_id}",
        status_code=204,
        responses=may_answer(NotFound, EmitterOnly, ReadsOnly, NotInThisState, TooStale),
    )
    async def remove(id: TicketId, attachment_id: FileId, caller: Person) -> None:
        """Remove a file of a draft for good; what was sent stays."""
        ticket, reach = await found(kept.records, reaching, id, caller)
        await kept.remove(attachment_id, ticket, reach=reach)


def _taking(routes: APIRouter, kept: TicketAttachments, reaching: Reaching) -> None:
    @routes.get(
        FILES + "/archive",
        response_class=StreamingResponse,
        responses=ZIP | may_answer(NotFound, ArchiveTooLarge, *UNREADABLE, TooStale),
    )
    async def archive(id: TicketId, asked: Ticked, caller: Person) -> StreamingResponse:
        """Several files of a ticket as one zip."""
        ticket, reach = await found(kept.records, reaching, id, caller)
        files = await kept.of_ticket(list(dict.fromkeys(asked)), ticket)
        readable_together(files, most=kept.settings.archive_limit)
        await kept.note_read(files, ticket, reach)
        return downloads.archive("pieces-jointes.zip", files, kept.files.contents, at=now())

    @routes.get(
        FILES + "/{attachment_id}/content",
        response_class=StreamingResponse,
        responses=BYTES | may_answer(NotFound, *UNREADABLE, TooStale),
    )
    async def download(id: TicketId, attachment_id: FileId, caller: Person) -> StreamingResponse:
        """The bytes of a file, once they are known to do no harm."""
        ticket, reach = await found(kept.records, reaching, id, caller)
        [file] = await kept.of_ticket([attachment_id], ticket)
        readable(file)
        await kept.note_read([file], ticket, reach)
        return await downloads.download(file, kept.files.contents)


def _listing(routes: APIRouter, kept: TicketAttachments, reaching: Reaching) -> None:
    @routes.get(FILES, responses=may_answer(NotFound, TooStale))
    async def list_all(
        id: TicketId, caller: Person, asked: PageAsked
    ) -> Page[TicketAttachmentShown]:
        """The files of both sides, newest first."""
        ticket, _ = await found(kept.records, reaching, id, caller)
        where = {"ticket_id": ticket.id}
        files, following = await page(kept.files.collection, where, asked, by="added_at")
        items = [TicketAttachmentShown.of(one) for one in files]
        return Page[TicketAttachmentShown](items=items, next=following)

    # After the archive's: an id must not be looked for under that name.
    @routes.get(FILES + "/{attachment_id}", responses=may_answer(NotFound, TooStale))
    async def read(
        id: TicketId, attachment_id: FileId, caller: Person, response: Response
    ) -> TicketAttachmentShown:
        """What is known of a file: whether it was scanned, for one."""
        ticket, _ = await found(kept.records, reaching, id, caller)
        [file] = await kept.of_ticket([attachment_id], ticket)
        return _answered(file, response)


def _answered(one: TicketAttachment, response: Response) -> TicketAttachmentShown:
    etag(response, one.version)
    return TicketAttachmentShown.of(one)
