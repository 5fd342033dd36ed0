"""All that structures answers about the clients of suppliers."""

from collections.abc import Iterator

from fastapi import APIRouter

from kit.collection import Collection
from kit.rights import RightsCopy
from kit.service import Service
from services.structures import portal
from services.structures.api.client_accounts import client_account_routes
from services.structures.api.client_billing import client_billing_routes
from services.structures.api.client_consent import client_consent_routes
from services.structures.api.client_portal import client_portal_routes
from services.structures.api.client_profiles import client_profile_routes
from services.structures.api.client_properties import client_property_routes
from services.structures.api.facts import fact_routes
from services.structures.api.order_checks import order_check_routes
from services.structures.clientele import Clientele, Relations
from services.structures.domain.structures import Structure
from services.structures.settings import StructuresSettings


def client_routes(
    service: Service[StructuresSettings],
    clientele: Clientele,
    structures: Collection[Structure],
    rights: RightsCopy,
) -> Iterator[APIRouter]:
    settings, committer = service.settings, service.committer
    switches, currency = portal.read(), settings.default_currency
    relations = Relations(rights, structures, clientele.accounts)
    # Before those that take any word for an account's id.
    yield client_portal_routes(
        committer,
        clientele,
        relations,
        rights,
        switches,
        default_language=settings.default_language,
    )
    yield client_consent_routes(clientele, relations)
    yield client_billing_routes(clientele, relations, settings)
    yield client_account_routes(
        committer,
        clientele,
        relations,
        rights,
        switches,
        structures=structures,
        default_currency=currency,
    )
    yield client_property_routes(clientele, relations, structures, switches)
    yield order_check_routes(committer, clientele, relations, structures, rights)
    yield client_profile_routes(clientele.profiles, relations)
    yield fact_routes(committer, clientele, default_currency=currency)
