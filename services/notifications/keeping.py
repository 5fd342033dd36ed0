"""What notifications keeps of people: given to them, taken out, and forgotten in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts.notifications import LettersGathered
from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.committer import Committer
from kit.personal import Kept, PersonalElsewhere, of_user
from kit.service import Service
from kit.tasks import now_and_then
from services.notifications.domain.letters import Letter, forget_other, forget_words
from services.notifications.domain.people import Person
from services.notifications.domain.suppressions import SuppressedAddress, forget
from services.notifications.settings import NotificationsSettings

AT_ONCE = 500
EVERY = 3600


def personal(
    service: Service[NotificationsSettings],
    people: Collection[Person],
    letters: Collection[Letter],
    addresses: Collection[SuppressedAddress],
) -> PersonalElsewhere:
    return PersonalElsewhere(
        service,
        [
            Kept(name="destinataire", collection=people, of=_the_person, hides=_NONCES),
            Kept(
                name="courriels",
                collection=letters,
                of=lambda user_id: {"recipient_id": user_id},
                hides=frozenset({"about_id", "address_id", "answer", "consulted", "link"}),
                without=forget_words,
            ),
            Kept(
                # To others, in the words of whoever it is about: not theirs to be given.
                collection=letters,
                of=lambda user_id: {"about_id": user_id},
                without=forget_other,
            ),
            Kept(name="adresses-refusees", collection=addresses, of=of_user, without=forget),
        ],
        tell=lambda **said: LettersGathered(**said),
    )


_NONCES = frozenset({"linked"})


def _the_person(user_id: str) -> dict[str, Any]:
    return {"_id": user_id}


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Takes the words out of letters once the time has passed for keeping them."""

    collection: Collection[Letter]
    kept_for: timedelta

    async def run(self, committer: Committer) -> None:
        async def work() -> None:
            while await self.forget(committer, now() - self.kept_for):
                pass

        await now_and_then(work, every=EVERY, what="forget the words of letters")

    async def forget(self, committer: Committer, before: datetime) -> int:
        """Those written before this moment, at most AT_ONCE; says how many."""
        old = {"forgotten": False, "created_at": {"$lt": before}}
        found = await self.collection.select(old, sort=[("created_at", 1)], most=AT_ONCE)
        asks = [self.collection.ask(one.id, _forgotten) for one in found]
        for outcome in await committer.keep_all(asks):
            if isinstance(outcome, BaseException):
                raise outcome
        return len(found)


def _forgotten(current: Letter | None) -> Change[Letter]:
    return Change(None) if current is None else forget_words(current)
