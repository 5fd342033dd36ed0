"""uvicorn --factory services.support.main:create"""

from fastapi import FastAPI

from kit.mongo import IndexModel
from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import Settings, read
from services.support import categories
from services.support.api import OpenTo, api
from services.support.domain import Contact, Number, Portal, Ticket
from services.support.handlers import handlers
from services.support.keeping import personal

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]


def build(service: Service) -> FastAPI:
    tickets = service.collection(
        "tickets",
        Ticket,
        indexes=[
            IndexModel([("emitter_id", 1), *NEWEST_FIRST]),
            IndexModel([("emitter_id", 1), ("state", 1), *NEWEST_FIRST]),
        ],
    )
    numbers = service.collection("numbers", Number)
    portals = service.collection("portals", Portal)
    contacts = service.collection("contacts", Contact)
    rights, kept = RightsCopy(service), personal(service, tickets)
    routes = api(
        service.committer,
        tickets,
        numbers,
        rights,
        categories.read(),
        open_to=OpenTo(portals, contacts, rights),
    )
    return service.app(routes, hears=handlers(portals, contacts, rights, kept), jobs=kept.jobs())


def create() -> FastAPI:
    return build(Service("support", read(Settings)))
