"""The letters about tickets: to those of its emitter's side, and to those who treat it. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from contracts.support import (
    OfTicket,
    TicketAttachmentAdded,
    TicketClosed,
    TicketInformationAsked,
    TicketInformationGiven,
    TicketOpened,
    TicketOverdue,
    TicketRefiled,
    TicketRequestDone,
    TicketRequestFailed,
    TicketSolutionProposed,
    TicketSolutionRefused,
    TicketTransferred,
)
from services.notifications.domain.letters import Letter
from services.notifications.domain.notices import Notice, OnTicket, Said

EMITTED: Final = "sollicitations-emises"
RECEIVED: Final = "sollicitations-recues"

News = Literal[
    "opened",
    "information-asked",
    "information-given",
    "solution-proposed",
    "solution-refused",
    "transferred",
    "closed",
    "overdue",
    "attachment-added",
]
MOVES: Final[dict[type, News]] = {
    TicketInformationAsked: "information-asked",
    TicketInformationGiven: "information-given",
    TicketSolutionProposed: "solution-proposed",
    TicketSolutionRefused: "solution-refused",
    TicketTransferred: "transferred",
    TicketRefiled: "opened",
    TicketClosed: "closed",
}
"""What moves a ticket on: what was written about it before is of no use then."""
NEWS: Final[dict[type, News]] = MOVES | {TicketAttachmentAdded: "attachment-added"}
TO_TREAT: Final[frozenset[News]] = frozenset(
    {"opened", "information-given", "solution-refused", "transferred", "overdue"}
)
"""What those who treat it are waited for to do something about."""
TO_ANSWER: Final[frozenset[News]] = frozenset({"information-asked", "solution-proposed"})
"""What its emitter's side is waited for to do something about."""

ToTreat = TicketOpened | OfTicket | TicketOverdue


def on_ticket_opened(event: TicketOpened) -> Letter | None:
    """None to who wrote without signing in: the page that confirms the address says so."""
    if not event.emitter_id:
        return None
    return Letter(
        id=f"{event.ticket_id}:ticket-opened",
        recipient_id=event.emitter_id,
        template="ticket-opened",
        params={"number": event.number},
        application=EMITTED,
        structure_id=event.structure_id or "",
        unit=event.unit,
        supplier_id=event.recipient_id or "",
        created_at=event.opened_at,
    )


def to_emitter(event: OfTicket) -> Letter | None:
    """What others have done to a ticket; nobody is written to of what they did themselves."""
    if isinstance(event, TicketRefiled):
        return None
    return _of_news(event, MOVES[type(event)])


def on_attachment_added(event: TicketAttachmentAdded) -> Letter | None:
    """Files come by the handful: one letter for those of an hour, while the ticket stands."""
    letter = _of_news(event, "attachment-added")
    return replace(letter, id=_handful(event)) if letter else None


def on_request_done(event: TicketRequestDone) -> Letter | None:
    """Beside whatever else moves the ticket on: what was written of that is still of use."""
    return _of_news(event, "request-done")


def on_request_failed(event: TicketRequestFailed, desk: str) -> Letter | None:
    """To the desk, whoever treats the ticket now: it has accepted what could not be done."""
    if not desk:
        return None
    return Letter(
        id=f"{event.entry_id}:desk",
        recipient_id="desk",
        to=desk,
        template="ticket-to-treat",
        params={"number": event.number, "news": "request-failed"},
        created_at=event.at,
    )


def _of_news(event: OfTicket, news: str) -> Letter | None:
    if event.by == event.emitter_id or not event.emitter_id:
        return None
    text = _text(event)
    return Letter(
        id=f"{event.ticket_id}:{event.rank}",
        recipient_id=event.emitter_id,
        template="ticket-news",
        # Whose words it brings: they go with that person.
        about_id=event.by if text is not None else None,
        params={"number": event.number, "news": news},
        reason=text or "",
        application=EMITTED,
        structure_id=event.structure_id or "",
        unit=event.unit,
        # What the desk does is no supplier's to switch off.
        supplier_id=(event.recipient_id or "") if event.treated_by == "recipient" else "",
        subject_id=event.ticket_id,
        rank=event.rank,
        created_at=event.at,
    )


def to_agents(event: ToTreat) -> Notice | None:
    """To whoever has taken it if they still may, else to all who treat tickets of its recipient."""
    if event.recipient_id is None or _treated_by(event) == "desk" or not _to_treat(event):
        return None
    assignee = None if isinstance(event, TicketOpened) else event.assignee_id
    said = Said(
        kind="ticket-to-treat",
        structure_id=event.recipient_id,
        application=RECEIVED,
        level="modification",
        users=(assignee,) if assignee else (),
        or_all=True,
        ticket=OnTicket(
            id=event.ticket_id, number=event.number, rank=_rank(event), news=_words(event)
        ),
    )
    return Notice(id=_id(event), said=said, told_by="support", told_at=_at(event))


def to_colleagues(event: ToTreat) -> Notice | None:
    """To who may answer for its structure, once its author has left; without anybody's words."""
    if not isinstance(event, OfTicket) or not event.structure_id or _news(event) not in TO_ANSWER:
        return None
    said = Said(
        kind="ticket-to-answer",
        structure_id=event.structure_id,
        unit=event.unit,
        application=EMITTED,
        level="modification",
        unless=event.emitter_id,
        ticket=OnTicket(
            id=event.ticket_id, number=event.number, rank=event.rank, news=_news(event)
        ),
    )
    id = f"{event.ticket_id}:{event.rank}:to-answer"
    return Notice(id=id, said=said, told_by="support", told_at=event.at)


def to_desk(event: ToTreat, desk: str) -> Letter | None:
    """To the one address of the support desk: what it is to treat, and whatever is late."""
    late = isinstance(event, TicketOverdue)
    if not desk or not (late or _treated_by(event) == "desk"):
        return None
    if not _to_treat(event) or isinstance(event, TicketRefiled):
        return None
    return Letter(
        id=f"{_id(event)}:desk",
        recipient_id="desk",
        to=desk,
        template="ticket-to-treat",
        params={"number": event.number, "news": _words(event)},
        created_at=_at(event),
    )


def _to_treat(event: ToTreat) -> bool:
    if isinstance(event, TicketAttachmentAdded):
        # Of a ticket that waits for its emitter they are told as it comes back.
        return event.side == "emitter" and event.state == "open"
    return _news(event) in TO_TREAT


def _text(event: OfTicket) -> str | None:
    if isinstance(event, TicketInformationAsked | TicketSolutionProposed | TicketRequestDone):
        return event.text
    return None


def _news(event: ToTreat) -> News:
    if isinstance(event, TicketOpened):
        return "opened"
    return "overdue" if isinstance(event, TicketOverdue) else NEWS[type(event)]


def _words(event: ToTreat) -> str:
    if isinstance(event, TicketOverdue):
        return "solution-overdue" if event.promise == "solution" else "first-answer-overdue"
    return _news(event)


def _treated_by(event: ToTreat) -> str:
    if isinstance(event, TicketOpened):
        return "recipient" if event.recipient_id else "desk"
    return event.treated_by


def _rank(event: ToTreat) -> int:
    return 1 if isinstance(event, TicketOpened) else event.rank


def _at(event: ToTreat) -> datetime:
    if isinstance(event, TicketOpened):
        return event.opened_at
    return event.noticed_at if isinstance(event, TicketOverdue) else event.at


def _handful(event: TicketAttachmentAdded) -> str:
    return f"{event.ticket_id}:{event.side}:{event.state}:{event.at:%Y%m%d%H}:attachments"


def _id(event: ToTreat) -> str:
    if isinstance(event, TicketAttachmentAdded):
        return f"{_handful(event)}:to-treat"
    about = f"{event.ticket_id}:{_rank(event)}"
    if isinstance(event, TicketOverdue):
        return f"{about}:{event.promise}:{event.due_at.isoformat()}"
    return f"{about}:to-treat"
