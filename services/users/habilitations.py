"""Changing habilitations: what each decision needs beside what is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contracts.approvals import ApprovalDecided, ApprovalExpired, ApprovalWithdrawn
from kit.change import Change
from kit.collection import Ask, Collection
from kit.collection import Place as At
from services.users.domain import habilitation_requests, habilitations
from services.users.domain.accounts import Account
from services.users.domain.drafts import Operation, Place, named_units
from services.users.domain.espaces import Offer, still_open
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.habilitations import Submitted
from services.users.domain.held import next_turn
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.structures import Structure
from services.users.domain.units import Unit, known_unit_id
from services.users.membership import Membership

Decided = tuple[Change[Any], ...]


@dataclass(frozen=True, slots=True)
class Habilitations:
    """Who acts is always part of what is decided on, so that a right taken away refuses at once."""

    of: Membership
    accounts: Collection[Account]
    waits: timedelta = timedelta()
    offer: Offer = field(default_factory=dict)

    def submitted(self, id: str, by: str, at: datetime) -> Submitted:
        return Submitted(id=id, by=by, at=at, waits=self.waits)

    def submit(
        self,
        structure_id: str,
        user_id: str,
        operations: tuple[Operation, ...],
        submitted: Submitted,
        if_match: int | None = None,
    ) -> Ask:
        """A manager's draft of changes to what a user may do."""
        of, codes = self.of, named_units(operations)
        acting = self._acting(structure_id, user_id, submitted.by)

        def decide(
            tie: Rattachement | None,
            entry: Entry | None,
            structure: Structure | None,
            *others: Any,
        ) -> Decided:
            actor, units = (others[0], others[1:]) if acting else (tie, others)
            place = Place(structure=structure, units=dict(zip(codes, units, strict=True)))
            changes = habilitations.submit(
                tie, entry, actor, place, operations=operations, submitted=submitted
            )
            return *changes, Change(structure), *map(Change, others)

        places = (
            of.rattachements.at(rattachement_id(user_id, structure_id)),
            of.habilitation_history.at(submitted.id),
            of.structures.at(structure_id),
            *acting,
            *self.units(structure_id, codes),
        )
        return Ask(places, decide, if_match)

    def let_approve(
        self, structure_id: str, user_id: str, *, may_approve: bool, submitted: Submitted
    ) -> Ask:
        acting = self._acting(structure_id, user_id, submitted.by)

        def decide(
            tie: Rattachement | None, entry: Entry | None, *actor: Rattachement | None
        ) -> Decided:
            changes = habilitations.let_approve(
                tie, entry, *(actor or (tie,)), may_approve=may_approve, submitted=submitted
            )
            return *changes, *map(Change, actor)

        places = (
            self.of.rattachements.at(rattachement_id(user_id, structure_id)),
            self.of.habilitation_history.at(submitted.id),
            *acting,
        )
        return Ask(places, decide)

    def ask(
        self,
        structure_id: str,
        operations: tuple[Operation, ...],
        comment: str,
        submitted: Submitted,
    ) -> Ask:
        """A user's request for a change of their own."""
        of, codes = self.of, named_units(operations)

        def decide(
            request: HabilitationsRequest | None,
            tie: Rattachement | None,
            entry: Entry | None,
            structure: Structure | None,
            *units: Unit | None,
        ) -> Decided:
            changes = habilitation_requests.ask(
                request,
                tie,
                entry,
                Place(structure=structure, units=dict(zip(codes, units, strict=True))),
                operations=operations,
                comment=comment,
                submitted=submitted,
            )
            return *changes, Change(structure), *map(Change, units)

        places = (
            of.habilitation_requests.at(submitted.id),
            of.rattachements.at(rattachement_id(submitted.by, structure_id)),
            of.habilitation_history.at(submitted.id),
            of.structures.at(structure_id),
            *self.units(structure_id, codes),
        )
        return Ask(places, decide)

    def settle(self, decided: ApprovalDecided) -> Ask:
        """What becomes of a user's request once somebody has decided."""
        of, requester = self.of, decided.requester_id
        submitted = self.submitted(decided.subject_id, decided.decided_by, decided.decided_at)

        def decide(
            request: HabilitationsRequest | None,
            tie: Rattachement | None,
            entry: Entry | None,
            decider: Rattachement | None,
            *others: Any,
        ) -> Decided:
            account, openings = others
            changes = habilitation_requests.settle(
                decided,
                request,
                tie,
                decider,
                entry,
                requester_active=account is not None and account.status == "active",
                espace_open=request is None or still_open(request.espace, self.offer, openings),
                submitted=submitted,
            )
            return *changes, Change(decider), *map(Change, others)

        places = (
            of.habilitation_requests.at(decided.subject_id),
            of.rattachements.at(rattachement_id(requester, decided.structure_id)),
            of.habilitation_history.at(decided.subject_id),
            of.rattachements.at(rattachement_id(decided.decided_by, decided.structure_id)),
            self.accounts.at(requester),
            of.openings.at(decided.structure_id),
        )
        return Ask(places, decide)

    def withdraw(self, told: ApprovalWithdrawn) -> Ask:
        """What becomes of a user's request that they have taken back."""
        return self._end(told, habilitation_requests.withdraw)

    def expire(self, told: ApprovalExpired) -> Ask:
        """What becomes of a user's request that nobody has decided on in time."""
        return self._end(told, habilitation_requests.expire)

    def _end(
        self,
        told: ApprovalWithdrawn | ApprovalExpired,
        decide: Callable[..., Decided],
    ) -> Ask:
        tie = rattachement_id(told.requester_id, told.structure_id)
        return Ask(
            (self.of.habilitation_requests.at(told.subject_id), self.of.rattachements.at(tie)),
            partial(decide, told),
        )

    def turn(self, tie: Rattachement, at: datetime) -> Ask | None:
        """What puts in force what waited and ends what has ended, if anything is due by then."""
        due = next_turn(tie.habilitations, tie.waiting)
        if due is None or due > at:
            return None
        # Another process may wake the same state: it meets the entry of the first.
        id = f"{tie.id}:{tie.version}"
        return Ask(
            (self.of.rattachements.at(tie.id), self.of.habilitation_history.at(id)),
            lambda current, entry: habilitations.turn(current, entry, id=id, now=at),
        )

    def _acting(self, structure_id: str, user_id: str, by: str) -> tuple[At, ...]:
        """Where the acting user's rattachement is, unless it is the one that is changed."""
        if by == user_id:
            return ()
        return (self.of.rattachements.at(rattachement_id(by, structure_id)),)

    def units(self, structure_id: str, codes: tuple[str, ...]) -> tuple[At, ...]:
        return tuple(self.of.units.at(known_unit_id(structure_id, code)) for code in codes)
