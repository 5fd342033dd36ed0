"""What approvals keeps: one collection for each kind of thing."""

from kit.mongo import IndexModel
from kit.service import Service
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers
from services.approvals.domain.comments import Comment
from services.approvals.domain.ended import Ended
from services.approvals.domain.numbers import Numbers
from services.approvals.domain.people import Person
from services.approvals.settings import ApprovalsSettings
from services.approvals.views import sorted_by

NEWEST_FIRST = [("opened_at", -1), ("_id", -1)]
OF_APPROVALS = [
    IndexModel([("structure_id", 1), *NEWEST_FIRST]),
    IndexModel([("structure_id", 1), ("state", 1), *NEWEST_FIRST]),
    IndexModel(
        [("structure_id", 1), ("_id", 1)],
        name="pending",
        partialFilterExpression={"state": "requested"},
    ),
    IndexModel([("told", 1), ("_id", 1)], partialFilterExpression={"told": False}),
    IndexModel(
        "number",
        unique=True,
        partialFilterExpression={"number": {"$gt": ""}},
    ),
    IndexModel([("requester_id", 1), ("_id", 1)]),
    IndexModel([("requester_id", 1), *NEWEST_FIRST]),
    IndexModel([("decided_by", 1), ("_id", 1)]),
    IndexModel(
        [("requester_id", 1), ("_id", 1)],
        name="waiting_of_requester",
        partialFilterExpression={"state": "requested"},
    ),
]


class Records:
    def __init__(self, service: Service[ApprovalsSettings]) -> None:
        self.approvals = service.collection(
            "approvals",
            Approval,
            indexes=OF_APPROVALS,
            derived=sorted_by,
        )
        self.approvers = service.collection("approvers", Approvers)
        self.people = service.collection("people", Person)
        self.comments = service.collection(
            "comments",
            Comment,
            indexes=[
                IndexModel([("approval_id", 1), ("at", 1), ("_id", 1)]),
                IndexModel([("by", 1), ("_id", 1)]),
                IndexModel([("requester_id", 1), ("_id", 1)]),
            ],
        )
        self.ended = service.collection("ended", Ended)
        self.numbers = service.collection("numbers", Numbers)
