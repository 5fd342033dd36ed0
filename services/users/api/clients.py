"""Registering other systems."""

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.http import Operator, Said, may_answer
from kit.ids import EntityId, OpaqueId, new_id
from kit.pages import Page, PageAsked, page
from services.users.api.fields import Name
from services.users.domain import clients as domain
from services.users.domain.clients import Client, ClientRevoked, NoSuchClient, Scope, Term
from services.users.settings import UsersSettings


class NewClient(Said):
    name: Name
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=10)]
    structures: Annotated[
        tuple[OpaqueId, ...],
        Field(max_length=1000, description="The only ones it may see; none: all"),
    ] = ()


class ClientShown(BaseModel):
    """Another system that may call us."""

    client_id: str
    name: str
    scopes: tuple[Scope, ...]
    structures: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = Field(description="Of its secret")
    revoked: bool


class ClientOpened(ClientShown):
    client_secret: str = Field(description="Shown this once: only its hash is kept")


def client_routes(clients: Collection[Client], settings: UsersSettings) -> APIRouter:
    routes = APIRouter(prefix="/v1/clients", tags=["clients"])
    term = Term(
        valid_for=settings.client_secret_for,
        overlap=settings.client_secret_overlap,
        reminded_before=settings.client_secret_reminder,
    )

    @routes.post("", status_code=201)
    async def open_client(asked: NewClient, caller: Operator, response: Response) -> ClientOpened:
        """Register another system. Its secret is shown in this answer and never again."""
        secret, at = secrets.token_urlsafe(32), now()
        client = Client(
            id=new_id(),
            name=asked.name,
            scopes=tuple(dict.fromkeys(asked.scopes)),
            structures=tuple(dict.fromkeys(asked.structures)),
            created_by=caller.user_id,
            created_at=at,
            **domain.issued(domain.secret_hash(secret), caller.user_id, term, at),
        )
        await clients.change(client.id, lambda _: Change(client))
        response.headers["Cache-Control"] = "no-store"
        return ClientOpened(**_shown(client).model_dump(), client_secret=secret)

    @routes.post(
        "/{id}/secrets", status_code=201, responses=may_answer(NoSuchClient, ClientRevoked)
    )
    async def give_secret(id: EntityId, caller: Operator, response: Response) -> ClientOpened:
        """
        Have another secret made, before the present one ends.

        It is shown in this answer and never again. The one in use is good for a little longer.
        """
        secret, at = secrets.token_urlsafe(32), now()
        hash = domain.secret_hash(secret)
        client = await clients.change(
            id,
            lambda current: domain.give_secret(
                current, hash=hash, by=caller.user_id, term=term, now=at
            ),
        )
        response.headers["Cache-Control"] = "no-store"
        return ClientOpened(**_shown(client).model_dump(), client_secret=secret)

    @routes.get("")
    async def all_clients(asked: PageAsked, caller: Operator) -> Page[ClientShown]:
        """Every system that was registered, newest first."""
        found, next = await page(clients, {}, asked, by="_id", descending=True)
        return Page(items=[_shown(one) for one in found], next=next)

    @routes.delete("/{id}", status_code=204, responses=may_answer(NoSuchClient))
    async def revoke(id: EntityId, caller: Operator) -> None:
        """Give it no more tokens. Those it has end by themselves, within minutes."""
        at = now()
        await clients.change(id, lambda current: domain.revoke(current, now=at))

    return routes


def _shown(client: Client) -> ClientShown:
    return ClientShown(
        client_id=client.id,
        name=client.name,
        scopes=client.scopes,
        structures=client.structures,
        created_at=client.created_at,
        expires_at=client.expires_at,
        revoked=client.revoked_at is not None,
    )
