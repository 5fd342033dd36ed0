"""Who is around a ticket of s-1, sent to r-1 where it is for the business support."""

from dataclasses import replace
from typing import Any

from services.support.domain.reach import Reach
from services.support.domain.table import Act
from services.support.domain.tickets import Ticket
from tests.support.builders import NOW, a_content, a_ticket

EMITTED = frozenset({("s-1", None)})
RECEIVED = frozenset({"r-1"})

ANA = Reach(user_id="ana", attached=frozenset({"s-1"}))
COLLEAGUE = Reach(user_id="cleo", emitted_read=EMITTED, emitted_act=EMITTED)
COLLEAGUE_WHO_READS = Reach(user_id="ray", attached=frozenset({"s-1"}), emitted_read=EMITTED)
COLLEAGUE_WITHOUT = Reach(user_id="bob", attached=frozenset({"s-1"}))
RENE = Reach(user_id="rene", received_read=RECEIVED, received_act=RECEIVED)
ROSA = replace(RENE, user_id="rosa")
WHO_CONSULTS = Reach(user_id="carl", received_read=RECEIVED)
OLGA = Reach(user_id="olga", desk=True)
OSCAR = replace(OLGA, user_id="oscar")
STRANGER = Reach(user_id="sam", attached=frozenset({"s-9"}), received_act=frozenset({"r-9"}))
EVERYBODY = (
    *(ANA, COLLEAGUE, COLLEAGUE_WHO_READS, COLLEAGUE_WITHOUT),
    *(RENE, ROSA, WHO_CONSULTS, OLGA, OSCAR, STRANGER),
)


def sent(**but: Any) -> Ticket:
    """To the desk."""
    return replace(a_ticket(state="open", opened_at=NOW, entries=1), **but)


def business(**but: Any) -> Ticket:
    content = a_content(subcategory="M_REJET", recipient_structure_id="r-1")
    return sent(**{"content": content, "recipient_id": "r-1", "treated_by": "recipient"} | but)


def transferred(**but: Any) -> Ticket:
    return business(**{"treated_by": "desk"} | but)


class Model:
    """The table told another way: by who is who, not by what they hold."""

    EMITTERS = frozenset({"ana", "cleo"})
    AGENTS = frozenset({"rene", "rosa"})
    DESK = frozenset({"olga", "oscar"})

    def __init__(self, state: str, treated_by: str, assignee_id: str | None) -> None:
        self.state, self.at, self.by = state, treated_by, assignee_id

    @classmethod
    def of(cls, ticket: Ticket) -> "Model":
        return cls(ticket.state, ticket.treated_by, ticket.assignee_id)

    def lets(self, act: Act, who: str) -> bool:
        treating = self.AGENTS if self.at == "recipient" else self.DESK
        sent, mine = self.state in ("open", "waiting", "resolved"), self.by == who
        match act:
            case "inform":
                return who in self.EMITTERS and self.state == "waiting"
            case "refuse" | "accept":
                return who in self.EMITTERS and self.state == "resolved"
            case "close":
                return who in self.EMITTERS and sent
            case "take" | "note":
                return who in treating and sent
            case "release":
                return who in treating and sent and mine
            case "call_in":
                return who in self.DESK and self.at == "recipient" and self.state == "open"
            case "refile":
                return who in treating & self.DESK and self.state == "open" and mine
            case _:
                return who in treating and self.state == "open" and mine
