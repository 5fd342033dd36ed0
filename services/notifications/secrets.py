"""What only the letter itself shows: one-time links and codes, made when it leaves."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from contracts.users import UNSUBSCRIBED_WITHIN
from kit.clock import now
from kit.links import code_of, sign_link
from services.notifications.domain.letters import DIGITS, Letter
from services.notifications.domain.stopping import topic
from services.notifications.rendering import Renderer


@dataclass(frozen=True, slots=True)
class Shown:
    link: str
    """Or the code."""
    stop: str
    """Where a mail program stops letters like this one; empty where nobody may."""
    stop_page: str
    """Where a person does."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Nothing that is kept or told holds them: they follow from nonces and the key."""

    renderer: Renderer
    key: str

    def message_id(self, letter_id: str, domain: str) -> str:
        """
        The same for every attempt, so that whoever receives a letter twice can tell.

        Ids of letters can be guessed, and whoever knows a Message-ID may say that it came back.
        """
        mac = hmac.digest(self.key.encode(), f"message:{letter_id}".encode(), "sha256")
        return f"<{mac.hex()[:32]}@{domain}>"

    def of(self, letter: Letter) -> Shown:
        stop, stop_page = self._stopping(letter)
        return Shown(self._link(letter), stop, stop_page)

    def _link(self, letter: Letter) -> str:
        if letter.link is None:
            return ""
        user_id, link = letter.recipient_id, letter.link
        if digits := DIGITS.get(letter.template):
            return code_of(self.key, user_id=user_id, nonce=link.nonce, digits=digits)
        token = sign_link(
            self.key,
            purpose=link.purpose,
            user_id=user_id,
            nonce=link.nonce,
            expires_at=link.expires_at,
            made_at=now(),
        )
        return self.renderer.link(link.purpose, token)

    def _stopping(self, letter: Letter) -> tuple[str, str]:
        stopped = topic(letter)
        if stopped is None:
            return "", ""
        token = sign_link(
            self.key,
            purpose="unsubscription",
            user_id=letter.recipient_id,
            # The same at every attempt: it counts once, however often the letter arrives.
            nonce=f"{stopped}:{sha256(letter.id.encode()).hexdigest()[:32]}",
            expires_at=letter.created_at + UNSUBSCRIBED_WITHIN,
        )
        return (
            self.renderer.api("unsubscriptions", token),
            self.renderer.link("unsubscription", token),
        )
