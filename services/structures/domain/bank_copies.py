"""The bank details of a structure, copied into its duplicate. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from kit.change import Change, Entity
from services.structures.domain import attachments, bank_details
from services.structures.domain.attachments import Attachment
from services.structures.domain.bank_details import BankDetails
from services.structures.domain.bank_register import BankRegister


@dataclass(frozen=True, slots=True)
class Copies:
    """What a duplicate begins with; ids are derived, so that a repeated copy meets the first."""

    register: Change[BankRegister]
    details: tuple[Change[BankDetails], ...]
    documents: tuple[Change[Attachment], ...]

    def beside(self, *there: Entity | None) -> tuple[Change[Any], ...]:
        """All of them, in order; what is there already stays as it is."""
        wanted: tuple[Change[Any], ...] = (self.register, *self.details, *self.documents)
        return tuple(
            Change(now) if now else change for now, change in zip(there, wanted, strict=True)
        )


def copied(
    details: Iterable[BankDetails],
    documents: Mapping[str, Attachment],
    *,
    to_structure: str,
    by: str,
    now: datetime,
) -> Copies:
    """
    Those that are valid, each with its document, whose bytes both structures then name.

    ``documents``: the attachments of the model, by id.
    """
    register, copies = BankRegister(id=to_structure), list[Change[BankDetails]]()
    papers = dict[str, Change[Attachment]]()
    for one in details:
        if one.status != "active":
            continue
        paper = replace(
            documents[one.document_id],
            id=copy_id(one.document_id, to_structure),
            version=0,
            structure_id=to_structure,
            added_by=by,
            added_at=now,
        )
        papers[paper.id] = Change(paper, (attachments.added(paper),))
        copy = replace(
            one,
            id=copy_id(one.id, to_structure),
            version=0,
            structure_id=to_structure,
            document_id=paper.id,
            added_by=by,
            added_at=now,
        )
        copies.append(Change(copy, (bank_details.added(copy),)))
        register = register.having(bank_details.entry(copy))
    return Copies(Change(register), tuple(copies), tuple(papers.values()))


def copy_id(id: str, to_structure: str) -> str:
    return sha256(f"{to_structure}:{id}".encode()).hexdigest()[:32]


def ids(changes: Iterable[Change[Any]]) -> list[str]:
    return [change.state.id for change in changes if change.state]
