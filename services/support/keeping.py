"""What support keeps of people: the one list of it, for exports and for erasure."""

from contracts.support import TicketsGathered
from kit.collection import Collection
from kit.personal import Kept, PersonalElsewhere
from kit.service import Service
from services.support.domain import Ticket, without_words


def personal(service: Service, tickets: Collection[Ticket]) -> PersonalElsewhere:
    return PersonalElsewhere(
        service,
        [
            Kept(
                name="sollicitations",
                collection=tickets,
                of=lambda user_id: {"emitter_id": user_id},
                without=without_words,
            )
        ],
        tell=lambda **said: TicketsGathered(**said),
    )
