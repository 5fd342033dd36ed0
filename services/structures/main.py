"""uvicorn --factory services.structures.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures.api.duplicates import duplicate_routes
from services.structures.api.finding import finding
from services.structures.api.life import Life, life_routes
from services.structures.api.referenced import referenced_routes
from services.structures.api.structures import api
from services.structures.handlers import handlers
from services.structures.records import Records
from services.structures.settings import StructuresSettings
from services.structures.sirene import Sirene
from services.structures.views import Visibility, no_bank_details


def build(service: Service[StructuresSettings]) -> FastAPI:
    settings = service.settings
    rights, records, sirene = RightsCopy(service), Records(service), Sirene(settings)
    visibility, checksums = Visibility(rights), settings.identifier_checksums
    life = Life(records, visibility, sirene, no_bank_details, checksums)
    return service.app(
        # First: its paths are not ids.
        finding(records.structures, visibility),
        referenced_routes(records.structures, visibility),
        api(records.structures, visibility, sirene, checksums=checksums),
        life_routes(life),
        duplicate_routes(life, service.committer),
        hears=handlers(rights),
        jobs=[records.timer()],
    )


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
