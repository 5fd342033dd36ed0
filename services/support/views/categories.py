"""What a ticket may be filed under, as it is shown."""

from dataclasses import asdict

from pydantic import BaseModel

from services.support.domain.catalogue import Catalogue


class SubcategoryView(BaseModel):
    code: str
    label: str
    active: bool
    recipient_needed: bool


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
                    SubcategoryView(**asdict(one), recipient_needed=one.needs_recipient)
                    for one in category.subcategories
                ],
            )
            for category in catalogue.categories
        ]
    )
