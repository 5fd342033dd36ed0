"""uvicorn --factory services.support.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.support import categories
from services.support.api.activity import activity_routes
from services.support.api.acts import Acting, agent_routes, emitter_routes
from services.support.api.categories import category_routes
from services.support.api.facts import fact_routes
from services.support.api.tickets import ticket_routes
from services.support.api.writing import writing_routes
from services.support.channels import Channels
from services.support.handlers import handlers
from services.support.keeping import personal
from services.support.noticing import noticing
from services.support.reaching import Reaching
from services.support.records import Records
from services.support.settings import SupportSettings
from services.support.speaking import Speaking
from services.support.writing import Writing


def build(service: Service[SupportSettings]) -> FastAPI:
    timing = service.settings.timing
    records, catalogue = Records(service), categories.read(timing=timing)
    rights = RightsCopy(service)
    speaking, reaching = Speaking(records, rights, catalogue), Reaching(rights)
    writing = Writing(service.committer, records, reaching, speaking, catalogue)
    channels = Channels.of(service, writing)
    kept = personal(service, records, channels)
    acting = Acting(service.committer, records, reaching, timing)
    return service.app(
        category_routes(catalogue),
        writing_routes(writing),
        ticket_routes(records, reaching),
        emitter_routes(acting),
        agent_routes(acting, catalogue),
        activity_routes(records, reaching),
        fact_routes(records.objects),
        *channels.routes(),
        hears=channels.hear(handlers(records, rights, kept)),
        jobs=[noticing(records.tickets), *kept.jobs(), *channels.jobs()],
    )


def create() -> FastAPI:
    return build(Service("support", read(SupportSettings)))
