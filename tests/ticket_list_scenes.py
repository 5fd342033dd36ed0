"""The scenes of lists and files of tickets: see tests/scenes.py."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.filing_scenes import TYPE, a_file
from tests.scenes import Asked, Cast, as_it_is, scene
from tests.ticket_scenes import OWN_TICKET, TAKEN, draft, sent, taken

READ = "those one may read"
FILES = "/v1/tickets/{id}/attachments"

for one in ("tickets", "tickets.csv", "tickets.xlsx"):
    as_it_is(f"GET /v1/{one}", READ, query="?tab=not_closed")
as_it_is("GET /v1/tickets/counts", READ)
as_it_is("GET /v1/tickets/exports", "those of tickets one may know of")


def on_files(action: str, about: str, made: Callable[[Cast], Awaitable[str]]) -> None:
    then = action.partition("/attachments")[2]

    @scene(action, about)
    async def asked(cast: Cast, role: str) -> Asked:
        files = f"{await made(cast)}/attachments"
        if action.startswith("POST"):
            return Asked(files, cast.people[role], None, a_file(), TYPE)
        file: Any = await cast.do("POST", files, 201, by=cast.self, headers=TYPE, **a_file())
        id = file.json()["id"]
        query = f"?id={id}" if then == "/archive" else ""
        return Asked(files + then.replace("{attachment_id}", id) + query, cast.people[role])


on_files(f"POST {FILES}", TAKEN, taken)
for path in ("", "/archive", "/{attachment_id}", "/{attachment_id}/content"):
    on_files(f"GET {FILES}{path}", OWN_TICKET, sent)
on_files(f"DELETE {FILES}/{{attachment_id}}", "self's draft", draft)
