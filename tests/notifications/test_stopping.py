"""Which letters bring a link that stops them, and what it says."""

from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.users import RECAP, UNSUBSCRIBED_WITHIN
from kit.clock import now
from kit.links import read_link
from services.notifications.domain.letters import ALWAYS, PRESSING, Letter, Template
from services.notifications.domain.stopping import topic, waited_for
from services.notifications.rendering import Renderer, compose
from services.notifications.secrets import Secrets
from tests.notifications.builders import NOW, a_letter, a_link, a_link_letter, a_person
from tests.notifications.test_rendering import RENDERER, SENDER

KEY = "k" * 32
SECRETS = Secrets(Renderer("https://chorale.example"), KEY)


def sent(letter: Letter) -> Message:
    shown = SECRETS.of(letter)
    rendered = RENDERER.render(letter, a_person(), None, shown.link, stop=shown.stop_page)
    message = compose(
        rendered,
        message_id="<m@chorale.example>",
        sender=SENDER,
        to="lea@example.org",
        now=NOW,
        stop=shown.stop,
    )
    return message_from_bytes(message.as_bytes(), policy=SMTP)


def token_of(address: str) -> str:
    [token] = parse_qs(urlsplit(address).query)["token"]
    return token


class TestLink:
    def test_says_when_it_was_made(self):
        before = now().replace(microsecond=0)

        token = token_of(SECRETS.of(a_link_letter()).link)

        made_at = read_link(KEY, token, purpose="activation", now=NOW).made_at
        assert before <= made_at <= now()


class TestTopic:
    @pytest.mark.feature("NOT-05")
    @pytest.mark.parametrize("template", sorted(ALWAYS | PRESSING))
    def test_is_nothing_of_what_nobody_can_switch_off(self, template: Template):
        assert topic(a_letter(template=template)) is None

    @pytest.mark.feature("NOT-11")
    @pytest.mark.parametrize(
        ("but", "expected"),
        [({}, ""), ({"application": "facturation"}, "facturation"), ({"template": "recap"}, RECAP)],
    )
    def test_is_what_its_reader_may_stop(self, but: Any, expected: str):
        assert topic(a_letter(**but)) == expected

    def test_is_nothing_of_a_letter_to_an_address_without_an_account(self):
        assert topic(a_letter(to="mairie@example.org")) is None


class TestWaitedFor:
    def test_is_every_link_code_and_warning_about_an_account(self):
        waited = {one for one in get_args(Template) if waited_for(a_letter(template=one))}

        assert waited == ALWAYS
        assert waited_for(a_link_letter())
        assert waited_for(a_letter(template="vacancy-notice"))
        assert not waited_for(a_letter(template="approval-opened", link=a_link()))


class TestListUnsubscribe:
    @pytest.mark.feature("NOT-05")
    def test_stops_letters_with_one_click(self):
        message = sent(a_letter(application="facturation"))

        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = message["List-Unsubscribe"].strip(" <>")
        assert address.startswith("https://chorale.example/v1/unsubscriptions?token=")
        link = read_link(KEY, token_of(address), purpose="unsubscription", now=NOW)
        assert link.user_id == "u-lea"
        assert link.nonce.startswith("facturation:")

    def test_is_the_same_at_every_attempt_and_another_for_each_letter(self):
        first, again = SECRETS.of(a_letter(attempts=1)), SECRETS.of(a_letter(attempts=2))

        assert first == again
        assert SECRETS.of(a_letter(id="r-2:refused")).stop != first.stop

    def test_is_shown_to_people_as_a_page_that_changes_nothing(self):
        page = SECRETS.of(a_letter()).stop_page

        assert page.startswith("https://chorale.example/unsubscription?token=")
        text = RENDERER.render(a_letter(), a_person(), None, stop=page).text
        assert page in text
        last = NOW + UNSUBSCRIBED_WITHIN - timedelta(seconds=1)
        assert read_link(KEY, token_of(page), purpose="unsubscription", now=last)

    def test_is_not_there_where_nothing_may_be_stopped(self):
        message = sent(a_link_letter())

        assert message["List-Unsubscribe"] is None
        assert message["List-Unsubscribe-Post"] is None
