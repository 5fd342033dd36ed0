"""uvicorn --factory services.structures.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures.api.finding import finding
from services.structures.api.structures import api
from services.structures.handlers import handlers
from services.structures.settings import StructuresSettings
from services.structures.sirene import Sirene
from services.structures.views import Visibility, structures


def build(service: Service[StructuresSettings]) -> FastAPI:
    settings = service.settings
    rights = RightsCopy(service)
    kept, visibility = structures(service), Visibility(rights)
    routes = (
        # First: its paths are not ids.
        finding(kept, visibility),
        api(kept, visibility, Sirene(settings), checksums=settings.identifier_checksums),
    )
    return service.app(*routes, hears=handlers(rights))


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
