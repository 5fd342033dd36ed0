"""The files of structures, and what they are decided together with."""

from dataclasses import dataclass
from typing import Self

from kit.clock import now
from kit.collection import Ask, Collection
from kit.committer import Committer
from kit.file import Scan
from kit.files import Files
from kit.formats import Described
from kit.http import Caller
from kit.mongo import IndexModel
from kit.service import Service
from kit.workers import Job
from services.structures.domain import attachments as domain
from services.structures.domain.attachments import Attachment, AttachmentType
from services.structures.domain.bank_register import BankRegister
from services.structures.domain.standing import Standing
from services.structures.domain.structures import Structure
from services.structures.settings import StructuresSettings
from services.structures.views import Visibility


@dataclass(frozen=True, slots=True)
class Attachments:
    files: Files[Attachment]
    structures: Collection[Structure]
    registers: Collection[BankRegister]
    visibility: Visibility
    committer: Committer
    archive_limit: int

    @classmethod
    def of(
        cls,
        service: Service[StructuresSettings],
        structures: Collection[Structure],
        visibility: Visibility,
    ) -> Self:
        newest_first = [("structure_id", 1), ("added_at", -1), ("_id", -1)]
        indexes = [
            IndexModel(newest_first),
            IndexModel("content"),
            IndexModel([("added_by", 1), ("_id", 1)]),
        ]
        return cls(
            files=Files.of(service, "attachments", Attachment, indexes=indexes),
            structures=structures,
            registers=service.collection("bank-registers", BankRegister),
            visibility=visibility,
            committer=service.committer,
            archive_limit=service.settings.archive_limit,
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
        at = now()

        def ask(stored: str, scan: Scan) -> Ask:
            return Ask(
                (self.files.collection.at(id), self.structures.at(structure_id)),
                lambda current, structure: domain.add(
                    current,
                    structure,
                    id=id,
                    type=type,
                    described=described,
                    content=stored,
                    scan=scan,
                    to=to,
                    now=at,
                ),
            )

        return await self.files.add(content, ask)

    async def remove(self, id: str, structure_id: str, *, to: Standing) -> None:
        at, files = now(), self.files.collection
        places = (files.at(id), self.structures.at(structure_id), self.registers.at(structure_id))
        ask = Ask(
            places,
            lambda current, structure, register: domain.remove(
                current, structure, register, to=to, now=at
            ),
        )
        await self.files.remove([await files.get(id)], ask)

    def jobs(self) -> list[Job]:
        return self.files.jobs(domain.scanned)
