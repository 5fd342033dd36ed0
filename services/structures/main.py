"""uvicorn --factory services.structures.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures.api.attachments import FILES, attachment_routes
from services.structures.api.bank_details import bank_details_routes
from services.structures.api.structures import api
from services.structures.attachments import Attachments
from services.structures.bank_details import BankAccounts, registers
from services.structures.handlers import handlers
from services.structures.settings import StructuresSettings
from services.structures.sirene import Sirene
from services.structures.views import Visibility, structures


def build(service: Service[StructuresSettings]) -> FastAPI:
    settings = service.settings
    rights = RightsCopy(service)
    visibility, kept = Visibility(rights), structures(service)
    attachments = Attachments.of(service, kept, registers(service), visibility)
    accounts = BankAccounts.of(service, attachments)
    checksums = settings.identifier_checksums
    return service.app(
        attachment_routes(attachments),
        bank_details_routes(accounts, checksums=checksums),
        api(kept, visibility, Sirene(settings), checksums=checksums),
        hears=handlers(rights),
        jobs=attachments.jobs(),
        files=(FILES,),
    )


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
