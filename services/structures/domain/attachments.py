"""Files kept with a structure, for all who work for it. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from contracts.structures import AttachmentAdded, AttachmentInfected, AttachmentRemoved
from kit import file
from kit.change import Change
from kit.file import File, Scan, Verdict
from kit.formats import FORMATS, IMAGES, Described, describe
from kit.problems import Conflict, NotFound
from services.structures.domain.bank_register import BankRegister
from services.structures.domain.standing import Standing, opened, opened_to_change
from services.structures.domain.structures import Structure

AttachmentType = Literal["RIB", "KBIS", "CARTE_GRISE", "AUTRE"]
About = Literal["structure", "bank_details"]


@dataclass(frozen=True, slots=True)
class TypeOfAttachment:
    """What a file may be for, about what, and the extensions it may then have."""

    code: AttachmentType
    label: str
    about: tuple[About, ...]
    extensions: tuple[str, ...]


_ANY: Final = tuple(sorted(FORMATS))
_PAPER: Final = ("pdf", *sorted(IMAGES))
TYPES: Final = (
    TypeOfAttachment("RIB", "RIB ou IBAN", ("structure", "bank_details"), _PAPER),
    TypeOfAttachment("KBIS", "Extrait Kbis", ("structure",), _PAPER),
    TypeOfAttachment("CARTE_GRISE", "Carte grise", ("structure",), _PAPER),
    TypeOfAttachment("AUTRE", "Autre pièce", ("structure",), _ANY),
)
_EXTENSIONS: Final = {one.code: one.extensions for one in TYPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(File):
    """A file, the structure it is kept with, and what it is for."""

    structure_id: str
    type: AttachmentType


class AttachmentInUse(Conflict):
    """Bank details rest on this document: they are never deleted, nor is it."""


def described(name: str, type: AttachmentType, *, declared: str, content: bytes) -> Described:
    return describe(name, declared=declared, content=content, allowed=_EXTENSIONS[type])


def add(
    current: Attachment | None,
    structure: Structure | None,
    *,
    id: str,
    type: AttachmentType,
    described: Described,
    content: str,
    scan: Scan,
    to: Standing,
    now: datetime,
) -> tuple[Change[Attachment], Change[Structure]]:
    """``content``: where its bytes are; ``scan``: what is known of them before anybody looked."""
    known = opened_to_change(structure, to)
    if current:
        return Change(current), Change(known)
    attachment = file.brought(
        Attachment,
        described,
        id=id,
        content=content,
        scan=scan,
        by=to.user_id,
        now=now,
        structure_id=known.id,
        type=type,
    )
    return Change(attachment, (added(attachment),)), Change(known)


def added(attachment: Attachment) -> AttachmentAdded:
    return AttachmentAdded(
        attachment_id=attachment.id,
        structure_id=attachment.structure_id,
        attachment_type=attachment.type,
        extension=attachment.extension,
        size=attachment.size,
        added_by=attachment.added_by,
        added_at=attachment.added_at,
    )


def seen(current: Attachment | None, structure: Structure | None, *, to: Standing) -> Attachment:
    """Of another structure is as good as none."""
    known = opened(structure, to)
    if current is None or current.structure_id != known.id:
        raise NotFound
    return current


def to_archive(
    found: Collection[Attachment], structure: Structure | None, *, to: Standing, most: int
) -> None:
    """Raise the refusal when these must not leave together."""
    for one in found:
        seen(one, structure, to=to)
    file.readable_together(found, most=most)


def remove(
    current: Attachment | None,
    structure: Structure | None,
    register: BankRegister | None,
    *,
    to: Standing,
    now: datetime,
) -> tuple[Change[Attachment], Change[Structure], Change[BankRegister]]:
    attachment = seen(current, structure, to=to)
    known = opened_to_change(structure, to)
    if register and register.rests_on(attachment.id):
        raise AttachmentInUse
    # Written even where there was none: bank details that begin to rest on it meet it.
    register = register or BankRegister(id=known.id)
    event = AttachmentRemoved(
        attachment_id=attachment.id,
        structure_id=attachment.structure_id,
        removed_by=to.user_id,
        removed_at=now,
    )
    return Change(None, (event,)), Change(known), Change(register)


def scanned(current: Attachment | None, verdict: Verdict, now: datetime) -> Change[Attachment]:
    """Note what the antivirus said, unless the file is gone or judged already."""
    if current is None:
        return Change(None)
    after = file.scanned(current, verdict, now)
    if after.scan != "infected" or current.scan == "infected":
        return Change(after)
    event = AttachmentInfected(
        attachment_id=current.id,
        structure_id=current.structure_id,
        signature=verdict.detail,
        added_by=current.added_by,
        found_at=now,
    )
    return Change(after, (event,))
