"""All that notifications keeps, and what is asked of it."""

from kit.mongo import IndexModel
from kit.rights import RightsCopy
from kit.service import Service
from kit.workers import DATED
from services.notifications.domain.digests import Settled
from services.notifications.domain.letters import Letter, lane_of
from services.notifications.domain.movements import Movement
from services.notifications.domain.muting import ClientAccount, Contact
from services.notifications.domain.notices import Notice
from services.notifications.domain.people import Person
from services.notifications.refused import RefusedAddresses
from services.notifications.settings import NotificationsSettings

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]
DAY = 24 * 3600
SETTLED_KEPT = 60 * DAY
"""Seconds: longer than any letter waits."""
MOVEMENTS_KEPT = 400 * DAY
"""What names a structure in a recap may be that old."""
OF_LETTERS = (
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
)
OF_MOVEMENTS = (
    IndexModel([("structure_ids", 1), ("heard_at", 1)]),
    IndexModel("heard_at", expireAfterSeconds=MOVEMENTS_KEPT),
)


class Records:
    def __init__(self, service: Service[NotificationsSettings]) -> None:
        self.people = service.collection("people", Person)
        self.letters = service.collection("letters", Letter, indexes=[*OF_LETTERS], derived=lane_of)
        self.notices = service.collection(
            "notices", Notice, indexes=[IndexModel("told_at", expireAfterSeconds=SETTLED_KEPT)]
        )
        self.settled = service.collection(
            "settled", Settled, indexes=[IndexModel("at", expireAfterSeconds=SETTLED_KEPT)]
        )
        self.movements = service.collection("movements", Movement, indexes=[*OF_MOVEMENTS])
        self.accounts = service.collection("client-accounts", ClientAccount)
        self.contacts = service.collection("contacts", Contact)
        self.refused = RefusedAddresses.of(service, self.letters)
        self.rights = RightsCopy(service)
