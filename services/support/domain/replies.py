"""What somebody who has not signed in says of an answer, by the link of its letter (SUP-22, 23)."""

from typing import Literal

from kit.problems import Invalid
from services.support.domain import acts
from services.support.domain.activity import Entry
from services.support.domain.acts import KINDS, Changes, Doing
from services.support.domain.clocks import Timing
from services.support.domain.promises import kept_up
from services.support.domain.tickets import Ticket

Reply = Literal["accept", "refuse"]


class ReplyOver(Invalid):
    """This link has been used, or there is a newer answer than the one it came with."""


def reply(
    act: Reply,
    ticket: Ticket | None,
    entry: Entry | None,
    *,
    rank: int,
    answered: int,
    text: str,
    timing: Timing,
    by: Doing,
) -> Changes:
    """
    Accept the solution, or refuse it and say why; each link once.

    The same again changes nothing; other words are refused, since nobody would read them.
    ``rank``: of the answer in whose letter the link was; ``answered``: of the newest solution.
    """
    said = text if act == "refuse" else ""
    used = entry is not None and (entry.kind, entry.text) != (KINDS[act], said)
    # Without an address its words are forgotten, and so would be nobody's answer.
    if ticket is None or not ticket.content.contact_email or used or rank < answered:
        raise ReplyOver(field="body/token")
    done = (
        acts.end(act, ticket, entry, by=by)
        if act == "accept"
        else acts.write(act, ticket, entry, text=text, by=by)
    )
    return kept_up(ticket, done, timing, now=by.now)
