"""Handing structures over and leaving the platform: what each decision is taken on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Place
from kit.days import day_of
from services.users.domain import deactivations, transfers
from services.users.domain.accounts import Account, AccountMoved
from services.users.domain.management import Occasion, noted
from services.users.domain.rattachements import Defaults, rattachement_id
from services.users.domain.structures import Structure
from services.users.domain.transfers import (
    Handed,
    ManagementMoved,
    TooManyStructures,
    Transfer,
    Transferred,
    Type,
    selected,
)
from services.users.identity import TRIES, Identity
from services.users.membership import Membership
from services.users.settings import UsersSettings

USER: Final = "body/user_id"
NAMED: Final = 20
"""The structures that letters may name: of more, they say how many."""


@dataclass(frozen=True, slots=True)
class Managing:
    """
    Every transfer is one decision on all that it is about, so that none can be half done.

    What was read beforehand to know what that is may have changed: the decision then says so.
    """

    membership: Membership
    identity: Identity
    settings: UsersSettings
    defaults: Defaults

    async def transfer(
        self, kind: Type, structure_ids: tuple[str, ...], successor: str, *, by: str, id: str
    ) -> Transfer:
        if known := await self.membership.transfers.find(id):
            return known
        account = await self.identity.accounts.find(by)
        managed = await self.membership.managed_by(by) if kind == "global" else ()
        chosen = dict.fromkeys(selected(kind, structure_ids, managed), successor)
        asked = Transfer(id=id, kind=kind, by=by, successors=chosen, at=now())
        kept, *_ = await self.identity.committer.keep(
            self.handing_over(asked, USER, await self._named(asked), account)
        )
        transferred: Transfer = kept
        return transferred

    async def deactivate(
        self,
        user_id: str,
        *,
        password_version: int,
        one_for_all: str | None,
        each: dict[str, str],
        id: str,
    ) -> None:
        """Give all that is managed to others and close the account, or do neither."""
        field = "body/successor_id" if one_for_all else "body/successors"
        for left in reversed(range(TRIES)):
            account = await self.identity.accounts.find(user_id)
            managed = await self.membership.managed_by(user_id)
            chosen = deactivations.successors(managed, one_for_all=one_for_all, each=each)
            asked = Transfer(id=id, kind="deactivation", by=user_id, successors=chosen, at=now())
            named = await self._named(asked)
            ask = self.leaving(asked, field, named, account, password_version=password_version)
            try:
                await self.identity.committer.keep(ask)
            except (AccountMoved, ManagementMoved):
                if not left:
                    raise
            else:
                return

    async def _named(self, asked: Transfer) -> Mapping[str, Structure]:
        if len(asked.successors) > (most := self.settings.transferred_most):
            raise TooManyStructures(most=most)
        if len(asked.successors) > NAMED:
            return {}
        return await self.membership.structures.many([*asked.successors])

    def handing_over(
        self,
        asked: Transfer,
        field: str,
        named: Mapping[str, Structure],
        account: Account | None,
    ) -> Ask:
        """``account``: of who asks, read before what they manage was."""
        users = tuple(dict.fromkeys(asked.successors.values()))
        occasion = Occasion(
            id=asked.id,
            how="management-left" if asked.kind == "deactivation" else "management-transferred",
            by=asked.by,
            at=asked.at,
        )

        def decide(
            current: Transfer | None, former: Account | None, *rest: Any
        ) -> tuple[Change[Any], ...]:
            accounts, kept = rest[: len(users)], rest[len(users) :]
            ties, histories = kept[: len(kept) // 2], kept[len(kept) // 2 :]
            handed = map(Handed, ties[::3], ties[1::3], ties[2::3])
            decided = transfers.transfer(
                current,
                former,
                dict(zip(users, accounts, strict=True)),
                dict(zip(asked.successors, handed, strict=True)),
                asked=asked,
                named=named,
                field=field,
                on=day_of(asked.at),
                defaults=self.defaults,
                counted=account.manages if account else None,
            )
            return *_in_order(decided), *_noted(occasion, histories, ties, decided.handed)

        places = (
            self.membership.transfers.at(asked.id),
            *map(self.identity.accounts.at, (asked.by, *users)),
            *(
                place
                for structure, user in asked.successors.items()
                for place in self._handed(structure, asked.by, user)
            ),
            *(
                place
                for structure in asked.successors
                for place in self.membership.histories(occasion.ids(structure))
            ),
        )
        return Ask(places, decide)

    def _handed(self, structure: str, former: str, successor: str) -> tuple[Place, ...]:
        return (
            self.membership.management.at(structure),
            self.membership.rattachements.at(rattachement_id(former, structure)),
            self.membership.rattachements.at(rattachement_id(successor, structure)),
        )

    def leaving(
        self,
        asked: Transfer,
        field: str,
        named: Mapping[str, Structure],
        account: Account | None,
        *,
        password_version: int,
    ) -> Ask:
        """The same, and then what is decided on the account as the transfer leaves it."""
        transfer = self.handing_over(asked, field, named, account)
        sessions = account.session_ids if account else ()
        many = len(transfer.places)

        def decide(*current: Any) -> tuple[Change[Any], ...]:
            kept, former, *rest = transfer.decide(*current[:many])
            left, *ended = deactivations.deactivate(
                former.state,
                *current[many:],
                password_version=password_version,
                access_for=self.settings.access_for,
                now=asked.at,
            )
            # Nothing handed over: there is no transfer to remember.
            noted = kept if kept.state and kept.state.successors else Change(current[0])
            return noted, left, *rest, *ended

        return Ask((*transfer.places, *map(self.identity.sessions.at, sessions)), decide)


def _noted(
    occasion: Occasion,
    histories: Sequence[Any],
    before: Sequence[Any],
    after: Sequence[Change[Any]],
) -> Iterator[Change[Any]]:
    """Of each structure, three states that are its management and ties, and three of histories."""
    for nth in range(0, len(histories), 3):
        kept, (_, former, successor) = histories[nth : nth + 3], before[nth : nth + 3]
        _, relieved, appointed = after[nth : nth + 3]
        yield from noted(occasion, tuple(kept), (successor, appointed), (former, relieved))


def _in_order(decided: Transferred) -> tuple[Change[Any], ...]:
    return decided.transfer, decided.former, *decided.successors, *decided.handed
