"""What structures answers about the profiles of a supplier's clients."""

from fastapi import APIRouter, Response
from pydantic import StrictBool

from kit.change import Change
from kit.collection import Collection
from kit.heard import TooStale
from kit.http import Caller, IfMatch, Person, Said, etag, may_answer, new_entity_id
from kit.ids import EntityId
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound, PreconditionFailed
from services.structures.api.fields import Line
from services.structures.clientele import NotYourSupplier, Relations
from services.structures.domain import client_profiles as domain
from services.structures.domain.client_accounts import (
    NotOpenToYou,
    OnlyAdministrators,
    Relation,
    require,
)
from services.structures.domain.client_profiles import ClientProfile, ProfileProperties


class WrittenProfile(Said):
    """What it leaves out stays as the form has it."""

    name: Line
    chorus: StrictBool | None = None
    engagement_number_required: StrictBool | None = None
    validation_history: StrictBool | None = None
    offer_subtotal: StrictBool | None = None

    def properties(self) -> ProfileProperties:
        return ProfileProperties(**self.model_dump(include={*ProfileProperties.__slots__}))


class NewProfile(WrittenProfile):
    supplier_id: EntityId


class ProfileView(WrittenProfile):
    """A named set of properties."""

    id: str
    supplier_id: str


def client_profile_routes(profiles: Collection[ClientProfile], relations: Relations) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-profiles", tags=["client accounts"])

    async def open_to(caller: Caller, id: str, *may: Relation) -> ClientProfile:
        profile = await profiles.get(id)
        require(await relations.to_supplier(caller, profile.supplier_id), *may)
        return profile

    @routes.post("", status_code=201, responses=may_answer(NotYourSupplier, TooStale))
    async def keep(asked: NewProfile, caller: Person, response: Response) -> ProfileView:
        """Keep properties under a name, to be loaded into the form of any client."""
        await relations.require_supplier(caller, asked.supplier_id, "administrator")
        profile = ClientProfile(
            id=new_entity_id(),
            supplier_id=asked.supplier_id,
            name=asked.name,
            properties=asked.properties(),
        )
        kept = await profiles.change(profile.id, lambda current: Change(current or profile))
        response.headers["Location"] = f"/v1/client-profiles/{kept.id}"
        return answer(kept, response)

    @routes.get("", responses=may_answer(NotYourSupplier, TooStale))
    async def list_profiles(
        caller: Person, asked: PageAsked, supplier_id: EntityId
    ) -> Page[ProfileView]:
        """A supplier's profiles, newest first."""
        await relations.require_supplier(caller, supplier_id, "administrator", "operator")
        found, following = await page(profiles, {"supplier_id": supplier_id}, asked)
        return Page(items=[_shown(one) for one in found], next=following)

    @routes.get("/{id}", responses=may_answer(NotFound, NotOpenToYou, TooStale))
    async def read(id: EntityId, caller: Person, response: Response) -> ProfileView:
        """One profile."""
        return answer(await open_to(caller, id, "administrator", "operator"), response)

    @routes.put(
        "/{id}", responses=may_answer(NotFound, OnlyAdministrators, PreconditionFailed, TooStale)
    )
    async def rewrite(
        id: EntityId, asked: WrittenProfile, caller: Person, if_match: IfMatch, response: Response
    ) -> ProfileView:
        """Replace a profile. Clients into which it was loaded before stay as they are."""
        await open_to(caller, id, "administrator")
        kept = await profiles.change(
            id,
            lambda current: domain.rewrite(current, name=asked.name, properties=asked.properties()),
            if_match=if_match,
        )
        return answer(kept, response)

    @routes.delete(
        "/{id}", status_code=204, responses=may_answer(NotFound, OnlyAdministrators, TooStale)
    )
    async def forget(id: EntityId, caller: Person) -> None:
        """Forget a profile. Clients into which it was loaded stay as they are."""
        await open_to(caller, id, "administrator")
        await profiles.change(id, domain.forget)

    return routes


def answer(profile: ClientProfile, response: Response) -> ProfileView:
    etag(response, profile.version)
    return _shown(profile)


def _shown(profile: ClientProfile) -> ProfileView:
    properties = {name: getattr(profile.properties, name) for name in ProfileProperties.__slots__}
    return ProfileView(
        id=profile.id, supplier_id=profile.supplier_id, name=profile.name, **properties
    )
