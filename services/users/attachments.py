"""The files of persons, and the types there are."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import yaml
from pydantic import TypeAdapter

from kit.clock import now
from kit.collection import Ask, Collection
from kit.file import Scan, noted
from kit.files import FileCounts, Files
from kit.formats import Described
from kit.mongo import IndexModel
from kit.service import Service
from kit.workers import Job
from services.users.domain import attachments as domain
from services.users.domain.accounts import Account
from services.users.domain.attachments import PersonalAttachment, Types
from services.users.settings import UsersSettings

OURS = Path(__file__).with_name("attachment_types.yaml")


def read_types(path: Path = OURS) -> Types:
    """Read the types once, at start; a wrong file stops the service there."""
    return TypeAdapter(dict[str, str]).validate_python(yaml.safe_load(path.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class PersonalAttachments:
    files: Files[PersonalAttachment]
    counts: FileCounts
    accounts: Collection[Account]
    types: Types
    settings: UsersSettings

    @classmethod
    def of(cls, service: Service[UsersSettings], accounts: Collection[Account]) -> Self:
        newest_first = [("added_by", 1), ("added_at", -1), ("_id", -1)]
        indexes = [IndexModel(newest_first), IndexModel("content")]
        files = Files.of(service, "attachments", PersonalAttachment, indexes=indexes)
        return cls(
            files=files,
            counts=FileCounts.of(service, files),
            accounts=accounts,
            types=read_types(),
            settings=service.settings,
        )

    async def add(
        self, id: str, *, type: str, described: Described, content: bytes, by: str
    ) -> PersonalAttachment:
        add = partial(
            domain.add,
            id=id,
            type=type,
            described=described,
            looked=await self.counts.look(by, {"added_by": by}),
            most=self.settings.personal_files_most,
            now=now(),
        )

        def ask(stored: str, scan: Scan) -> Ask:
            places = (
                self.files.collection.at(id),
                self.accounts.at(by),
                self.counts.collection.at(by),
            )
            return Ask(places, partial(add, content=stored, scan=scan))

        return await self.files.add(content, ask)

    async def mine(self, ids: list[str], *, by: str) -> list[PersonalAttachment]:
        """In this order; raises NotFound when one is not there, or somebody else's."""
        known = await self.files.collection.many(ids)
        return [domain.mine(known.get(one), by=by) for one in ids]

    async def remove(self, ids: list[str], *, by: str) -> None:
        found = await self.mine(ids, by=by)
        places = tuple(self.files.collection.at(one) for one in ids)
        await self.files.remove(found, Ask(places, partial(domain.remove, by=by)))

    def jobs(self) -> list[Job]:
        return self.files.jobs(noted)
