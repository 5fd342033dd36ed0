"""What notifications does when others tell."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from functools import partial
from typing import Any

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalEscalated,
    ApprovalExpired,
    ApprovalOpened,
    ApprovalOpenedV2,
    ApprovalReminded,
    ApprovalWithdrawn,
    ApprovalWithdrawnV2,
    InformationGiven,
    InformationRequested,
)
from contracts.event import Event
from contracts.structures import (
    ClientAccountAccepted,
    ClientAccountRefused,
    ClientContactNotificationsChanged,
    ClientWelcomed,
    ContactTold,
    StructureCreated,
    UnitCreated,
    UnitEnded,
)
from contracts.support import (
    CorrespondentAnswered,
    FormSent,
    TicketAttachmentAdded,
    TicketOpened,
    TicketOverdue,
    TicketRequestDone,
    TicketRequestFailed,
)
from contracts.users import (
    AccountChanged,
    ClientSecretExpiring,
    CodeRequested,
    EspaceClosed,
    EspaceOpened,
    ExportReady,
    HabilitationsGranted,
    HabilitationsNotApplied,
    HabilitationsRefused,
    HabilitationsRequestExpired,
    IdentityLinked,
    InvitationSent,
    LinkRequested,
    LinkRequestedV2,
    ManagementTransferred,
    PersonChanged,
    RattachementBegun,
    RattachementEnded,
    RattachementGranted,
    RattachementMade,
    RattachementNotApplied,
    RattachementRefused,
    RattachementRemoved,
    RattachementRequestExpired,
    ReactivationRefused,
    RegistrationRepeated,
    RequestBlocked,
    RightsChanged,
    VacancyClaimSettled,
    VacancyNoticeGiven,
)
from kit.bus import Subscriptions
from kit.clock import now
from kit.collection import Ask, Collection, together
from kit.personal import PersonalElsewhere
from services.notifications.domain import (
    account_letters,
    client_letters,
    correspondent_letters,
    management_letters,
    muting,
    rattachement_letters,
    request_letters,
    ticket_letters,
    waiting_letters,
)
from services.notifications.domain.digests import Settled, move_on, settle
from services.notifications.domain.letters import Letter, write
from services.notifications.domain.movements import MOVEMENTS, Movement, movement_of, note
from services.notifications.domain.notices import Notice, tell, tell_first
from services.notifications.domain.people import forget_person
from services.notifications.domain.recaps import follow_person
from services.notifications.records import Records


def handlers(
    keeps: Records,
    kept: PersonalElsewhere,
    *,
    digests_at: time,
    desk: str,
    approval_links: bool,
) -> Subscriptions:
    on = Subscriptions()
    people, letters, movements, rights = keeps.people, keeps.letters, keeps.movements, keeps.rights
    on(RightsChanged, otherwise=rights.otherwise)(rights.hear)
    kept.hear(
        on,
        lambda erased: people.ask(erased.user_id, partial(forget_person, erased)),
    )

    @on(PersonChanged)
    def copy_person(event: PersonChanged) -> Ask:
        follow = partial(follow_person, event, now=now(), at=digests_at)
        return people.ask(event.user_id, follow)

    _hear_of_correspondents(on, letters)
    _hear_of_approvals(on, letters, keeps.settled, links=approval_links)
    _hear_of_accounts(on, letters)
    _hear_of_management(on, letters, movements)
    _hear_of_movements(on, letters, movements)
    _hear_of_tickets(on, Desk(letters, keeps.notices, keeps.settled, desk))
    _hear_of_switches(on, keeps)
    for kind, letter_on in ONE_LETTER.items():
        written = _writer(letters, letter_on)
        on(kind)(_noting(movements, written) if kind in MOVEMENTS else written)
    return on


def _hear_of_switches(on: Subscriptions, keeps: Records) -> None:
    def copy_account(told: ClientAccountAccepted | ClientAccountRefused) -> Ask:
        id = muting.account_id(told.structure_id, told.supplier_id)
        return keeps.accounts.ask(id, partial(muting.copy_account, told))

    on(ClientAccountAccepted)(copy_account)
    on(ClientAccountRefused)(copy_account)

    @on(ClientContactNotificationsChanged)
    def copy_contact(told: ClientContactNotificationsChanged) -> Ask:
        id = muting.contact_id(told.structure_id, told.supplier_id, told.user_id)
        return keeps.contacts.ask(id, partial(muting.copy_contact, told))


def _hear_of_approvals(
    on: Subscriptions,
    letters: Collection[Letter],
    settled: Collection[Settled],
    *,
    links: bool,
) -> None:
    def write_to_approvers(event: ApprovalOpened | ApprovalOpenedV2) -> Ask:
        return _written(letters, *request_letters.on_approval_opened(event, links=links))

    on(ApprovalOpened)(write_to_approvers)
    on(ApprovalOpenedV2)(write_to_approvers)

    @on(ApprovalReminded)
    def remind_approvers(event: ApprovalReminded) -> Ask:
        return _written(letters, *waiting_letters.on_reminded(event))

    @on(ApprovalEscalated)
    def write_to_other_approvers(event: ApprovalEscalated) -> Ask:
        return _written(letters, *waiting_letters.on_escalated(event))

    @on(InformationGiven)
    def pass_on_the_answer(event: InformationGiven) -> Ask:
        return _written(letters, *request_letters.on_information_given(event))

    for end in ENDS:
        on(end)(_settling(letters, settled))


def _hear_of_accounts(on: Subscriptions, letters: Collection[Letter]) -> None:
    @on(LinkRequested)
    def write_link(event: LinkRequested) -> Ask:
        return _written(letters, account_letters.on_link_requested(event, now=now()))

    @on(LinkRequestedV2)
    def write_later_link(event: LinkRequestedV2) -> Ask:
        return _written(letters, account_letters.on_link_requested(event, now=now()))

    @on(CodeRequested)
    def write_code(event: CodeRequested) -> Ask:
        return _written(letters, account_letters.on_code_requested(event, now=now()))

    @on(AccountChanged)
    def warn_owner(event: AccountChanged) -> Ask:
        return _written(letters, account_letters.on_account_changed(event))


def _hear_of_correspondents(on: Subscriptions, letters: Collection[Letter]) -> None:
    @on(FormSent)
    def ask_whose_address(event: FormSent) -> Ask:
        return _written(letters, correspondent_letters.on_form_sent(event, now=now()))

    @on(CorrespondentAnswered)
    def write_answer(event: CorrespondentAnswered) -> Ask:
        return _written(letters, correspondent_letters.on_answered(event))


def _hear_of_movements(
    on: Subscriptions, letters: Collection[Letter], movements: Collection[Movement]
) -> None:
    """Those that lead to no letter by themselves, or not always."""

    def write_to_whoever_was_detached(event: RattachementRemoved) -> Ask | None:
        found = rattachement_letters.on_removed(event)
        return _written(letters, *found) if found else None

    on(RattachementRemoved)(_noting(movements, write_to_whoever_was_detached))
    for kind in (UnitCreated, UnitEnded, EspaceOpened, EspaceClosed):
        on(kind)(_noting(movements))

    @on(StructureCreated)
    def note_new_structure(event: StructureCreated) -> Ask | None:
        # Nobody is attached to one that was imported.
        return _noting(movements)(event) if event.created_by else None


def _noting(
    movements: Collection[Movement], hear: Callable[[Any], Ask | None] = lambda _: None
) -> Callable[[Event], Ask]:
    """Keep a movement of an event, beside what else it leads to."""

    def note_it(event: Event) -> Ask:
        movement = movement_of(event, now=now())
        noted = movements.ask(movement.id, partial(note, movement))
        told = hear(event)
        return together(told, noted) if told else noted

    return note_it


def _settling(letters: Collection[Letter], settled: Collection[Settled]) -> Callable[[Event], Ask]:
    def settle_approval(event: Event) -> Ask:
        id, letter = event.key, request_letters.on_settled(event)
        over = settled.ask(id, lambda current: settle(id, current, at=now()))
        return together(_written(letters, letter), over) if letter else over

    return settle_approval


def _hear_of_management(
    on: Subscriptions, letters: Collection[Letter], movements: Collection[Movement]
) -> None:
    @on(ContactTold)
    def write_to_structure(event: ContactTold) -> Ask:
        return _written(letters, management_letters.on_contact_told(event, now=now()))

    def write_to_both_managers(event: ManagementTransferred) -> Ask:
        return _written(letters, *management_letters.on_transferred(event))

    on(ManagementTransferred)(_noting(movements, write_to_both_managers))

    @on(VacancyClaimSettled)
    def write_what_came_of_it(event: VacancyClaimSettled) -> Ask:
        return _written(letters, *management_letters.on_claim_settled(event))


@dataclass(frozen=True, slots=True)
class Desk:
    """What the hearing of tickets changes."""

    letters: Collection[Letter]
    notices: Collection[Notice]
    settled: Collection[Settled]
    address: str

    def write(self, event: ticket_letters.ToTreat, *letters: Letter | None) -> Ask:
        """These letters, and those to all who treat the ticket or answer in its author's place."""
        told = _written(self.letters, *letters, ticket_letters.to_desk(event, self.address))
        keep = tell_first if isinstance(event, TicketAttachmentAdded) else tell
        for notice in (ticket_letters.to_agents(event), ticket_letters.to_colleagues(event)):
            if notice:
                told = together(told, self.notices.ask(notice.id, partial(keep, notice)))
        return told

    def move(self, event: Any) -> Ask:
        moved = partial(move_on, event.ticket_id, rank=event.rank, at=now())
        written = self.write(event, ticket_letters.to_emitter(event))
        return together(written, self.settled.ask(event.ticket_id, moved))


def _hear_of_tickets(on: Subscriptions, desk: Desk) -> None:
    @on(TicketOpened)
    def write_to_both_sides(event: TicketOpened) -> Ask:
        return desk.write(event, ticket_letters.on_ticket_opened(event))

    @on(TicketAttachmentAdded)
    def write_of_attachments(event: TicketAttachmentAdded) -> Ask:
        return desk.write(event, ticket_letters.on_attachment_added(event))

    @on(TicketOverdue)
    def write_to_those_who_are_late(event: TicketOverdue) -> Ask:
        return desk.write(event)

    @on(TicketRequestDone)
    def write_that_it_is_done(event: TicketRequestDone) -> Ask:
        return _written(desk.letters, ticket_letters.on_request_done(event))

    @on(TicketRequestFailed)
    def write_that_it_failed(event: TicketRequestFailed) -> Ask:
        return _written(desk.letters, ticket_letters.on_request_failed(event, desk.address))

    for kind in ticket_letters.MOVES:
        on(kind)(desk.move)


ENDS: tuple[type[Event], ...] = (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalWithdrawn,
    ApprovalWithdrawnV2,
    ApprovalExpired,
)
"""Of a question: what was written about it is of no use any more."""

ONE_LETTER: dict[type[Event], Callable[[Any], Letter]] = {
    InvitationSent: rattachement_letters.on_invitation_sent,
    RattachementBegun: rattachement_letters.on_turned,
    RattachementEnded: rattachement_letters.on_turned,
    RattachementGranted: request_letters.on_granted,
    RattachementMade: rattachement_letters.on_made,
    RattachementRefused: request_letters.on_refused,
    RattachementNotApplied: request_letters.on_not_applied,
    HabilitationsGranted: request_letters.on_habilitations_granted,
    HabilitationsRefused: request_letters.on_habilitations_refused,
    HabilitationsNotApplied: request_letters.on_habilitations_not_applied,
    RattachementRequestExpired: waiting_letters.on_request_expired,
    HabilitationsRequestExpired: waiting_letters.on_request_expired,
    InformationRequested: request_letters.on_information_requested,
    RequestBlocked: waiting_letters.on_request_blocked,
    RegistrationRepeated: account_letters.on_registration_repeated,
    IdentityLinked: account_letters.on_identity_linked,
    ExportReady: account_letters.on_export_ready,
    ClientSecretExpiring: account_letters.on_client_secret_expiring,
    ReactivationRefused: management_letters.on_reactivation_refused,
    VacancyNoticeGiven: management_letters.on_notice_given,
    ClientWelcomed: client_letters.on_client_welcomed,
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
        lambda *current: tuple(map(write, some, current)),
    )
