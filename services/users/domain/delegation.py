"""
Who administers the users of a structure, and how far. Pure.

The principal manager may do everything; who holds *Organisation modification* may do what these
refusals leave. They are judged inside the decision they limit, on what the acting user then holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from contracts.users import Habilitation
from kit.entitled import Held, administers, attached, effective, gives_all_of
from kit.problems import Forbidden, NotFound
from services.users.domain.accounts import Account
from services.users.domain.lines import Lines, standing
from services.users.domain.rattachements import Rattachement


class ManagersOnly(Forbidden):
    """Only those who administer the users of this structure may do this."""


class PrincipalManagerOnly(Forbidden):
    """Only the principal manager of this structure may do this."""


class PrincipalManagerOutOfReach(Forbidden):
    """Nobody else changes what the principal manager may do."""


class AskForYourOwn(Forbidden):
    """What you may do yourself is asked for, and decided by somebody else."""


class OutsideYourUnits(Forbidden):
    """You administer other units than this one."""


class MoreThanYours(Forbidden):
    """Nobody gives what they do not hold themselves: that profile, there, for as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where somebody administers the users of one structure today."""

    today: date
    units: frozenset[str | None]
    """With None the whole structure."""

    def reaches(self, unit: str | None) -> bool:
        return None in self.units or unit in self.units

    def meets(self, tie: Rattachement) -> bool:
        """Whether that user is attached, now or later, where this one administers."""
        return bool(standing(self.lines_of(tie), self.today))

    def lines_of(self, tie: Rattachement) -> Lines:
        """What they may read of a user: their units, and the whole that holds them."""
        return tuple(line for line in tie.lines if line.unit is None or self.reaches(line.unit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator(Area):
    """Somebody who administers users today, on what they themselves hold."""

    tie: Rattachement

    @property
    def principal(self) -> bool:
        return self.tie.role == "principal_manager"

    @property
    def decides(self) -> bool:
        """Whether they also decide on approvals."""
        return self.principal or self.tie.may_approve

    def refuse_elsewhere(self, tie: Rattachement, units: Iterable[str | None]) -> None:
        """Raise unless this one may change what that user may do on these units."""
        if self.principal:
            return
        if tie.id == self.tie.id:
            raise AskForYourOwn
        if tie.role == "principal_manager":
            raise PrincipalManagerOutOfReach
        for unit in units:
            if not self.reaches(unit):
                raise OutsideYourUnits(unit=unit)

    def refuse_beyond(
        self, tie: Rattachement, given: Iterable[Habilitation], taken: Iterable[Habilitation]
    ) -> None:
        """Raise unless this one may give and take that."""
        given, own = tuple(given), effective(self.tie)
        self.refuse_elsewhere(tie, (one.unit for one in (*given, *taken)))
        if self.principal:
            return
        for one in given:
            if not any(gives_all_of(held, one, self.today) for held in own):
                raise MoreThanYours(application=one.application, level=one.level, unit=one.unit)


def area(held: Held, on: date) -> Area:
    """With no unit at all for who administers nobody that day."""
    return Area(today=on, units=administers(held, on))


def administrator(tie: Rattachement | None, on: date) -> Administrator:
    """Raises NotFound for a stranger, ManagersOnly for who administers nobody that day."""
    if tie is None or not attached(tie, on):
        raise NotFound
    found = Administrator(tie=tie, today=on, units=administers(tie, on))
    if not found.units:
        raise ManagersOnly
    return found


def acts_on(tie: Rattachement | None, account: Account | None) -> Rattachement | None:
    """What somebody may act by: nothing once their account is closed, whatever they had begun."""
    return tie if account and account.status == "active" else None


def gives(tie: Rattachement | None, on: date) -> tuple[Habilitation, ...] | None:
    """What somebody gives by attaching others, at most; None where there is no limit."""
    if tie is None:
        return ()
    if tie.role == "principal_manager" and attached(tie, on):
        return None
    return effective(tie)


def principal_manager(tie: Rattachement | None, on: date) -> Administrator:
    found = administrator(tie, on)
    if not found.principal:
        raise PrincipalManagerOnly
    return found
