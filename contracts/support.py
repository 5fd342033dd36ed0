"""What the support service tells. Topic: support.events."""

from datetime import timedelta
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel

from contracts.event import Event, Gathered, PersonalText
from contracts.structures import IdentifierType

TicketState = Literal["open", "waiting", "resolved", "closed"]
Promise = Literal["first_answer", "solution"]
TreatedBy = Literal["recipient", "desk"]
Side = Literal["emitter", "recipient", "desk"]


class TicketOpened(Event, type="support.ticket-opened.v1", key="ticket_id", audience="public"):
    """Somebody asks the support desk for help."""

    ticket_id: str
    number: str
    emitter_id: str
    structure_id: str | None
    category: str
    subcategory: str
    opened_at: AwareDatetime
    recipient_id: str | None = None
    """The structure that treats it, where it is for the business support."""
    unit: str | None = None
    """Of the emitting structure."""


class OfTicket(BaseModel):
    """What every later fact of a ticket says: how it stands now, and who has acted."""

    ticket_id: str
    number: str
    emitter_id: str
    structure_id: str | None
    unit: str | None
    recipient_id: str | None
    """The structure it was sent to, whoever treats it now."""
    treated_by: TreatedBy
    assignee_id: str | None
    state: TicketState
    entry_id: str
    rank: int
    """
    Which entry of its activity this is: of two facts of a ticket the greater is the newer.

    A note has that of the entry before it.
    """
    by: str
    at: AwareDatetime


class TicketTaken(OfTicket, Event, type="support.ticket-taken.v1", key="ticket_id"):
    """Somebody of those who treat a ticket has assigned it to themselves."""


class TicketReleased(OfTicket, Event, type="support.ticket-released.v1", key="ticket_id"):
    """Whoever had taken a ticket leaves it to another."""


class TicketNoted(OfTicket, Event, type="support.ticket-noted.v1", key="entry_id"):
    """Those who treat a ticket have noted something for themselves. What, is told to nobody."""


class TicketAttachmentAdded(
    OfTicket, Event, type="support.ticket-attachment-added.v1", key="ticket_id"
):
    """A file was added to a ticket that was sent. What it is called is told to nobody."""

    attachment_id: str
    side: Side
    """As whom."""


class TicketInformationAsked(
    OfTicket, Event, type="support.ticket-information-asked.v1", key="entry_id"
):
    """The emitter is asked for more: the ticket waits for them."""

    text: PersonalText


class TicketInformationGiven(
    OfTicket, Event, type="support.ticket-information-given.v1", key="ticket_id"
):
    """The emitter has given what was asked for."""


class TicketSolutionProposed(
    OfTicket, Event, type="support.ticket-solution-proposed.v1", key="entry_id"
):
    """A ticket is answered: its emitter accepts that, or refuses it."""

    text: PersonalText


class TicketSolutionRefused(
    OfTicket, Event, type="support.ticket-solution-refused.v1", key="ticket_id"
):
    """The emitter is not content with the solution: another is expected."""


class TicketTransferred(OfTicket, Event, type="support.ticket-transferred.v1", key="ticket_id"):
    """The support desk treats a ticket in place of its recipient."""


class TicketRefiled(OfTicket, Event, type="support.ticket-refiled.v1", key="ticket_id"):
    """The desk has filed a ticket elsewhere, and so perhaps handed it to a recipient."""

    category: str
    subcategory: str


class TicketClosed(OfTicket, Event, type="support.ticket-closed.v1", key="ticket_id"):
    """Its emitter has closed a ticket."""

    accepted: bool
    """Whether they accept the solution, and have not given the question up."""


class TicketRequestDone(OfTicket, Event, type="support.ticket-request-done.v1", key="entry_id"):
    """What was asked for with a ticket is done, and the ticket had moved on: it stays as it is."""

    text: PersonalText
    """What the desk had to say once it is done; empty where a letter alone may bring it."""


class TicketRequestFailed(OfTicket, Event, type="support.ticket-request-failed.v1", key="entry_id"):
    """What the desk had accepted could not be done: it decides again."""


class TicketOverdue(Event, type="support.ticket-overdue.v1", key="ticket_id"):
    """What was promised of a ticket was not done in time. Told once of each time it is opened."""

    ticket_id: str
    number: str
    recipient_id: str | None
    treated_by: TreatedBy
    assignee_id: str | None
    rank: int
    """Of the newest entry of its activity."""
    promise: Promise
    due_at: AwareDatetime
    noticed_at: AwareDatetime


class TicketsGathered(Gathered, Event, type="support.tickets-gathered.v1", key="export_id"):
    """What support keeps of a person."""


class FormSent(Event, type="support.form-sent.v1", key="ticket_id"):
    """
    Somebody has written to the support desk without signing in.

    It becomes a ticket once whoever reads the mail of that address has said so.
    """

    ticket_id: str
    number: str
    email: PersonalText
    nonce: str
    expires_at: AwareDatetime


REPLY_WITHIN: Final = timedelta(days=30)
"""How long the link is good by which an answer is accepted or refused (decision 0042)."""


class CorrespondentAnswered(Event, type="support.correspondent-answered.v1", key="ticket_id"):
    """The support desk has an answer for somebody who wrote without signing in."""

    ticket_id: str
    number: str
    rank: int
    """Of the answer, among all that has happened to the ticket."""
    email: PersonalText
    text: PersonalText
    answered_at: AwareDatetime
    answered_by: str = ""
    """Whose words they are."""


class ReactivationAccepted(Event, type="support.reactivation-accepted.v1", key="ticket_id"):
    """The support desk agrees that somebody comes back whose account was deactivated long ago."""

    ticket_id: str
    acceptance: int
    """From 1: what could not be done may be accepted again."""
    login: PersonalText
    """Where the account signed in: nobody but users knows whose it is."""
    reason: PersonalText
    accepted_by: str
    accepted_at: AwareDatetime


class PublicStructureAccepted(Event, type="support.public-structure-accepted.v1", key="ticket_id"):
    """The support desk agrees that a public structure is made known."""

    ticket_id: str
    acceptance: int
    """From 1: what could not be done may be accepted again, corrected."""
    identifier_type: IdentifierType
    identifier: str
    legal_name: str
    requester_id: str
    """Who becomes its principal manager."""
    accepted_by: str
    accepted_at: AwareDatetime
