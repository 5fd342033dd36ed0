"""The fields that several bodies about structures have."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    EmailStr,
    Field,
    StrictBool,
)

from kit.http import Said
from kit.ids import EntityId
from kit.one_line import Phone, one_line
from services.structures.domain.identifiers import vat_number
from services.structures.domain.options import JusticeCategory, JusticeRegime
from services.structures.domain.structures import Address, Details

StructureId = EntityId


Name = Annotated[str, one_line(255)]
Line = Annotated[str, one_line(255)]
Reference = Annotated[str, one_line(64, pattern=r"^[A-Za-z0-9._/-]+$")]


def _distinct(references: tuple[str, ...]) -> tuple[str, ...]:
    if len({*references}) < len(references):
        raise ValueError("Each may be named once only.")
    return references


class PostalAddress(Said):
    line: Line
    complements: tuple[Line, ...] = Field((), max_length=2)
    postcode: Annotated[str, one_line(20, pattern=r"^[0-9A-Za-z -]+$")]
    city: Annotated[str, one_line(100)]
    country: Annotated[str, one_line(100)]


class Fields(Said):
    """What one may say of a structure."""

    legal_name: Name | None = None
    label: Name | None = None
    last_name: Name | None = Field(None, description="Of a PARTICULIER.")
    first_name: Name | None = Field(None, description="Of a PARTICULIER.")
    rcs_number: Annotated[str, one_line(50)] | None = None
    vat_number: Annotated[str, one_line(20, pattern=r"^[0-9A-Za-z +*]+$")] | None = Field(
        None, description="Where it does not follow from the identifier."
    )
    email: EmailStr | None = Field(None, max_length=254)
    phone: Phone | None = None
    address: PostalAddress | None = Field(None, description="Where INSEE does not give it.")
    justice_category: JusticeCategory | None = None
    justice_regime: JusticeRegime | None = None
    agricultural: StrictBool = False
    billing_mandates: Annotated[tuple[Reference, ...], AfterValidator(_distinct)] = Field(
        (), max_length=100
    )

    def said(self, *, checksums: bool) -> dict[str, Any]:
        """What the caller said, and nothing that they left out."""
        said = {
            name: getattr(self, name)
            for name in Fields.model_fields
            if name in self.model_fields_set
        }
        if self.vat_number:
            said["vat_number"] = vat_number(self.vat_number, checksums=checksums)
        if self.address:
            said["address"] = Address(**self.address.model_dump())
        return said

    def details(self, *, checksums: bool) -> Details:
        return Details(**self.said(checksums=checksums))
