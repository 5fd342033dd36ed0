"""Users and structures as the owners of what is asked for: they ask, and apply the answer."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from contracts.approvals import (
    ApprovalDecided,
    ApprovalExpired,
)
from kit.change import Change, Entity
from kit.days import day_of
from kit.problems import Problem
from services.approvals.domain.ended import Ended, unit_key
from services.structures.domain import mandates
from services.structures.domain.mandates import Mandate
from services.users.domain import habilitation_requests, requests
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.lines import Extent
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.requests import RattachementRequest
from tests.approvals.builders import NOW
from tests.structures.test_mandates import a_structure as a_structure_of_structures
from tests.users.habilitating import a_place, a_profile, a_submit
from tests.users.rattaching import (
    DEFAULTS,
    a_known_unit,
    a_rattachement,
    a_structure,
)

S, OVENS, BEN = "s-bakery", "ovens", "u-ben"
"""Ben is attached from the beginning."""


class Owners:
    """All that is asked for, and whom it is given to."""

    def __init__(self) -> None:
        self.now = NOW
        self.requests: dict[str, RattachementRequest] = {}
        self.changes: dict[str, HabilitationsRequest] = {}
        self.mandates: dict[str, Mandate] = {}
        ben = rattachement_id(BEN, S)
        self.ties: dict[str, Rattachement] = {ben: a_rattachement(id=ben, user_id=BEN)}
        self.deciders: dict[str, Rattachement | None] = {}
        self.ended: dict[str, Ended] = {}
        self.inactive: set[str] = set()

    def keep(self, change: Change[Any], current: Entity | None) -> Any:
        raise NotImplementedError

    def ask(self, by: str, unit: str | None = None) -> None:
        known = a_known_unit(OVENS, over=unit_key(S, OVENS) in self.ended)
        id, tie = f"r-{len(self.requests)}", rattachement_id(by, S)
        today = day_of(self.now)
        with suppress(Problem):
            asked, tied = requests.ask(
                a_structure(),
                None,
                self.ties.get(tie),
                *((known,) if unit else ()),
                id=id,
                user_id=by,
                extent=Extent(units=(unit,) if unit else (), valid_from=today),
                comment="",
                today=today,
                now=self.now,
                defaults=DEFAULTS,
            )
            self.requests[id] = self.keep(asked, None)
            self.ties[tie] = self.keep(tied, self.ties.get(tie))

    @property
    def asked(self) -> dict[str, RattachementRequest | HabilitationsRequest | Mandate]:
        """All that was asked for and is not decided on by whoever asked."""
        return self.requests | self.changes | self.mandates

    def ask_for(self, by: str, application: str, list_id: str | None = None) -> None:
        """For a habilitation, alone or as a line of a list."""
        id, tie = f"h-{len(self.changes)}", rattachement_id(by, S)
        with suppress(Problem):
            if held := self.ties.get(tie):
                asked, tied, _ = habilitation_requests.put(
                    held,
                    None,
                    a_place(),
                    given=(a_profile(application),),
                    taken=(),
                    list_id=list_id,
                    submitted=a_submit(by, at=self.now, id=id),
                )
                self.changes[id] = self.keep(asked, None)
                self.ties[tie] = self.keep(tied, held)

    def ask_for_mandate(self, by: str) -> None:
        id = f"m-{len(self.mandates)}"
        wanted = Mandate(
            id=id,
            structure_id=S,
            requester_id=by,
            mandatary="Compta & Cie",
            valid_from=day_of(self.now),
            told_by="erp",
            asked_at=self.now,
        )
        there = replace(a_structure_of_structures(), id=S)
        asked = mandates.ask(
            None, there, wanted=wanted, attached=True, comment="", among=frozenset()
        )
        self.mandates[id] = self.keep(asked, None)

    def settle(self, event: Any) -> None:
        if mandate := self.mandates.get(event.subject_id):
            self.mandates[mandate.id] = self.keep(mandates.settle(event, mandate), mandate)
        elif change := self.changes.get(event.subject_id):
            self._settle_change(event, change)
        else:
            self._settle_request(event)

    def _settle_change(self, event: Any, request: HabilitationsRequest) -> None:
        tie = self.ties[rattachement_id(request.user_id, S)]
        changes: Any
        if isinstance(event, ApprovalDecided):
            changes = habilitation_requests.settle(
                event,
                request,
                tie,
                self.deciders.get(event.decided_by),
                None,
                requester_active=request.user_id not in self.inactive,
                espace_open=True,
                submitted=a_submit(event.decided_by, at=event.decided_at, id=event.approval_id),
            )
        elif isinstance(event, ApprovalExpired):
            changes = habilitation_requests.expire(event, request, tie)
        else:
            changes = habilitation_requests.withdraw(event, request, tie)
        self.changes[request.id] = self.keep(changes[0], request)
        self.ties[tie.id] = self.keep(changes[1], tie)

    def _settle_request(self, event: Any) -> None:
        request = self.requests[event.subject_id]
        tie = self.ties[rattachement_id(request.user_id, S)]
        changes: Any
        if isinstance(event, ApprovalDecided):
            active = request.user_id not in self.inactive
            changes = requests.settle(
                event,
                request,
                tie,
                a_structure(),
                self.deciders.get(event.decided_by),
                requester_active=active,
                defaults=DEFAULTS,
                on=day_of(event.decided_at),
            )
        else:
            end = requests.expire if isinstance(event, ApprovalExpired) else requests.withdraw
            changes = end(event, request, tie)
        self.requests[request.id] = self.keep(changes[0], request)
        self.ties[tie.id] = self.keep(changes[1], tie)
