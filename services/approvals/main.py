"""uvicorn --factory services.approvals.main:create"""

from fastapi import FastAPI

from kit.mongo import IndexModel
from kit.rights import RightsCopy
from kit.service import Service
from kit.settings import read
from kit.workers import Worker
from services.approvals.api.approvals import api
from services.approvals.api.several import several
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, look
from services.approvals.domain.people import Person
from services.approvals.handlers import handlers
from services.approvals.keeping import personal
from services.approvals.leaving import Leaving
from services.approvals.settings import ApprovalsSettings
from services.approvals.waiting import Waiting
from services.approvals.waking import timers

NEWEST_FIRST = [("opened_at", -1), ("_id", -1)]


def build(service: Service[ApprovalsSettings]) -> FastAPI:
    ladder = service.settings.ladder
    approvals = service.collection(
        "approvals",
        Approval,
        indexes=[
            IndexModel([("structure_id", 1), *NEWEST_FIRST]),
            IndexModel([("structure_id", 1), ("state", 1), *NEWEST_FIRST]),
            IndexModel(
                [("structure_id", 1), ("_id", 1)],
                name="untold",
                partialFilterExpression={"told": False},
            ),
            IndexModel([("requester_id", 1), ("_id", 1)]),
            IndexModel([("decided_by", 1), ("_id", 1)]),
            IndexModel(
                [("requester_id", 1), ("_id", 1)],
                name="waiting_of_requester",
                partialFilterExpression={"state": "requested"},
            ),
        ],
    )
    approvers = service.collection("approvers", Approvers)
    people = service.collection("people", Person)
    rights, kept = RightsCopy(service), personal(service, approvals, people)
    waiting = Waiting(service.committer, approvals, approvers, ladder)
    leaving = Leaving(service.committer, approvals, people)
    return service.app(
        api(approvals, approvers, people, rights),
        several(approvals, approvers, rights),
        hears=handlers(approvals, approvers, people, rights, kept, ladder=ladder),
        jobs=[
            Worker(approvers, claim=look, work=waiting.look),
            leaving.worker(),
            *timers(approvals, approvers, ladder),
            *kept.jobs(),
        ],
    )


def create() -> FastAPI:
    return build(Service("approvals", read(ApprovalsSettings)))
