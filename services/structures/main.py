"""uvicorn --factory services.structures.main:create"""

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI

from kit.collection import Collection
from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures import portal
from services.structures.api.client_accounts import client_account_routes
from services.structures.api.client_billing import client_billing_routes
from services.structures.api.client_portal import client_portal_routes
from services.structures.api.client_profiles import client_profile_routes
from services.structures.api.client_properties import client_property_routes
from services.structures.api.facts import fact_routes
from services.structures.api.order_checks import order_check_routes
from services.structures.api.structures import api
from services.structures.clientele import Clientele, Standings
from services.structures.domain.structures import Structure
from services.structures.handlers import handlers
from services.structures.settings import StructuresSettings
from services.structures.sirene import Sirene
from services.structures.views import Visibility, structures


def build(service: Service[StructuresSettings]) -> FastAPI:
    settings = service.settings
    rights, known = RightsCopy(service), structures(service)
    routes = api(
        known,
        Visibility(rights),
        Sirene(settings),
        checksums=settings.identifier_checksums,
    )
    clients = _client_routes(service, known, rights)
    return service.app(routes, *clients, hears=handlers(rights))


def _client_routes(
    service: Service[StructuresSettings], structures: Collection[Structure], rights: RightsCopy
) -> Iterator[APIRouter]:
    settings, committer = service.settings, service.committer
    clientele, switches = Clientele.of(service), portal.read()
    standings = Standings(rights, structures, clientele.accounts)
    # Before those that take any word for an account's id.
    yield client_portal_routes(
        clientele, standings, rights, switches, default_language=settings.default_language
    )
    yield client_billing_routes(clientele, standings, settings)
    yield client_account_routes(
        committer,
        clientele,
        standings,
        rights,
        switches,
        default_currency=settings.default_currency,
    )
    yield client_property_routes(clientele, standings, structures, switches)
    yield order_check_routes(committer, clientele, standings, rights)
    yield client_profile_routes(clientele.profiles, standings)
    yield fact_routes(committer, clientele, default_currency=settings.default_currency)


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
