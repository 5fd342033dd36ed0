"""Answering who may do what, many at a time, from the rattachements themselves: never late."""

import asyncio
from collections.abc import Sequence

from contracts.structures import DEFAULT_UNIT
from kit.clock import today
from kit.collection import Collection
from kit.http import Caller
from kit.problems import Forbidden
from services.users.domain.accounts import Account
from services.users.domain.checks import Answer, Check, judge, may_ask
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.structures import Structure
from services.users.domain.units import Unit, known_unit_id
from services.users.membership import Membership


class NotYoursToCheck(Forbidden):
    """You may ask about yourself, and about the users whom you administer."""


class Checking:
    """Each question is answered as if it were asked alone."""

    def __init__(self, membership: Membership, accounts: Collection[Account]) -> None:
        self._of, self._accounts = membership, accounts

    async def answers(
        self, checks: Sequence[Check], caller: Caller
    ) -> list[tuple[Answer, Rattachement | None]]:
        """Raises NotYoursToCheck for the first that the caller may not ask."""
        asked_of = {_tie(one.user_id, one) for one in checks}
        acting = {_tie(caller.user_id, one) for one in checks}
        ties = await self._of.rattachements.many([*(asked_of | acting)])
        for nth, one in enumerate(checks):
            if not self._open_to(caller, one, ties.get(_tie(caller.user_id, one))):
                raise NotYoursToCheck(field=f"body/checks/{nth}")
        named = [one for one in checks if one.unit]
        accounts, units, structures = await asyncio.gather(
            self._accounts.many([*{one.user_id for one in checks}]),
            self._of.units.many([*{_unit(one) for one in named}]),
            self._of.structures.many([*{one.structure_id for one in named}]),
        )
        return [
            (
                judge(
                    one,
                    tie := ties.get(_tie(one.user_id, one)),
                    account_active=_active(accounts.get(one.user_id)),
                    unit_open=_open(one, units.get(_unit(one)), structures.get(one.structure_id)),
                ),
                tie,
            )
            for one in checks
        ]

    def _open_to(self, caller: Caller, check: Check, acting: Rattachement | None) -> bool:
        if caller.client_id:
            return caller.is_system_for(check.structure_id)
        return caller.operator or may_ask(acting, check, by=caller.user_id, on=today())


def _tie(user_id: str, check: Check) -> str:
    return rattachement_id(user_id, check.structure_id)


def _unit(check: Check) -> str:
    return known_unit_id(check.structure_id, check.unit or "")


def _active(account: Account | None) -> bool:
    return account is not None and account.status == "active"


def _open(check: Check, unit: Unit | None, structure: Structure | None) -> bool:
    if check.unit == DEFAULT_UNIT and structure and structure.kind == "public":
        return True
    return unit is not None and unit.open(check.on)
