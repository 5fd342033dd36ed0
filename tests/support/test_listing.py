"""Where tickets are listed: the same for lists as for one ticket."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.support.domain import listing, reach
from services.support.domain.listing import EMITTERS, HOLDS, SENT, found_by
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket
from services.support.sought import NoCriterion, Sought, TooManyWords
from tests.support.builders import a_content, a_ticket

PEOPLE, STRUCTURES, UNITS = ("ana", "bob"), ("s-1", "s-2"), (None, "A", "B")
structures = st.sampled_from(STRUCTURES)
parts = st.frozensets(st.tuples(structures, st.sampled_from(UNITS)), max_size=3)


@st.composite
def tickets(draw: Any) -> Ticket:
    structure = draw(st.none() | structures)
    recipient = draw(st.none() | structures)
    return a_ticket(
        emitter_id=draw(st.sampled_from(PEOPLE)),
        state=draw(st.sampled_from(("draft", *SENT))),
        content=a_content(
            structure_id=structure,
            unit=draw(st.sampled_from(UNITS)) if structure else None,
            recipient_structure_id=recipient,
        ),
        recipient_id=recipient,
        treated_by=draw(st.sampled_from(("recipient", "desk"))) if recipient else "desk",
    )


@st.composite
def reaches(draw: Any) -> Reach:
    act = draw(parts)
    received = draw(st.frozensets(structures))
    return Reach(
        user_id=draw(st.sampled_from(PEOPLE)),
        desk=draw(st.booleans()),
        attached=draw(st.frozensets(structures)),
        emitted_read=act | draw(parts),
        emitted_act=act,
        received_read=received | draw(st.frozensets(structures)),
        received_act=received,
    )


def fits(document: dict[str, Any], where: dict[str, Any]) -> bool:
    """As MongoDB reads what ``listing`` asks of a ticket's own fields."""
    if "$or" in where:
        return any(fits(document, one) for one in where["$or"])
    if "$and" in where:
        return all(fits(document, one) for one in where["$and"])
    return all(
        value(document, name) in (asked["$in"] if isinstance(asked, dict) else [asked])
        for name, asked in where.items()
    )


def value(document: dict[str, Any], name: str) -> Any:
    for step in name.split("."):
        document = document[step]
    return document


def document(ticket: Ticket) -> dict[str, Any]:
    said = {"structure_id": ticket.content.structure_id, "unit": ticket.content.unit}
    return {
        "emitter_id": ticket.emitter_id,
        "recipient_id": ticket.recipient_id,
        "treated_by": ticket.treated_by,
        "state": ticket.state,
        "content": said,
    }


class TestShelves:
    @pytest.mark.feature("SUP-27", "SUP-30", "SUP-42")
    @given(tickets(), reaches())
    @settings(max_examples=150)
    def test_show_a_ticket_to_those_who_may_know_of_it_and_to_nobody_else(
        self, ticket: Ticket, whose: Reach
    ):
        found = reach.standing(ticket, whose)
        looked_at = listing.in_reach(whose, None, ("draft", *SENT))

        assert bool(listing.shelves(ticket) & {*looked_at}) == bool(found.reads)
        assert fits(document(ticket), Sought(q="mot").within(whose)) == bool(found.reads)

    @given(tickets(), reaches(), st.sampled_from(("emitted", "received")))
    @settings(max_examples=80)
    def test_tell_what_one_wrote_from_what_one_was_sent(
        self, ticket: Ticket, whose: Reach, view: Any
    ):
        side = {"emitted": "emitter", "received": "recipient"}[view]
        looked_at = listing.in_reach(whose, view, ("draft", *SENT))
        on_them = bool(listing.shelves(ticket) & {*looked_at})

        assert on_them == (side in reach.standing(ticket, whose).reads)
        assert fits(document(ticket), Sought(view=view).within(whose)) == on_them

    @given(tickets(), reaches(), st.sampled_from((None, "emitted", "received")))
    @settings(max_examples=100)
    def test_hold_only_what_is_found_by_its_owners_too(
        self, ticket: Ticket, whose: Reach, view: Any
    ):
        whose = replace(whose, desk=False)
        for tab in (None, *(one for one in HOLDS if one != "to_treat")):
            asked = Sought(tab=tab, view=view)
            on_them = bool(listing.shelves(ticket) & {*asked.shelves(whose)})
            held = found_by(ticket) | {"state": ticket.state}
            either = {*held["owners"]} & {*asked.owners(whose)["owners"]["$in"]}
            of_theirs = bool(either) and fits(held, {"state": asked.owners(whose)["state"]})

            assert on_them == (of_theirs and fits(document(ticket), asked.within(whose)))

    @pytest.mark.feature("SUP-39")
    @given(tickets(), reaches())
    @settings(max_examples=80)
    def test_hold_what_one_has_to_treat(self, ticket: Ticket, whose: Reach):
        asked = Sought(tab="to_treat")
        on_them = bool(listing.shelves(ticket) & {*asked.shelves(whose)})
        own = fits(document(ticket), listing.emitted(whose))
        treats = reach.treats(ticket, reach.standing(ticket, whose)) and ticket.state == "open"

        assert (on_them and not own) == treats
        assert fits(document(ticket), asked.within(whose)) == on_them


class TestOfAStructure:
    @given(tickets(), reaches(), structures)
    @settings(max_examples=100)
    def test_misses_no_ticket_of_that_structure(self, ticket: Ticket, whose: Reach, of: str):
        asked = Sought(structure_id=of)
        shown = listing.shelves(ticket) & {*asked.shelves(whose)}
        about = of in {ticket.content.structure_id, ticket.recipient_id}
        found = bool(shown) and fits(document(ticket), asked.within(whose))

        assert not found or reach.standing(ticket, whose).reads
        assert found or not (about and reach.standing(ticket, whose).reads)


class TestTabs:
    @pytest.mark.feature("SUP-26", "SUP-27", "SUP-28", "SUP-29", "SUP-30")
    @pytest.mark.parametrize(
        ("tab", "states"),
        [
            ("actions_required", {"waiting", "resolved"}),
            ("not_closed", {"open", "waiting", "resolved"}),
            ("in_progress", {"open"}),
            ("closed", {"closed"}),
            ("drafts", {"draft"}),
        ],
    )
    def test_hold_the_states_that_they_are_named_after(self, tab: Any, states: set[str]):
        ana = Reach(user_id="ana", attached=frozenset({"s-1"}))
        held = {
            state
            for state in ("draft", *SENT)
            if listing.shelves(a_ticket(state=state)) & {*Sought(tab=tab).shelves(ana)}
        }
        assert held == states

    def test_ask_nothing_of_those_who_did_not_write(self):
        agent = Reach(user_id="zoe", received_read=frozenset({"s-2"}), desk=True)
        for tab in EMITTERS:
            assert not {*Sought(tab=tab).shelves(agent)} & {"recipient:s-2/waiting", "desk/waiting"}

    def test_are_narrowed_by_a_state(self):
        assert Sought(tab="not_closed", state="waiting").states == ("waiting",)
        assert Sought(tab="closed", state="waiting").states == ()

    def test_are_six(self):
        assert len(HOLDS) == 6


class TestSought:
    @pytest.mark.feature("SUP-31")
    @pytest.mark.parametrize(
        "asked",
        [{}, {"view": "emitted"}, {"overdue": False}, {"sort": "title", "direction": "ascending"}],
    )
    def test_asks_for_a_criterion(self, asked: dict[str, Any]):
        with pytest.raises(NoCriterion):
            Sought(**asked).required()

    @pytest.mark.feature("SUP-31")
    @pytest.mark.parametrize(
        "asked",
        [
            {"tab": "closed"},
            {"q": "facture"},
            {"number": "CPROCS0048685"},
            {"category": "PAIEMENT"},
            {"state": "open"},
            {"overdue": True},
            {"created_from": datetime(2026, 3, 2, tzinfo=UTC).date()},
            {"structure_id": "a" * 32},
        ],
    )
    def test_is_content_with_one(self, asked: dict[str, Any]):
        assert Sought(**asked).required()

    def test_refuses_words_that_say_nothing_and_too_many(self):
        with pytest.raises(NoCriterion):
            _ = Sought(q="de la").words
        with pytest.raises(TooManyWords):
            _ = Sought(q=" ".join(f"mot{n}" for n in range(11))).words

    @pytest.mark.parametrize("written", ["CPROCS0048685", "cprocs0048685", "48685", " 0048685 "])
    def test_knows_a_number_however_it_is_written(self, written: str):
        assert Sought(number=written).numbered == {"number": "CPROCS0048685"}


class TestFoundBy:
    @pytest.mark.feature("SUP-31")
    def test_words_are_found_without_accents_case_endings_or_markup(self):
        wrong = "<p>Dépôt&nbsp;du <b>délai</b>, deux numéros</p>"
        said = a_content(title="Factures REFUSÉES", description=wrong)
        found = found_by(a_ticket(content=said))["stems"]

        for q in ("facture refusee", "FACTURES", "depot", "délai", "numero"):
            assert {*Sought(q=q).words} <= {*found}, q
        assert not {*Sought(q="b").words} & {*found}

    @pytest.mark.feature("SUP-34")
    def test_is_in_order_of_what_people_read(self):
        titles = ["a", "À b", "âme", "Zoé"]
        kept = [found_by(a_ticket(content=a_content(title=one)))["by_title"] for one in titles]

        assert kept == sorted(kept)

    @pytest.mark.feature("SUP-34")
    @given(st.lists(st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 2)), min_size=2))
    @settings(max_examples=50)
    def test_is_in_order_of_time_where_it_is_filed_alike(self, moments: list[datetime]):
        written = [a_ticket(created_at=one.replace(tzinfo=UTC)) for one in sorted(moments)]
        for field in ("by_category", "by_subcategory", "by_state"):
            kept = [found_by(one)[field] for one in written]
            assert kept == sorted(kept)
        apart = {
            one.created_at.replace(microsecond=one.created_at.microsecond // 1000)
            for one in written
        }
        assert len({*kept}) == len(apart)

    @pytest.mark.feature("SUP-34")
    def test_orders_states_as_a_ticket_goes_through_them(self):
        kept = [found_by(a_ticket(state=one))["by_state"] for one in ("draft", *SENT)]

        assert kept == sorted(kept)
