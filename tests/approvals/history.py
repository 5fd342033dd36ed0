"""Users and approvals as one world without shells, for histories made up at random."""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalExpired,
    ApprovalOpened,
    ApprovalOpenedV2,
    ApprovalWithdrawn,
    ApprovalWithdrawnV2,
    ApproverMissing,
)
from contracts.event import Event
from contracts.structures import UnitEnded
from contracts.users import (
    Line,
    PersonChanged,
    RightsChanged,
)
from kit.change import Change, Entity
from kit.days import day_of
from kit.problems import Problem
from kit.rights import Rights, applied
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, Seat, take_seat, who_decides
from services.approvals.domain.comments import Comment, comment
from services.approvals.domain.deciding import Answer, Decider, decide
from services.approvals.domain.ended import keys_of, note_unit, unit_key
from services.approvals.domain.ladder import climb
from services.approvals.domain.opening import ASKED_BY, open_for, tell_opened
from services.approvals.domain.people import Person, copy_person, followed
from services.approvals.domain.withdrawing import withdraw, withdraw_of_who_left
from services.approvals.seats import seat_of
from services.users.domain import habilitation_requests, requests, vacancies
from services.users.domain.rattachements import rattachement_id
from tests.approvals.builders import LADDER
from tests.approvals.owners import OVENS, Owners, S
from tests.users.rattaching import (
    MANAGE,
    a_rattachement,
    an_ended_unit,
)

OMAR, ADA, LEA, DESK = "u-omar", "u-ada", "u-lea", "u-ops"
DECIDED = (ApprovalDecided, ApprovalDecidedV2)
OPENED = (ApprovalOpened, ApprovalOpenedV2)
ENDING = (*DECIDED, ApprovalWithdrawn, ApprovalWithdrawnV2, ApprovalExpired)


class World(Owners):
    """Users and approvals without their shells: the same decisions on states kept in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.approvals: dict[str, Approval] = {}
        self.approvers: Approvers | None = None
        self.rights: dict[str, Rights] = {}
        self.people: dict[str, Person] = {}
        self.comments: dict[str, Comment] = {}
        self.versions: Counter[str] = Counter()
        self.told: list[Event] = []
        self.on_their_way: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self.heard: list[Event] = []
        self.turns: dict[str, int] = {}
        """After how many facts it was last for others to say or do something."""

    def keep(self, change: Change[Any], current: Entity | None) -> Any:
        for event in change.events:
            if isinstance(event, OPENED):
                self.turns[event.key] = len(self.told)
            self.tell(event)
        if change.state is None or change.state == current:
            return current
        return replace(change.state, version=current.version + 1 if current else 1)

    def tell(self, event: Event) -> None:
        """The facts of one entity arrive in order; between two entities there is none."""
        self.told.append(event)
        self.on_their_way[event.topic(), event.key].append(event)

    # What people do.

    def decide(self, by: str, which: int, verdict: Any) -> None:
        by_desk = by == DESK

        def decided(current: Approval) -> Change[Approval]:
            ended = [self.ended.get(key) for key in keys_of(current)]
            change = decide(
                current,
                self.approvers,
                self.people.get(current.requester_id),
                ended,
                answer=Answer(verdict=verdict, reason="Motif"),
                by=Decider(user_id=by, desk=by_desk),
                now=self.now,
            )
            if change.events:
                assert verdict == "refused" or not any(ended)
                assert by_desk != any(seat.user_id == by for seat in self.deciding(current))
            return change

        self._answer(which, decided)

    def deciding(self, approval: Approval) -> tuple[Seat, ...]:
        return who_decides(approval, self.approvers, on=day_of(self.now))

    def write(self, by: str, which: int, asks: bool) -> None:
        """Ask the requester for more, or say more."""
        for current in [*self.approvals.values()][which : which + 1]:
            id = f"c-{len(self.comments)}"
            with suppress(Problem):
                about, written, _ = comment(
                    current,
                    None,
                    self.approvers,
                    id=id,
                    text="Texte",
                    asks=asks,
                    by=by,
                    ladder=LADDER,
                    now=self.now,
                )
                self.comments[id] = self.keep(written, None)
                if about.state.asked_at != current.asked_at or asks:
                    self.turns[current.id] = len(self.told)
                self.approvals[current.id] = self.keep(about, current)

    def converse(self, which: int, days: int, answered: bool) -> None:
        """Somebody who may decide asks for more; time goes by, and the requester may answer."""
        for current in [*self.approvals.values()][which : which + 1]:
            for seat in self.deciding(current)[-1:]:
                self.write(seat.user_id, which, asks=True)
            for _ in range(days):
                self.wait(1)
                self.wake(which)
            if answered:
                self.write(current.requester_id, which, asks=False)

    def withdraw(self, by: str, which: int) -> None:
        self._answer(which, lambda current: withdraw(current, by=by, now=self.now))

    def _answer(self, which: int, decision: Callable[[Approval], Change[Approval]]) -> None:
        for current in [*self.approvals.values()][which : which + 1]:
            with suppress(Problem):
                self.approvals[current.id] = self.keep(decision(current), current)

    def let_decide(
        self, who: str, role: Any, unit: str | None = None, days: int | None = None
    ) -> None:
        """Users gives somebody the rights of this role, for some days, or takes them away."""
        id, today = rattachement_id(who, S), day_of(self.now)
        self.versions[id] += 1
        until = today + timedelta(days=days) if days else None
        manages = MANAGE.model_copy(update={"valid_until": until})
        lines = (Line(unit=unit, valid_from=today),)
        held = {"id": id, "user_id": who, "role": role, "habilitations": (manages,)}
        self.deciders[who] = a_rattachement(**held, lines=lines) if role else None
        self.tell(
            RightsChanged(
                rattachement_id=id,
                user_id=who,
                structure_id=S,
                role=role,
                habilitations=(manages,) if role else (),
                lines=lines if role else (),
                # Whatever users tells by itself comes before.
                version=1000 + self.versions[id],
            )
        )

    def end_unit(self) -> None:
        self.tell(an_ended_unit(OVENS))

    def leave_or_return(self, who: str) -> None:
        self.inactive ^= {who}
        self.versions[who] += 1
        self.tell(
            PersonChanged(
                user_id=who,
                first_name="",
                last_name="",
                email="",
                active=who not in self.inactive,
                version=self.versions[who],
            )
        )

    # What the platform does by itself.

    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def deliver(self, which: int) -> None:
        queues = [one for one in self.on_their_way.values() if one]
        if queues:
            event = queues[which % len(queues)].pop(0)
            self.heard.append(event)
            self.hear(event)

    def deliver_all(self) -> None:
        while any(self.on_their_way.values()):
            self.deliver(0)

    def again(self, which: int) -> None:
        if self.heard:
            self.hear(self.heard[which % len(self.heard)])

    def wake(self, which: int) -> None:
        """The timer comes to one that is due, or to one that another process has just woken."""
        for current in [*self.approvals.values()][which : which + 1]:
            change, seats = climb(current, self.approvers, ladder=LADDER, now=self.now)
            # While it is for the requester to say more, the end alone is worth a letter.
            waits = current.asked_by and current.expires_at and self.now < current.expires_at
            assert not (waits and change.events)
            self.approvals[current.id] = self.keep(change, current)
            self.approvers = self.keep(seats, self.approvers)

    def look(self) -> None:
        """What workers do, of those who have left and of those who may decide by now."""
        for person in [one for one in self.people.values() if one.wake_at]:
            for id, current in self.approvals.items():
                if current.requester_id == person.id:
                    taken_back = withdraw_of_who_left(current, person, now=self.now)
                    self.approvals[id] = self.keep(taken_back, current)
            if held := self.rights.get(person.id):
                self._seat(held)
            self.people[person.id] = self.keep(followed(person, person), person)
        for id, current in self.approvals.items():
            opened = tell_opened(current, self.approvers, ladder=LADDER, now=self.now)
            self.approvals[id] = self.keep(opened, current)

    def _seat(self, held: Rights) -> None:
        person = self.people.get(held.user_id)
        seat = seat_of(held, there=person is None or person.active)
        self.approvers = self.keep(take_seat(seat, self.approvers, now=self.now), self.approvers)

    def hear(self, event: Event) -> None:
        if type(event) in ASKED_BY:
            self._open(event)
        elif isinstance(event, RightsChanged):
            held = self.rights.get(event.user_id)
            self.rights[event.user_id] = rights = self.keep(applied(event, held), held)
            self._seat(rights)
        elif isinstance(event, PersonChanged):
            known = self.people.get(event.user_id)
            self.people[event.user_id] = self.keep(copy_person(event, known, now=self.now), known)
        elif isinstance(event, UnitEnded):
            self._end_unit(event)
        elif isinstance(event, ENDING):
            self.settle(event)
        elif isinstance(event, ApproverMissing):
            for kept in (self.requests, self.changes):
                if request := kept.get(event.approval_id):
                    told = vacancies.tell_blocked(event, None, request)
                    kept[request.id] = self.keep(told, request)

    def _end_unit(self, event: UnitEnded) -> None:
        key = unit_key(S, event.code)
        self.ended[key] = self.keep(note_unit(event, self.ended.get(key)), self.ended.get(key))
        for id, request in self.requests.items():
            self.requests[id] = self.keep(requests.unit_ended(request, event.code), request)
        for id, wanted in self.changes.items():
            ended = habilitation_requests.unit_ended(wanted, event.code)
            self.changes[id] = self.keep(ended, wanted)

    def _open(self, event: Event) -> None:
        asked, current = ASKED_BY[type(event)](event), self.approvals.get(event.key)
        opened, seats, *_ = open_for(
            asked,
            current,
            self.approvers,
            None,
            self.people.get(asked.requester_id),
            sequence=0,
            ladder=LADDER,
            now=self.now,
        )
        self.approvals[event.key] = self.keep(opened, current)
        self.approvers = self.keep(seats, self.approvers)

    def come_to_an_end(self) -> None:
        """Everything arrives in the end, and time goes on until nothing waits."""
        for _ in range(100):
            self.deliver_all()
            self.look()
            waiting = [one.wake_at for one in self.approvals.values() if one.wake_at]
            if not waiting and not any(self.on_their_way.values()):
                return
            self.now = max(self.now, min(waiting, default=self.now))
            for which in range(len(self.approvals)):
                self.wake(which)
        raise AssertionError("Something waits for ever.")
