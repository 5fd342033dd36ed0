"""What people read of habilitations, their changes and the requests for them. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from contracts.users import Habilitation, Level, Role
from kit.collection import Collection
from kit.pages import Asked, Page, page
from kit.problems import NotFound
from services.users.catalogue import Catalogue
from services.users.domain.accounts import Account
from services.users.domain.delegation import Administrator, administrator
from services.users.domain.drafts import ended
from services.users.domain.habilitation_history import Cause, Entry
from services.users.domain.habilitation_requests import HabilitationsRequest, Status
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.units import known_unit_id
from services.users.membership import Membership


class ApplicationShown(BaseModel):
    code: str
    name: str
    levels: tuple[Level, ...]
    default: dict[Role, tuple[Level, ...]]
    """The levels that each role has in a new rattachement."""


class Contact(BaseModel):
    id: str
    name: str


class RowShown(BaseModel):
    """One profile, on the whole structure or on one unit."""

    application: str
    application_name: str
    level: Level
    unit: str | None
    unit_status: Literal["active", "inactive"] | None
    valid_from: date | None
    valid_until: date | None
    effective_at: datetime | None
    """When it comes into force; null when it is, on its days."""


class Pending(BaseModel):
    """A request of the user that waits for its decision."""

    request_id: str
    given: tuple[Habilitation, ...]
    taken: tuple[Habilitation, ...]


class HabilitationsShown(BaseModel):
    """All that one user may do in one structure, row by row."""

    structure_id: str
    structure_name: str | None
    user: Contact
    role: Role | None
    may_approve: bool
    rows: list[RowShown]
    pending: list[Pending]


class EntryShown(BaseModel):
    """One change; ``by`` is null when it came of itself, as a day or an hour had come."""

    cause: Cause
    by: Contact | None
    at: datetime
    given: tuple[Habilitation, ...]
    taken: tuple[Habilitation, ...]
    effective_at: datetime | None
    may_approve: bool | None
    manages: bool | None
    """Whether the user is the principal manager from then on, where that changed."""


class RequestShown(BaseModel):
    """A request of mine, and its outcome once there is one."""

    id: str
    structure_id: str
    structure_name: str | None
    status: Status
    given: tuple[Habilitation, ...]
    taken: tuple[Habilitation, ...]
    espace: str
    """What was asked for in the older vocabulary; empty otherwise."""
    comment: str
    reason: str
    requested_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class HabilitationViews:
    of: Membership
    accounts: Collection[Account]
    catalogue: Catalogue

    def applications(self) -> list[ApplicationShown]:
        return [
            ApplicationShown(
                code=code,
                name=one.name,
                levels=one.levels,
                default={
                    "principal_manager": one.given_to("principal_manager"),
                    "user": one.given_to("user"),
                },
            )
            for code, one in self.catalogue.items()
        ]

    async def of_user(
        self, structure_id: str, user_id: str, *, by: str, unit: str | None, today: date
    ) -> tuple[HabilitationsShown, int]:
        """
        The rows somebody may see, and the version they are of.

        Raises ManagersOnly for whoever neither is that user nor administers any.
        """
        ids = [rattachement_id(one, structure_id) for one in (user_id, by)]
        ties = await self.of.rattachements.many(ids)
        tie = ties.get(ids[0])
        administering = None if by == user_id else administrator(ties.get(ids[1]), today)
        if tie is None or not _meets(administering, tie, today):
            raise NotFound
        structure = await self.of.structures.find(structure_id)
        rows = [
            row
            for row in await self._rows(tie, today)
            if (administering is None or administering.reaches(row.unit))
            and (unit is None or row.unit == unit)
        ]
        shown = HabilitationsShown(
            structure_id=structure_id,
            structure_name=structure.legal_name if structure else None,
            user=(await self._contacts([user_id]))[user_id],
            role=tie.role,
            may_approve=tie.may_approve,
            rows=rows,
            pending=_pending(tie, administering),
        )
        return shown, tie.version

    async def history(
        self, structure_id: str, user_id: str, asked: Asked, *, by: str, today: date
    ) -> Page[EntryShown]:
        """Newest first; of units that the reader does not administer, nothing."""
        ids = [rattachement_id(one, structure_id) for one in (user_id, by)]
        ties = await self.of.rattachements.many(ids)
        administering = administrator(ties.get(ids[1]), today)
        where: dict[str, Any] = {"structure_id": structure_id, "user_id": user_id}
        if None not in administering.units:
            where["$or"] = _of_units(administering, ties.get(ids[0]))
        found, following = await page(self.of.habilitation_history, where, asked, by="at")
        people = await self._contacts(sorted({one.by for one in found if one.by}))
        shown = [_entry(one, people, administering) for one in found]
        return Page(items=shown, next=following)

    async def my_requests(self, asked: Asked, *, user_id: str) -> Page[RequestShown]:
        requests, where = self.of.habilitation_requests, {"user_id": user_id}
        found, following = await page(requests, where, asked, by="requested_at")
        return Page(items=[request_shown(one) for one in found], next=following)

    async def my_request(self, id: str, *, user_id: str) -> RequestShown:
        """Raises NotFound for somebody else's, as for one that nobody made."""
        request = await self.of.habilitation_requests.get(id)
        if request.user_id != user_id:
            raise NotFound
        return request_shown(request)

    async def _rows(self, tie: Rattachement, today: date) -> list[RowShown]:
        held = [(one, None) for one in tie.habilitations if not ended(one, today)]
        later = [(one.habilitation, one.effective_at) for one in tie.waiting]
        codes = sorted({one.unit for one, _ in (*held, *later) if one.unit})
        ids = [known_unit_id(tie.structure_id, code) for code in codes]
        units = await self.of.units.many(ids)
        over = {one.code for one in units.values() if not one.open(today)}
        rows = [self._row(one, at, over) for one, at in (*held, *later)]
        order = [*self.catalogue]
        return sorted(
            rows,
            key=lambda row: (
                row.unit or "",
                order.index(row.application) if row.application in order else len(order),
                row.level,
                row.effective_at is not None,
            ),
        )

    def _row(self, one: Habilitation, at: datetime | None, over: set[str]) -> RowShown:
        application = self.catalogue.get(one.application)
        status: Literal["active", "inactive"] = "inactive" if one.unit in over else "active"
        return RowShown(
            application=one.application,
            application_name=application.name if application else one.application,
            level=one.level,
            unit=one.unit,
            unit_status=status if one.unit else None,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
            effective_at=at,
        )

    async def _contacts(self, ids: list[str]) -> dict[str, Contact]:
        return await contacts(self.accounts, ids)


async def contacts(accounts: Collection[Account], ids: list[str]) -> dict[str, Contact]:
    """Their names; nobody is left out."""
    known = await accounts.many(ids)
    names = {id: f"{one.first_name} {one.last_name}".strip() for id, one in known.items()}
    return {id: Contact(id=id, name=names.get(id, "")) for id in ids}


def request_shown(request: HabilitationsRequest) -> RequestShown:
    return RequestShown(
        id=request.id,
        structure_id=request.structure_id,
        structure_name=request.structure_name,
        status=request.status,
        given=request.given,
        taken=request.taken,
        espace=request.espace,
        comment=request.comment,
        reason=request.reason,
        requested_at=request.requested_at,
        decided_at=request.decided_at,
    )


def _meets(administering: Administrator | None, tie: Rattachement, today: date) -> bool:
    return administering.meets(tie) if administering else bool(tie.standing(today))


def _pending(tie: Rattachement, administering: Administrator | None) -> list[Pending]:
    """Of units that the reader does not administer, nothing."""
    found = [
        Pending(
            request_id=one.request_id,
            given=_within(one.given, administering),
            taken=_within(one.taken, administering),
        )
        for one in tie.pending_changes
    ]
    return [one for one in found if one.given or one.taken]


def _within(
    rows: tuple[Habilitation, ...], administering: Administrator | None
) -> tuple[Habilitation, ...]:
    return tuple(one for one in rows if administering is None or administering.reaches(one.unit))


def _of_units(administering: Administrator, tie: Rattachement | None) -> list[dict[str, Any]]:
    """The entries of which somebody may read something who administers these units alone."""
    units = sorted(filter(None, administering.units))
    found: list[dict[str, Any]] = [{f"{one}.unit": {"$in": units}} for one in ("given", "taken")]
    if tie and administering.meets(tie):
        found += [{one: {"$ne": None}} for one in ("may_approve", "manages")]
    return found


def _entry(entry: Entry, people: dict[str, Contact], administering: Administrator) -> EntryShown:
    return EntryShown(
        cause=entry.cause,
        by=people[entry.by] if entry.by else None,
        at=entry.at,
        given=_within(entry.given, administering),
        taken=_within(entry.taken, administering),
        effective_at=entry.effective_at,
        may_approve=entry.may_approve,
        manages=entry.manages,
    )
