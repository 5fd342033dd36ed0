"""Making a structure anew under another identifier."""

from collections.abc import Callable
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
from services.structures.domain.changes import Asked, StructureInactive
from services.structures.domain.duplicates import Changes, KindKept, describe_duplicate, duplicate
from services.structures.domain.history import Entry, recorded
from services.structures.domain.structures import Establishment, Record, Structure
from services.structures.identifiers import (
    Identifier,
    InvalidIdentifier,
    InvalidVatNumber,
    identify,
)
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
            domain.ManagersOnly,
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
        asked = life.records.asked(caller.user_id)
        decide = partial(
            duplicate,
            identifier=identifier,
            kind=body.kind,
            said=said,
            establishment=await _at_insee(life, identifier),
            bank_details=False,
            users=body.users,
            by=asked.by,
            now=asked.at,
        )
        entry = new_entity_id()
        places = structures.at(id), structures.at(identifier.structure_id), history.at(entry)
        _, made, _ = await committer.change_together(places, _with_history(entry, decide, asked))
        etag(response, made.version)
        response.headers["Location"] = f"/v1/structures/{made.id}"
        return domain.record(made, principal_manager_id=caller.user_id)

    return routes


async def _at_insee(life: Life, identifier: Identifier) -> Establishment | None:
    """What is known already is not asked of INSEE again: the decision refuses it first."""
    if not identifier.siret or await life.records.structures.find(identifier.structure_id):
        return None
    return await life.sirene.establishment(identifier.siret)


def _with_history(id: str, decide: Callable[..., Changes], asked: Asked) -> Callable[..., Any]:
    """The same decision, with the entry in the model's history that it was deactivated."""

    def all_or_none(
        model: Structure | None, known: Structure | None, entry: Entry | None
    ) -> tuple[Change[Structure], Change[Structure], Change[Entry]]:
        over, made = decide(model, known)
        noting = recorded(id, lambda _: over, by=asked.by, asked_at=asked.at, at=asked.at)
        _, noted = noting(model, entry)
        return over, made, noted

    return all_or_none
