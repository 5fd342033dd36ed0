"""Making a structure anew under another identifier."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from contracts.structures import Kind
from kit.change import Change
from kit.committer import Committer
from kit.http import Person, etag, may_answer, new_entity_id
from kit.problems import NotFound
from services.structures.api.fields import Fields, StructureId
from services.structures.api.life import Life
from services.structures.api.structures import NewIdentifier
from services.structures.domain import structures as domain
from services.structures.domain.changes import StructureInactive
from services.structures.domain.duplicates import KindKept, describe_duplicate, duplicate
from services.structures.domain.history import Entry, recorded
from services.structures.domain.structures import Record, Structure
from services.structures.identifiers import InvalidIdentifier, InvalidVatNumber, identify
from services.structures.sirene import EstablishmentWithheld, SireneUnavailable


class NewDuplicate(Fields):
    """What is not said is as the model has it, but for the legal name."""

    identifier: NewIdentifier
    kind: Kind | None = Field(None, description="That of the model; another is refused.")
    users: bool = Field(default=True, description="Attach those attached to the model.")


def duplicate_routes(life: Life, committer: Committer) -> APIRouter:
    routes = APIRouter(tags=["structures"])
    structures, history = life.records.structures, life.records.history

    @routes.post(
        "/v1/structures/{id}/duplicates",
        status_code=201,
        responses=may_answer(
            NotFound,
            domain.NotYoursToManage,
            InvalidIdentifier,
            InvalidVatNumber,
            KindKept,
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

        You become the principal manager of the new one; the old one is inactive from then on.
        """
        model = await life.managed(id, caller)
        identifier = identify(body.identifier.type, body.identifier.value, checksums=life.checksums)
        said = body.said(checksums=life.checksums)
        # Refused before INSEE is asked, where that is known already.
        describe_duplicate(model, identifier, kind=body.kind, said=said)
        new_id, establishment = identifier.structure_id, None
        if identifier.siret and not await structures.find(new_id):
            establishment = await life.sirene.establishment(identifier.siret)
        asked, entry_id = life.records.asked(caller.user_id), new_entity_id()
        decide = partial(
            duplicate,
            identifier=identifier,
            kind=body.kind,
            said=said,
            establishment=establishment,
            bank_details=False,
            users=body.users,
            by=asked.by,
            now=asked.at,
        )

        def all_or_none(
            model: Structure | None, copy: Structure | None, entry: Entry | None
        ) -> tuple[Change[Any], ...]:
            over, made = decide(model, copy)
            noted = recorded(entry_id, lambda _: over, by=asked.by, asked_at=asked.at, at=asked.at)
            return over, made, noted(model, entry)[1]

        places = structures.at(id), structures.at(new_id), history.at(entry_id)
        _, made, _ = await committer.change_together(places, all_or_none)
        etag(response, made.version)
        response.headers["Location"] = f"/v1/structures/{new_id}"
        return domain.record(made, principal_manager_id=caller.user_id)

    return routes
