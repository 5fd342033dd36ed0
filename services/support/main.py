"""uvicorn --factory services.support.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import Settings, read
from services.support import categories
from services.support.api.activity import activity_routes
from services.support.api.acts import Acting, agent_routes, emitter_routes
from services.support.api.categories import category_routes
from services.support.api.facts import fact_routes
from services.support.api.tickets import ticket_routes
from services.support.api.writing import writing_routes
from services.support.handlers import handlers
from services.support.keeping import personal
from services.support.reaching import Reaching
from services.support.records import Records
from services.support.speaking import Speaking


def build(service: Service[Settings]) -> FastAPI:
    records, catalogue = Records(service), categories.read()
    rights, kept = RightsCopy(service), personal(service, records)
    speaking, reaching = Speaking(records, rights, catalogue), Reaching(rights)
    acting = Acting(service.committer, records, reaching)
    return service.app(
        category_routes(catalogue),
        writing_routes(service.committer, records, reaching, speaking, catalogue),
        ticket_routes(records, reaching),
        emitter_routes(acting),
        agent_routes(acting, catalogue),
        activity_routes(records, reaching),
        fact_routes(records.objects),
        hears=handlers(records, rights, kept),
        jobs=kept.jobs(),
    )


def create() -> FastAPI:
    return build(Service("support", read(Settings)))
