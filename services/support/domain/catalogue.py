"""What a ticket may be filed under: categories and their sub-categories."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

from kit.business_days import WorkingHours
from services.support.domain.clocks import Clocks, Patience, Timing, begun
from services.support.domain.objects import ObjectType

USUAL: Final = Patience(first_answer=8, solution=40)
"""Of a category that says nothing else."""
TIMING: Final = Timing(WorkingHours(time(9), time(18)), at_least=timedelta(hours=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcategory:
    code: str
    label: str
    active: bool = True
    object_types: tuple[ObjectType, ...] = ()
    """What a ticket may be about, of which it names one with its number; the first unless said."""
    form: str = ""
    """The route by which alone such tickets come; empty: that of any ticket."""
    patience: Patience | None = None
    """Of these tickets; else their category's."""

    @property
    def needs_recipient(self) -> bool:
        """The business support answers for a structure: the ticket says which."""
        return self.label.startswith("M - ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    code: str
    label: str
    active: bool = True
    patience: Patience = USUAL
    subcategories: tuple[Subcategory, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that a ticket may be filed under, and what is promised of it there."""

    categories: tuple[Category, ...]
    timing: Timing = TIMING

    def for_anybody(self) -> "Catalogue":
        """What is answered by the desk, and open to new tickets."""
        kept = (
            replace(
                one,
                subcategories=tuple(
                    sub for sub in one.subcategories if sub.active and not sub.needs_recipient
                ),
            )
            for one in self.categories
            if one.active
        )
        return replace(self, categories=tuple(one for one in kept if one.subcategories))

    def category(self, code: str) -> Category | None:
        found = (one for one in self.categories if one.code == code and one.active)
        return next(found, None)

    def subcategory(self, category: str, code: str) -> Subcategory | None:
        """An active sub-category, of that category only."""
        parent = self.category(category)
        listed = parent.subcategories if parent else ()
        return next((one for one in listed if one.code == code and one.active), None)

    def labels(self, category: str, subcategory: str) -> tuple[str, str]:
        """What both are called, also where nothing is filed any more."""
        found = next((one for one in self.categories if one.code == category), None)
        if found is None:
            return "", ""
        filed = (one.label for one in found.subcategories if one.code == subcategory)
        return found.label, next(filed, "")

    def begun(self, category: str, subcategory: str, *, now: datetime) -> Clocks:
        """The clocks of a ticket that is sent at this moment."""
        return begun(self._patience(category, subcategory), self.timing, now=now)

    def _patience(self, category: str, subcategory: str) -> Patience:
        found, filed = self.category(category), self.subcategory(category, subcategory)
        return (filed and filed.patience) or (found and found.patience) or USUAL
