"""Files that a person keeps at hand, for nobody else to see. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from kit import file
from kit.change import Change
from kit.file import File, FileCount, Looked, Scan
from kit.formats import FORMATS, Described, describe, designated
from kit.problems import Conflict, Invalid, NotFound
from services.users.domain.accounts import Account

Types = Mapping[str, str]
"""What a file may be for: codes, and how people read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalAttachment(File):
    """A file of the person who added it."""

    type: str


class UnknownAttachmentType(Invalid):
    """There is no such type of attachment."""


class TooManyAttachments(Conflict):
    """You keep as many files as a person may: remove one first."""


def described(name: str, *, declared: str, content: bytes, most: int) -> Described:
    """``most``: the bytes that such a file may have (ACC-22)."""
    return describe(name, declared=declared, content=content, allowed=FORMATS, most=most)


def known_type(type: str, types: Types, *, field: str) -> str:
    if type not in types:
        raise UnknownAttachmentType(f"One of {', '.join(types)}.", field=field)
    return type


def add(
    current: PersonalAttachment | None,
    account: Account | None,
    count: FileCount | None,
    *,
    id: str,
    type: str,
    described: Described,
    content: str,
    scan: Scan,
    looked: Looked,
    most: int,
    now: datetime,
) -> tuple[Change[PersonalAttachment], Change[Account], Change[FileCount]]:
    """``looked``: which files the person had before."""
    if account is None or account.status != "active":
        raise NotFound
    if current:
        return Change(current), Change(account), Change(count)
    counted = file.counted(count, looked, id, of=account.id, most=most)
    if counted is None:
        raise TooManyAttachments(limit=most)
    added = file.brought(
        PersonalAttachment,
        described,
        id=id,
        content=content,
        scan=scan,
        by=account.id,
        now=now,
        type=type,
    )
    return Change(added), Change(account), counted


def mine(current: PersonalAttachment | None, *, by: str) -> PersonalAttachment:
    """Somebody else's is as good as none."""
    if current is None or current.added_by != by:
        raise NotFound
    return current


def modify(
    current: PersonalAttachment | None, *, by: str, designation: str, type: str
) -> Change[PersonalAttachment]:
    """What it is called and what it is for; its bytes, and so its extension, stay."""
    called = designated(designation, field="body/designation")
    return Change(replace(mine(current, by=by), designation=called, type=type))


def remove(*current: PersonalAttachment | None, by: str) -> tuple[Change[PersonalAttachment], ...]:
    """All of them, or none when one is not there (ACC-21)."""
    for one in current:
        mine(one, by=by)
    return tuple(Change(None) for _ in current)
