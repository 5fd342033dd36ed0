"""What a supplier keeps of one of its clients, and what may happen to it. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from contracts.event import Event
from contracts.structures import (
    ClientAccountOpened,
    ClientDefaultsChanged,
    ClientPermissionsChanged,
    ClientPropertiesChanged,
    ClientWelcomed,
)
from kit.change import Change, Entity
from kit.problems import Conflict, Forbidden, Invalid, NotFound, Unavailable
from services.structures.domain.structures import Address, Structure, StructureInactive

Chorus = Literal["off", "incomplete", "active"]
Relation = Literal["administrator", "staff", "client", "operator", "system"]
"""Who somebody is to a client account: a manager or another user of its supplier, a user of the
structure that the client is, or from outside."""

Verdict = Literal["accepted", "refused"]
Consent = Literal["proposed", "accepted", "refused"]

_ACCOUNTS: Final = UUID("0c6f5a70-7a0e-4b0f-8d2f-6f1f3a4d9b52")
_REFERENCES: Final = ((10_000, 99_999),) * 4 + ((100_000, 999_999),) * 2 + ((10**6, 10**8 - 1),) * 4
"""What is drawn from, in turn: a supplier of few clients has short references."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProperties:
    """What each order of a client must carry."""

    engagement_number_required: bool = False
    validation_history: bool = False
    offer_subtotal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    chorus: bool = False
    orders: OrderProperties = field(default_factory=OrderProperties)

    @property
    def chorus_state(self) -> Chorus:
        """Chorus refuses what bears no engagement number: until orders need one it is not on."""
        if not self.chorus:
            return "off"
        return "active" if self.orders.engagement_number_required else "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What users attached to the client since that moment begin with; None: those before too."""

    offer_subtotal: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRecord:
    """What a supplier writes down of a client."""

    name: str
    billing: Address | None = None
    shipping: Address | None = None
    """None: the same as billing."""
    groups: tuple[str, ...] = ()
    currency: str | None = None
    """ISO 4217; None: that of the platform."""
    language: str | None = None
    closed: tuple[str, ...] = ()
    """The features of the portal that are switched off for this client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a manager of the client said to an account."""

    verdict: Verdict
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccount(Entity):
    """A view on a structure, kept by the administrators of a supplier."""

    supplier_id: str
    structure_id: str
    reference: str
    record: ClientRecord
    properties: Properties = field(default_factory=Properties)
    defaults: tuple[Default, ...] = (Default(),)
    """Oldest first."""
    has_transactions: bool = False
    consent: Consent = "accepted"
    """Of the client. Those kept before clients were asked count as accepted."""
    answers: tuple[Answer, ...] = ()
    """Oldest first, the last hundred."""
    opened_by: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Entity):
    """The claim of one account on its reference; its id is the supplier's and the reference."""

    account_id: str


class OnlyAdministrators(Forbidden):
    """Only those who manage the supplier may do this."""


class NotOpenToYou(Forbidden):
    """This part of a client account is not open to you."""


class RefusedByClient(Conflict):
    """The client has refused this account: nothing is written in it any more."""


class ClientUnknown(Invalid):
    """There is no such structure to have as a client."""


class OwnClient(Invalid):
    """A structure is not its own client."""


class ClientNameMissing(Invalid):
    """This client needs a name."""


class ClientAccountKnown(Conflict):
    """This supplier already has an account of this client."""


class NoReferenceFree(Unavailable):
    """No free reference was found: ask again."""


class UnknownFeature(Invalid):
    """The portal has no such feature."""


class CurrencyFixed(Conflict):
    """The currency has served in a transaction: it cannot be changed any more."""


class NotAPublicBody(Invalid):
    """Only a public structure uses Chorus."""


def account_id(supplier_id: str, structure_id: str) -> str:
    """The id of the only account that this supplier may have of this structure."""
    return uuid5(_ACCOUNTS, f"{supplier_id}:{structure_id}").hex


def references_for(account_id: str) -> tuple[str, ...]:
    """The references an account may take, best first: the same ones each time it is asked."""
    drawn = []
    for nth, (least, most) in enumerate(_REFERENCES):
        digest = hashlib.sha256(f"{account_id}/{nth}".encode()).digest()
        drawn.append(str(least + int.from_bytes(digest) % (most - least + 1)))
    return tuple(dict.fromkeys(drawn))


def require(relation: Relation | None, *may: Relation) -> Relation:
    """Refuse whoever has nothing to do with an account as if there were none."""
    if relation is None:
        raise NotFound
    if relation not in may:
        raise OnlyAdministrators if may == ("administrator",) else NotOpenToYou
    return relation


def describe(
    *,
    name: str | None,
    client: Structure | None = None,
    features: Iterable[str],
    permissions: dict[str, bool],
    billing: Address | None = None,
    shipping: Address | None = None,
    groups: tuple[str, ...] = (),
    currency: str | None = None,
    language: str | None = None,
) -> ClientRecord:
    """A client as somebody writes it down; a public structure brings its name with it."""
    known = client.legal_name or client.label if client and client.public else None
    if not (name or known):
        raise ClientNameMissing(field="body/name")
    for code in permissions.keys() - {*features}:
        raise UnknownFeature(field=f"body/permissions/{code}")
    closed = tuple(sorted(code for code, is_open in permissions.items() if not is_open))
    return ClientRecord(
        name=name or known or "",
        billing=billing,
        shipping=shipping,
        groups=groups,
        currency=currency,
        language=language,
        closed=closed,
    )


def open_account(
    current: ClientAccount | None,
    supplier: Structure,
    client: Structure,
    *claims: Reference | None,
    record: ClientRecord,
    features: tuple[str, ...],
    welcome: str | None = None,
    by: str,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Propose an account to a client, who accepts or refuses it.

    ``claims`` are those on ``references_for`` this account, ``welcome`` whom to write to.
    """
    if current:
        raise ClientAccountKnown(client_account=current.id)
    _require_two(supplier, client)
    id = account_id(supplier.id, client.id)
    candidates = dict(zip(references_for(id), claims, strict=True))
    reference = next((one for one, claim in candidates.items() if claim is None), None)
    if reference is None:
        raise NoReferenceFree
    account = ClientAccount(
        id=id,
        supplier_id=supplier.id,
        structure_id=client.id,
        reference=reference,
        record=record,
        consent="proposed",
        opened_by=by,
        opened_at=now,
    )
    opened = ClientAccountOpened(
        **named(account),
        reference=reference,
        features=open_features(record, features),
        opened_at=now,
    )
    told = (opened, _welcomed(account, supplier, welcome)) if welcome else (opened,)
    claimed = candidates | {reference: Reference(id=f"{supplier.id}:{reference}", account_id=id)}
    unchanged = Change(supplier), Change(client)
    return Change(account, told), *unchanged, *map(Change, claimed.values())


def _require_two(supplier: Structure, client: Structure) -> None:
    """Raise unless both are active, and not the same."""
    if supplier.status != "active":
        raise StructureInactive(field="body/supplier_id")
    if client.status != "active":
        raise StructureInactive(field="body/structure_id")
    if supplier.id == client.id:
        raise OwnClient(field="body/structure_id")


def rewrite(
    current: ClientAccount | None,
    *,
    record: ClientRecord,
    features: tuple[str, ...],
    default_currency: str,
    now: datetime,
) -> Change[ClientAccount]:
    """Replace what is written down of a client, all or nothing."""
    account = _writable(current)
    if account.has_transactions:
        if (record.currency or default_currency) != account.record.currency:
            raise CurrencyFixed(field="body/currency", currency=account.record.currency)
        record = replace(record, currency=account.record.currency)
    if record == account.record:
        return Change(account)
    changed = replace(account, record=record)
    if record.closed == account.record.closed:
        return Change(changed)
    told = ClientPermissionsChanged(
        **named(account), features=open_features(record, features), changed_at=now
    )
    return Change(changed, (told,))


def save_properties(
    current: ClientAccount | None,
    *,
    properties: Properties,
    apply_to_existing: bool,
    public_body: bool,
    now: datetime,
) -> Change[ClientAccount]:
    """
    Save all properties at once, or none.

    The subtotal is each user's own: it is for users attached later, unless it is applied to those
    there already.
    """
    account = _writable(current)
    if properties.chorus and not public_body:
        raise NotAPublicBody(field="body/chorus")
    defaults = _defaults(account, properties.orders.offer_subtotal, apply_to_existing, now)
    events = list[Event]()
    if _told_of(properties) != _told_of(account.properties):
        events.append(
            ClientPropertiesChanged(**named(account), **_told_of(properties), changed_at=now)
        )
    if defaults != account.defaults:
        events.append(
            ClientDefaultsChanged(
                **named(account),
                offer_subtotal=properties.orders.offer_subtotal,
                apply_to_existing=apply_to_existing,
                changed_at=now,
            )
        )
    return Change(replace(account, properties=properties, defaults=defaults), tuple(events))


def offer_subtotal_for(account: ClientAccount, attached_since: datetime | None) -> bool:
    """What a user attached to the client since that moment has; None: for longer than is known."""
    first, *later = account.defaults
    for one in later:
        if attached_since and one.since and one.since <= attached_since:
            first = one
    return first.offer_subtotal


def open_features(record: ClientRecord, features: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(code for code in features if code not in record.closed)


def known(current: ClientAccount | None) -> ClientAccount:
    if current is None:
        raise NotFound
    return current


def _writable(current: ClientAccount | None) -> ClientAccount:
    account = known(current)
    if account.consent == "refused":
        raise RefusedByClient
    return account


def _defaults(
    account: ClientAccount, offer_subtotal: bool, apply_to_existing: bool, now: datetime
) -> tuple[Default, ...]:
    if apply_to_existing:
        return (Default(offer_subtotal=offer_subtotal),)
    if account.defaults[-1].offer_subtotal == offer_subtotal:
        return account.defaults
    return *account.defaults, Default(offer_subtotal=offer_subtotal, since=now)


def _welcomed(account: ClientAccount, supplier: Structure, recipient_id: str) -> ClientWelcomed:
    return ClientWelcomed(
        client_account_id=account.id,
        supplier_name=supplier.legal_name if supplier.public else None,
        reference=account.reference,
        recipient_id=recipient_id,
        language=account.record.language or "",
        welcomed_at=account.opened_at,
    )


def _told_of(properties: Properties) -> dict[str, Any]:
    return {
        "chorus": properties.chorus_state,
        "engagement_number_required": properties.orders.engagement_number_required,
        "validation_history": properties.orders.validation_history,
    }


def named(account: ClientAccount) -> dict[str, Any]:
    """How every event about an account says which one it is, and how new what it says."""
    return {
        "version": account.version + 1,
        "client_account_id": account.id,
        "supplier_id": account.supplier_id,
        "structure_id": account.structure_id,
    }
