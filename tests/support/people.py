"""Who is around a ticket of s-1, sent to r-1 where it is for the business support."""

from dataclasses import replace
from typing import Any

from services.support.domain.reach import Reach
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
