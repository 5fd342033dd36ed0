"""What approvals does when others tell."""

from functools import partial

from contracts.users import PersonChanged, RightsChanged
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.personal import PersonalElsewhere
from kit.rights import Rights, RightsCopy, applied
from services.approvals.domain.approvals import Approval
from services.approvals.domain.approvers import Approvers, take_seat
from services.approvals.domain.ladder import Ladder
from services.approvals.domain.opening import KINDS, Question, open_for
from services.approvals.domain.people import Person, copy_person, forget_name
from services.approvals.seats import seat_of


def handlers(
    approvals: Collection[Approval],
    approvers: Collection[Approvers],
    people: Collection[Person],
    rights: RightsCopy,
    kept: PersonalElsewhere,
    *,
    ladder: Ladder,
) -> Subscriptions:
    on = Subscriptions()
    kept.hear(
        on,
        lambda erased: people.ask(erased.user_id, partial(forget_name, erased)),
    )

    def open_approval(asked: Question) -> Ask:
        at = now()
        return Ask(
            (approvals.at(asked.request_id), approvers.at(asked.structure_id)),
            lambda current, known: open_for(asked, current, known, ladder=ladder, now=at),
        )

    for kind in KINDS:
        on(kind)(open_approval)

    @on(RightsChanged, otherwise=rights.otherwise)
    def seat_approver(event: RightsChanged) -> Ask:
        at = now()

        def decide(
            held: Rights | None, known: Approvers | None
        ) -> tuple[Change[Rights], Change[Approvers]]:
            copied = applied(event, held, at=at)
            if copied.state is None:
                return copied, Change(known)
            return copied, take_seat(seat_of(copied.state), known, now=at)

        return Ask((rights.place(event), approvers.at(event.structure_id)), decide)

    @on(PersonChanged)
    def keep_name(event: PersonChanged) -> Ask:
        at = now()
        return people.ask(event.user_id, lambda current: copy_person(event, current, now=at))

    return on
