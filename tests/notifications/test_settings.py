"""Whom letters are from."""

import pytest
from pydantic import ValidationError

from services.notifications.settings import NotificationsSettings
from tests.conftest import settings_for


def sender_of(written: str) -> tuple[str, str]:
    sender = NotificationsSettings(**settings_for("", mail_from=written)).sender()
    return sender.display_name, sender.addr_spec


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        ("Régie <mail@chorale.example>", ("Régie", "mail@chorale.example")),
        ('"Mairie, régie @ ville" <mail@x.fr>', ("Mairie, régie @ ville", "mail@x.fr")),
        ("mail@chorale.example", ("", "mail@chorale.example")),
    ],
)
def test_a_sender_may_have_any_name(written: str, sender: tuple[str, str]):
    assert sender_of(written) == sender


@pytest.mark.parametrize(
    "written", ["", "Chorale", "Régie <régie@chorale.example>", "a <b@c>\nBcc: <d@e>"]
)
def test_a_sender_without_an_address_that_every_server_knows_is_refused(written: str):
    with pytest.raises(ValidationError, match="mail_from"):
        sender_of(written)
