"""What a ticket may be filed under."""

from fastapi import APIRouter

from kit.http import Anyone, Person
from services.support.domain.catalogue import Catalogue
from services.support.views.categories import CategoriesView, categories


def category_routes(catalogue: Catalogue) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["support"])

    @routes.get("/ticket-categories")
    async def list_categories(caller: Person) -> CategoriesView:
        """All that a ticket may be filed under, and what each asks for."""
        return categories(catalogue)

    @routes.get("/public-tickets/categories")
    async def list_open_categories(caller: Anyone) -> CategoriesView:
        """The same, for who writes without signing in: not those that name a recipient."""
        return categories(catalogue.for_anybody())

    return routes
