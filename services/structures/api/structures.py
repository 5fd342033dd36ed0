"""What structures answers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from contracts.structures import IdentifierType, Kind
from kit.clock import now
from kit.collection import Collection
from kit.http import Caller, Person, ScopeMissing, etag, may_answer, reader
from kit.pages import Page, PageAsked, page
from kit.problems import NotFound
from services.structures.api.fields import Fields, StructureId
from services.structures.domain import structures as domain
from services.structures.domain.structures import Card, Record, Structure
from services.structures.identifiers import InvalidIdentifier, InvalidVatNumber, identify
from services.structures.search import SearchTooLong, SearchTooWide
from services.structures.sirene import Sirene, SireneUnavailable
from services.structures.views import Search, Sought, Visibility

Reader = Annotated[Caller, reader("structures:read")]


class NewIdentifier(BaseModel):
    type: IdentifierType = Field(examples=["SIRET"])
    value: str = Field(min_length=1, max_length=100, examples=["732 829 320 00074"])


class NewStructure(Fields):
    """Where INSEE gives a legal name, that one counts; where it does not, one is required."""

    identifier: NewIdentifier
    kind: Kind | None = Field(default=None, description="Private when absent.")


async def _filters(
    q: Annotated[
        str | None,
        Query(max_length=100, description="Beginnings of words, or a pattern: `*menuiserie*`"),
    ] = None,
    identifier: Annotated[
        str | None, Query(pattern=r"^[0-9A-Za-z]{1,80}$", description="Its beginning.")
    ] = None,
    postcode: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z -]{1,20}$")] = None,
    city: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> Sought:
    return Sought(q=q, identifier=identifier, postcode=postcode, city=city)


Filters = Annotated[Sought, Depends(_filters)]


def api(
    structures: Collection[Structure], visibility: Visibility, sirene: Sirene, *, checksums: bool
) -> APIRouter:
    routes = APIRouter(prefix="/v1/structures", tags=["structures"])
    finding = Search(structures)

    @routes.post(
        "",
        status_code=201,
        responses=may_answer(
            InvalidIdentifier,
            InvalidVatNumber,
            domain.NameMissing,
            domain.ComesFromInsee,
            domain.VatNumberFollows,
            domain.BankDetailsMissing,
            domain.PublicStructuresNotSelfService,
            domain.StructureAlreadyKnown,
            domain.SiretUnknown,
            domain.EstablishmentClosed,
            SireneUnavailable,
        ),
    )
    async def create(asked: NewStructure, caller: Person, response: Response) -> Record:
        """Make a structure known. You become its principal manager."""
        wanted = domain.describe(
            identify(asked.identifier.type, asked.identifier.value, checksums=checksums),
            kind=asked.kind,
            details=asked.details(checksums=checksums),
        )
        id, siret = wanted.identifier.structure_id, wanted.identifier.siret
        establishment = None
        # What is known already is not asked of INSEE again: the decision refuses it first.
        if siret and not await structures.find(id):
            establishment = await sirene.establishment(siret)
        created = await structures.change(
            id,
            lambda current: domain.create(
                current, wanted=wanted, establishment=establishment, by=caller.user_id, now=now()
            ),
        )
        etag(response, created.version)
        response.headers["Location"] = f"/v1/structures/{id}"
        return domain.record(created, principal_manager_id=caller.user_id)

    @routes.get("/{id}", responses=may_answer(NotFound, ScopeMissing))
    async def read(id: StructureId, caller: Reader, response: Response) -> Record | Card:
        """A public structure's card; all of it for those attached to it."""
        structure = await structures.get(id)
        if await visibility.of_record(caller, structure):
            etag(response, structure.version)
            return await visibility.record(structure)
        if not structure.public:
            raise NotFound(id)
        etag(response, structure.version)
        return domain.card(structure)

    @routes.get("", responses=may_answer(SearchTooWide, SearchTooLong, ScopeMissing))
    async def search(caller: Reader, asked: PageAsked, filters: Filters) -> Page[Card]:
        """Find structures by name, identifier, postcode or city."""
        fitting, way = await finding.filter(filters, asked.size)
        where = {"$and": [fitting, await visibility.where(caller)]}
        found, following = await page(structures, where, asked, descending=False, by_index=way)
        return Page[Card](items=[domain.card(one) for one in found], next=following)

    return routes
