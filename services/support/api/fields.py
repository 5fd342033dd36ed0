"""What is written in paths and bodies, and what of it is read."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from kit.addresses import Email
from kit.http import Said
from kit.ids import EntityId
from kit.one_line import Phone, lines, one_line
from services.support.domain.contents import Content
from services.support.domain.objects import ObjectType
from services.support.markup import Markup, as_markup, short_enough

TicketId = EntityId
StructureId = EntityId
Code = Annotated[str, StringConstraints(max_length=64)]
Title = Annotated[str, one_line(200)]
ObjectNumber = Annotated[str, one_line(100, least=0)]
Text = Annotated[str, lines(10_000)]
"""Plain text: whoever shows it escapes it."""
Plain = Annotated[
    str,
    lines(10_000, least=0),
    AfterValidator(as_markup),
    AfterValidator(short_enough),
]
"""Text without formatting, as it is kept: what looks like markup is shown as it stands."""
PlainNeeded = Annotated[Plain, StringConstraints(min_length=1)]
Line = Annotated[str, one_line(200, least=0)]


class Written(Said):
    """What a ticket says; a draft may leave any of it out."""

    category: Code = ""
    subcategory: Code = ""
    object_type: ObjectType | None = Field(
        None, description="Left out: the first of its sub-category"
    )
    object_number: ObjectNumber = ""
    structure_id: StructureId | None = Field(None, description="For which structure you write")
    unit: Annotated[str, one_line(100)] | None = Field(None, description="Of that structure")
    contact_email: Email | None = Field(None, description="Left out: your contact address")
    contact_phone: Phone | None = None
    recipient_structure_id: StructureId | None = Field(
        None,
        description="Who answers, where the sub-category asks for it. Left out: whom the object "
        "was sent to, if that is known",
    )
    title: Line = ""
    description: Markup = Field(
        "", description="HTML. Formatting is kept; whatever could act is taken out"
    )

    def content(self) -> Content:
        said = {name: getattr(self, name) for name in Written.model_fields}
        return Content(
            **said
            | {
                "contact_email": self.contact_email or "",
                "contact_phone": self.contact_phone or "",
            }
        )


class NewTicket(Written):
    draft: bool = False
