"""uvicorn --factory services.support.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from services.support import categories
from services.support.api.activity import activity_routes
from services.support.api.acts import Acting, agent_routes, emitter_routes
from services.support.api.attachments import FILES, attachment_routes
from services.support.api.categories import category_routes
from services.support.api.facts import fact_routes
from services.support.api.incoming_letters import LETTERS
from services.support.api.listing import listing_routes
from services.support.api.tickets import ticket_routes
from services.support.api.writing import writing_routes
from services.support.attachments import TicketAttachments
from services.support.channels import Channels
from services.support.consulting import Consulting
from services.support.handlers import handlers
from services.support.keeping import personal
from services.support.noticing import noticing
from services.support.reaching import Reaching
from services.support.records import Records
from services.support.settings import SupportSettings
from services.support.speaking import Speaking
from services.support.views.lines import Lines
from services.support.views.listing import Listing
from services.support.writing import Writing


def build(service: Service[SupportSettings]) -> FastAPI:
    timing = service.settings.timing
    records, catalogue = Records(service), categories.read(timing=timing)
    attachments = TicketAttachments.of(service, records)
    rights = RightsCopy(service)
    lines = Lines(Listing(records.tickets), records.structures, catalogue)
    speaking, reaching = Speaking(records, rights, catalogue), Reaching(rights)
    writing = Writing(service.committer, records, reaching, speaking, catalogue)
    channels = Channels.of(service, writing)
    kept = personal(service, records, attachments.files, channels)
    consulting = Consulting(records.entries, records.exports, reaching)
    acting = Acting(
        service.committer,
        records,
        reaching,
        timing,
        conversing=channels.conversing,
        consulting=consulting,
    )
    return service.app(
        category_routes(catalogue),
        writing_routes(writing, attachments),
        # Before those of one ticket: its paths are not ids.
        listing_routes(lines, consulting, records),
        ticket_routes(records, consulting),
        attachment_routes(attachments, reaching),
        emitter_routes(acting),
        agent_routes(acting, speaking),
        activity_routes(records, consulting),
        fact_routes(records.objects),
        *channels.routes(lines, consulting),
        hears=channels.hear(handlers(records, rights, kept)),
        jobs=[
            noticing(records.tickets),
            *attachments.jobs(),
            *kept.jobs(),
            *channels.jobs(),
        ],
        files=(FILES, LETTERS),
    )


def create() -> FastAPI:
    return build(Service("support", read(SupportSettings)))
