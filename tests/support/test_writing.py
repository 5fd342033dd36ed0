"""How a ticket is written, kept as a draft, and sent."""

import re
from dataclasses import replace
from typing import Any

import pytest

from contracts.support import TicketOpened
from kit.problems import NotFound
from services.support.domain import writing
from services.support.domain.activity import Entry
from services.support.domain.contents import (
    Content,
    Incomplete,
    Known,
    NotAttached,
    StructureInactive,
    UnknownCategory,
)
from services.support.domain.numbers import CANDIDATES, NoNumberFree, Number, numbers_for
from services.support.domain.states import State
from services.support.domain.tickets import Ticket
from services.support.domain.writing import NotADraft, Rewritten
from tests.support.builders import (
    CATALOGUE,
    ID,
    KNOWN,
    LATER,
    NOW,
    a_content,
    a_reach,
    a_ticket,
    fields,
)


def write(
    current: Ticket | None = None,
    entry: Entry | None = None,
    *,
    claims: tuple[Number | None, ...] = (None,) * CANDIDATES,
    content: Content | None = None,
    draft: bool = False,
    known: Known = KNOWN,
) -> tuple[Any, ...]:
    return writing.write(
        current,
        entry,
        *claims,
        id=ID,
        content=content or a_content(),
        draft=draft,
        by="ana",
        known=known,
        catalogue=CATALOGUE,
        now=NOW,
    )


def submit(
    current: Ticket | None, known: Known = KNOWN, content: Content | None = None
) -> tuple[Any, Any]:
    return writing.submit(
        current,
        None,
        content=content or (current.content if current else a_content()),
        reach=a_reach(),
        known=known,
        catalogue=CATALOGUE,
        now=LATER,
    )


class TestWrite:
    @pytest.mark.feature("SUP-16", "SUP-19")
    def test_opens_the_ticket_and_tells(self):
        change, *_ = write()

        assert (change.state.state, change.state.opened_at) == ("open", NOW)
        assert change.events == (
            TicketOpened(
                ticket_id=ID,
                number=change.state.number,
                emitter_id="ana",
                structure_id="s-1",
                category="PAIEMENT",
                subcategory="DELAI",
                opened_at=NOW,
            ),
        )

    @pytest.mark.feature("SUP-17")
    def test_keeps_a_draft_that_says_nothing_yet(self):
        change, *_ = write(content=Content(), draft=True)

        assert (change.state.state, change.state.opened_at, change.events) == ("draft", None, ())

    @pytest.mark.feature("SUP-16")
    def test_claims_the_number_it_gives(self):
        change, _, first, *others = write()

        assert re.fullmatch(r"CPROCS\d{7}", change.state.number)
        assert first.state == Number(id=change.state.number, ticket_id=ID)
        assert all(other.state is None for other in others)

    @pytest.mark.feature("SUP-16")
    def test_takes_the_next_number_when_the_first_is_another_ticket_s(self):
        numbers = numbers_for(ID)
        taken = Number(id=numbers[0], ticket_id="another")

        change, _, first, second, *_ = write(claims=(taken, *[None] * (len(numbers) - 1)))

        assert change.state.number == numbers[1]
        assert (first.state, second.state) == (taken, Number(id=numbers[1], ticket_id=ID))

    def test_is_refused_when_no_number_is_free(self):
        taken = tuple(Number(id=one, ticket_id="another") for one in numbers_for(ID))
        with pytest.raises(NoNumberFree):
            write(claims=taken)

    def test_changes_nothing_the_second_time(self):
        change, entry, *claims = write()
        kept = tuple(claim.state for claim in claims)

        again, entry_again, *claims_again = write(change.state, entry.state, claims=kept)

        assert (again.state, again.events) == (change.state, ())
        assert entry_again.state == entry.state
        assert tuple(claim.state for claim in claims_again) == kept

    def test_names_the_structure_that_is_not_active_unless_it_is_a_draft(self):
        for known, field in (
            (replace(KNOWN, active=False), "structure_id"),
            (replace(KNOWN, recipient_active=False), "recipient_structure_id"),
        ):
            draft = write(draft=True, known=known)[0].state
            assert draft.state == "draft"
            with pytest.raises(StructureInactive) as refusal:
                write(known=known)
            assert fields(refusal) == [f"/body/{field}"]
            with pytest.raises(StructureInactive):
                submit(draft, known)
            assert submit(draft)[0].state.state == "open"

    @pytest.mark.feature("SUP-05", "SUP-13")
    def test_names_every_field_that_is_missing(self):
        with pytest.raises(Incomplete) as refusal:
            write(content=Content())
        assert fields(refusal) == ["/body/category", "/body/subcategory", "/body/title"]

    @pytest.mark.feature("SUP-05")
    @pytest.mark.parametrize(
        ("category", "subcategory", "field"),
        [
            ("UNKNOWN", "DELAI", "/body/category"),
            ("FERMEE", "MOTIF", "/body/category"),
            ("PAIEMENT", "DEPOT", "/body/subcategory"),
            ("PAIEMENT", "ANCIEN", "/body/subcategory"),
            ("", "DELAI", "/body/subcategory"),
        ],
        ids=["unknown", "inactive category", "of another category", "inactive", "of no category"],
    )
    def test_refuses_what_is_not_in_the_catalogue(
        self, category: str, subcategory: str, field: str
    ):
        content = a_content(category=category, subcategory=subcategory)
        for draft in (False, True):
            with pytest.raises(UnknownCategory) as refusal:
                write(content=content, draft=draft)
            assert fields(refusal) == [field]

    @pytest.mark.feature("SUP-06")
    def test_asks_who_should_answer_when_it_goes_to_the_business_support(self):
        with pytest.raises(Incomplete) as refusal:
            write(content=a_content(subcategory="M_REJET"))
        assert fields(refusal) == ["/body/recipient_structure_id"]

        named = a_content(subcategory="M_REJET", recipient_structure_id="s-9")
        change, *_ = write(content=named)
        assert change.state.state == "open"
        assert (change.state.treated_by, change.state.recipient_id) == ("recipient", "s-9")

    def test_speaks_only_for_a_structure_the_emitter_is_attached_to(self):
        for draft in (False, True):
            with pytest.raises(NotAttached) as refusal:
                write(draft=draft, known=Known())
            assert fields(refusal) == ["/body/structure_id"]

    def test_needs_no_structure(self):
        change, *_ = write(content=a_content(structure_id=None), known=Known())
        assert change.state.state == "open"


class TestRewrite:
    def rewrite(self, current: Ticket | None, content: Content, *, by: str = "ana") -> Any:
        return writing.rewrite(
            current,
            content=content,
            reach=a_reach(by),
            known=KNOWN,
            catalogue=CATALOGUE,
        )

    def test_replaces_what_a_draft_says(self):
        content = a_content(title="Toujours rien")
        assert self.rewrite(a_ticket(), content).state.content == content

    def test_keeps_the_same_ticket_when_nothing_differs(self):
        draft = a_ticket()
        assert self.rewrite(draft, draft.content).state is draft

    def test_is_refused_once_the_ticket_is_sent(self):
        with pytest.raises(NotADraft):
            self.rewrite(a_ticket(state="open"), a_content())

    def test_knows_no_ticket_of_another(self):
        with pytest.raises(NotFound):
            self.rewrite(a_ticket(), a_content(), by="bob")


class TestSubmit:
    @pytest.mark.feature("SUP-16", "SUP-19")
    def test_opens_a_draft_and_tells(self):
        change, entry = submit(a_ticket())

        assert (change.state.state, change.state.opened_at) == ("open", LATER)
        assert [type(event) for event in change.events] == [TicketOpened]
        assert (entry.state.kind, entry.state.rank, entry.state.by) == ("opened", 1, "ana")

    @pytest.mark.parametrize("state", ["open", "closed"])
    def test_changes_nothing_when_already_sent(self, state: State):
        ticket = a_ticket(state=state)
        change, entry = submit(ticket, known=Known())
        assert (change.state, change.events, entry.state) == (ticket, (), None)

    def test_sends_nothing_but_what_was_asked_about(self):
        with pytest.raises(Rewritten):
            submit(a_ticket(content=a_content(title="2")), content=a_content(title="1"))
        sent = a_ticket(state="open", content=a_content(title="2"))
        assert submit(sent, content=a_content(title="1"))[0].state == sent

    @pytest.mark.feature("SUP-13")
    def test_names_what_a_draft_still_lacks(self):
        with pytest.raises(Incomplete) as refusal:
            submit(a_ticket(content=a_content(title="")))
        assert fields(refusal) == ["/body/title"]

    def test_is_refused_when_the_emitter_has_left_the_structure(self):
        with pytest.raises(NotAttached):
            submit(a_ticket(), known=Known())

    @pytest.mark.feature("SUP-43")
    def test_is_refused_when_the_category_has_been_closed(self):
        with pytest.raises(UnknownCategory):
            submit(a_ticket(content=a_content(subcategory="ANCIEN")))

    @pytest.mark.parametrize("current", [None, a_ticket(emitter_id="bob")])
    def test_knows_no_ticket_of_another(self, current: Ticket | None):
        with pytest.raises(NotFound):
            submit(current)
