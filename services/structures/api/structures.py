"""What structures answers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from contracts.structures import IdentifierType, Kind
from kit.clock import now
from kit.collection import Collection
from kit.http import Caller, Person, Said, ScopeMissing, etag, may_answer, reader
from kit.problems import NotFound
from services.structures.api.fields import Fields, StructureId
from services.structures.domain import structures as domain
from services.structures.domain.identifiers import InvalidIdentifier, InvalidVatNumber, identify
from services.structures.domain.structures import Card, Record, Structure
from services.structures.sirene import EstablishmentWithheld, Sirene, SireneUnavailable
from services.structures.views import Visibility

StructureReader = Annotated[Caller, reader("structures:read")]


class NewIdentifier(Said):
    type: IdentifierType = Field(examples=["SIRET"])
    value: str = Field(min_length=1, max_length=100, examples=["732 829 320 00074"])


class NewStructure(Fields):
    """Where INSEE gives a legal name, that one counts; where it does not, one is required."""

    identifier: NewIdentifier
    kind: Kind | None = Field(default=None, description="Private when absent.")


def api(
    structures: Collection[Structure], visibility: Visibility, sirene: Sirene, *, checksums: bool
) -> APIRouter:
    routes = APIRouter(prefix="/v1/structures", tags=["structures"])

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
            EstablishmentWithheld,
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
    async def read(id: StructureId, caller: StructureReader, response: Response) -> Record | Card:
        """A public structure's card; all of it for those attached to it."""
        await visibility.require_fresh(caller)
        structure = await structures.get(id)
        if await visibility.of_record(caller, structure):
            etag(response, structure.version)
            return await visibility.record(structure)
        if not structure.public:
            raise NotFound(id)
        # Without the record's version: it moves with what a card does not show.
        return domain.card(structure)

    return routes
