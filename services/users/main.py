"""uvicorn --factory services.users.main:create"""

from collections.abc import Callable

from fastapi import FastAPI

from kit.clock import now
from kit.collection import Ask
from kit.service import Service
from kit.settings import read
from kit.workers import Timer, Worker
from services.users import catalogue, offer
from services.users.api.attachments import MINE
from services.users.api.checks import check_routes
from services.users.api.espaces import espace_routes
from services.users.api.habilitations import habilitation_routes
from services.users.api.identity import identity_routes
from services.users.api.imports import import_routes
from services.users.api.management import management_routes
from services.users.api.rattachements import rattachement_routes
from services.users.api.structure_users import structure_user_routes
from services.users.api.subscriptions import subscription_routes
from services.users.attaching import Attaching
from services.users.catalogue import Catalogue
from services.users.checking import Checking
from services.users.claiming import Claiming
from services.users.copying import Copying
from services.users.domain import units
from services.users.domain.espaces import Offer
from services.users.domain.rattachements import Defaults, Rattachement
from services.users.endings import Endings
from services.users.espaces import Espaces
from services.users.habilitation_views import HabilitationViews
from services.users.habilitations import Habilitations
from services.users.handlers import handlers
from services.users.identity import CREDENTIALS, Identity
from services.users.importing import Importing
from services.users.managing import Managing
from services.users.membership import Membership
from services.users.own import Own
from services.users.passwords import Passwords
from services.users.returning import Returning
from services.users.settings import UsersSettings


def build(service: Service[UsersSettings]) -> FastAPI:
    identity, membership, settings = Identity.of(service), Membership.of(service), service.settings
    passwords = Passwords(memory=settings.password_memory, passes=settings.password_passes)
    applications = catalogue.read(settings.applications)
    offered = offer.read(applications, settings.default_set, settings.espaces)
    defaults = _defaults(settings, applications, offered)
    attaching = Attaching(membership, identity, settings, defaults)
    importing = Importing.of(service, attaching)
    accounts, changed_after = identity.accounts, settings.changes_effective_after
    habilitations = Habilitations(membership, accounts, changed_after, offered)
    managing = Managing(membership, identity, settings, defaults)
    claiming = Claiming(membership, identity, settings, defaults)
    own = Own.of(service, identity, membership)
    espaces = Espaces(habilitations)
    returning = Returning.of(service, identity, settings)
    return service.app(
        *identity_routes(identity, settings, passwords),
        rattachement_routes(membership, defaults),
        structure_user_routes(attaching),
        import_routes(importing),
        *habilitation_routes(habilitations, HabilitationViews(membership, accounts, applications)),
        check_routes(Checking(membership, accounts)),
        *management_routes(managing, claiming, passwords),
        *own.routes(),
        espace_routes(espaces),
        subscription_routes(espaces),
        hears=returning.hear(
            own.hear(claiming.hear(handlers(membership, accounts, defaults, espaces)))
        ),
        jobs=[
            *identity.timers(),
            Worker(membership.units, claim=units.begin, work=Endings(membership).take_away),
            Copying(membership, accounts, defaults).worker(),
            *attaching.jobs(),
            Timer(membership.rattachements, wake=_new_day(habilitations, attaching)),
            importing.worker(),
            claiming.timer(),
            *own.jobs(),
            espaces.worker(),
            returning.worker(),
        ],
        credentials=CREDENTIALS,
        files=(MINE,),
    )


def _defaults(settings: UsersSettings, applications: Catalogue, offered: Offer) -> Defaults:
    if settings.default_set == "espaces":
        return offer.defaults(offered)
    return catalogue.defaults(applications)


def _new_day(habilitations: Habilitations, attaching: Attaching) -> Callable[[Rattachement], Ask]:
    return lambda tie: habilitations.turn(tie, now()) or attaching.turn(tie, now())


def create() -> FastAPI:
    settings = read(UsersSettings)
    return build(Service("users", settings, heartbeat=settings.heartbeat_every))
