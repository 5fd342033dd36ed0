"""What users does when others tell."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from contracts.approvals import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalWithdrawn,
    ApproverMissing,
    Kind,
)
from contracts.structures import (
    StructureChanged,
    StructureCreated,
    StructureDuplicated,
    UnitChanged,
    UnitCreated,
    UnitEnded,
)
from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.change import Change
from kit.collection import Ask, Collection
from kit.days import day_of
from services.users import creations
from services.users.domain import duplications, requests, units, vacancies
from services.users.domain.accounts import Account
from services.users.domain.habilitation_history import recorded
from services.users.domain.management import Management
from services.users.domain.rattachements import Defaults, Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest, noted, settle
from services.users.domain.structures import Structure, follow
from services.users.domain.units import known_unit_id
from services.users.espaces import Espaces
from services.users.habilitations import Habilitations
from services.users.membership import Membership


def handlers(
    membership: Membership,
    accounts: Collection[Account],
    defaults: Defaults,
    espaces: Espaces | None = None,
) -> Subscriptions:
    on = Subscriptions()
    espaces = espaces or Espaces(Habilitations(membership, accounts))

    _hear_of_structures(on, membership, accounts, defaults)
    _hear_of_units(on, membership)
    _hear_of_approvals(
        on,
        membership,
        _settles_rattachements(membership, accounts, defaults),
        espaces.habilitations,
    )

    @on(RightsChanged)
    def welcome(event: RightsChanged) -> Ask:
        return espaces.welcome(event)

    return on


def _settles_rattachements(
    membership: Membership, accounts: Collection[Account], defaults: Defaults
) -> Callable[[ApprovalDecided], Ask]:
    ties = membership.rattachements

    def settle_rattachement(decided: ApprovalDecided) -> Ask:
        return Ask(
            (
                membership.requests.at(decided.subject_id),
                ties.at(rattachement_id(decided.requester_id, decided.structure_id)),
                membership.structures.at(decided.structure_id),
                accounts.at(decided.requester_id),
                membership.actions.at(decided.approval_id),
                ties.at(rattachement_id(decided.decided_by, decided.structure_id)),
                membership.habilitation_history.at(decided.approval_id),
            ),
            partial(_settled, decided, defaults),
        )

    return settle_rattachement


def _settled(
    decided: ApprovalDecided, defaults: Defaults, *current: Any
) -> tuple[Change[Any], ...]:
    """What was asked for is given or not, and the lists and histories of both sides say so."""
    request, rattachement, structure, account, action, decider, entry = current
    changes = settle(
        decided,
        request,
        rattachement,
        structure,
        decider,
        requester_active=account is not None and account.status == "active",
        defaults=defaults,
        on=day_of(decided.decided_at),
    )
    given = recorded(
        rattachement,
        changes[1],
        entry,
        id=decided.approval_id,
        cause="approved",
        by=decided.decided_by,
        at=decided.decided_at,
    )
    shown = noted(decided, changes, action)
    return *changes, Change(structure), Change(account), shown, Change(decider), given


def _hear_of_approvals(
    on: Subscriptions,
    membership: Membership,
    settle_rattachement: Callable[[ApprovalDecided], Ask],
    habilitations: Habilitations,
) -> None:
    def of_rattachement(decide: Callable[..., requests.Changes]) -> Callable[[Any], Ask]:
        def end(told: ApprovalWithdrawn | ApprovalExpired) -> Ask:
            tie = rattachement_id(told.requester_id, told.structure_id)
            places = membership.requests.at(told.subject_id), membership.rattachements.at(tie)
            return Ask(places, partial(decide, told))

        return end

    settling: dict[Kind, Callable[[ApprovalDecided], Ask]] = {
        "rattachement": settle_rattachement,
        "habilitation": habilitations.settle,
    }
    withdrawing: dict[Kind, Callable[[ApprovalWithdrawn], Ask]] = {
        "rattachement": of_rattachement(requests.withdraw),
        "habilitation": habilitations.withdraw,
    }

    expiring: dict[str, Callable[[ApprovalExpired], Ask]] = {
        "rattachement": of_rattachement(requests.expire),
        "habilitation": habilitations.expire,
    }

    @on(ApprovalDecided)
    def settle_request(decided: ApprovalDecided) -> Ask:
        return settling[decided.kind](decided)

    @on(ApprovalWithdrawn)
    def withdraw_request(told: ApprovalWithdrawn) -> Ask:
        return withdrawing[told.kind](told)

    @on(ApprovalExpired)
    def expire_request(told: ApprovalExpired) -> Ask | None:
        expire = expiring.get(told.kind)
        return expire(told) if expire else None


def _hear_of_structures(
    on: Subscriptions,
    membership: Membership,
    accounts: Collection[Account],
    defaults: Defaults,
) -> None:
    @on(StructureCreated)
    def know_structure(created: StructureCreated) -> Ask:
        return creations.hear_of(created, membership, accounts, defaults)

    @on(StructureDuplicated)
    def attach_to_duplicate(told: StructureDuplicated) -> Ask:
        return membership.duplications.ask(
            told.structure_id, lambda current: duplications.begin(told, current)
        )

    @on(ApproverMissing)
    def notice_vacancy(told: ApproverMissing) -> Ask:
        if told.requester_id and told.kind not in get_args(Kind):
            return _blocked_elsewhere(membership, told)
        return Ask(
            (
                membership.management.at(told.structure_id),
                membership.requests.at(told.approval_id),
                membership.habilitation_requests.at(told.approval_id),
            ),
            lambda management, request, of_habilitations: (
                vacancies.notice_vacancy(told, management, request or of_habilitations),
                vacancies.tell_blocked(told, management, request),
                vacancies.tell_blocked(told, management, of_habilitations),
            ),
        )

    @on(StructureChanged)
    def follow_structure(changed: StructureChanged) -> Ask:
        return membership.structures.ask(
            changed.structure_id, lambda current: follow(changed, current)
        )


def _blocked_elsewhere(membership: Membership, told: ApproverMissing) -> Ask:
    def decide(
        management: Management | None,
        tie: Rattachement | None,
        structure: Structure | None,
        nothing: RattachementRequest | None,
    ) -> tuple[Change[Any], ...]:
        vacant = vacancies.notice_vacancy(told, management, None)
        noted, events = vacancies.tell_blocked_elsewhere(told, management, tie, structure)
        return vacant, noted, Change(structure), Change(nothing, events)

    return Ask(
        (
            membership.management.at(told.structure_id),
            membership.rattachements.at(rattachement_id(told.requester_id, told.structure_id)),
            membership.structures.at(told.structure_id),
            # Where it would be kept: events are told beside what they are about.
            membership.requests.at(told.approval_id),
        ),
        decide,
    )


def _hear_of_units(on: Subscriptions, membership: Membership) -> None:
    def know_unit(told: units.Told) -> Ask:
        id = known_unit_id(told.structure_id, told.code)
        return membership.units.ask(id, lambda current: units.learn(told, current))

    @on(UnitCreated)
    def know_new_unit(created: UnitCreated) -> Ask:
        return know_unit(created)

    @on(UnitChanged)
    def know_changed_unit(changed: UnitChanged) -> Ask:
        return know_unit(changed)

    @on(UnitEnded)
    def begin_to_take_away(ended: UnitEnded) -> Ask:
        return know_unit(ended)
