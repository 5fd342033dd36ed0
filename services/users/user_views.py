"""The users of structures, as those who administer them read of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from contracts.users import Habilitation, Line, Role
from kit.entitled import MANAGEMENT
from kit.http import Caller
from kit.pages import Asked, Page, after, page
from kit.problems import NotFound
from kit.spreadsheets import Row
from services.users.domain.accounts import Account
from services.users.domain.actions import Action, Done
from services.users.domain.delegation import Administrator, Area, administrator, area
from services.users.domain.invitations import Invitation, Invitee
from services.users.domain.lines import Lines, standing
from services.users.domain.questions import normalised
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from services.users.domain.states import Names, Order, Standing, seen_by, sorted_by, standings
from services.users.domain.structures import Structure
from services.users.domain.units import known_unit_id
from services.users.identity import Identity
from services.users.managed import EXAMINED_MOST, said
from services.users.membership import Membership

READ_AT_ONCE = 500
SORTED_BY = "structure_id"
SEARCHED = ("first_name", "last_name", "email")
"""No more than is shown."""

COLUMNS = (
    "structure_id",
    "structure_identifier",
    "structure_name",
    "user_id",
    "last_name",
    "first_name",
    "email",
    "role",
    "state",
    "unit",
    "valid_from",
    "valid_until",
    "account_active",
)


class AttachedUser(BaseModel):
    """A user of a structure: a row of the list, and a page of its own."""

    structure_id: str
    structure_identifier: str | None
    structure_name: str | None
    user_id: str
    first_name: str
    last_name: str
    email: str
    role: Role
    state: Literal["valid", "inactive"]
    """Inactive once the last day has passed."""
    account_active: bool
    """False once they have deactivated their account: nothing of this is used until they return."""
    lines: tuple[Line, ...]


class ActionView(BaseModel):
    """One thing that was done, newest first."""

    user_id: str
    done: Done
    units: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    comment: str
    by: str | None
    """Null where only a day had come."""
    at: datetime
    former_manager_id: str | None
    """Who managed the structure until then, where somebody else does from then on."""


class Waiting(BaseModel):
    """Somebody invited, who has not opened their account yet."""

    user_id: str
    email: str
    units: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    invited_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Theirs:
    """The users that somebody may see, in one structure or in all, and how far in each."""

    where: dict[str, Any]
    areas: dict[str, Area]
    """By structure."""
    words: list[str]
    """Those that are to be in the name or the address of each; none for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Of a rattachement, what says where its user administers others."""

    structure_id: str
    role: Role | None
    lines: Lines = ()
    habilitations: tuple[Habilitation, ...] = ()


_HOLDINGS = TypeAdapter(list[Holding])


@dataclass(frozen=True, slots=True)
class Users:
    """Every question names who asks: they see where they administer, and no further."""

    membership: Membership
    identity: Identity

    async def administrator(self, user_id: str, structure_id: str, on: date) -> Administrator:
        """Raises NotFound for a stranger, ManagersOnly for a mere user of the structure."""
        id = rattachement_id(user_id, structure_id)
        return administrator(await self.membership.rattachements.find(id), on)

    async def theirs(
        self, user_id: str, on: date, *, structure_id: str | None, unit: str | None, words: str
    ) -> Theirs:
        if structure_id:
            areas: dict[str, Area] = {
                structure_id: await self.administrator(user_id, structure_id, on)
            }
        else:
            areas = {one.structure_id: area(one, on) for one in await self._holds(user_id)}
        picked = _administered(areas)
        where = {"role": {"$ne": None}, "$or": picked or [{"_id": {"$in": []}}]}
        where |= {"lines.unit": {"$in": [None, unit]}} if unit else {}
        return Theirs(where, areas, normalised(words).split())

    async def _holds(self, user_id: str) -> list[Holding | Rattachement]:
        """
        What somebody holds where they may administer.

        Of a principal manager, who may be that of thousands, no more is read than says so.
        """
        ties, (application, level) = self.membership.rattachements, MANAGEMENT
        delegated = {"$elemMatch": {"application": application, "level": level}}
        where = {"user_id": user_id, "role": "user", "habilitations": delegated}
        managed = ties.documents.find(
            {"user_id": user_id, "role": "principal_manager"},
            {"structure_id": 1, "role": 1, "lines": 1, "extent": 1},
            batch_size=10_000,
        )
        rows = await managed.to_list(None)
        before_lines = [row["_id"] for row in rows if row.get("extent")]
        return [
            *_HOLDINGS.validate_python([row for row in rows if not row.get("extent")]),
            *(await ties.many(before_lines)).values(),
            *await ties.select(where),
        ]

    async def listed(self, of: Theirs, asked: Asked, on: date) -> Page[AttachedUser]:
        found, following = await (self._meant(of, asked) if of.words else self._next(of, asked))
        return Page(items=await self._shown(found, of.areas, on), next=following)

    async def _next(self, of: Theirs, asked: Asked) -> tuple[list[Rattachement], str | None]:
        ties = self.membership.rattachements
        return await page(ties, of.where, asked, by=SORTED_BY, descending=False)

    async def _meant(self, of: Theirs, asked: Asked) -> tuple[list[Rattachement], str | None]:
        """Those whose name or address has these words: what is looked at for a page is bounded."""
        cursor, meant = asked.cursor, list[Rattachement]()
        for _ in range(EXAMINED_MOST // READ_AT_ONCE):
            found, following = await self._next(of, Asked(cursor, READ_AT_ONCE))
            theirs = await self._named(of.words, [one.user_id for one in found])
            meant += [one for one in found if one.user_id in theirs]
            if len(meant) > asked.size:
                meant = meant[: asked.size]
                following = after(meant[-1].id, SORTED_BY, meant[-1].structure_id)
            if following is None or len(meant) == asked.size:
                break
            cursor = following
        return meant, following

    async def _named(self, words: list[str], user_ids: list[str]) -> set[str]:
        searched = dict.fromkeys(SEARCHED, 1)
        known = self.identity.accounts.documents.find(
            {"_id": {"$in": user_ids}}, searched, batch_size=READ_AT_ONCE + 1
        )
        rows = await known.to_list(None)
        return {one["_id"] for one in rows if said(words, *map(one.get, SEARCHED))}

    async def rows(self, of: Theirs, on: date) -> AsyncIterator[list[Row]]:
        """All of them, each line a row of its own, a few hundred users at a time."""
        cursor: str | None = ""
        while cursor is not None:
            some = await self.listed(of, Asked(cursor, READ_AT_ONCE), on)
            yield [row for one in some.items for row in _rows(one)]
            cursor = some.next

    async def one(self, caller: str, structure_id: str, user_id: str, on: date) -> AttachedUser:
        """Raises NotFound for whoever is not a user of a structure that the caller administers."""
        reader = await self.administrator(caller, structure_id, on)
        tie = await self.membership.rattachements.get(rattachement_id(user_id, structure_id))
        if not tie.role or not reader.meets(tie):
            raise NotFound
        [shown] = await self._shown([tie], {structure_id: reader}, on)
        return shown

    async def standings(
        self, caller: Caller, structure_id: str, user_id: str, order: Order, on: date
    ) -> list[Standing]:
        """Unit by unit. Those of others are for who administers, and for systems (RAT-31)."""
        of, reader = self.membership, None
        tie = await of.rattachements.find(rattachement_id(user_id, structure_id))
        if not (caller.user_id == user_id or caller.is_system_for(structure_id)):
            reader = await self.administrator(caller.user_id, structure_id, on)
            if tie is None or not (reader.meets(tie) or reader.reaches(None)):
                raise NotFound
        elif tie is None:
            raise NotFound
        asked = await of.requests.select(
            {"user_id": user_id, "structure_id": structure_id}, sort=[("requested_at", -1)]
        )
        stranger = caller.user_id == user_id and not (tie.lines or tie.past)
        names = {} if stranger else await self._names(structure_id, tie, asked)
        found = standings(tie, asked, names, on)
        return sorted_by(seen_by(reader, found) if reader else found, order)

    async def _names(
        self, structure_id: str, tie: Rattachement, asked: list[RattachementRequest]
    ) -> Names:
        """Of the units that are spoken of. Who was never attached may not know them by name."""
        lines = (*tie.lines, *(one.line for one in tie.past))
        codes = {line.unit for line in lines}.union(*(one.extent.units for one in asked))
        ids = [known_unit_id(structure_id, code) for code in codes if code]
        return {one.code: one.name for one in (await self.membership.units.many(ids)).values()}

    async def history(
        self, caller: str, structure_id: str, user_id: str | None, asked: Asked, on: date
    ) -> Page[ActionView]:
        reader = await self.administrator(caller, structure_id, on)
        where: dict[str, Any] = {"structure_id": structure_id}
        if user_id:
            where["user_id"] = user_id
        if not reader.reaches(None):
            where["units"] = {"$in": sorted(unit for unit in reader.units if unit)}
        found, following = await page(self.membership.actions, where, asked, by="at")
        return Page(items=[_done(one, reader) for one in found], next=following)

    async def invited(
        self, caller: str, structure_id: str, asked: Asked, on: date
    ) -> Page[Waiting]:
        reader = await self.administrator(caller, structure_id, on)
        where = {"invitations.gift.structure_id": structure_id}
        found, following = await page(self.identity.invitees, where, asked, descending=False)
        rows = [_waiting(one, sent) for one in found for sent in one.to(structure_id)]
        seen = [row for row in rows if all(map(reader.reaches, row.units or (None,)))]
        return Page(items=seen, next=following)

    async def _shown(
        self, ties: list[Rattachement], areas: dict[str, Area], on: date
    ) -> list[AttachedUser]:
        accounts = await self.identity.accounts.many([*{one.user_id for one in ties}])
        structures = await self.membership.structures.many([*{one.structure_id for one in ties}])
        return [
            _attached(
                tie,
                account,
                structures.get(tie.structure_id),
                areas[tie.structure_id].lines_of(tie),
                on,
            )
            for tie in ties
            if (account := accounts.get(tie.user_id)) and tie.role
        ]


def _administered(areas: dict[str, Area]) -> list[dict[str, Any]]:
    """The rule of ``Area.meets``, as the database reads it."""
    reached = {id: one.units for id, one in areas.items()}
    whole = [id for id, units in reached.items() if None in units]
    limited = [
        {"structure_id": id, "lines.unit": {"$in": [None, *units]}, "lines": {"$exists": True}}
        for id, units in reached.items()
        if units and None not in units
    ]
    return [*([{"structure_id": {"$in": whole}}] if whole else []), *limited]


def _attached(
    tie: Rattachement, account: Account, structure: Structure | None, lines: Lines, on: date
) -> AttachedUser:
    return AttachedUser(
        structure_id=tie.structure_id,
        structure_identifier=structure.identifier if structure else None,
        structure_name=structure.legal_name if structure else None,
        user_id=tie.user_id,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        role=tie.role or "user",
        state="valid" if standing(lines, on) else "inactive",
        account_active=account.status == "active",
        lines=lines,
    )


def _rows(user: AttachedUser) -> list[Row]:
    return [
        (
            user.structure_id,
            user.structure_identifier,
            user.structure_name,
            user.user_id,
            user.last_name,
            user.first_name,
            user.email,
            user.role,
            user.state,
            line.unit,
            line.valid_from.isoformat(),
            line.valid_until.isoformat() if line.valid_until else None,
            str(user.account_active).lower(),
        )
        for line in user.lines
    ]


def _done(action: Action, reader: Administrator) -> ActionView:
    return ActionView(
        user_id=action.user_id,
        done=action.done,
        units=tuple(filter(reader.reaches, action.units)),
        valid_from=action.valid_from,
        valid_until=action.valid_until,
        comment=action.comment,
        by=action.by,
        at=action.at,
        former_manager_id=action.former_manager_id,
    )


def _waiting(invitee: Invitee, sent: Invitation) -> Waiting:
    return Waiting(
        user_id=invitee.id,
        email=invitee.email,
        units=sent.gift.extent.units,
        valid_from=sent.gift.extent.valid_from,
        valid_until=sent.gift.extent.valid_until,
        invited_at=sent.gift.at,
        expires_at=sent.expires_at,
    )
