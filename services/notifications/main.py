"""uvicorn --factory services.notifications.main:create"""

from fastapi import FastAPI

from kit.service import Service
from kit.settings import read
from services.notifications.api.deliveries import delivery_routes
from services.notifications.api.facts import fact_routes
from services.notifications.api.mine import own_routes
from services.notifications.api.operations import operator_routes
from services.notifications.gathering import Gathering
from services.notifications.handlers import handlers
from services.notifications.keeping import Forgetting, personal
from services.notifications.mailer import Mailer
from services.notifications.metrics import measuring
from services.notifications.muting import Muting
from services.notifications.recapping import Recapping
from services.notifications.records import Records
from services.notifications.rendering import Renderer
from services.notifications.settings import NotificationsSettings
from services.notifications.spreading import Spreading


def build(service: Service[NotificationsSettings]) -> FastAPI:
    settings, keeps = service.settings, Records(service)
    people, letters, rights, refused = keeps.people, keeps.letters, keeps.rights, keeps.refused
    kept = personal(service, people, letters, refused.addresses)
    committer, at = service.committer, settings.digests_at
    renderer = Renderer(settings.public_url)
    muting = Muting(keeps.accounts, keeps.contacts)
    gathering = Gathering(committer, letters, keeps.settled, rights, at, muting)
    return service.app(
        operator_routes(committer, people, letters, refused, renderer),
        own_routes(people, letters, rights, renderer),
        fact_routes(committer, keeps.notices, keeps.settled),
        delivery_routes(refused),
        hears=handlers(
            keeps,
            kept,
            digests_at=at,
            desk=settings.desk_address,
            approval_links=settings.approval_links,
        ),
        jobs=[
            Mailer(keeps, renderer=renderer, settings=settings, gathering=gathering),
            Spreading(keeps.notices, people, rights, gathering).worker(),
            Recapping(committer, people, letters, keeps.movements, rights, at).worker(),
            *kept.jobs(),
            Forgetting(letters, settings.letters_kept_for),
        ],
        measures=[measuring(letters, refused.addresses)],
    )


def create() -> FastAPI:
    return build(Service("notifications", read(NotificationsSettings)))
