"""uvicorn --factory services.approvals.main:create"""

from fastapi import FastAPI

from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from kit.workers import Worker
from services.approvals.answering import Answering
from services.approvals.api.approvals import reading_routes
from services.approvals.api.decisions import deciding_routes
from services.approvals.api.desk import desk_routes
from services.approvals.api.links import link_routes
from services.approvals.api.several import several_routes
from services.approvals.domain.approvers import look
from services.approvals.handlers import handlers
from services.approvals.keeping import personal
from services.approvals.leaving import Leaving
from services.approvals.metrics import measuring
from services.approvals.records import Records
from services.approvals.settings import ApprovalsSettings
from services.approvals.views import Shown
from services.approvals.waiting import Waiting
from services.approvals.waking import timers


def build(service: Service[ApprovalsSettings]) -> FastAPI:
    settings, records = service.settings, Records(service)
    rights, kept = RightsCopy(service), personal(service, records)
    answering = Answering(service.committer, records, rights)
    shown = Shown(records.approvals, records.approvers, records.people, records.comments)
    waiting = Waiting(service.committer, records.approvals, records.approvers, settings.ladder)
    leaving = Leaving(service.committer, records, rights)
    return service.app(
        reading_routes(answering, shown),
        several_routes(answering),
        deciding_routes(service.committer, answering, shown, settings.ladder),
        link_routes(answering, shown, settings),
        desk_routes(answering, shown),
        hears=handlers(records, rights, kept, ladder=settings.ladder),
        jobs=[
            Worker(records.approvers, claim=look, work=waiting.look),
            leaving.worker(),
            *timers(records.approvals, records.approvers, settings.ladder),
            *kept.jobs(),
        ],
        measures=[measuring(records.approvals)],
    )


def create() -> FastAPI:
    return build(Service("approvals", read(ApprovalsSettings)))
