"""Letters to the support desk, and those of them that nobody waits to be answered for. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from kit.problems import Invalid, Problem
from services.support.domain.catalogue import Catalogue
from services.support.domain.contents import Content
from services.support.domain.forms import require_question

PassedOver = Literal["returned", "automatic", "bulk"]
"""A letter that came back, one that no person has sent, one that was sent to many."""

IN_BULK: Final = frozenset({"bulk", "junk", "list"})
AUTOMATIC: Final = frozenset({"x-autoreply", "x-autorespond"})
"""What programs write that are older than RFC 3834."""
_WORD: Final = re.compile(r"\s*([a-z-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A letter to the desk, as far as it is read."""

    sender: str
    """As it says: whoever reads the mail of that address is asked."""
    message_id: str
    date: str
    title: str
    text: str
    attachments: tuple[str, ...] = ()
    """What they are called; they are not kept."""

    @property
    def id(self) -> str:
        """The same of a letter that comes again, and of no other under its Message-ID."""
        said = [self.sender, self.message_id, self.date, self.title, self.text]
        return sha256(json.dumps(said).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Filing:
    """What a letter is filed under, since it does not say."""

    category: str
    subcategory: str


class NoSender(Invalid):
    """A letter says who wrote it: one address, which can be answered."""


class NothingWritten(Invalid):
    """This letter has neither a subject nor a text."""


class WrongFiling(Exception):
    """Letters can only be filed under what the desk answers, without more being asked."""


def passed_over(headers: Mapping[str, str]) -> PassedOver | None:
    """
    Why an answer would reach nobody, or a program that answers it in turn.

    ``headers``: as they were written, by their names in lower case.
    """
    report = headers.get("content-type", "").strip().lower().startswith("multipart/report")
    if report or headers.get("return-path", "").strip() == "<>":
        return "returned"
    how = _WORD.match(headers.get("auto-submitted", "").lower())
    if (how and how[1] != "no") or AUTOMATIC & headers.keys():
        return "automatic"
    if "list-id" in headers or headers.get("precedence", "").strip().lower() in IN_BULK:
        return "bulk"
    return None


def require_fitting(filing: Filing, catalogue: Catalogue) -> None:
    """Raise WrongFiling: at start, and not at the first letter."""
    asked = Content(category=filing.category, subcategory=filing.subcategory, title="-")
    try:
        require_question(asked, catalogue)
    except Problem as wrong:
        raise WrongFiling(f"{filing.category}/{filing.subcategory}: {wrong.title()}") from wrong
