"""What a ticket says, and what it must say before it can be sent."""

from dataclasses import dataclass

from kit.problems import Invalid
from services.support.domain.catalogue import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the emitter writes. A draft may leave any of it empty."""

    category: str = ""
    subcategory: str = ""
    title: str = ""
    description: str = ""
    structure_id: str | None = None
    """For which structure it is written."""
    unit: str | None = None
    recipient_structure_id: str | None = None


class UnknownCategory(Invalid):
    """No such category or sub-category is open to new tickets."""


class NotAttached(Invalid):
    """A ticket speaks only for a structure its emitter is attached to today."""


class Incomplete(Invalid):
    """Some fields are needed before a ticket can be sent."""


def check(content: Content, attached_to: frozenset[str], catalogue: Catalogue) -> None:
    """What is written must be right, even where a draft may leave it out."""
    if content.category and not catalogue.category(content.category):
        raise UnknownCategory(field="body/category")
    if content.subcategory and not catalogue.subcategory(content.category, content.subcategory):
        raise UnknownCategory(field="body/subcategory")
    if content.structure_id is not None and content.structure_id not in attached_to:
        raise NotAttached(field="body/structure_id")


def complete(content: Content, catalogue: Catalogue) -> None:
    """Refuse to send what lacks a field, naming each."""
    needed = ["category", "subcategory", "title"]
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and filed.needs_recipient:
        needed.append("recipient_structure_id")
    missing = [name for name in needed if not getattr(content, name)]
    if missing:
        errors = [{"pointer": f"/body/{name}", "detail": "This is needed."} for name in missing]
        raise Incomplete(errors=errors)
