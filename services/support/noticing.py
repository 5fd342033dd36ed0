"""What support does when the time of a ticket has passed."""

from functools import partial

from kit.clock import now
from kit.collection import Ask, Collection
from kit.workers import Timer
from services.support.domain.promises import notice
from services.support.domain.tickets import Ticket


def noticing(tickets: Collection[Ticket]) -> Timer[Ticket]:
    def wake(one: Ticket) -> Ask:
        return tickets.ask(one.id, partial(notice, now=now()))

    return Timer(tickets, wake=wake)
