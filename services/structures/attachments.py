"""The files of structures, as they are kept: bytes in GridFS, and what is known of them beside."""

from dataclasses import dataclass
from typing import Self

import structlog

from kit.clamd import Clamd
from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.contents import Contents, Sweeper
from kit.file import Scan
from kit.formats import Described
from kit.http import Caller
from kit.mongo import IndexModel
from kit.scanner import Scanner
from kit.service import Service
from kit.workers import Job
from services.structures.domain import attachments as domain
from services.structures.domain.attachments import Attachment, AttachmentType
from services.structures.domain.bank_register import BankRegister
from services.structures.domain.standing import Standing
from services.structures.domain.structures import Structure
from services.structures.settings import StructuresSettings
from services.structures.views import Visibility

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attachments:
    """Bytes come before the decision that names them, and go after the one that drops them."""

    files: Collection[Attachment]
    structures: Collection[Structure]
    registers: Collection[BankRegister]
    contents: Contents
    visibility: Visibility
    committer: Committer
    settings: StructuresSettings

    @classmethod
    def of(
        cls,
        service: Service[StructuresSettings],
        structures: Collection[Structure],
        visibility: Visibility,
    ) -> Self:
        newest_first = [("structure_id", 1), ("added_at", -1), ("_id", -1)]
        return cls(
            files=service.collection(
                "attachments", Attachment, indexes=[IndexModel(newest_first), IndexModel("content")]
            ),
            structures=structures,
            registers=service.collection("bank-registers", BankRegister),
            contents=service.contents("attachments"),
            visibility=visibility,
            committer=service.committer,
            settings=service.settings,
        )

    async def approached(self, structure_id: str, caller: Caller) -> tuple[Structure, Standing]:
        return await self.visibility.approached(self.structures, structure_id, caller)

    async def add(
        self,
        id: str,
        structure_id: str,
        *,
        type: AttachmentType,
        described: Described,
        content: bytes,
        to: Standing,
    ) -> Attachment:
        at, stored = now(), await self.contents.keep(content)
        made, _ = await self.committer.change_together(
            (self.files.at(id), self.structures.at(structure_id)),
            lambda current, structure: domain.add(
                current,
                structure,
                id=id,
                type=type,
                described=described,
                content=stored,
                scan=self._before_a_scan,
                to=to,
                now=at,
            ),
        )
        await self._settle(stored)
        return made  # type: ignore[no-any-return]  # what the decision gave back

    async def remove(self, id: str, structure_id: str, *, to: Standing) -> None:
        at, found = now(), await self.files.get(id)
        await self.contents.unsettle(found.content)
        await self.committer.change_together(
            (self.files.at(id), self.structures.at(structure_id), self.registers.at(structure_id)),
            lambda current, structure, register: domain.remove(
                current, structure, register, to=to, now=at
            ),
        )
        await self._settle(found.content)

    async def _settle(self, content: str) -> None:
        try:
            await self.contents.settle(self.files, content)
        except Exception:
            log.warning("left to the sweeper", content=content, exc_info=True)

    @property
    def _before_a_scan(self) -> Scan:
        accepted = self.settings.unscanned_files and not self.settings.clamd
        return "unscanned" if accepted else "pending"

    def jobs(self) -> list[Job]:
        said = self.settings
        sweeper = Sweeper(self.files, self.contents)
        if not said.clamd:
            return [sweeper]
        antivirus = Clamd(said.clamd, patience=said.clamd_patience, limit=said.clamd_limit)
        return [sweeper, Scanner(self.files, self.contents, antivirus, domain.scanned)]
