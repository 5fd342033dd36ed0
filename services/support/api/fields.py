"""What is written in paths and bodies, and what of it is read."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, StringConstraints

from services.support.domain.contents import Content

TicketId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
StructureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Code = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^\P{Cc}*$")
]
Text = Annotated[str, StringConstraints(max_length=10_000)]


class Written(BaseModel):
    """What a ticket says; a draft may leave any of it out."""

    category: Code = ""
    subcategory: Code = ""
    title: Line = ""
    description: Text = ""
    structure_id: StructureId | None = None
    recipient_structure_id: StructureId | None = None

    def content(self) -> Content:
        return Content(**{name: getattr(self, name) for name in Written.model_fields})


class NewTicket(Written):
    draft: bool = False
