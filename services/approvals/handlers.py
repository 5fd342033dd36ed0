"""What approvals does when others tell."""

from collections.abc import Callable
from functools import partial

from contracts.event import Event
from contracts.structures import StructureChanged, UnitChanged, UnitEnded
from contracts.users import AccountChanged, PersonChanged, RightsChanged
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, together
from kit.journal import slice_of
from kit.personal import PersonalElsewhere
from kit.rights import Rights, RightsCopy, applied
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, Seat, take_seat
from services.approvals.domain.ended import note_structure, note_unit, unit_key
from services.approvals.domain.ladder import Ladder
from services.approvals.domain.numbers import sequence_id
from services.approvals.domain.opening import ASKED_BY, open_for
from services.approvals.domain.people import Person, copy_person, forget_name, secure
from services.approvals.records import Records
from services.approvals.seats import seat_of


def handlers(
    records: Records, rights: RightsCopy, kept: PersonalElsewhere, *, ladder: Ladder
) -> Subscriptions:
    on = Subscriptions()
    kept.hear(
        on,
        lambda erased: records.people.ask(erased.user_id, partial(forget_name, erased)),
    )
    for event, question in ASKED_BY.items():
        on(event)(_opens(records, question, ladder))
    _hear_of_structures(on, records)
    _hear_of_accounts(on, records)

    def unseat(key: str) -> Ask:
        """What they may do cannot be read: until it can, they decide nothing."""
        user_id, _, structure_id = key.partition(":")
        seat, at = Seat(user_id=user_id, structure_id=structure_id, principal=False), now()
        seats = records.approvers.ask(structure_id, lambda known: take_seat(seat, known, now=at))
        return together(rights.otherwise(key), seats)

    @on(RightsChanged, otherwise=unseat)
    def seat_approver(event: RightsChanged) -> Ask:
        at = now()

        def decide(
            held: Rights | None, known: Approvers | None, person: Person | None
        ) -> tuple[Change[Rights], Change[Approvers], Change[Person]]:
            copied = applied(event, held, at=at)
            if copied.state is None:
                return copied, Change(known), Change(person)
            seat = seat_of(copied.state, there=person is None or person.active)
            return copied, take_seat(seat, known, now=at), Change(person)

        places = records.approvers.at(event.structure_id), records.people.at(event.user_id)
        return Ask((rights.place(event), *places), decide)

    return on


def _hear_of_accounts(on: Subscriptions, records: Records) -> None:
    @on(PersonChanged)
    def keep_name(event: PersonChanged) -> Ask:
        return records.people.ask(event.user_id, partial(copy_person, event, now=now()))

    def secure_anyway(user_id: str) -> Ask:
        """What was done to the account cannot be read; that something was is enough."""
        return records.people.ask(user_id, partial(secure, at=now()))

    @on(AccountChanged, otherwise=secure_anyway)
    def make_links_void(event: AccountChanged) -> Ask:
        return records.people.ask(event.user_id, partial(secure, at=event.changed_at))


def _opens(
    records: Records, question: Callable[..., Approval], ladder: Ladder
) -> Callable[[Event], Ask]:
    def open_approval(event: Event) -> Ask:
        asked, at = question(event), now()
        # Keys of one slice are heard by one process: no other takes numbers of its sequence.
        sequence = slice_of(asked.id)
        return Ask(
            (
                records.approvals.at(asked.id),
                records.approvers.at(asked.structure_id),
                records.numbers.at(sequence_id(sequence)),
                records.people.at(asked.requester_id),
            ),
            lambda *current: open_for(asked, *current, sequence=sequence, ladder=ladder, now=at),
        )

    return open_approval


def _hear_of_structures(on: Subscriptions, records: Records) -> None:
    def keep_unit(told: UnitChanged | UnitEnded) -> Ask:
        return records.ended.ask(unit_key(told.structure_id, told.code), partial(note_unit, told))

    @on(UnitChanged)
    def keep_changed_unit(changed: UnitChanged) -> Ask:
        return keep_unit(changed)

    @on(UnitEnded)
    def keep_ended_unit(ended: UnitEnded) -> Ask:
        return keep_unit(ended)

    @on(StructureChanged)
    def keep_structure(changed: StructureChanged) -> Ask:
        return records.ended.ask(changed.structure_id, partial(note_structure, changed))
