"""What structures answers about client accounts."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictBool

from kit.clock import now, today
from kit.collection import Collection
from kit.committer import Committer
from kit.heard import TooStale
from kit.http import Caller, IfMatch, Person, Said, ScopeMissing, etag, may_answer, reader
from kit.ids import EntityId
from kit.pages import Page, PageAsked
from kit.problems import NotFound, PreconditionFailed
from kit.rights import RightsCopy
from services.structures.api.client_fields import Currency, Language, Switches
from services.structures.api.fields import Line, PostalAddress
from services.structures.clientele import Clientele, NotYourSupplier, Relations
from services.structures.domain import client_accounts as domain
from services.structures.domain.client_accounts import (
    Chorus,
    ClientAccount,
    ClientRecord,
    Consent,
    OrderProperties,
    Properties,
    Relation,
)
from services.structures.domain.client_portal import Portal
from services.structures.domain.structures import Address, Structure, StructureInactive

AccountReader = Annotated[Caller, reader("client-accounts:read")]
MAY_READ: tuple[Relation, ...] = ("administrator", "staff", "operator", "system")


class WrittenClient(Said):
    """What is written down of a client. ``shipping`` absent: the same as ``billing``."""

    name: Line | None = Field(
        default=None, description="At opening that of the structure, when absent and public"
    )
    billing: PostalAddress | None = None
    shipping: PostalAddress | None = None
    groups: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    currency: Currency | None = None
    language: Language | None = None
    permissions: Switches = Field({})

    def record(self, portal: Portal, client: Structure | None = None) -> ClientRecord:
        return domain.describe(
            name=self.name,
            client=client,
            features=portal.feature_codes,
            permissions=self.permissions,
            billing=_address(self.billing),
            shipping=_address(self.shipping),
            groups=tuple(dict.fromkeys(self.groups)),
            currency=self.currency,
            language=self.language,
        )


class NewClientAccount(WrittenClient):
    supplier_id: EntityId
    structure_id: EntityId = Field(description="The structure that the client is")
    welcome: StrictBool = Field(default=False, description="Write to its principal manager")


class WrittenOrderProperties(Said):
    engagement_number_required: StrictBool
    validation_history: StrictBool
    offer_subtotal: StrictBool


class WrittenProperties(BaseModel):
    chorus: StrictBool
    orders: WrittenOrderProperties

    @classmethod
    def of(cls, properties: Properties) -> "WrittenProperties":
        return cls.model_validate(properties, from_attributes=True)

    def properties(self) -> Properties:
        orders = OrderProperties(**self.orders.model_dump())
        return Properties(chorus=self.chorus, orders=orders)


class ClientAccountView(BaseModel):
    """A client account, as its supplier keeps it."""

    id: str
    reference: str
    supplier_id: str
    structure_id: str
    name: str
    billing: Address | None
    shipping: Address | None
    groups: tuple[str, ...]
    currency: str | None
    currency_fixed: bool
    language: str | None
    permissions: dict[str, bool]
    chorus: Chorus
    properties: WrittenProperties
    consent: Consent = Field(
        description="Of the client: until it accepts, nobody there is seen or written to"
    )
    opened_at: datetime


def client_account_routes(
    committer: Committer,
    clientele: Clientele,
    relations: Relations,
    rights: RightsCopy,
    portal: Portal,
    *,
    structures: Collection[Structure],
    default_currency: str,
) -> APIRouter:
    routes = APIRouter(prefix="/v1/client-accounts", tags=["client accounts"])
    accounts = clientele.accounts

    def answer(account: ClientAccount, response: Response) -> ClientAccountView:
        etag(response, account.version)
        return shown(account, portal)

    @routes.post(
        "",
        status_code=201,
        responses=may_answer(
            NotYourSupplier,
            domain.ClientUnknown,
            domain.OwnClient,
            domain.ClientNameMissing,
            domain.UnknownFeature,
            domain.ClientAccountKnown,
            StructureInactive,
            domain.NoReferenceFree,
            TooStale,
        ),
    )
    async def open_account(
        asked: NewClientAccount, caller: Person, response: Response
    ) -> ClientAccountView:
        """
        Open the account of a client; ``supplier_id`` and ``structure_id`` are enough.

        It is proposed until the client accepts it: see ``consent``.
        """
        await relations.require_supplier(caller, asked.supplier_id, "administrator")
        if await relations.structure(caller, asked.structure_id) is None:
            raise domain.ClientUnknown(field="body/structure_id")
        welcome = (
            await rights.principal_manager(asked.structure_id, today()) if asked.welcome else None
        )
        at, id = now(), domain.account_id(asked.supplier_id, asked.structure_id)
        claims = [f"{asked.supplier_id}:{one}" for one in domain.references_for(id)]
        both = map(structures.at, (asked.supplier_id, asked.structure_id))
        account, *_ = await committer.change_together(
            (accounts.at(id), *both, *map(clientele.references.at, claims)),
            lambda current, supplier, client, *claimed: domain.open_account(
                current,
                supplier,
                client,
                *claimed,
                record=asked.record(portal, client),
                features=portal.feature_codes,
                welcome=welcome,
                by=caller.user_id,
                now=at,
            ),
        )
        response.headers["Location"] = f"/v1/client-accounts/{id}"
        return answer(account, response)

    @routes.get("", responses=may_answer(NotYourSupplier, ScopeMissing, TooStale))
    async def list_accounts(
        caller: AccountReader,
        asked: PageAsked,
        supplier_id: EntityId,
        q: Annotated[
            str, Query(max_length=100, description="Beginnings of its name or its reference")
        ] = "",
    ) -> Page[ClientAccountView]:
        """A supplier's client accounts, by name."""
        await relations.require_supplier(caller, supplier_id, *MAY_READ)
        found, following = await clientele.find(supplier_id, q, asked)
        return Page(items=[shown(one, portal) for one in found], next=following)

    @routes.get("/{id}", responses=may_answer(NotFound, domain.NotOpenToYou, ScopeMissing))
    async def read(id: EntityId, caller: AccountReader, response: Response) -> ClientAccountView:
        """One client account."""
        account, _ = await relations.account(caller, id, *MAY_READ)
        return answer(account, response)

    @routes.put(
        "/{id}",
        responses=may_answer(
            NotFound,
            domain.OnlyAdministrators,
            domain.ClientNameMissing,
            domain.UnknownFeature,
            domain.CurrencyFixed,
            domain.RefusedByClient,
            PreconditionFailed,
            TooStale,
        ),
    )
    async def rewrite(
        id: EntityId, asked: WrittenClient, caller: Person, if_match: IfMatch, response: Response
    ) -> ClientAccountView:
        """Replace what is written down of a client."""
        await relations.account(caller, id, "administrator")
        record, at = asked.record(portal), now()
        account = await accounts.change(
            id,
            lambda current: domain.rewrite(
                current,
                record=record,
                features=portal.feature_codes,
                default_currency=default_currency,
                now=at,
            ),
            if_match=if_match,
        )
        return answer(account, response)

    return routes


def shown(account: ClientAccount, portal: Portal) -> ClientAccountView:
    record = account.record
    return ClientAccountView(
        id=account.id,
        reference=account.reference,
        supplier_id=account.supplier_id,
        structure_id=account.structure_id,
        name=record.name,
        billing=record.billing,
        shipping=record.shipping,
        groups=record.groups,
        currency=record.currency,
        currency_fixed=account.has_transactions,
        language=record.language,
        permissions={code: code not in record.closed for code in portal.feature_codes},
        chorus=account.properties.chorus_state,
        properties=WrittenProperties.of(account.properties),
        consent=account.consent,
        opened_at=account.opened_at,
    )


def _address(written: PostalAddress | None) -> Address | None:
    return Address(**written.model_dump()) if written else None
