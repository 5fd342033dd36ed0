"""What only the letter itself shows."""

import re
from hashlib import sha256

import pytest

from services.notifications.rendering import Renderer
from services.notifications.secrets import Secrets

RENDERER = Renderer("https://chorale.example")
DOMAIN = "chorale.example"


def message_id(letter_id: str, key: str = "k" * 32) -> str:
    return Secrets(RENDERER, key).message_id(letter_id, DOMAIN)


class TestMessageId:
    @pytest.mark.feature("NOT-15")
    def test_is_the_same_at_every_attempt_and_another_for_each_letter(self):
        assert message_id("r-1:refused") == message_id("r-1:refused")
        assert message_id("r-1:refused") != message_id("r-2:refused")
        assert re.fullmatch(rf"<[0-9a-f]{{32}}@{DOMAIN}>", message_id("r-1:refused"))

    def test_is_worked_out_by_nobody_without_the_key(self):
        """Whoever knows one may say that its letter came back."""
        letter_id = "r-1:refused"

        assert message_id(letter_id) != message_id(letter_id, key="l" * 32)
        assert sha256(letter_id.encode()).hexdigest()[:32] not in message_id(letter_id)
