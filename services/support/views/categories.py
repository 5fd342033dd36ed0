"""What a ticket may be filed under, as it is shown."""

from pydantic import BaseModel

from services.support.domain.catalogue import Catalogue
from services.support.domain.objects import ObjectType


class SubcategoryView(BaseModel):
    code: str
    label: str
    active: bool
    recipient_needed: bool
    object_types: list[ObjectType]
    """What a ticket names with its number; the first is preselected. None: it names nothing."""
    form: str | None
    """The route by which alone such tickets come, where it is not that of any ticket."""


class CategoryView(BaseModel):
    code: str
    label: str
    active: bool
    subcategories: list[SubcategoryView]


class CategoriesView(BaseModel):
    items: list[CategoryView]


def categories(catalogue: Catalogue) -> CategoriesView:
    """Inactive ones too: tickets of the past are still filed under them."""
    return CategoriesView(
        items=[
            CategoryView(
                code=category.code,
                label=category.label,
                active=category.active,
                subcategories=[
                    SubcategoryView(
                        code=one.code,
                        label=one.label,
                        active=one.active,
                        recipient_needed=one.needs_recipient,
                        object_types=list(one.object_types),
                        form=one.form or None,
                    )
                    for one in category.subcategories
                ],
            )
            for category in catalogue.categories
        ]
    )
