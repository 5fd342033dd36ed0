"""uvicorn --factory services.structures.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures.api.structures import api
from services.structures.api.units import Units, unit_routes
from services.structures.handlers import handlers
from services.structures.settings import StructuresSettings
from services.structures.sirene import Sirene
from services.structures.views import Visibility, structures, units
from services.structures.waking import timers


def build(service: Service[StructuresSettings]) -> FastAPI:
    settings = service.settings
    rights = RightsCopy(service)
    visibility = Visibility(rights)
    known, their_units = structures(service), units(service)
    routes = api(known, visibility, Sirene(settings), checksums=settings.identifier_checksums)
    return service.app(
        routes,
        unit_routes(
            Units(service.committer, known, their_units, visibility),
            effective_after=settings.changes_effective_after,
        ),
        hears=handlers(rights),
        jobs=timers(their_units),
    )


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
