"""What users does when others tell."""

from typing import Any

from contracts.approvals import ApprovalDecided, ApprovalsGathered
from contracts.event import Gathered
from contracts.notifications import LettersGathered
from contracts.structures import (
    RecordsGathered,
    StructureChanged,
    StructureCreated,
    StructureDuplicated,
    UnitChanged,
    UnitCreated,
    UnitEnded,
)
from contracts.support import TicketsGathered
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.days import day_of
from services.users.domain import duplications, exports, units
from services.users.domain.accounts import Account
from services.users.domain.management import appoint_creator
from services.users.domain.rattachements import Defaults, Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest, settle
from services.users.domain.structures import Structure, follow, learn
from services.users.domain.units import known_unit_id
from services.users.exporting import Exporting
from services.users.membership import Membership


def handlers(
    membership: Membership,
    accounts: Collection[Account],
    defaults: Defaults,
    exporting: Exporting,
) -> Subscriptions:
    on = Subscriptions()

    _hear_of_structures(on, membership, defaults)
    _hear_of_units(on, membership)
    _hear_for_exports(on, exporting)

    @on(ApprovalDecided)
    def settle_request(decided: ApprovalDecided) -> Ask | None:
        if decided.kind != "rattachement":
            return None

        def decide(
            request: RattachementRequest | None,
            rattachement: Rattachement | None,
            structure: Structure | None,
            account: Account | None,
        ) -> tuple[Change[Any], ...]:
            changes = settle(
                decided,
                request,
                rattachement,
                structure,
                requester_active=account is not None and account.status == "active",
                defaults=defaults,
                on=day_of(decided.decided_at),
            )
            return *changes, Change(structure), Change(account)

        return Ask(
            (
                membership.requests.at(decided.subject_id),
                membership.rattachements.at(
                    rattachement_id(decided.requester_id, decided.structure_id)
                ),
                membership.structures.at(decided.structure_id),
                accounts.at(decided.requester_id),
            ),
            decide,
        )

    return on


def _hear_of_structures(on: Subscriptions, membership: Membership, defaults: Defaults) -> None:
    @on(StructureCreated)
    def know_structure(created: StructureCreated) -> Ask:
        structure_id, creator = created.structure_id, created.created_by
        if creator is None:
            return membership.structures.ask(structure_id, lambda current: learn(created, current))
        return Ask(
            (
                membership.structures.at(structure_id),
                membership.management.at(structure_id),
                membership.requests.at(structure_id),
                membership.rattachements.at(rattachement_id(creator, structure_id)),
            ),
            lambda *current: appoint_creator(
                *current,
                created=created,
                user_id=creator,
                defaults=defaults,
                on=day_of(created.created_at),
            ),
        )

    @on(StructureDuplicated)
    def attach_to_duplicate(told: StructureDuplicated) -> Ask:
        return membership.duplications.ask(
            told.structure_id, lambda current: duplications.begin(told, current)
        )

    @on(StructureChanged)
    def follow_structure(changed: StructureChanged) -> Ask:
        return membership.structures.ask(
            changed.structure_id, lambda current: follow(changed, current)
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


def _hear_for_exports(on: Subscriptions, exporting: Exporting) -> None:
    def receive(service: str, told: Gathered) -> Ask:
        at, piece = now(), exports.piece_id(told.export_id, service, told.part)
        return Ask(
            (exporting.exports.at(told.export_id), exporting.pieces.at(piece)),
            lambda export, kept: exports.receive(export, kept, service=service, told=told, now=at),
        )

    @on(ApprovalsGathered)
    def from_approvals(told: ApprovalsGathered) -> Ask:
        return receive("approvals", told)

    @on(LettersGathered)
    def from_notifications(told: LettersGathered) -> Ask:
        return receive("notifications", told)

    @on(RecordsGathered)
    def from_structures(told: RecordsGathered) -> Ask:
        return receive("structures", told)

    @on(TicketsGathered)
    def from_support(told: TicketsGathered) -> Ask:
        return receive("support", told)
