"""A duplicate with what hangs on its model, kept all at once or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kit.change import Change
from kit.collection import Collection, Place
from kit.http import new_entity_id
from kit.problems import Unavailable
from services.structures.bank_details import BankAccounts
from services.structures.domain.bank_copies import copied, copy_id
from services.structures.domain.bank_register import BankRegister
from services.structures.domain.changes import Asked
from services.structures.domain.duplicates import UNITS_MOST, Changes, TooManyUnits
from services.structures.domain.history import Entry, recorded
from services.structures.domain.structures import Structure
from services.structures.domain.units import Unit, carry_over, unit_id
from services.structures.records import Records

Decide = Callable[..., tuple[Change[Any], ...]]


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is decided in the same transaction about other things."""

    places: tuple[Place, ...]
    decide: Decide


@dataclass(frozen=True, slots=True)
class Duplicating:
    records: Records
    accounts: BankAccounts
    units: Collection[Unit]

    async def require_few_units(self, model: str) -> None:
        """Raise where one transaction cannot carry them all over."""
        if len(await self.units.select(_standing(model), most=UNITS_MOST + 1)) > UNITS_MOST:
            raise TooManyUnits(most=UNITS_MOST)

    async def make(
        self,
        model: str,
        new: str,
        decide: Callable[..., Changes],
        asked: Asked,
        *,
        bank_details: bool,
    ) -> Structure:
        """
        ``model`` and ``new`` are the ids of the two structures that ``decide`` is about.

        It is also told whether the new one will have bank details.
        """
        entry, beside, has_some = new_entity_id(), [await self._units(model, new, asked)], False
        if bank_details:
            copies, has_some = await self._bank_details(model, new, asked)
            beside.append(copies)
        structures, history = self.records.structures, self.records.history

        def all_or_none(
            before: Structure | None, known: Structure | None, kept: Entry | None, *others: Any
        ) -> tuple[Change[Any], ...]:
            over, made = decide(before, known, bank_details=has_some)
            noting = recorded(entry, lambda _: over, by=asked.by, asked_at=asked.at, at=asked.at)
            changes: list[Change[Any]] = [over, made, noting(before, kept)[1]]
            rest = list(others)
            for one in beside:
                theirs = [rest.pop(0) for _ in one.places]
                changes += one.decide(*theirs)
            return tuple(changes)

        places = (structures.at(model), structures.at(new), history.at(entry))
        besides = (place for one in beside for place in one.places)
        kept = await self.accounts.attachments.committer.change_together(
            (*places, *besides), all_or_none
        )
        structure: Structure = kept[1]
        return structure

    async def _units(self, model: str, new: str, asked: Asked) -> _Beside:
        found = await self.units.select(_standing(model))

        def decide(*units: Unit | None) -> tuple[Change[Any], ...]:
            theirs, ours = units[: len(found)], units[len(found) :]
            carried = (
                carry_over(unit, known, to_structure=new, by=asked.by, now=asked.at)
                for unit, known in zip(theirs, ours, strict=True)
            )
            return *map(Change, theirs), *carried

        places = (
            *(self.units.at(one.id) for one in found),
            *(self.units.at(unit_id(new, one.code)) for one in found),
        )
        return _Beside(places, decide)

    async def _bank_details(self, model: str, new: str, asked: Asked) -> tuple[_Beside, bool]:
        """
        The valid ones with their documents, and whether there are any.

        Whatever changes one writes the register too: it is the same until the decision, or none.
        """
        accounts, files = self.accounts.details, self.accounts.attachments.files.collection
        registers = self.accounts.attachments.registers
        seen = await registers.find(model)
        details = await accounts.select({"structure_id": model, "status": "active"})
        documents = await files.many([one.document_id for one in details])
        copies = copied(details, documents, to_structure=new, by=asked.by, now=asked.at)
        papers = dict.fromkeys(copy_id(one.document_id, new) for one in details)

        def decide(register: BankRegister | None, *_: Any) -> tuple[Change[Any], ...]:
            if register != seen:
                raise Unavailable("The bank details of this structure have just changed.")
            return Change(register), copies.register, *copies.details, *copies.documents

        places = (
            registers.at(model),
            registers.at(new),
            *(accounts.at(copy_id(one.id, new)) for one in details),
            *(files.at(paper) for paper in papers),
        )
        return _Beside(places, decide), bool(details)


def _standing(model: str) -> dict[str, Any]:
    return {"structure_id": model, "status": "active"}
