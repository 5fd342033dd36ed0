"""The letters to those who wrote to the support desk without signing in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.support import (
    REPLY_WITHIN,
    CorrespondentAnswered,
    FormSent,
    TicketOpened,
    TicketSolutionProposed,
)
from services.notifications.domain import ticket_letters
from services.notifications.domain.correspondent_letters import on_answered, on_form_sent
from services.notifications.domain.letters import Letter
from services.notifications.rendering import Renderer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SENT = FormSent(
    ticket_id="t-1",
    number="CPROCS0000001",
    email="zoe@example.org",
    nonce="n-1",
    expires_at=NOW + timedelta(days=1),
)


def answered(text: str = "Voici.", rank: int = 3) -> CorrespondentAnswered:
    return CorrespondentAnswered(
        ticket_id="t-1",
        number="CPROCS0000001",
        rank=rank,
        email="zoe@example.org",
        text=text,
        answered_at=NOW,
    )


def rendered(letter: Letter, link: str = "https://x/?token=t") -> str:
    shown = Renderer("https://chorale.example").render(letter, None, None, link)
    return shown.text + shown.html


class TestOnFormSent:
    @pytest.mark.feature("SUP-41")
    def test_asks_the_address_with_a_link_and_says_nothing_of_what_was_written(self):
        letter = on_form_sent(SENT, now=NOW)

        assert (letter.to, letter.template) == ("zoe@example.org", "ticket-confirmation")
        assert letter.link
        assert (letter.link.purpose, letter.link.nonce) == ("ticket-confirmation", "n-1")
        assert letter.params == {"number": "CPROCS0000001"}
        assert letter.id == on_form_sent(SENT, now=NOW + timedelta(hours=1)).id


class TestOnAnswered:
    @pytest.mark.feature("SUP-41")
    def test_brings_the_answer_where_it_was_asked_from(self):
        letter = on_answered(answered())
        assert (letter.to, letter.reason) == ("zoe@example.org", "Voici.")
        assert letter.id != on_answered(answered(rank=5)).id

    @pytest.mark.feature("SUP-22", "SUP-23")
    def test_brings_a_link_that_is_good_for_this_answer_and_a_month(self):
        letter = on_answered(answered(rank=5))

        assert letter.link
        assert (letter.link.purpose, letter.link.nonce) == ("ticket-reply", "5")
        assert letter.link.expires_at == NOW + REPLY_WITHIN
        assert "https://x/?token=t" in rendered(letter)
        # As it was kept before there was such a link.
        assert "accept" not in rendered(replace(letter, link=None), link="")

    def test_shows_markup_as_the_text_it_is(self):
        shown = rendered(on_answered(answered("<a href='https://evil.example'>ici</a>")))
        assert (
            "<a href='https://evil" not in shown.split("</blockquote>")[0].split("<blockquote")[1]
        )


class TestOthers:
    def test_write_no_letter_to_nobody(self):
        opened = TicketOpened(
            ticket_id="t-1",
            number="CPROCS0000001",
            emitter_id="",
            structure_id=None,
            category="C",
            subcategory="S",
            opened_at=NOW,
        )
        proposed = TicketSolutionProposed(
            ticket_id="t-1",
            number="CPROCS0000001",
            emitter_id="",
            structure_id=None,
            unit=None,
            recipient_id=None,
            treated_by="desk",
            assignee_id="olga",
            state="resolved",
            entry_id="e-1",
            rank=3,
            by="olga",
            at=NOW,
            text="",
        )
        assert ticket_letters.on_ticket_opened(opened) is None
        assert ticket_letters.to_emitter(proposed) is None
