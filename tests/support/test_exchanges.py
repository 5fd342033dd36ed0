"""Written exchanges: a ticket from their first word, whatever becomes of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.support import TicketOpened
from kit.change import Change
from kit.problems import NotFound, Problem
from services.support import categories, themes
from services.support.domain import exchanges as domain
from services.support.domain.acts import Doing
from services.support.domain.catalogue import TIMING
from services.support.domain.exchanges import (
    AlreadyTalking,
    Exchange,
    ExchangeFull,
    ExchangeOver,
    ForAgents,
    NotTakenYet,
    Opening,
    Seat,
    Theme,
)
from services.support.domain.numbers import numbers_for
from services.support.domain.reach import Reach
from services.support.domain.table import ReadsOnly, TakenByAnother
from tests.support.builders import CATALOGUE, ID, KNOWN, NOW
from tests.support.people import ANA, OLGA, OSCAR, STRANGER

FIVE, SILENCE = timedelta(minutes=5), timedelta(minutes=15)
THEME = Theme(code="COMPTE", label="Mon compte", category="PAIEMENT", subcategory="DELAI")


def doing(reach: Reach, entry: str = "e-1", *, after: timedelta = timedelta()) -> Doing:
    return Doing(entry_id=entry, reach=reach, now=NOW + after)


def begun(*current: Any, staffed: bool = True) -> tuple[Change[Any], ...]:
    opening = Opening(
        theme=THEME, text="Bonjour", structure_id=None, patience=FIVE, staffed=staffed
    )
    kept = current or (None, None, None, None)
    return domain.begin(
        *kept,
        *[None] * len(numbers_for(ID)),
        opening=opening,
        id=ID,
        by="ana",
        known=KNOWN,
        catalogue=CATALOGUE,
        now=NOW,
    )


def at_first() -> tuple[Any, Any, Any]:
    """The exchange, its seat and its ticket."""
    exchange, seat, ticket, *_ = begun()
    return exchange.state, seat.state, ticket.state


def live() -> tuple[Any, Any, Any]:
    exchange, seat, ticket = at_first()
    taken, after, _ = domain.take(exchange, ticket, None, silence=SILENCE, by=doing(OLGA))
    return taken.state, seat, after.state


def said(exchange: Any, ticket: Any, reach: Reach, text: str = "Alors ?") -> Any:
    return domain.say(
        exchange, ticket, None, text=text, silence=SILENCE, timing=TIMING, by=doing(reach, "e-2")
    )


class TestBegin:
    @pytest.mark.feature("SUP-03")
    def test_opens_a_ticket_under_its_theme_and_waits_for_an_agent(self):
        exchange, seat, ticket, first, *numbers = begun()

        assert (exchange.state.state, exchange.state.wake_at) == ("queued", NOW + FIVE)
        assert seat.state == Seat(id="ana", exchange_id=ID)
        assert (ticket.state.state, ticket.state.content.title) == ("open", "Mon compte")
        assert ticket.state.content.description == "Bonjour"
        assert [type(one) for one in ticket.events] == [TicketOpened]
        assert first.state.kind == "opened"
        assert len([one for one in numbers if one.state]) == 1

    @pytest.mark.feature("SUP-03")
    def test_leaves_the_ticket_alone_where_nobody_is_there(self):
        exchange, seat, ticket, *_ = begun(staffed=False)
        assert (exchange.state.state, exchange.state.end, seat.state) == ("over", "closed", None)
        assert ticket.state.state == "open"

    def test_is_done_once(self):
        first = [one.state for one in begun()]
        again = begun(*first[:4])
        assert [one.state for one in again[:4]] == first[:4]
        assert [one.events for one in again[:4]] == [(), (), (), ()]

    def test_is_refused_beside_another(self):
        with pytest.raises(AlreadyTalking) as refused:
            begun(None, Seat(id="ana", exchange_id="e-0"), None, None)
        assert refused.value.members == {"exchange_id": "e-0"}


class TestTake:
    @pytest.mark.feature("SUP-03")
    def test_gives_exchange_and_ticket_to_the_agent(self):
        exchange, _, ticket = live()
        assert exchange.state == "live"
        assert ticket.assignee_id == "olga"

    def test_tells_the_second_of_two_agents_that_it_is_taken(self):
        exchange, _, ticket = live()
        with pytest.raises(TakenByAnother):
            domain.take(exchange, ticket, None, silence=SILENCE, by=doing(OSCAR))

    def test_is_done_once(self):
        exchange, _, ticket = live()
        again = domain.take(exchange, ticket, None, silence=SILENCE, by=doing(OLGA, "e-9"))
        assert [one.state for one in again] == [exchange, ticket, None]

    def test_is_too_late_once_it_is_over(self):
        exchange, seat, ticket = at_first()
        over = domain.lapse(exchange, seat, now=NOW + FIVE)[0].state
        with pytest.raises(ExchangeOver):
            domain.take(over, ticket, None, silence=SILENCE, by=doing(OLGA))


class TestSay:
    @pytest.mark.feature("SUP-03")
    def test_is_an_entry_of_the_ticket_from_both_sides_in_order(self):
        exchange, _, ticket = live()
        exchange, ticket, one = (each.state for each in said(exchange, ticket, ANA))
        _, _, two = (each.state for each in said(exchange, ticket, OLGA, "Voici."))

        assert (one.kind, one.side, one.text) == ("message", "emitter", "Alors ?")
        assert (two.kind, two.side, two.rank) == ("message", "desk", one.rank + 1)

    def test_may_be_said_while_nobody_has_come(self):
        exchange, _, ticket = at_first()
        heard, _, entry = said(exchange, ticket, ANA)
        assert entry.state.text == "Alors ?"
        assert heard.state.wake_at == exchange.wake_at

    @pytest.mark.parametrize(("reach", "refusal"), [(OLGA, NotTakenYet), (STRANGER, NotFound)])
    def test_is_for_whoever_began_it_and_its_agent(self, reach: Reach, refusal: Any):
        exchange, _, ticket = at_first()
        with pytest.raises(refusal):
            said(exchange, ticket, reach)

    def test_has_an_end(self):
        exchange, _, ticket = live()
        with pytest.raises(ExchangeFull):
            said(replace(exchange, messages=domain.MOST), ticket, ANA)
        with pytest.raises(ExchangeOver):
            said(exchange, replace(ticket, state="closed"), ANA)
        with pytest.raises(ExchangeOver):
            said(replace(exchange, state="over", end="ended"), ticket, ANA)


class TestEnd:
    def end(self, reach: Reach, answer: str = "") -> Any:
        exchange, seat, ticket = live()
        return domain.end(
            exchange, seat, ticket, None, answer=answer, timing=TIMING, by=doing(reach, "e-3")
        )

    @pytest.mark.feature("SUP-03")
    def test_of_an_agent_who_sums_up_proposes_the_solution_of_the_ticket(self):
        exchange, seat, ticket, entry = self.end(OLGA, "Redemandez un lien.")
        assert (exchange.state.state, exchange.state.end, seat.state) == ("over", "ended", None)
        assert (ticket.state.state, entry.state.kind) == ("resolved", "solution-proposed")

    @pytest.mark.parametrize("reach", [ANA, OLGA])
    def test_leaves_the_ticket_to_be_treated_else(self, reach: Reach):
        _, seat, ticket, entry = self.end(reach)
        assert (seat.state, ticket.state.state, entry.state) == (None, "open", None)

    def test_is_done_once_and_by_no_other_agent(self):
        exchange, seat, ticket, entry = (one.state for one in self.end(OLGA, "Voici."))
        again = domain.end(
            exchange, seat, ticket, entry, answer="Voici.", timing=TIMING, by=doing(OLGA, "e-4")
        )
        assert [one.state for one in again] == [exchange, seat, ticket, entry]
        with pytest.raises(NotTakenYet):
            self.end(OSCAR)

    @pytest.mark.parametrize(("agent", "answer"), [(OLGA, "Ou bien."), (OSCAR, "Voici.")])
    def test_takes_no_other_answer_for_the_one_it_has(self, agent: Reach, answer: str):
        exchange, seat, ticket, entry = (one.state for one in self.end(OLGA, "Voici."))
        other = {"answer": answer, "timing": TIMING, "by": doing(agent, "e-4")}
        with pytest.raises(ExchangeOver):
            domain.end(exchange, seat, ticket, entry, **other)

    def test_takes_no_answer_where_the_ticket_has_another(self):
        """Proposed beside the exchange, once whoever began it had ended it."""
        exchange, seat, ticket = live()
        over = replace(exchange, state="over", end="ended")
        resolved = replace(ticket, state="resolved")
        with pytest.raises(ExchangeOver):
            domain.end(
                over, seat, resolved, None, answer="Voici.", timing=TIMING, by=doing(OLGA, "e-4")
            )

    @pytest.mark.parametrize("why", ["silence", "ended"])
    def test_loses_no_answer_of_an_agent_that_comes_too_late(self, why: Any):
        exchange, seat, ticket = live()
        over = replace(exchange, state="over", end=why)
        late = {"answer": "Voici.", "timing": TIMING, "by": doing(OLGA, "e-4")}
        with pytest.raises(ExchangeOver) as refusal:
            domain.end(over, seat, ticket, None, **late)
        assert refusal.value.members == {"end": why}
        assert domain.end(over, seat, ticket, None, **late | {"answer": ""})[0].state is over

    @pytest.mark.parametrize(
        ("why", "as_it_is"),
        [
            ("settled", {"state": "closed"}),
            ("settled", {"state": "resolved"}),
            ("ended", {"state": "closed"}),
            ("ended", {"state": "resolved", "assignee_id": "oscar"}),
            ("handed-on", {"treated_by": "recipient", "recipient_id": "r-1"}),
        ],
    )
    def test_loses_none_where_the_ticket_has_moved_on(self, why: Any, as_it_is: dict[str, Any]):
        exchange, seat, ticket = live()
        over, moved = replace(exchange, state="over", end=why), replace(ticket, **as_it_is)
        late = {"answer": "Voici.", "timing": TIMING, "by": doing(OLGA, "e-4")}
        with pytest.raises(ExchangeOver):
            domain.end(over, seat, moved, None, **late)

    def test_by_whoever_began_it_sums_up_nothing(self):
        with pytest.raises(ForAgents) as refusal:
            self.end(ANA, "C'est bon.")
        assert refusal.value.members["errors"][0]["pointer"] == "/body/answer"


class TestLapse:
    @pytest.mark.feature("SUP-03")
    def test_ends_what_no_agent_has_taken_in_time(self):
        exchange, seat, _ = at_first()
        over, left = domain.lapse(exchange, seat, now=NOW + FIVE)
        assert over.state
        assert (over.state.state, over.state.end, left.state) == ("over", "nobody", None)

    def test_ends_what_has_been_silent_for_long(self):
        exchange, seat, _ = live()
        assert domain.lapse(exchange, seat, now=NOW + FIVE)[0].state is exchange
        over = domain.lapse(exchange, seat, now=NOW + SILENCE)[0].state
        assert over
        assert over.end == "silence"

    def test_leaves_a_seat_that_another_exchange_has(self):
        exchange, _, _ = at_first()
        other = Seat(id="ana", exchange_id="e-9")
        assert domain.lapse(exchange, other, now=NOW + FIVE)[1].state is other
        over = replace(exchange, state="over")
        assert domain.lapse(over, other, now=NOW + FIVE)[0].state is over


class TestFollow:
    def follow(self, exchange: Exchange, seat: Any, **became: Any) -> tuple[Any, Any]:
        ticket = replace(live()[2], **became)
        kept = domain.follow(exchange, seat, ticket=ticket, silence=SILENCE, now=NOW + FIVE)
        return kept[0].state, kept[1].state

    @pytest.mark.feature("SUP-39")
    def test_lets_whoever_has_the_ticket_talk_and_nobody_else(self):
        exchange, _, ticket = live()
        handed = replace(ticket, assignee_id="oscar")
        assert said(exchange, handed, OSCAR)[2].state.side == "desk"
        with pytest.raises(NotTakenYet):
            said(exchange, handed, OLGA)

    def test_begins_it_where_an_agent_takes_the_ticket(self):
        exchange, seat, _ = at_first()
        taken, kept = self.follow(exchange, seat)
        assert (taken.state, taken.wake_at, kept) == ("live", NOW + FIVE + SILENCE, seat)

    def test_leaves_it_to_the_next_agent_where_one_leaves_the_ticket(self):
        exchange, seat, _ = live()
        waits, kept = self.follow(exchange, seat, assignee_id=None)
        assert (waits.state, waits.wake_at, kept) == ("queued", exchange.wake_at, seat)

    @pytest.mark.parametrize(
        ("became", "end"),
        [
            ({"state": "closed"}, "settled"),
            ({"state": "resolved"}, "settled"),
            ({"treated_by": "recipient", "recipient_id": "r-1", "assignee_id": None}, "handed-on"),
        ],
    )
    def test_ends_it_once_the_ticket_is_settled_or_another_s(self, became: Any, end: str):
        exchange, seat, ticket = live()
        over, left = self.follow(exchange, seat, **became)
        assert (over.state, over.end, left) == ("over", end, None)
        assert self.follow(over, None, **became) == (over, None)
        with pytest.raises(ExchangeOver) as refused:
            said(over, replace(ticket, **became), ANA)
        assert refused.value.members == {"end": end}

    def test_is_nothing_where_the_ticket_did_not_begin_as_one(self):
        nothing = domain.follow(None, None, ticket=live()[2], silence=SILENCE, now=NOW)
        assert [one.state for one in nothing] == [None, None]


class TestReadable:
    def test_is_for_whoever_began_it_and_the_desk(self):
        exchange, _, ticket = at_first()
        for reach in (ANA, OLGA, OSCAR):
            assert domain.readable(exchange, ticket, reach) == (exchange, ticket)
        for current, reach in ((exchange, STRANGER), (None, OLGA)):
            with pytest.raises(NotFound):
                domain.readable(current, ticket, reach)

    def test_ends_for_whoever_has_left_the_structure_it_is_about(self):
        exchange, _, ticket = live()
        ticket = replace(ticket, content=replace(ticket.content, structure_id="s-1"))
        gone = replace(ANA, attached=frozenset())
        assert domain.readable(exchange, ticket, ANA)
        with pytest.raises(NotFound):
            domain.readable(exchange, ticket, gone)
        with pytest.raises(NotFound):
            said(exchange, ticket, gone)

    def test_is_all_that_is_left_to_whoever_may_only_read_for_it(self):
        exchange, _, ticket = live()
        ticket = replace(ticket, content=replace(ticket.content, structure_id="s-1"))
        reader = replace(ANA, attached=frozenset(), emitted_read=frozenset({("s-1", None)}))
        assert domain.readable(exchange, ticket, reader)
        with pytest.raises(ReadsOnly):
            said(exchange, ticket, reader)


class TestThemes:
    def test_are_offered_while_they_are_active(self):
        every = themes.read(categories.read())
        first, *others = every
        assert domain.offered(every) == every
        assert domain.offered((replace(first, active=False), *others)) == (*others,)

    def test_are_filed_under_what_the_desk_answers(self):
        assert {one.code for one in themes.read(categories.read())} >= {"COMPTE", "AUTRE"}

    def test_stop_the_service_where_they_are_not(self):
        with pytest.raises(themes.WrongTheme):
            themes.read(CATALOGUE)


class TestHistories:
    @settings(max_examples=80, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["say", "take", "end", "answer", "lapse"]),
                st.sampled_from([ANA, OLGA, OSCAR, STRANGER]),
            ),
            max_size=12,
        )
    )
    def test_lose_no_word_and_free_the_seat_with_their_end(self, history: list[Any]):
        exchange, seat, ticket = at_first()
        heard: list[int] = []
        for nth, (step, reach) in enumerate(history):
            by = doing(reach, f"e-{nth}", after=timedelta(minutes=nth))
            current: Exchange = exchange
            try:
                if step == "say":
                    changes = domain.say(
                        current, ticket, None, text="x", silence=SILENCE, timing=TIMING, by=by
                    )
                    heard.append(changes[2].state.rank)  # type: ignore[union-attr]  # it was said
                elif step == "take":
                    changes = domain.take(current, ticket, None, silence=SILENCE, by=by)
                elif step == "lapse":
                    over, left = domain.lapse(current, seat, now=NOW + FIVE)
                    exchange, seat = over.state, left.state
                    continue
                else:
                    answer = "Voici." if step == "answer" else ""
                    ended = domain.end(
                        current, seat, ticket, None, answer=answer, timing=TIMING, by=by
                    )
                    exchange, seat, ticket = (one.state for one in ended[:3])
                    continue
            except Problem:
                continue
            exchange, ticket = changes[0].state, changes[1].state
        assert heard == sorted(set(heard))
        assert len(heard) == exchange.messages
        assert (seat is None) == (exchange.state == "over")
        assert ticket.state in ("open", "resolved")
