"""Stopping letters by the link that each of them brings, without signing in."""

from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from kit.clock import now
from kit.http import Anyone, may_answer
from kit.links import Link, LinkExpired, LinkInvalid, read_link
from services.users.domain import unsubscriptions as domain
from services.users.identity import Identity
from services.users.settings import UsersSettings

Token = Annotated[str, Query(min_length=1, max_length=2000)]
ANSWERS: Final = may_answer(LinkInvalid, LinkExpired)


class Stopping(BaseModel):
    """What a link stops, and whether it has."""

    topic: str = Field(description="An application, `weekly-recap`, or empty: all that may be")
    done: bool


def unsubscription_routes(identity: Identity, settings: UsersSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/unsubscriptions", tags=["accounts"])
    link_key = settings.link_key.get_secret_value()
    used = identity.unsubscriptions

    def read(token: str) -> tuple[Link, str, str]:
        link = read_link(link_key, token, purpose="unsubscription", now=now(), field="query/token")
        id = sha256(f"{link.user_id}:{link.nonce}".encode()).hexdigest()[:32]
        return link, link.nonce.partition(":")[0], id

    @routes.get("", responses=ANSWERS)
    async def show(token: Token, caller: Anyone) -> Stopping:
        """What a letter's link would stop. Reading it changes nothing: robots follow links."""
        _, topic, id = read(token)
        return Stopping(topic=topic, done=await used.find(id) is not None)

    @routes.post("", responses=ANSWERS)
    async def unsubscribe(token: Token, caller: Anyone) -> Stopping:
        """
        Stop letters of one kind (RFC 8058): the letter's own link, once.

        The body is not read. Letters about the account itself cannot be stopped.
        """
        link, topic, id = read(token)
        at = now()
        await identity.committer.change_together(
            (used.at(id), identity.accounts.at(link.user_id)),
            lambda current, account: domain.unsubscribe(
                current, account, id=id, topic=topic, now=at
            ),
        )
        return Stopping(topic=topic, done=True)

    return routes
