"""What a ticket says, and what it must say before it can be sent."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kit.problems import Conflict, Invalid
from services.support.domain.catalogue import Catalogue, Subcategory
from services.support.domain.objects import ObjectType


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the emitter writes. A draft may leave any of it empty."""

    category: str = ""
    subcategory: str = ""
    object_type: ObjectType | None = None
    object_number: str = ""
    structure_id: str | None = None
    """For which structure it is written."""
    unit: str | None = None
    contact_email: str = ""
    contact_phone: str = ""
    recipient_structure_id: str | None = None
    title: str = ""
    description: str = ""
    """HTML in which nothing acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What support knows at that moment of those whom a ticket names, for its emitter."""

    attached: bool = False
    """Whether they are attached to its structure that day."""
    unit: bool = False
    """Whether they are attached to its unit, which is there."""
    active: bool = True
    """Whether its structure is active."""
    email: str = ""
    """Where they are written to."""
    recipient: bool = False
    """Whether its recipient is a structure."""
    recipient_active: bool = True
    sent_to: str | None = None
    """To whom its object was sent, if another system told of that."""


class UnknownCategory(Invalid):
    """No such category or sub-category is open to new tickets."""


class NotAboutThis(Invalid):
    """Tickets of this sub-category are not about such an object."""


class NotAttached(Invalid):
    """A ticket speaks only for a structure its emitter is attached to today."""


class NotYourUnit(Invalid):
    """A ticket names only a unit of its structure that its emitter is attached to today."""


class NotForAStructure(Invalid):
    """Tickets of this sub-category go to the support desk, and name no recipient."""


class HasItsOwnForm(Invalid):
    """What is filed there is asked for with a form of its own, which this names."""


class UnknownRecipient(Invalid):
    """There is no such structure."""


class OtherRecipient(Invalid):
    """This object was sent to another structure."""


class OwnStructure(Invalid):
    """A ticket is written to another structure than the one it is written for."""


class StructureInactive(Conflict):
    """A structure that is not active neither sends tickets nor receives any."""


class Incomplete(Invalid):
    """Some fields are needed before a ticket can be sent."""


def preselected(content: Content, catalogue: Catalogue) -> Content:
    """With the type of object that its sub-category is about first (SUP-09)."""
    filed = catalogue.subcategory(content.category, content.subcategory)
    if content.object_type or filed is None or not filed.object_types:
        return content
    return replace(content, object_type=filed.object_types[0])


def filled(content: Content, known: Known, catalogue: Catalogue) -> Content:
    """With what the form fills in: whoever writes may still write something else (SUP-07, 10)."""
    whole = preselected(content, catalogue)
    if not whole.contact_email:
        whole = replace(whole, contact_email=known.email)
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and filed.needs_recipient and not whole.recipient_structure_id:
        whole = replace(whole, recipient_structure_id=known.sent_to)
    return whole


def addressed(content: Content, known: Known) -> Content:
    """A draft as it is to be sent: to whom its object was sent may be known better by now."""
    if known.sent_to is None or content.recipient_structure_id is None:
        return content
    return replace(content, recipient_structure_id=known.sent_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a ticket is about, as the desk corrects it; nothing leaves it as it was."""

    object_type: ObjectType | None = None
    object_number: str = ""

    def of(self, content: Content) -> Content:
        return replace(
            content,
            object_type=self.object_type or content.object_type,
            object_number=self.object_number or content.object_number,
        )

    def require_fitting(self, content: Content, filed: Subcategory) -> None:
        """Refuse what tickets that are filed there are not about."""
        if self.object_number and not filed.object_types:
            raise NotAboutThis(field="body/object_number")
        fits = content.object_type in (None, *filed.object_types)
        if not fits and (self.object_type or filed.object_types):
            raise NotAboutThis(field="body/object_type")

    @staticmethod
    def require_known(content: Content, filed: Subcategory) -> None:
        """Whoever answers for a structure must know which object is meant (SUP-08)."""
        if filed.object_types:
            _require(content, ("object_type", "object_number"))


def require_form(content: Content, form: str, catalogue: Catalogue) -> None:
    """``form``: by which it comes, if not as any ticket does."""
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and filed.form != form:
        raise HasItsOwnForm(field="body/subcategory", form=filed.form)


def check(content: Content, known: Known, catalogue: Catalogue) -> None:
    """What is written must be right, even where a draft may leave it out."""
    if content.category and not catalogue.category(content.category):
        raise UnknownCategory(field="body/category")
    filed = catalogue.subcategory(content.category, content.subcategory)
    if content.subcategory and not filed:
        raise UnknownCategory(field="body/subcategory")
    if filed and content.object_type and content.object_type not in filed.object_types:
        raise NotAboutThis(field="body/object_type")
    if filed and content.object_number and not filed.object_types:
        raise NotAboutThis(field="body/object_number")
    if content.structure_id is not None and not known.attached:
        raise NotAttached(field="body/structure_id")
    if content.unit is not None and not (content.structure_id and known.unit):
        raise NotYourUnit(field="body/unit")
    _check_recipient(content, known, catalogue)


def _check_recipient(content: Content, known: Known, catalogue: Catalogue) -> None:
    recipient = content.recipient_structure_id
    if recipient is None:
        return
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and not filed.needs_recipient:
        raise NotForAStructure(field="body/recipient_structure_id")
    if recipient == content.structure_id:
        raise OwnStructure(field="body/recipient_structure_id")
    if known.sent_to and recipient != known.sent_to:
        raise OtherRecipient(field="body/recipient_structure_id")
    if not known.recipient:
        raise UnknownRecipient(field="body/recipient_structure_id")


def require_active(known: Known) -> None:
    """A draft may name structures that are not active: they may come back before it is sent."""
    if not known.active:
        raise StructureInactive(field="body/structure_id")
    if not known.recipient_active:
        raise StructureInactive(field="body/recipient_structure_id")


def complete(content: Content, catalogue: Catalogue) -> None:
    """Refuse to send what lacks a field, naming each."""
    needed = ["category", "subcategory"]
    filed = catalogue.subcategory(content.category, content.subcategory)
    if filed and filed.object_types:
        needed += ["object_type", "object_number"]
    if filed and filed.needs_recipient:
        needed.append("recipient_structure_id")
    needed.append("title")
    _require(content, needed)


def _require(content: Content, needed: Iterable[str]) -> None:
    missing = [name for name in needed if not getattr(content, name)]
    if missing:
        errors = [{"pointer": f"/body/{name}", "detail": "This is needed."} for name in missing]
        raise Incomplete(errors=errors)
