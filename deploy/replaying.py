"""``chorale replay``: the journal of one service, told from its beginning."""

from deploy.trouble import Trouble
from kit.mongo import Mongo
from kit.relay import ask_replay
from kit.service import tells
from kit.settings import Connections, read


async def replay(service: str) -> int:
    """Ask the relay of a service to publish all it ever told; returns how many events that is."""
    if not tells(service):
        raise Trouble(f"{service} tells nothing: it has no journal to tell again")
    mongo = Mongo.of(service, read(Connections))
    try:
        return await ask_replay(mongo)
    finally:
        await mongo.close()
