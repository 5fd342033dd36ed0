"""uvicorn --factory services.users.main:create"""

from fastapi import FastAPI

from kit.service import Service
from kit.settings import read
from kit.workers import Worker
from services.users import catalogue
from services.users.api.attachments import MINE, personal_attachment_routes
from services.users.api.identity import identity_routes
from services.users.api.letters import Letters
from services.users.api.personal import erasure_routes, export_routes
from services.users.api.rattachements import rattachement_routes
from services.users.attachments import PersonalAttachments
from services.users.copying import Copying
from services.users.domain import units
from services.users.endings import Endings
from services.users.erasing import Erasing
from services.users.exporting import Exporting
from services.users.handlers import handlers
from services.users.identity import CREDENTIALS, Identity
from services.users.keeping import personal
from services.users.membership import Membership
from services.users.robots import Robots
from services.users.settings import UsersSettings


def build(service: Service[UsersSettings]) -> FastAPI:
    settings = service.settings
    identity, membership = Identity.of(service), Membership.of(service)
    defaults = catalogue.defaults(catalogue.read())
    attachments = PersonalAttachments.of(service, identity.accounts)
    exporting = Exporting.of(service, identity, attachments)
    kept = personal(service, identity, membership, attachments, exporting)
    erasing = Erasing(identity, membership, kept.erasures, settings)
    return service.app(
        *identity_routes(identity, settings),
        rattachement_routes(membership),
        personal_attachment_routes(attachments),
        export_routes(exporting),
        erasure_routes(erasing, Letters(identity, settings), Robots(identity, settings)),
        hears=handlers(membership, identity.accounts, defaults, exporting),
        jobs=[
            *identity.timers(),
            Worker(membership.units, claim=units.begin, work=Endings(membership).take_away),
            Copying(membership).worker(),
            *attachments.jobs(),
            *exporting.jobs(kept),
            *kept.jobs(),
            erasing,
        ],
        credentials=CREDENTIALS,
        files=(MINE,),
    )


def create() -> FastAPI:
    settings = read(UsersSettings)
    return build(Service("users", settings, heartbeat=settings.heartbeat_every))
