"""Making a structure anew under another identifier."""

from functools import partial

from fastapi import APIRouter, Response
from pydantic import Field

from contracts.structures import Kind
from kit.http import Person, etag, may_answer
from kit.problems import NotFound
from services.structures.api.fields import Fields, StructureId
from services.structures.api.life import Life
from services.structures.api.structures import NewIdentifier
from services.structures.domain import structures as domain
from services.structures.domain.duplicates import (
    KindKept,
    TooManyUnits,
    describe_duplicate,
    duplicate,
)
from services.structures.domain.identifiers import (
    Identifier,
    InvalidIdentifier,
    InvalidVatNumber,
    identify,
)
from services.structures.domain.structures import Establishment, Record, StructureInactive
from services.structures.duplicating import Duplicating
from services.structures.sirene import EstablishmentWithheld, SireneUnavailable


class NewDuplicate(Fields):
    """What is not said is as the model has it, but for the legal name."""

    identifier: NewIdentifier
    kind: Kind | None = Field(None, description="That of the model; another is refused.")
    users: bool = Field(default=True, description="Attach those attached to the model.")
    bank_details: bool = Field(default=False, description="Have the valid ones of the model too.")


def duplicate_routes(life: Life, duplicating: Duplicating) -> APIRouter:
    routes = APIRouter(tags=["structures"])

    @routes.post(
        "/v1/structures/{id}/duplicates",
        status_code=201,
        responses=may_answer(
            NotFound,
            domain.ManagersOnly,
            InvalidIdentifier,
            InvalidVatNumber,
            KindKept,
            TooManyUnits,
            domain.KindContradicted,
            domain.NameMissing,
            domain.ComesFromInsee,
            domain.VatNumberFollows,
            domain.StructureAlreadyKnown,
            domain.SiretUnknown,
            domain.EstablishmentClosed,
            domain.BankDetailsMissing,
            StructureInactive,
            EstablishmentWithheld,
            SireneUnavailable,
        ),
    )
    async def make(
        id: StructureId, body: NewDuplicate, caller: Person, response: Response
    ) -> Record:
        """
        Make a structure that you manage anew under another identifier, as after a move.

        Its principal manager is that of the new one too; the old one is inactive from then on.
        """
        model = await life.managed(id, caller)
        principal = await life.visibility.principal_manager(model)
        identifier = identify(body.identifier.type, body.identifier.value, checksums=life.checksums)
        said = body.said(checksums=life.checksums)
        # Refused before INSEE is asked, where that is known already.
        describe_duplicate(model, identifier, kind=body.kind, said=said)
        await duplicating.require_few_units(id)
        asked = life.records.asked(caller.user_id)
        decide = partial(
            duplicate,
            identifier=identifier,
            kind=body.kind,
            said=said,
            establishment=await _at_insee(life, identifier),
            users=body.users,
            by=asked.by,
            managed_by=principal,
            now=asked.at,
        )
        made = await duplicating.make(
            id, identifier.structure_id, decide, asked, bank_details=body.bank_details
        )
        etag(response, made.version)
        response.headers["Location"] = f"/v1/structures/{made.id}"
        return domain.record(made, principal_manager_id=principal)

    return routes


async def _at_insee(life: Life, identifier: Identifier) -> Establishment | None:
    """What is known already is not asked of INSEE again: the decision refuses it first."""
    if not identifier.siret or await life.records.structures.find(identifier.structure_id):
        return None
    return await life.sirene.establishment(identifier.siret)
