"""What notifications does when others tell."""

from collections.abc import Callable
from functools import partial
from typing import Any

from contracts.approvals import ApprovalOpened
from contracts.event import Event
from contracts.structures import ClientWelcomed
from contracts.support import TicketOpened
from contracts.users import (
    AccountChanged,
    CodeRequested,
    ExportReady,
    IdentityLinked,
    LinkRequested,
    LinkRequestedV2,
    PersonChanged,
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RegistrationRepeated,
)
from kit.bus import Subscriptions
from kit.clock import now
from kit.collection import Ask, Collection
from kit.personal import PersonalElsewhere
from services.notifications import domain
from services.notifications.domain import Letter, Person


def handlers(
    people: Collection[Person], letters: Collection[Letter], kept: PersonalElsewhere
) -> Subscriptions:
    on = Subscriptions()
    kept.hear(
        on,
        lambda erased: people.ask(erased.user_id, partial(domain.forget_person, erased)),
    )

    @on(PersonChanged)
    def copy_person(event: PersonChanged) -> Ask:
        return people.ask(event.user_id, lambda current: domain.copy_person(event, current))

    @on(ApprovalOpened)
    def write_to_approvers(event: ApprovalOpened) -> Ask:
        return _written(letters, *domain.on_approval_opened(event))

    @on(LinkRequested)
    def write_link(event: LinkRequested) -> Ask:
        return _written(letters, domain.on_link_requested(event, now=now()))

    @on(LinkRequestedV2)
    def write_later_link(event: LinkRequestedV2) -> Ask:
        return _written(letters, domain.on_link_requested(event, now=now()))

    @on(CodeRequested)
    def write_code(event: CodeRequested) -> Ask:
        return _written(letters, domain.on_code_requested(event, now=now()))

    @on(AccountChanged)
    def warn_owner(event: AccountChanged) -> Ask:
        return _written(letters, domain.on_account_changed(event))

    for kind, letter_on in ONE_LETTER.items():
        on(kind)(_writer(letters, letter_on))
    return on


ONE_LETTER: dict[type[Event], Callable[[Any], Letter]] = {
    RattachementGranted: domain.on_granted,
    RattachementRefused: domain.on_refused,
    RattachementNotApplied: domain.on_not_applied,
    RegistrationRepeated: domain.on_registration_repeated,
    IdentityLinked: domain.on_identity_linked,
    ExportReady: domain.on_export_ready,
    TicketOpened: domain.on_ticket_opened,
    ClientWelcomed: domain.on_client_welcomed,
}


def _writer(
    letters: Collection[Letter], letter_on: Callable[[Any], Letter]
) -> Callable[[Event], Ask]:
    return lambda event: _written(letters, letter_on(event))


def _written(letters: Collection[Letter], *written: Letter | None) -> Ask:
    """All the letters of one event, or none."""
    some = [letter for letter in written if letter]
    return Ask(
        tuple(letters.at(letter.id) for letter in some),
        lambda *current: tuple(map(domain.write, some, current)),
    )
