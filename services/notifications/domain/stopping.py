"""Which letters their reader may stop, and which are waited for."""

from contracts.users import RECAP
from services.notifications.domain.letters import ALWAYS, PRESSING, Letter


def topic(letter: Letter) -> str | None:
    """What stops with this letter: an application, the recap, all that may; None: nothing."""
    if letter.to or letter.template in ALWAYS | PRESSING:
        return None
    return RECAP if letter.template == "recap" else letter.application


def waited_for(letter: Letter) -> bool:
    """A link, a code, or a warning about an account and its powers: tried in any case, at once."""
    return letter.template in ALWAYS
