"""What notifications does when others tell."""

from contracts.approvals import ApprovalOpened
from contracts.support import TicketOpened
from contracts.users import (
    LinkRequested,
    PersonChanged,
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RegistrationRepeated,
)
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.committer import Ask
from services.notifications import domain
from services.notifications.domain import Letter, Person


def handlers(people: Collection[Person], letters: Collection[Letter]) -> Subscriptions:
    on = Subscriptions()

    def write(*written: Letter) -> Ask | None:
        def decide(*current: Letter | None) -> tuple[Change[Letter], ...]:
            return tuple(map(domain.write, written, current))

        if not written:
            return None
        return Ask(places=tuple(letters.at(letter.id) for letter in written), decide=decide)

    @on(PersonChanged)
    def copy_person(event: PersonChanged) -> Ask:
        return people.ask(event.user_id, lambda current: domain.copy_person(event, current))

    @on(ApprovalOpened)
    def write_to_approvers(event: ApprovalOpened) -> Ask | None:
        return write(*domain.on_approval_opened(event))

    @on(RattachementGranted)
    def write_granted(event: RattachementGranted) -> Ask | None:
        return write(domain.on_granted(event))

    @on(RattachementRefused)
    def write_refused(event: RattachementRefused) -> Ask | None:
        return write(domain.on_refused(event))

    @on(RattachementNotApplied)
    def write_not_applied(event: RattachementNotApplied) -> Ask | None:
        return write(domain.on_not_applied(event))

    @on(LinkRequested)
    def write_link(event: LinkRequested) -> Ask | None:
        return write(domain.on_link_requested(event, now=now()))

    @on(RegistrationRepeated)
    def write_already_registered(event: RegistrationRepeated) -> Ask | None:
        return write(domain.on_registration_repeated(event))

    @on(TicketOpened)
    def write_acknowledgement(event: TicketOpened) -> Ask | None:
        return write(domain.on_ticket_opened(event))

    return on
