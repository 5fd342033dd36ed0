"""What structures answers about the properties of client accounts."""

from fastapi import APIRouter, Response
from pydantic import Field, StrictBool

from kit.clock import now
from kit.collection import Collection
from kit.heard import TooStale
from kit.http import IfMatch, Person, Said, etag, may_answer
from kit.ids import EntityId
from kit.problems import Invalid, NotFound, PreconditionFailed
from services.structures.api.client_accounts import ClientAccountView, WrittenProperties, shown
from services.structures.clientele import Clientele, Relations
from services.structures.domain import client_accounts as domain
from services.structures.domain.client_portal import Portal
from services.structures.domain.client_profiles import loaded
from services.structures.domain.structures import Structure


class ProfileUnknown(Invalid):
    """The supplier has no such profile."""


class SavedProperties(Said, WrittenProperties):
    apply_to_existing: StrictBool = Field(
        default=False, description="Give the offer's subtotal to the users there already, too"
    )


class ProfileLoad(Said):
    profile_id: EntityId


def client_property_routes(
    clientele: Clientele, relations: Relations, structures: Collection[Structure], portal: Portal
) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-accounts", tags=["client accounts"])
    accounts, profiles = clientele.accounts, clientele.profiles

    @routes.put(
        "/{id}/properties",
        responses=may_answer(
            NotFound,
            domain.OnlyAdministrators,
            domain.NotAPublicBody,
            domain.RefusedByClient,
            PreconditionFailed,
            TooStale,
        ),
    )
    async def save_properties(
        id: EntityId, asked: SavedProperties, caller: Person, if_match: IfMatch, response: Response
    ) -> ClientAccountView:
        """Save all properties of a client at once, or none."""
        found, _ = await relations.account(caller, id, "administrator")
        client, at = await structures.get(found.structure_id), now()
        account = await accounts.change(
            id,
            lambda current: domain.save_properties(
                current,
                properties=asked.properties(),
                apply_to_existing=asked.apply_to_existing,
                public_body=client.kind == "public",
                now=at,
            ),
            if_match=if_match,
        )
        etag(response, account.version)
        return shown(account, portal)

    @routes.post(
        "/{id}/profile-loads",
        responses=may_answer(NotFound, domain.OnlyAdministrators, ProfileUnknown, TooStale),
    )
    async def load_profile(id: EntityId, asked: ProfileLoad, caller: Person) -> WrittenProperties:
        """What the form shows with a profile loaded into it. Nothing is saved."""
        account, _ = await relations.account(caller, id, "administrator")
        profile = await profiles.find(asked.profile_id)
        if profile is None or profile.supplier_id != account.supplier_id:
            raise ProfileUnknown(field="body/profile_id")
        return WrittenProperties.of(loaded(profile.properties, account.properties))

    return routes
