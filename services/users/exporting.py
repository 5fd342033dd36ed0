"""Putting together what the platform keeps of a person: this service's part and those of others."""

import json
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self

from contracts.approvals import ApprovalsGathered
from contracts.event import Gathered
from contracts.notifications import LettersGathered
from contracts.structures import RecordsGathered
from contracts.support import TicketsGathered
from kit.attempts import attempts_id
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.contents import Contents, Sweeper
from kit.downloads import unique
from kit.mongo import IndexModel, NoFile
from kit.personal import Personal
from kit.seal import new_key, unseal
from kit.service import Service
from kit.workers import Job, Worker
from services.users.attachments import PersonalAttachments
from services.users.domain import exports
from services.users.domain.exports import OTHERS, Export, Piece
from services.users.identity import Identity
from services.users.settings import UsersSettings

IN_MEMORY = 4_000_000
READ_ME = """\
Ces fichiers contiennent ce que la plateforme conserve à votre sujet, un dossier par service.
Les fichiers .json se lisent avec tout éditeur de texte ; vos pièces jointes sont telles quelles.
"""
MISSING = "Ces services n'ont pas répondu à temps, leurs données manquent : {}.\n"


@dataclass(frozen=True, slots=True)
class Exporting:
    exports: Collection[Export]
    pieces: Collection[Piece]
    contents: Contents
    identity: Identity
    attachments: PersonalAttachments
    settings: UsersSettings

    @classmethod
    def of(
        cls,
        service: Service[UsersSettings],
        identity: Identity,
        attachments: PersonalAttachments,
    ) -> Self:
        by_user = IndexModel([("user_id", 1), ("_id", 1)])
        return cls(
            exports=service.collection("exports", Export, indexes=[by_user, IndexModel("content")]),
            pieces=service.collection(
                "export-pieces", Piece, indexes=[by_user, IndexModel("export_id")]
            ),
            contents=service.contents("exports"),
            identity=identity,
            attachments=attachments,
            settings=service.settings,
        )

    async def ask_for(self, id: str, user_id: str, at: datetime) -> Export:
        tries = attempts_id("export", user_id)
        places = (
            self.exports.at(id),
            self.identity.accounts.at(user_id),
            self.identity.attempts.at(tries),
        )
        decide = partial(
            exports.ask_for,
            id=id,
            keys=new_key(),
            tries_id=tries,
            limit=self.settings.exports_limit,
            now=at,
        )
        export, *_ = await self.identity.committer.change_together(places, decide)
        return export  # type: ignore[no-any-return]  # what the decision gave back

    def hear(self, on: Subscriptions) -> None:
        """Have what the others gather come here."""

        def receive(service: str, told: Gathered) -> Ask:
            at, piece = now(), exports.piece_id(told.export_id, service, told.part)
            return Ask(
                (self.exports.at(told.export_id), self.pieces.at(piece)),
                lambda export, kept: exports.receive(
                    export, kept, service=service, told=told, now=at
                ),
            )

        @on(ApprovalsGathered)
        def from_approvals(told: ApprovalsGathered) -> Ask:
            return receive("approvals", told)

        @on(LettersGathered)
        def from_notifications(told: LettersGathered) -> Ask:
            return receive("notifications", told)

        @on(RecordsGathered)
        def from_structures(told: RecordsGathered) -> Ask:
            return receive("structures", told)

        @on(TicketsGathered)
        def from_support(told: TicketsGathered) -> Ask:
            return receive("support", told)

    def jobs(self, personal: Personal) -> list[Job]:
        work = partial(self._work, personal)
        return [
            Worker(self.exports, exports.claim, work, at_once=1),
            Sweeper(self.exports, self.contents),
        ]

    async def _work(self, personal: Personal, export: Export) -> None:
        if export.status == "gathering":
            await self._put_together(export, await personal.given(export.user_id))
        else:
            await self._drop(export)
        await self._forget_pieces(export.id)

    async def _put_together(self, export: Export, own: dict[str, Any]) -> None:
        """Whoever is killed here leaves bytes to the sweeper, and the export to the next."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
                _write(out, "users", own)
                for service in export.whole:
                    _write(out, service, await self._opened(export, service))
                await self._attach(out, export.user_id)
                missing = [one for one in OTHERS if one not in export.whole]
                said = MISSING.format(", ".join(missing)) if missing else ""
                out.writestr("lisez-moi.txt", READ_ME + said)
            size = file.tell()
            file.seek(0)
            content = await self.contents.keep(file)
        at = now()
        ready = partial(
            exports.ready,
            content=content,
            size=size,
            kept_for=self.settings.export_kept_for,
            now=at,
        )
        await self.exports.change(export.id, ready)
        await self.contents.settle(self.exports, content)

    async def _opened(self, export: Export, service: str) -> dict[str, Any]:
        where = {"export_id": export.id, "service": service}
        found = await self.pieces.select(where, sort=[("part", 1)])
        opened: dict[str, Any] = json.loads(unseal([one.sealed for one in found], export.key))
        return opened

    async def _attach(self, out: zipfile.ZipFile, user_id: str) -> None:
        """The files too, but those that must not be read, or were removed at this moment."""
        files = self.attachments.files
        found = await files.collection.select({"added_by": user_id}, sort=[("_id", 1)])
        safe = [one for one in found if one.scan in ("clean", "unscanned")]
        for name, one in zip(unique(one.name for one in safe), safe, strict=True):
            with suppress(NoFile):
                pieces = await files.contents.read(one.content)
                with out.open(f"pieces-jointes/{name}", "w") as entry:
                    async for piece in pieces:
                        entry.write(piece)

    async def _drop(self, export: Export) -> None:
        if export.content:
            await self.contents.unsettle(export.content)
        await self.exports.change(export.id, exports.over)
        if export.content:
            await self.contents.settle(self.exports, export.content)

    async def _forget_pieces(self, export_id: str) -> None:
        found = await self.pieces.select({"export_id": export_id})
        asks = [self.pieces.ask(one.id, lambda _: Change(None)) for one in found]
        for outcome in await self.identity.committer.keep_all(asks):
            if isinstance(outcome, BaseException):
                raise outcome


def _write(out: zipfile.ZipFile, service: str, files: dict[str, Any]) -> None:
    for name, items in files.items():
        text = json.dumps(items, ensure_ascii=False, indent=1)
        out.writestr(f"{service}/{name}.json", text)
