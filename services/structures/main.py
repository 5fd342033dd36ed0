"""uvicorn --factory services.structures.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures.api.clients import client_routes
from services.structures.api.structures import api
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
    clients = client_routes(service, known, rights)
    return service.app(routes, *clients, hears=handlers(rights))


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
