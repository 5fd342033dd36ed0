"""What users does when a structure is created: whoever is to manage it does from then on."""

from typing import Any

from contracts.structures import StructureCreated
from kit.change import Change
from kit.collection import Ask, Collection
from kit.days import day_of
from services.users.domain.accounts import Account
from services.users.domain.duplications import Duplication, manager_to_be_found
from services.users.domain.habilitation_history import recorded
from services.users.domain.management import Management, appoint_creator, deny
from services.users.domain.rattachements import Defaults, rattachement_id
from services.users.domain.structures import learn
from services.users.identity import NOBODY
from services.users.membership import Membership


def hear_of(
    created: StructureCreated, of: Membership, accounts: Collection[Account], defaults: Defaults
) -> Ask:
    """
    Know it, and appoint its creator.

    Of a duplicate, whoever is known here to manage the model; else that is to be found out first.
    """
    id, creator, model = created.structure_id, created.created_by, created.duplicate_of
    if creator is None and model is None:
        return of.structures.ask(id, lambda current: learn(created, current))
    user = creator or NOBODY

    def decide(*current: Any) -> tuple[Change[Any], ...]:
        *states, entry = current
        changes = appoint_creator(
            *states,
            created=created,
            user_id=user,
            defaults=defaults,
            on=day_of(created.created_at),
        )
        tie, at = states[3], created.created_at
        return *changes, recorded(tie, changes[3], entry, id=id, cause="management", by=user, at=at)

    def decide_of_duplicate(
        duplication: Duplication | None, of_model: Management | None, *current: Any
    ) -> tuple[Change[Any], ...]:
        structure, management, request, tie, *others = current
        begun = manager_to_be_found(created, duplication, of_model, management)
        if begun is None:
            return Change(duplication), Change(of_model), *decide(*current)
        denied = deny(tie, creator, id) if creator else Change(tie)
        kept = learn(created, structure), Change(management), Change(request), denied
        return begun, Change(of_model), *kept, *map(Change, others)

    places = (
        of.structures.at(id),
        of.management.at(id),
        of.requests.at(id),
        of.rattachements.at(rattachement_id(user, id)),
        accounts.at(user),
        of.habilitation_history.at(id),
    )
    if model is None:
        return Ask(places, decide)
    return Ask((of.duplications.at(id), of.management.at(model), *places), decide_of_duplicate)
