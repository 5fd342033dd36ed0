"""uvicorn --factory services.notifications.main:create"""

from fastapi import FastAPI

from kit.mongo import IndexModel
from kit.service import Service
from kit.settings import read
from services.notifications.api import api
from services.notifications.domain.letters import Letter
from services.notifications.domain.people import Person
from services.notifications.handlers import handlers
from services.notifications.keeping import Forgetting, personal
from services.notifications.mailer import Mailer
from services.notifications.metrics import measuring
from services.notifications.rendering import Renderer
from services.notifications.settings import NotificationsSettings

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]


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
            IndexModel("created_at", partialFilterExpression={"forgotten": False}),
        ],
    )
    kept = personal(service, people, letters)
    renderer = Renderer(settings.public_url)
    return service.app(
        api(people, letters, renderer),
        hears=handlers(people, letters, kept),
        jobs=[
            Mailer(people, letters, renderer, settings),
            *kept.jobs(),
            Forgetting(letters, settings.letters_kept_for),
        ],
        measures=[measuring(letters)],
    )


def create() -> FastAPI:
    return build(Service("notifications", read(NotificationsSettings)))
