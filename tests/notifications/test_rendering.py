"""What people read."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.headerregistry import Address
from email.message import Message
from email.policy import SMTP
from html import escape, unescape
from pathlib import Path
from typing import Any, get_args

import pytest
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import Filter

from services.notifications import rendering
from services.notifications.domain.account_letters import WARNED_OF
from services.notifications.domain.letters import LINKED, Letter, Template
from services.notifications.rendering import (
    LANGUAGES,
    REMOVED,
    Language,
    Rendered,
    Renderer,
    _templates,
    compose,
    masked,
    without_addresses,
)
from services.notifications.samples import PARAMS
from tests.notifications.builders import NOW, a_letter, a_link, a_link_letter, a_person

FOLDER = Path(rendering.__file__).with_name("templates")
RENDERER = Renderer("https://chorale.example/")
"""One for all: each compiles its templates."""
SENDER = Address("Chorale", "ne-pas-repondre", "chorale.example")
OMAR = a_person(id="u-omar", first_name="Omar", last_name="Sy", email="omar@example.org")
TEMPLATES: tuple[Template, ...] = get_args(Template)
WITH_LINKS = {
    "activation",
    "ticket-answered",
    "password-reset",
    "code",
    "reactivation",
    "vacancy-code",
    *LINKED,
}


def one_of(template: Template, **but: Any) -> Letter:
    link = a_link(purpose=template) if template in WITH_LINKS else None
    return a_letter(**{"template": template, "params": PARAMS, "link": link} | but)


def render(letter: Letter, **but: Any) -> Rendered:
    given = {"recipient": a_person(), "about": OMAR, "link": "https://chorale.example/?token=t"}
    return RENDERER.render(letter, **given | but)


def composed(rendered: Rendered, to: str = "lea@example.org", sender: Address = SENDER) -> Message:
    return compose(rendered, message_id="<m@chorale.example>", sender=sender, to=to, now=NOW)


def asked_for(template: Path) -> tuple[set[str], list[str]]:
    """The names that a template must be given, and what it does with them in what order."""
    parsed = _templates("fr").parse(template.read_text())
    return find_undeclared_variables(parsed) - {"done"}, sorted(
        one.name for one in parsed.find_all(Filter)
    )


def contrast(ink: str, paper: str) -> float:
    """As WCAG 2.2 counts it; 7 is its level AAA."""

    def light(colour: str) -> float:
        parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
        red, green, blue = (
            one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(ink), light(paper)))
    return (bright + 0.05) / (dark + 0.05)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def shown(html: str) -> str:
    """What is read below the heading, which says the subject again."""
    return unescape(re.sub(r"<[^>]+>", " ", html.partition("</h1>")[2]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
class TestEveryLetter:
    @pytest.mark.feature("NOT-16")
    def test_says_the_same_as_text_and_as_html(self, template: Template, language: Language):
        stop = "https://chorale.example/unsubscription?token=t"

        rendered = render(one_of(template), recipient=a_person(language=language), stop=stop)

        assert rendered.subject
        assert "\n" not in rendered.subject
        assert words(shown(rendered.html)) == words(rendered.text)

    def test_says_the_same_with_as_little_as_may_be_known(
        self, template: Template, language: Language
    ):
        needed = ("valid_from", "until", "opened_day", "last_day")
        bare = dict.fromkeys(PARAMS, "") | {name: PARAMS[name] for name in needed}
        nobody = a_person(language=language, first_name="", last_name="")

        rendered = render(one_of(template, params=bare), recipient=nobody, about=None)

        assert words(shown(rendered.html)) == words(rendered.text)
        assert rendered.text.startswith({"fr": "Bonjour,", "en": "Hello,"}[language])

    def test_is_plain_to_a_screen_reader(self, template: Template, language: Language):
        rendered = render(one_of(template), recipient=a_person(language=language))

        html = rendered.html
        assert f'<html lang="{language}">' in html
        assert html.count("<main") == html.count("<h1") == 1
        for tag in ("title", "h1"):
            assert f"{escape(rendered.subject)}</{tag}>" in html
        assert "<img" not in html
        assert "<table" not in html
        assert "<a >" not in html

    def test_can_be_read_by_who_sees_little(self, template: Template, language: Language):
        html = render(one_of(template), recipient=a_person(language=language)).html
        [paper] = re.findall(r"background: (#\w{6})", html)

        for ink in re.findall(r"(?<![-\w])color: (#\w{6})", html):
            assert contrast(ink, paper) >= 7


@pytest.mark.parametrize("template", TEMPLATES)
class TestEveryKind:
    def test_escapes_hostile_words(self, template: Template):
        hostile = '<script>alert("x")</script>'
        said = ("structure_name", "number", "units", "supplier_name", "reference")
        params = PARAMS | dict.fromkeys(said, hostile)
        somebody = a_person(first_name=hostile, last_name="</main>")

        rendered = render(
            one_of(template, params=params, reason=hostile), recipient=somebody, about=somebody
        )

        assert "<script" not in rendered.html
        assert rendered.html.count("</main>") == 1

    def test_lets_no_word_become_a_header(self, template: Template):
        params = PARAMS | {
            "structure_name": "Petit\r\nBcc: eve@example.org",
            "number": "1\nBcc: eve@example.org",
            "supplier_name": "Roux\r\nBcc: eve@example.org",
        }
        somebody = a_person(first_name="Léa\r\nBcc: eve@example.org", last_name="\u2028X: y")

        rendered = render(one_of(template, params=params), recipient=somebody, about=somebody)
        message = composed(rendered, to="a@example.org")
        arrived = message_from_bytes(message.as_bytes(), policy=SMTP)

        assert arrived["Bcc"] is None
        assert arrived["X"] is None
        assert arrived["To"] == "a@example.org"

    def test_shows_an_operator_nothing_to_follow(self, template: Template):
        letter = one_of(template, reason="Voir https://evil.example/?token=t")

        redacted = RENDERER.redacted(letter, a_person(), OMAR)

        for part in (redacted.subject, redacted.text, redacted.html):
            assert "://" not in part
            assert "token=" not in part
        if letter.link or template == "approval-opened":
            assert REMOVED["fr"] in redacted.text

    @pytest.mark.feature("NOT-16")
    def test_is_there_in_every_language_and_uses_the_same_words_of_ours(self, template: Template):
        folder = FOLDER / template
        parts = {one.name for one in (folder / "fr").iterdir()}

        assert {one.name for one in folder.iterdir()} == {*LANGUAGES}
        for language in LANGUAGES:
            assert {one.name for one in (folder / language).iterdir()} == parts
        for part in parts:
            french, english = (asked_for(folder / language / part) for language in LANGUAGES)
            assert french == english


def test_no_folder_is_left_without_a_letter():
    folders = {one.name for one in FOLDER.iterdir() if one.is_dir()}

    assert folders == {*TEMPLATES, "layout"}


class TestRedacted:
    def test_says_in_the_reader_s_language_that_a_link_was_taken_out(self):
        shown = RENDERER.redacted(a_link_letter(), a_person(language="en"), None)

        assert "[link removed]" in shown.text


class TestWords:
    @pytest.mark.feature("NOT-16")
    @pytest.mark.parametrize(
        ("language", "said"),
        [("fr", "est refusée"), ("en", "is refused"), ("de", "est refusée"), ("", "est refusée")],
    )
    def test_are_french_but_for_who_speaks_english(self, language: str, said: str):
        assert said in render(a_letter(), recipient=a_person(language=language)).subject

    def test_of_a_refusal_give_its_reason_line_by_line(self):
        rendered = render(a_letter(reason="Inconnue ici.\nVoyez la mairie."))

        assert "> Inconnue ici.\n> Voyez la mairie." in rendered.text
        assert "Inconnue ici.\nVoyez la mairie." in rendered.html

    def test_of_a_grant_give_its_days_in_french(self):
        text = render(one_of("rattachement-granted")).text

        assert "à partir du 5 janvier 2026, jusqu’au 31 décembre 2026 inclus" in text

    @pytest.mark.parametrize("template", ["rattachement-granted", "rattachement-made"])
    def test_of_a_rattachement_say_that_not_all_was_given(self, template: Template):
        whole = {name: value for name, value in PARAMS.items() if name != "left_out"}

        assert "n’ont pas été données" in render(one_of(template)).text
        assert "n’ont pas été données" not in render(one_of(template, params=whole)).text

    @pytest.mark.parametrize(
        ("template", "language", "said"),
        [
            ("ticket-to-treat", "fr", "La sollicitation CPROCS0000001 est à traiter. "),
            ("ticket-to-treat", "en", "Ticket CPROCS0000001 is to be treated. "),
            ("ticket-news", "fr", "Il y a du nouveau pour votre sollicitation CPROCS0000001. "),
            ("ticket-news", "en", "There is news of your ticket CPROCS0000001. "),
        ],
    )
    def test_of_a_ticket_name_it_in_a_whole_sentence(
        self, template: Template, language: Language, said: str
    ):
        assert said in render(one_of(template), recipient=a_person(language=language)).text

    def test_of_an_opened_approval_name_who_asks_and_for_what(self):
        text = render(one_of("approval-opened"), recipient=OMAR, about=a_person()).text

        assert "Bonjour Omar Sy," in text
        assert "Léa Martin demande un rattachement pour la structure Menuiserie Petit" in text

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("action", sorted(WARNED_OF))
    def test_of_a_warning_say_what_was_done(self, action: str, language: Language):
        letter = one_of("account-changed", params={"action": action})

        text = render(letter, recipient=a_person(language=language)).text

        assert "il a été modifié" not in text
        assert "it was modified" not in text

    def test_of_a_code_give_it_on_a_line_of_its_own(self):
        assert "\n123456\n" in render(one_of("code"), link="123456").text

    @pytest.mark.parametrize("template", ["contact-confirmation", "login-confirmation"])
    def test_to_an_address_nobody_has_proved_hold_no_name(self, template: Template):
        someone = a_person(first_name="Cliquez sur evil.example")

        assert "evil" not in render(one_of(template), recipient=someone).text

    def test_of_a_link_say_until_when_in_the_time_of_paris(self):
        rendered = render(a_link_letter(), link="https://chorale.example/activation?token=t.t")

        assert "avant le 5 janvier 2026 à 11:00" in rendered.text
        assert "https://chorale.example/activation?token=t.t" in rendered.text
        assert 'href="https://chorale.example/activation?token=t.t"' in rendered.html

    @pytest.mark.parametrize(
        ("language", "zone", "said"),
        [
            ("fr", "Europe/Paris", "5 janvier 2026 à 11:00 (heure de Paris)"),
            ("en", "Europe/Paris", "5 January 2026 at 11:00 (Paris time)"),
            ("fr", "Pacific/Noumea", "5 janvier 2026 à 21:00 (heure locale\xa0: Nouméa)"),
            ("en", "America/New_York", "5 January 2026 at 05:00 (New York time)"),
            ("fr", "Nowhere/Known", "5 janvier 2026 à 11:00 (heure de Paris)"),
        ],
    )
    def test_of_a_moment_say_it_in_the_time_of_whoever_reads(
        self, language: str, zone: str, said: str
    ):
        reader = a_person(language=language, time_zone=zone)

        assert said in render(a_link_letter(), recipient=reader).text

    def test_chosen_by_whoever_registers_never_reach_an_unproven_address(self):
        someone = a_person(first_name="Cliquez sur evil.example")

        rendered = render(a_link_letter(), recipient=someone)

        assert "evil" not in rendered.text + rendered.html + rendered.subject

    def test_drop_what_hides_or_turns_the_text_around(self):
        someone = a_person(first_name="Lé\u202ea\x00\x1b[2J")

        text = render(a_letter(), recipient=someone).text

        assert text.isprintable() or all(c.isprintable() or c == "\n" for c in text)


class TestLink:
    @pytest.mark.parametrize("purpose", ["activation", "password-reset"])
    def test_leads_to_the_page_of_its_purpose(self, purpose: Any):
        link = RENDERER.link(purpose, "t.t.t")

        assert link == f"https://chorale.example/{purpose}?token=t.t.t"


class TestCompose:
    def compose(self, **but: Any) -> Any:
        letter = a_letter(**but)
        message = composed(render(letter))
        return message_from_bytes(message.as_bytes(), policy=SMTP)

    def test_gives_both_forms_in_one_message(self):
        message = self.compose()

        assert message.get_content_type() == "multipart/alternative"
        kinds = [part.get_content_type() for part in message.iter_parts()]
        assert kinds == ["text/plain", "text/html"]
        assert "Léa Martin" in message.get_body(("plain",)).get_content()

    def test_says_that_no_person_wrote_it(self):
        message = self.compose()

        assert message["Auto-Submitted"] == "auto-generated"
        assert message["From"] == "Chorale <ne-pas-repondre@chorale.example>"
        assert message["Date"].datetime == NOW
        assert message["Subject"].startswith("Votre demande de rattachement est refusée")

    @pytest.mark.parametrize("name", ["Chorale", "Régie de la ville", "Mairie, régie", ""])
    def test_is_from_an_address_that_is_read_whatever_its_name(self, name: str):
        sender = Address(name, "ne-pas-repondre", "chorale.example")

        written = composed(render(a_letter()), sender=sender).as_bytes()

        [read] = message_from_bytes(written, policy=SMTP)["From"].addresses
        assert (read.display_name, read.addr_spec) == (name, sender.addr_spec)

    def test_keeps_every_line_short_enough_for_smtp(self):
        letter = a_letter(reason="é" * 1000)
        message = composed(render(letter))

        assert max(map(len, message.as_bytes().splitlines())) <= 998
        body = message_from_bytes(message.as_bytes(), policy=SMTP).get_body(("plain",))
        assert "é" * 1000 in body.get_content()

    @pytest.mark.parametrize(
        "to", ["", "nobody", "a@b\r\nBcc: eve@example.org", "a b@c", "@", "+@["]
    )
    def test_refuses_what_is_no_address(self, to: str):
        with pytest.raises(ValueError):
            composed(render(a_letter()), to=to)


class TestMasked:
    def test_keeps_the_first_letter_and_the_domain(self):
        assert masked("lea.martin@example.org") == "l***@example.org"

    def test_hides_every_address_in_what_a_server_answers(self):
        answer = "550 5.1.1 <lea@example.org>: no such user lea@example.org"

        assert (
            without_addresses(answer)
            == "550 5.1.1 <l***@example.org>: no such user l***@example.org"
        )


def test_a_link_letter_outlives_its_hour_only_in_words() -> None:
    late = a_link_letter(link=a_link(expires_at=NOW + timedelta(days=400)))

    assert "9 février 2027" in render(late).text
