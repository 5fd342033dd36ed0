"""What approvals does when others tell."""

from contracts.users import PersonChanged, RattachementRequested, RightsChanged
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Collection
from kit.rights import Rights, RightsCopy
from services.approvals import domain
from services.approvals.domain import Approval, Approvers, Person


def handlers(
    approvals: Collection[Approval],
    approvers: Collection[Approvers],
    people: Collection[Person],
    rights: RightsCopy,
) -> Subscriptions:
    on = Subscriptions()

    @on(RattachementRequested)
    def open_approval(asked: RattachementRequested) -> Ask:
        at = now()
        return Ask(
            (approvals.at(asked.request_id), approvers.at(asked.structure_id)),
            lambda current, known: domain.open_for(asked, current, known, now=at),
        )

    @on(RightsChanged)
    def seat_approver(event: RightsChanged) -> Ask:
        at = now()

        def decide(
            held: Rights | None, known: Approvers | None
        ) -> tuple[Change[Rights], Change[Approvers]]:
            copied = rights.applied(event, held)
            seated = domain.seat(copied.state, known, structure_id=event.structure_id, now=at)
            return copied, seated

        return Ask((rights.place(event), approvers.at(event.structure_id)), decide)

    @on(PersonChanged)
    def copy_name(event: PersonChanged) -> Ask:
        return people.ask(event.user_id, lambda current: domain.copy_name(event, current))

    return on
