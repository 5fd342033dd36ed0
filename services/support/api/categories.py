"""What a ticket may be filed under."""

from fastapi import APIRouter

from kit.http import Anyone
from services.support.domain.catalogue import Catalogue
from services.support.views.categories import CategoriesView, categories


def category_routes(catalogue: Catalogue) -> APIRouter:
    routes = APIRouter(prefix="/v1/ticket-categories", tags=["support"])

    @routes.get("")
    async def list_categories(caller: Anyone) -> CategoriesView:
        """All that a ticket may be filed under, and what each asks for."""
        return categories(catalogue)

    return routes
