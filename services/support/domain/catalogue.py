"""What a ticket may be filed under: categories and their sub-categories."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcategory:
    code: str
    label: str
    active: bool = True

    @property
    def needs_recipient(self) -> bool:
        """The business support answers for a structure: the ticket says which."""
        return self.label.startswith("M - ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    code: str
    label: str
    active: bool = True
    subcategories: tuple[Subcategory, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that a ticket may be filed under."""

    categories: tuple[Category, ...]

    def category(self, code: str) -> Category | None:
        found = (one for one in self.categories if one.code == code and one.active)
        return next(found, None)

    def subcategory(self, category: str, code: str) -> Subcategory | None:
        """An active sub-category, of that category only."""
        parent = self.category(category)
        listed = parent.subcategories if parent else ()
        return next((one for one in listed if one.code == code and one.active), None)
