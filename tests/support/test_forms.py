"""What somebody writes without signing in."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.support import FormSent, TicketOpened
from kit.attempts import Attempts, Limit
from services.support.domain import forms
from services.support.domain.contents import Content, UnknownCategory
from services.support.domain.forms import Form, FormOver, Sending, SignInForThis
from services.support.domain.numbers import Number, numbers_for
from services.support.domain.requests import Request
from tests.support.builders import CATALOGUE, ID, LATER, NOW, fields

FIVE = Limit(5, timedelta(days=1))
YEAR = timedelta(days=365)
CONTENT = Content(
    category="PAIEMENT",
    subcategory="DELAI",
    title="Rien reçu",
    description="Bonjour",
    contact_email="zoe@example.org",
)


def sent(current: Form | None = None, letters: Attempts | None = None, **but: Any) -> Any:
    said = {
        "id": ID,
        "kind": "question",
        "content": CONTENT,
        "nonce": "n-1",
        "expires_at": NOW + timedelta(days=1),
        "address": "hash",
        "limit": FIVE,
        "now": NOW,
    }
    claims = [None] * len(numbers_for(ID))
    return forms.write(
        current, letters, *claims, sending=Sending(**said | but), catalogue=CATALOGUE
    )


def a_form(**but: Any) -> Form:
    form: Form = sent()[0].state
    return replace(form, **but)


def confirmed(form: Form | None, *kept: Any, nonce: str = "n-1") -> Any:
    ticket, entry, request = kept or (None, None, None)
    return forms.confirm(
        form, ticket, entry, request, nonce=nonce, catalogue=CATALOGUE, kept_for=YEAR, now=LATER
    )


class TestWrite:
    @pytest.mark.feature("SUP-41")
    def test_keeps_it_with_a_number_and_has_the_address_asked(self):
        form, letters, *numbers = sent()

        assert form.state.number == numbers_for(ID)[0]
        assert [one.state.id for one in numbers if one.state] == [form.state.number]
        assert letters.state.made == (NOW,)
        [told] = form.events
        assert isinstance(told, FormSent)
        assert (told.email, told.number) == ("zoe@example.org", form.state.number)

    def test_tells_nothing_of_what_was_written(self):
        [told] = sent()[0].events
        assert "Bonjour" not in told.model_dump_json()
        assert "Rien" not in told.model_dump_json()

    def test_changes_nothing_the_second_time(self):
        again, letters, *numbers = sent(a_form())
        assert (again.state, again.events, letters.state) == (a_form(), (), None)
        assert {one.state for one in numbers} == {None}

    def test_writes_no_more_letters_to_an_address_that_had_enough_and_says_nothing_of_it(self):
        letters = Attempts(id="hash", made=(NOW,) * 5)
        form, counted, *_ = sent(letters=letters)
        assert (form.events, counted.state) == ((), letters)
        assert form.state.number == numbers_for(ID)[0]

    @pytest.mark.parametrize(
        ("content", "refusal", "field"),
        [
            (replace(CONTENT, category="X"), UnknownCategory, "/body/category"),
            (replace(CONTENT, subcategory="ANCIEN"), UnknownCategory, "/body/subcategory"),
            (replace(CONTENT, subcategory="M_REJET"), SignInForThis, "/body/subcategory"),
        ],
    )
    def test_goes_to_the_desk_alone(self, content: Content, refusal: Any, field: str):
        with pytest.raises(refusal) as refused:
            sent(content=content)
        assert fields(refused) == [field]


class TestConfirm:
    @pytest.mark.feature("SUP-41")
    def test_makes_it_a_ticket_of_the_desk(self):
        form, ticket, entry, request = confirmed(a_form())

        assert (ticket.state.state, ticket.state.treated_by) == ("open", "desk")
        assert (ticket.state.emitter_id, ticket.state.content) == ("", CONTENT)
        assert ticket.state.number == numbers_for(ID)[0]
        assert [type(one) for one in ticket.events] == [TicketOpened]
        assert entry.state.kind == "opened"
        assert request.state is None
        assert (form.state.content, form.state.wake_at) == (Content(), LATER + YEAR)

    @pytest.mark.feature("SUP-44")
    def test_keeps_beside_it_that_an_account_is_asked_back(self):
        request = confirmed(a_form(kind="reactivation"))[3].state
        assert (request.kind, request.login) == ("reactivation", "zoe@example.org")

    def test_changes_nothing_the_second_time(self):
        first = [one.state for one in confirmed(a_form())]
        again = confirmed(*first)
        assert [one.state for one in again] == first
        assert [one.events for one in again] == [(), (), (), ()]

    @pytest.mark.parametrize("form", [None, a_form(nonce="another")])
    def test_is_refused_for_what_is_forgotten_or_was_not_meant(self, form: Form | None):
        with pytest.raises(FormOver) as refused:
            confirmed(form)
        assert fields(refused) == ["/body/token"]


class TestForget:
    def forget(self, form: Form, *kept: Any) -> Any:
        return forms.forget(form, form, *kept, now=LATER)

    def test_takes_what_nobody_confirmed_with_its_number(self):
        form = a_form()
        ours = Number(id=form.number, ticket_id=ID)
        gone = self.forget(form, None, None, ours)
        assert [one.state for one in gone] == [None, None, None, None]

    def test_leaves_a_number_that_is_another_tickets(self):
        form = a_form()
        others = Number(id=form.number, ticket_id="another")
        assert self.forget(form, None, None, others)[3].state is others

    def test_waits_until_the_ticket_is_answered(self):
        form, ticket, entry, _ = (one.state for one in confirmed(a_form()))
        left, same, *_ = self.forget(form, ticket, None, None, entry)
        assert left.state.wake_at == LATER + forms.LATER
        assert same.state is ticket

    def test_takes_words_and_address_out_of_what_is_answered(self):
        form, ticket, entry, _ = (one.state for one in confirmed(a_form()))
        answered = replace(ticket, state="resolved")
        request = Request(id=ID, kind="reactivation", login="zoe@example.org")
        said = replace(entry, text="Voici.")

        gone = self.forget(form, answered, request, None, said)

        assert gone[0].state is None
        content = gone[1].state.content
        assert (content.title, content.description, content.contact_email) == ("", "", "")
        assert (gone[2].state.login, gone[4].state.text) == ("", "")

    def test_leaves_one_that_has_changed_since(self):
        form = a_form()
        newer = replace(form, version=2)
        assert forms.forget(form, newer, None, None, None, now=LATER)[0].state is newer
