"""uvicorn --factory services.users.main:create"""

from fastapi import FastAPI

from kit.service import Service
from kit.settings import read
from kit.workers import Worker
from services.users import catalogue
from services.users.api.identity import identity_routes
from services.users.api.management import management_routes
from services.users.api.rattachements import rattachement_routes
from services.users.claiming import Claiming
from services.users.copying import Copying
from services.users.domain import units
from services.users.endings import Endings
from services.users.handlers import handlers
from services.users.identity import CREDENTIALS, Identity
from services.users.managing import Managing
from services.users.membership import Membership
from services.users.passwords import Passwords
from services.users.settings import UsersSettings


def build(service: Service[UsersSettings]) -> FastAPI:
    identity, membership = Identity.of(service), Membership.of(service)
    defaults = catalogue.defaults(catalogue.read())
    settings, passwords = service.settings, Passwords()
    managing = Managing(membership, identity, settings, defaults)
    claiming = Claiming(membership, identity, settings, defaults)
    return service.app(
        *identity_routes(identity, settings, passwords),
        rattachement_routes(membership),
        *management_routes(identity, membership, managing, claiming, passwords),
        hears=handlers(membership, identity.accounts, defaults),
        jobs=[
            *identity.timers(),
            Worker(membership.units, claim=units.begin, work=Endings(membership).take_away),
            Copying(membership).worker(),
            claiming.timer(),
        ],
        credentials=CREDENTIALS,
    )


def create() -> FastAPI:
    settings = read(UsersSettings)
    return build(Service("users", settings, heartbeat=settings.heartbeat_every))
