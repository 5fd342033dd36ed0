"""Who may do what to a ticket in which state, and what becomes of it; all else is refused."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from kit.problems import Conflict, Forbidden
from services.support.domain.reach import Standing, treats
from services.support.domain.states import State
from services.support.domain.tickets import Ticket

Act = Literal[
    "submit",
    "take",
    "release",
    "note",
    "ask",
    "inform",
    "answer",
    "refuse",
    "accept",
    "transfer",
    "call_in",
    "refile",
    "close",
]
Who = Literal["emitter", "agent", "assignee", "desk_agent", "desk_assignee"]
"""
An agent: of whoever treats it now, the recipient or the desk; the assignee: the one who has taken
it. Of the desk: it stands in for a recipient, or has to treat it itself.
"""


class Rule(NamedTuple):
    who: Who
    becomes: Mapping[State, State]
    """What the act makes of a ticket in each state; a state that is not named refuses it."""


SENT: Final[Mapping[State, State]] = {"open": "open", "waiting": "waiting", "resolved": "resolved"}

TABLE: Final[Mapping[Act, Rule]] = {
    "submit": Rule("emitter", {"draft": "open"}),
    "take": Rule("agent", SENT),
    "release": Rule("assignee", SENT),
    "note": Rule("agent", SENT),
    "ask": Rule("assignee", {"open": "waiting"}),
    "inform": Rule("emitter", {"waiting": "open"}),
    "answer": Rule("assignee", {"open": "resolved"}),
    "refuse": Rule("emitter", {"resolved": "open"}),
    "accept": Rule("emitter", {"resolved": "closed"}),
    "transfer": Rule("assignee", {"open": "open"}),
    "call_in": Rule("desk_agent", {"open": "open"}),
    "refile": Rule("desk_assignee", {"open": "open"}),
    "close": Rule("emitter", {"open": "closed", "waiting": "closed", "resolved": "closed"}),
}
"""As SUP-19 to SUP-25 have it: nothing but the emitter's two acts closes."""


class EmitterOnly(Forbidden):
    """Only those who sent this ticket may do this."""


class NotYourOwn(Forbidden):
    """Nobody treats a ticket of their own side."""


class TreatedElsewhere(Forbidden):
    """Others treat this ticket."""


class ReadsOnly(Forbidden):
    """You may read this ticket, not act on it."""


class NotInThisState(Conflict):
    """The ticket's present state does not allow this."""


class NotTaken(Conflict):
    """Take this ticket first."""


class TakenByAnother(Conflict):
    """Somebody else has taken this ticket."""


class NobodyToAsk(Conflict):
    """Who wrote this ticket has not signed in and cannot answer: answer with what you know."""


def require(act: Act, ticket: Ticket, found: Standing) -> State:
    """The state the act leads to, or the first reason why it may not be done."""
    state = follow(TABLE[act], ticket, found)
    if act == "ask" and not ticket.emitter_id:
        raise NobodyToAsk
    return state


def follow(rule: Rule, ticket: Ticket, found: Standing) -> State:
    """The same of any rule."""
    if rule.who == "emitter":
        require_emitter(found)
    else:
        _require_treating(rule.who, ticket, found)
    if ticket.state not in rule.becomes:
        raise NotInThisState(state=ticket.state)
    if rule.who in ("assignee", "desk_assignee"):
        _require_taken(ticket, found)
    return rule.becomes[ticket.state]


def may(ticket: Ticket, found: Standing) -> tuple[Act, ...]:
    """What somebody may do to a ticket now."""
    return tuple(act for act in TABLE if _allowed(act, ticket, found))


def _allowed(act: Act, ticket: Ticket, found: Standing) -> bool:
    try:
        require(act, ticket, found)
    except (Forbidden, Conflict):
        return False
    return True


def require_emitter(found: Standing) -> None:
    if "emitter" not in found.reads:
        raise EmitterOnly
    if "emitter" not in found.acts:
        raise ReadsOnly


def _require_treating(who: Who, ticket: Ticket, found: Standing) -> None:
    if "emitter" in found.reads:
        raise NotYourOwn
    if who == "desk_agent":
        if "desk" not in found.acts or ticket.treated_by == "desk":
            raise TreatedElsewhere(treated_by=ticket.treated_by)
    elif who == "desk_assignee" and ticket.treated_by != "desk":
        raise TreatedElsewhere(treated_by=ticket.treated_by)
    elif not treats(ticket, found):
        raise (ReadsOnly if ticket.treated_by in found.reads else TreatedElsewhere)(
            treated_by=ticket.treated_by
        )


def _require_taken(ticket: Ticket, found: Standing) -> None:
    if ticket.assignee_id is None:
        raise NotTaken
    if ticket.assignee_id != found.user_id:
        raise TakenByAnother(assignee_id=ticket.assignee_id)
