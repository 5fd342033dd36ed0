"""What the support service tells. Topic: support.events."""

from pydantic import AwareDatetime

from contracts.event import Event, Gathered, PersonalText
from contracts.structures import IdentifierType


class TicketOpened(Event, type="support.ticket-opened.v1", key="ticket_id", audience="public"):
    """Somebody asks the support desk for help."""

    ticket_id: str
    number: str
    emitter_id: str
    structure_id: str | None
    category: str
    subcategory: str
    opened_at: AwareDatetime


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


class CorrespondentAnswered(Event, type="support.correspondent-answered.v1", key="ticket_id"):
    """The support desk has an answer for somebody who wrote without signing in."""

    ticket_id: str
    number: str
    rank: int
    """Of the answer, among all that has happened to the ticket."""
    email: PersonalText
    text: PersonalText
    answered_at: AwareDatetime


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
