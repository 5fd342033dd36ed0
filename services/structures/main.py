"""uvicorn --factory services.structures.main:create"""

from fastapi import FastAPI

from kit.mongo import IndexModel
from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.structures.api.attachments import FILES, attachment_routes
from services.structures.api.bank_details import bank_details_routes
from services.structures.api.clients import client_routes
from services.structures.api.duplicates import duplicate_routes
from services.structures.api.finding import finding
from services.structures.api.life import Life, life_routes
from services.structures.api.mandates import mandate_routes
from services.structures.api.referenced import referenced_routes
from services.structures.api.structures import api
from services.structures.api.units import Units, unit_routes
from services.structures.attachments import Attachments
from services.structures.bank_details import BankAccounts
from services.structures.clientele import Clientele
from services.structures.domain.contacts import Contact
from services.structures.domain.mandates import Mandate
from services.structures.duplicating import Duplicating
from services.structures.following import Following
from services.structures.handlers import handlers
from services.structures.keeping import personal
from services.structures.metrics import measuring
from services.structures.public_structures import PublicStructures
from services.structures.records import Records
from services.structures.settings import StructuresSettings
from services.structures.sirene import Sirene
from services.structures.views import Visibility, units
from services.structures.waking import timers

OF_MANDATES = (
    IndexModel([("requester_id", 1), ("_id", 1)]),
    IndexModel(
        [("decided_by", 1), ("_id", 1)], partialFilterExpression={"decided_by": {"$gt": ""}}
    ),
)


def build(service: Service[StructuresSettings]) -> FastAPI:
    settings = service.settings
    rights, records, sirene = RightsCopy(service), Records(service), Sirene(settings)
    visibility, checksums = Visibility(rights), settings.identifier_checksums
    attachments = Attachments.of(service, records.structures, visibility)
    accounts = BankAccounts.of(service, attachments)
    their_units = units(service)
    clientele = Clientele.of(service)
    mandates = service.collection("mandates", Mandate, indexes=OF_MANDATES)
    contacts = service.collection("contacts", Contact)
    kept = personal(service, records, accounts, clientele, mandates)
    public = PublicStructures.of(service, records.structures, sirene, checksums=checksums)
    life = Life(records, visibility, sirene, attachments.registers, checksums)
    return service.app(
        # First: its paths are not ids.
        finding(records.structures, visibility),
        referenced_routes(records.structures, visibility),
        api(records.structures, visibility, sirene, checksums=checksums),
        life_routes(life),
        duplicate_routes(life, Duplicating(records, accounts, their_units)),
        attachment_routes(attachments),
        bank_details_routes(accounts, checksums=checksums),
        unit_routes(
            Units(service.committer, records.structures, their_units, visibility),
            effective_after=settings.changes_effective_after,
        ),
        *client_routes(service, clientele, records.structures, rights),
        mandate_routes(service.committer, mandates, records.structures, rights),
        hears=public.hear(handlers(rights, kept, records.structures, contacts, mandates)),
        jobs=[
            records.timer(),
            *attachments.jobs(),
            *timers(their_units),
            *kept.jobs(),
            public.worker(),
            Following(records.structures),
        ],
        measures=[measuring(records.structures)],
        files=(FILES,),
    )


def create() -> FastAPI:
    return build(Service("structures", read(StructuresSettings)))
