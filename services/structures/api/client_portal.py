"""What structures answers about a client's people: their portals, switches and messages."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from contracts.users import Role
from kit.clock import now, today
from kit.collection import Ask
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import IfMatch, Person, Said, etag, may_answer, new_entity_id
from kit.ids import EntityId, OpaqueId
from kit.one_line import lines
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound, PreconditionFailed
from kit.rights import Rights, RightsCopy
from services.structures.api.client_fields import Switches
from services.structures.clientele import Clientele, Relations
from services.structures.domain import client_portal as domain
from services.structures.domain.client_accounts import (
    ClientAccount,
    Consent,
    NotOpenToYou,
    OnlyAdministrators,
    UnknownFeature,
    offer_subtotal_for,
)
from services.structures.domain.client_consent import NotAcceptedByClient
from services.structures.domain.client_portal import (
    ClientMessage,
    Contact,
    Portal,
    Side,
    contact_id,
)


class SwitchView(BaseModel):
    code: str
    label: str


class PortalFeatures(BaseModel):
    """All that may be switched."""

    features: list[SwitchView]
    notifications: list[SwitchView]


class PortalView(BaseModel):
    """What of a supplier's portal is open to whoever asks: nothing while it is proposed."""

    client_account_id: str
    supplier_id: str
    structure_id: str
    reference: str
    consent: Consent
    features: tuple[str, ...]
    notifications: tuple[str, ...]
    language: str


class ContactSwitches(BaseModel):
    permissions: Switches = {}
    notifications: Switches = {}


class ClientUser(ContactSwitches):
    """One user of a client: their own switches, and what they have of the account."""

    user_id: str
    role: Role | None
    offer_subtotal: bool
    features: tuple[str, ...] = Field(
        description="What holds: open to the client, and not closed to this user"
    )


class NewMessage(Said):
    text: Annotated[str, lines(10_000)]


class MessageView(BaseModel):
    """One message. It is text: whoever shows it escapes it."""

    id: str
    side: Side
    author_id: str
    text: str
    sent_at: datetime


def client_portal_routes(
    committer: Committer,
    clientele: Clientele,
    relations: Relations,
    rights: RightsCopy,
    portal: Portal,
    *,
    default_language: str,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-accounts", tags=["client accounts"])
    accounts, contacts, messages = clientele.accounts, clientele.contacts, clientele.messages

    @routes.get("/portal-features")
    async def portal_features(caller: Person) -> PortalFeatures:
        """All that a supplier may switch for its clients and their contacts."""
        return PortalFeatures.model_validate(portal, from_attributes=True)

    @routes.get("/portals", responses=may_answer(TooStale))
    async def my_portals(caller: Person, asked: PageAsked) -> Page[PortalView]:
        """
        The portals of suppliers that are open to you as a client, and what you may use there.

        Those proposed are for the managers of the client, who accept or refuse them.
        """
        held, day = await rights.of_user(caller.user_id), today()
        managed = [one.structure_id for one in held if one.manages(day)]
        where = {
            "structure_id": {"$in": [one.structure_id for one in held if one.valid(day)]},
            "consent": {"$ne": "refused"},
            "$or": [{"consent": {"$ne": "proposed"}}, {"structure_id": {"$in": managed}}],
        }
        found, following = await page(accounts, where, asked, descending=False)
        known = await contacts.many([contact_id(one.id, caller.user_id) for one in found])
        items = [
            _portal(one, known.get(contact_id(one.id, caller.user_id)), portal, default_language)
            for one in found
        ]
        return Page(items=items, next=following)

    @routes.get(
        "/{id}/users", responses=may_answer(NotFound, NotOpenToYou, NotAcceptedByClient, TooStale)
    )
    async def list_users(id: EntityId, caller: Person, asked: PageAsked) -> Page[ClientUser]:
        """The users attached to the structure that the client is, once it has accepted."""
        account, _ = await relations.accepted(caller, id, "administrator", "operator")
        found, following = await rights.attached_to(account.structure_id, asked)
        known = await contacts.many([contact_id(id, one.user_id) for one in found])
        items = [
            _user(account, one, known.get(contact_id(id, one.user_id)), portal) for one in found
        ]
        return Page(items=items, next=following)

    async def attached(account: ClientAccount, user_id: str) -> Rights:
        held = await rights.of(user_id, account.structure_id)
        if held is None or not held.valid(today()):
            raise NotFound
        return held

    @routes.get(
        "/{id}/users/{user_id}",
        responses=may_answer(NotFound, NotOpenToYou, NotAcceptedByClient, TooStale),
    )
    async def read_user(
        id: EntityId, user_id: OpaqueId, caller: Person, response: Response
    ) -> ClientUser:
        """One user of a client, with the version that ``If-Match`` asks for."""
        account, _ = await relations.accepted(caller, id, "administrator", "operator")
        held = await attached(account, user_id)
        contact = await contacts.find(contact_id(id, user_id))
        etag(response, contact.version if contact else 0)
        return _user(account, held, contact, portal)

    @routes.put(
        "/{id}/users/{user_id}",
        responses=may_answer(
            NotFound,
            OnlyAdministrators,
            NotAcceptedByClient,
            UnknownFeature,
            domain.UnknownNotification,
            PreconditionFailed,
            TooStale,
        ),
    )
    async def switch(
        id: EntityId,
        user_id: OpaqueId,
        asked: ContactSwitches,
        caller: Person,
        *,
        if_match: IfMatch,
        response: Response,
    ) -> ClientUser:
        """Set what one user of a client may use, and which letters they get."""
        account, _ = await relations.accepted(caller, id, "administrator")
        held = await attached(account, user_id)
        decide = partial(
            domain.switch,
            user_id=user_id,
            permissions=asked.permissions,
            notifications=asked.notifications,
            portal=portal,
            now=now(),
        )
        places = contacts.at(contact_id(id, user_id)), accounts.at(id)
        kept, account = await committer.keep(Ask(places, decide, if_match))
        etag(response, kept.version)
        return _user(account, held, kept, portal)

    @routes.post(
        "/{id}/messages",
        status_code=201,
        responses=may_answer(NotFound, NotOpenToYou, NotAcceptedByClient, TooStale),
    )
    async def write(id: EntityId, asked: NewMessage, caller: Person) -> MessageView:
        """Write to the other side of the account, once the client has accepted it."""
        _, relation = await relations.accepted(caller, id, "administrator", "client")
        message = ClientMessage(
            id=new_entity_id(),
            account_id=id,
            side="client" if relation == "client" else "supplier",
            author_id=caller.user_id,
            text=asked.text,
            sent_at=now(),
        )
        written, _ = await committer.change_together(
            (messages.at(message.id), accounts.at(id)), partial(domain.write, message=message)
        )
        return _message(written)

    @routes.get(
        "/{id}/messages",
        responses=may_answer(NotFound, NotOpenToYou, NotAcceptedByClient, TooStale),
    )
    async def list_messages(id: EntityId, caller: Person, asked: PageAsked) -> Page[MessageView]:
        """What both sides wrote, newest first."""
        await relations.accepted(caller, id, "administrator", "client", "operator")
        found, following = await page(messages, {"account_id": id}, asked)
        return Page(items=[_message(one) for one in found], next=following)

    return routes


def _portal(
    account: ClientAccount, contact: Contact | None, portal: Portal, default_language: str
) -> PortalView:
    is_open = account.consent == "accepted"
    return PortalView(
        client_account_id=account.id,
        supplier_id=account.supplier_id,
        structure_id=account.structure_id,
        reference=account.reference,
        consent=account.consent,
        features=domain.permitted(account.record, contact, portal) if is_open else (),
        notifications=domain.notified(contact, portal) if is_open else (),
        language=account.record.language or default_language,
    )


def _user(
    account: ClientAccount, held: Rights, contact: Contact | None, portal: Portal
) -> ClientUser:
    own, notifications = domain.own_features(contact, portal), domain.notified(contact, portal)
    return ClientUser(
        user_id=held.user_id,
        role=held.role,
        offer_subtotal=offer_subtotal_for(account, held.since),
        features=domain.permitted(account.record, contact, portal),
        permissions={code: code in own for code in portal.feature_codes},
        notifications={code: code in notifications for code in portal.notification_codes},
    )


def _message(message: ClientMessage) -> MessageView:
    return MessageView(
        id=message.id,
        side=message.side,
        author_id=message.author_id,
        text=message.text,
        sent_at=message.sent_at,
    )
