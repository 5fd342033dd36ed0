"""uvicorn --factory services.notifications.main:create"""

from fastapi import FastAPI

from kit.mongo import IndexModel
from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from kit.workers import DATED
from services.notifications.api.deliveries import delivery_routes
from services.notifications.api.facts import fact_routes
from services.notifications.api.mine import own_routes
from services.notifications.api.operations import operator_routes
from services.notifications.domain.digests import Settled
from services.notifications.domain.letters import Letter, lane_of
from services.notifications.domain.movements import Movement
from services.notifications.domain.notices import Notice
from services.notifications.domain.people import Person
from services.notifications.gathering import Gathering
from services.notifications.handlers import handlers
from services.notifications.keeping import Forgetting, personal
from services.notifications.mailer import Mailer
from services.notifications.metrics import measuring
from services.notifications.recapping import Recapping
from services.notifications.refused import RefusedAddresses
from services.notifications.rendering import Renderer
from services.notifications.settings import NotificationsSettings
from services.notifications.spreading import Spreading

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]
DAY = 24 * 3600
SETTLED_KEPT = 60 * DAY
"""Seconds: longer than any letter waits."""
MOVEMENTS_KEPT = 400 * DAY
"""What names a structure in a recap may be that old."""


def build(service: Service[NotificationsSettings]) -> FastAPI:
    settings = service.settings
    people = service.collection("people", Person)
    letters = service.collection(
        "letters",
        Letter,
        indexes=[
            IndexModel(NEWEST_FIRST),
            IndexModel([("status", 1), *NEWEST_FIRST]),
            IndexModel([("recipient_id", 1), ("_id", 1)]),
            IndexModel([("recipient_id", 1), *NEWEST_FIRST]),
            IndexModel(
                [("digest_id", 1), ("created_at", 1), ("_id", 1)],
                partialFilterExpression={"status": "gathered"},
            ),
            IndexModel(
                [("about_id", 1), ("_id", 1)],
                partialFilterExpression={"about_id": {"$gt": ""}},
            ),
            IndexModel("message_id", partialFilterExpression={"message_id": {"$gt": ""}}),
            IndexModel("created_at", partialFilterExpression={"forgotten": False}),
            IndexModel([("in_bulk", 1), ("wake_at", 1)], partialFilterExpression=DATED),
        ],
        derived=lane_of,
    )
    notices = service.collection(
        "notices", Notice, indexes=[IndexModel("told_at", expireAfterSeconds=SETTLED_KEPT)]
    )
    settled = service.collection(
        "settled", Settled, indexes=[IndexModel("at", expireAfterSeconds=SETTLED_KEPT)]
    )
    movements = service.collection(
        "movements",
        Movement,
        indexes=[
            IndexModel([("structure_ids", 1), ("heard_at", 1)]),
            IndexModel("heard_at", expireAfterSeconds=MOVEMENTS_KEPT),
        ],
    )
    refused = RefusedAddresses.of(service, letters)
    rights, kept = RightsCopy(service), personal(service, people, letters, refused.addresses)
    renderer, at = Renderer(settings.public_url), settings.digests_at
    gathering = Gathering(service.committer, letters, settled, rights, at)
    mailer = Mailer(
        people,
        letters,
        refused=refused,
        renderer=renderer,
        settings=settings,
        gathering=gathering,
    )
    return service.app(
        operator_routes(people, letters, refused, renderer),
        own_routes(people, letters, rights, renderer),
        fact_routes(service.committer, notices, settled),
        delivery_routes(refused),
        hears=handlers(
            people,
            letters,
            settled=settled,
            movements=movements,
            rights=rights,
            kept=kept,
            digests_at=at,
            approval_links=settings.approval_links,
        ),
        jobs=[
            mailer,
            Spreading(notices, people, rights, gathering).worker(),
            Recapping(service.committer, people, letters, movements, rights, at).worker(),
            *kept.jobs(),
            Forgetting(letters, settings.letters_kept_for),
        ],
        measures=[measuring(letters, refused.addresses)],
    )


def create() -> FastAPI:
    return build(Service("notifications", read(NotificationsSettings)))
