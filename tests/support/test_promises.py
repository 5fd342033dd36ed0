"""What becomes of the clocks of a ticket as it is treated, and who is told that it is late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.support import TicketOverdue
from kit.change import Change
from kit.clock import now
from services.support.domain import acts
from services.support.domain.acts import Doing
from services.support.domain.catalogue import TIMING
from services.support.domain.exchanges import Exchange, say
from services.support.domain.promises import kept_up, notice, waking
from services.support.domain.reach import Reach
from services.support.domain.table import Act
from services.support.domain.tickets import Ticket
from services.support.noticing import noticing
from tests.approvals.stage import soon
from tests.support.asking import written
from tests.support.builders import CATALOGUE, NOW
from tests.support.desk import Desk
from tests.support.people import ANA, OLGA, ROSA, business, sent, transferred

HOUR = timedelta(hours=1)


def promised() -> Ticket:
    """As it was sent, when Rosa has taken it; its patience is 8 and 40 hours, of 9 a day."""
    ticket = business(assignee_id="rosa")
    clocks = CATALOGUE.begun(ticket.content.category, ticket.content.subcategory, now=NOW)
    return waking(replace(ticket, clocks=clocks))


def done(act: Act, ticket: Ticket, by: Reach, *, after: timedelta = HOUR) -> Ticket:
    doing = Doing(entry_id=f"e-{act}", reach=by, now=NOW + after)
    changes = acts.write(act, ticket, None, text="As said.", by=doing)
    change, _ = kept_up(ticket, changes, TIMING, now=doing.now)
    assert change.state
    return change.state


def talked(exchange: Exchange, ticket: Ticket, by: Reach, *after: timedelta) -> Ticket:
    for nth, when in enumerate(after):
        doing = Doing(entry_id=f"m-{nth}", reach=by, now=NOW + when)
        heard, kept, _ = say(
            exchange, ticket, None, text="Alors ?", silence=HOUR, timing=TIMING, by=doing
        )
        assert heard.state
        assert kept.state
        exchange, ticket = heard.state, kept.state
    return ticket


class TestKeptUp:
    @pytest.mark.feature("SUP-20")
    def test_pauses_while_the_emitter_is_asked(self):
        asked = done("ask", promised(), ROSA)
        answered = done("inform", asked, ANA, after=timedelta(days=70))

        assert asked.clocks
        assert answered.clocks
        assert (asked.wake_at, asked.clocks.first_answer.kept_at) == (None, NOW + HOUR)
        assert answered.clocks.solution.left == 39 * 3600
        assert answered.wake_at == answered.clocks.solution.due_at

    def test_is_not_touched_by_a_note(self):
        ticket = promised()

        noted = done("note", ticket, ROSA)

        assert (noted.clocks, noted.wake_at) == (ticket.clocks, ticket.wake_at)

    @pytest.mark.feature("SUP-23")
    def test_leaves_time_for_another_solution(self):
        solved = done("answer", promised(), ROSA)
        weeks = timedelta(weeks=6)

        refused = done("refuse", solved, ANA, after=weeks)

        assert solved.wake_at is None
        assert refused.clocks
        assert refused.wake_at == refused.clocks.solution.due_at
        assert refused.wake_at
        assert refused.wake_at > NOW + weeks + TIMING.at_least

    @pytest.mark.feature("SUP-19")
    def test_gives_nobody_more_time_for_messages(self):
        ticket = replace(promised(), recipient_id=None, treated_by="desk", assignee_id="olga")
        exchange = Exchange(
            id=ticket.id, theme="COMPTE", user_id="ana", state="live", started_at=NOW
        )
        begun = ticket.clocks
        assert begun

        after = talked(exchange, ticket, ANA, HOUR, 7 * HOUR, timedelta(days=60))
        assert (after.clocks, after.wake_at) == (begun, ticket.wake_at)

        answered = talked(exchange, ticket, OLGA, HOUR, 7 * HOUR, timedelta(days=60))
        assert answered.clocks
        assert answered.clocks.first_answer.kept_at == NOW + HOUR
        assert answered.clocks.solution == begun.solution
        assert answered.wake_at == begun.solution.due_at


class TestNotice:
    @pytest.mark.feature("SUP-19")
    def test_tells_once_who_is_late_with_what(self):
        ticket = promised()

        early = notice(ticket, now=NOW + HOUR)
        late = notice(ticket, now=NOW + 8 * HOUR)
        again = notice(late.state, now=NOW + 9 * HOUR)

        assert (early.events, again) == ((), Change(late.state))
        [told] = late.events
        assert isinstance(told, TicketOverdue)
        assert (told.promise, told.treated_by, told.assignee_id) == (
            "first_answer",
            "recipient",
            "rosa",
        )
        assert late.state
        assert late.state.overdue
        assert late.state.clocks
        assert late.state.wake_at == late.state.clocks.solution.due_at

    def test_of_what_was_answered_late_is_nothing(self):
        ticket = promised()

        answered = done("answer", ticket, ROSA, after=timedelta(days=30))

        assert answered.clocks
        assert answered.clocks.solution.late_at
        assert not answered.overdue
        assert notice(answered, now=NOW + timedelta(days=31)).events == ()

    def test_of_a_ticket_from_before_there_were_promises_is_nothing(self):
        for ticket in (sent(), transferred()):
            assert notice(ticket, now=NOW) == Change(ticket)
        assert notice(None, now=NOW) == Change(None)


@asynccontextmanager
async def another_process(desk: Desk) -> AsyncIterator[None]:
    """Its timer alone; what is under way is cut off in the end."""
    [tickets] = [one for one in desk.service.collections if one.name == "tickets"]
    timer = noticing(tickets)
    timer.every = 0.01
    running = asyncio.create_task(timer.run(desk.service.committer))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.feature("SUP-19")
async def test_is_noticed_once_by_whatever_process_is_alive(desk: Desk):
    id = (await written(desk))["id"]
    ticket = (await desk.by().get(f"/v1/tickets/{id}")).json()
    assert (ticket["overdue"], ticket["first_answer"]["late_at"]) == (False, None)
    assert ticket["first_answer"]["due_at"] < ticket["solution"]["due_at"]
    due = {"wake_at": now(), "clocks.first_answer.due_at": now()}
    await desk.service.mongo["tickets"].update_one({"_id": id}, {"$set": due})

    async with another_process(desk):
        await asyncio.sleep(0)
    async with another_process(desk), another_process(desk):

        async def late() -> bool:
            return bool((await desk.by().get(f"/v1/tickets/{id}")).json()["overdue"])

        await soon(late)

    assert (await desk.told()).count("support.ticket-overdue.v1") == 1
    await written(desk)
    found = await desk.by().get("/v1/tickets", params={"overdue": "true"})
    assert [one["id"] for one in found.json()["items"]] == [id]
