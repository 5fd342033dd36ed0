"""What support keeps: one collection for each kind of thing."""

from kit.mongo import IndexModel
from kit.service import Service
from services.support.domain.activity import Entry, place
from services.support.domain.exports import Export
from services.support.domain.known import Somebody, Structure, Unit
from services.support.domain.listing import found_by
from services.support.domain.numbers import Number
from services.support.domain.objects import KnownObject
from services.support.domain.portals import Contact, Portal
from services.support.domain.tickets import Ticket
from services.support.settings import SupportSettings
from services.support.views.listing import INDEXES


class Records:
    def __init__(self, service: Service[SupportSettings]) -> None:
        self.tickets = service.collection(
            "tickets",
            Ticket,
            indexes=[IndexModel([("emitter_id", 1), ("_id", 1)]), *INDEXES],
            derived=found_by,
        )
        self.entries = service.collection(
            "entries",
            Entry,
            indexes=[
                IndexModel([("ticket_id", 1), ("place", -1), ("_id", -1)]),
                IndexModel([("by", 1), ("_id", 1)]),
                IndexModel([("emitter_id", 1), ("_id", 1)]),
            ],
            derived=lambda entry: {"place": place(entry)},
        )
        self.exports = service.collection(
            "exports", Export, indexes=[IndexModel([("by", 1), ("_id", 1)])]
        )
        self.numbers = service.collection("numbers", Number)
        self.portals = service.collection("portals", Portal)
        self.contacts = service.collection("contacts", Contact)
        self.structures = service.collection("structures", Structure)
        self.units = service.collection("units", Unit)
        self.people = service.collection("people", Somebody)
        self.objects = service.collection("objects", KnownObject)
