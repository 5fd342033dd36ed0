"""What support keeps of people: the one list of it, for exports and for erasure."""

from contracts.support import TicketsGathered
from kit.personal import Kept, PersonalElsewhere
from kit.service import Service
from services.support.domain.tickets import without_words
from services.support.records import Records


def personal(service: Service, records: Records) -> PersonalElsewhere:
    return PersonalElsewhere(
        service,
        [
            Kept(name="personne", collection=records.people, of=lambda user_id: {"_id": user_id}),
            Kept(
                name="sollicitations",
                collection=records.tickets,
                of=lambda user_id: {"emitter_id": user_id},
                without=without_words,
            ),
        ],
        tell=lambda **said: TicketsGathered(**said),
    )
