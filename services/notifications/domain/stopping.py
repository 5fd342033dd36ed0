"""Which letters their reader may stop, and which are waited for."""

from contracts.users import RECAP
from services.notifications.domain.letters import ALWAYS, Letter


def topic(letter: Letter) -> str | None:
    """What stops with this letter: an application, the recap, all that may; None: nothing."""
    if letter.to or letter.template in ALWAYS:
        return None
    return RECAP if letter.template == "recap" else letter.application


def waited_for(letter: Letter) -> bool:
    """A link or code that somebody has just asked for: it is tried in any case, and at once."""
    return letter.link is not None and letter.template in ALWAYS
