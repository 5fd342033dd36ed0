"""What support keeps of people: the one list of it, for exports and for erasure."""

from functools import partial
from typing import Any

from contracts.support import TicketsGathered
from kit.change import Change
from kit.clock import now
from kit.collection import Ask
from kit.files import Files
from kit.ids import new_id
from kit.personal import Kept, KeptFile, PersonalElsewhere
from kit.service import Service
from services.support.channels import Channels
from services.support.conversing import Conversing
from services.support.domain import acts, forms, requests
from services.support.domain.activity import Entry, shown_to_writer, without_text
from services.support.domain.attachments import TicketAttachment, without_emitter
from services.support.domain.clocks import Timing
from services.support.domain.promises import kept_up
from services.support.domain.requests import Request
from services.support.domain.tickets import Ticket
from services.support.records import Records
from services.support.settings import SupportSettings


def personal(
    service: Service[SupportSettings],
    records: Records,
    files: Files[TicketAttachment],
    channels: Channels,
) -> PersonalElsewhere:
    return PersonalElsewhere(
        service,
        [
            Kept(name="personne", collection=records.people, of=lambda user_id: {"_id": user_id}),
            Kept(
                name="sollicitations",
                collection=records.tickets,
                of=lambda user_id: {"emitter_id": user_id},
                hides=frozenset({"assignee_id"}),
                # Before its entries: none is written to them once it is closed.
                taking=partial(_left, records, channels.conversing, service.settings.timing),
            ),
            *_activity(records),
            # Of agents: what they have taken of others.
            Kept(
                name="extractions", collection=records.exports, of=lambda user_id: {"by": user_id}
            ),
            Kept(
                name="demandes",
                collection=channels.granting.requests,
                of=lambda user_id: {"person_id": user_id},
                hides=frozenset({"decided_by"}),
                seen=requests.shown_to_requester,
                taking=partial(_forgotten, channels),
            ),
            Kept(
                name="echanges",
                collection=channels.conversing.exchanges,
                of=lambda user_id: {"user_id": user_id},
            ),
            KeptFile(
                # What they added to a ticket of others stays with it: its bytes are the ticket's.
                name="pieces-jointes",
                collection=files.collection,
                of=lambda user_id: {"added_by": user_id},
                hides=frozenset({"content"}),
                without=without_emitter,
                contents=files.contents,
            ),
        ],
        tell=lambda **said: TicketsGathered(**said),
    )


def _left(records: Records, conversing: Conversing, timing: Timing, ticket: Ticket) -> Ask:
    """The ticket of somebody who is gone, and the exchange that it may have begun as."""
    entry_id, at = new_id(), now()

    def leave(current: Ticket | None, entry: Entry | None, *beside: Any) -> tuple[Change[Any], ...]:
        done = acts.leave(current, entry, entry_id=entry_id, now=at)
        kept = kept_up(current, done, timing, now=at)
        return *kept, *conversing.follow(kept[0].state, *beside, at=at)

    own = records.tickets.at(ticket.id), records.entries.at(entry_id)
    beside = conversing.exchanges.at(ticket.id), conversing.seats.at(ticket.emitter_id)
    return Ask((*own, *beside), leave)


def _forgotten(channels: Channels, asked: Request) -> Ask:
    """What somebody asked for; a ticket that they wrote without signing in goes with it."""
    places = channels.granting.requests.at(asked.id), channels.correspondence.forms.at(asked.id)
    return Ask(places, partial(forms.erase, now=now()))


def _activity(records: Records) -> list[Kept[Entry]]:
    return [
        Kept(
            name="activite",
            collection=records.entries,
            of=lambda user_id: {"by": user_id},
            # Notes are about somebody else, and for those who treat their ticket.
            hides=frozenset({"emitter_id"}),
            seen=shown_to_writer,
            without=without_text,
        ),
        Kept(
            # What support has written to somebody says something of them too.
            name="reponses",
            collection=records.entries,
            of=lambda user_id: {
                "emitter_id": user_id,
                "internal": False,
                "by": {"$ne": user_id},
            },
            hides=frozenset({"by"}),
            without=without_text,
        ),
        Kept(
            # So do notes: they are taken out, and given to nobody.
            collection=records.entries,
            of=lambda user_id: {"emitter_id": user_id, "internal": True},
            without=without_text,
        ),
    ]
