"""Whether every letter reached SMTP, and why some did twice. Pure."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.notifications.domain.letters import OF_NO_USE
from tests.faults.verdict import LETTERS, Finding

BETWEEN = 20.0
"""Seconds that a letter may be between hand-over and record: MongoDB may be away for as long."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    found: list[Finding]
    letters: int
    twice: int
    """Message-IDs that were taken more than once, each explained."""
    given_up: int
    """Letters refused for good by SMTP."""
    of_no_use: int
    """Letters that ask for a decision, and that one was taken before they left."""


def delivered(
    letters: Mapping[str, Mapping[str, Any]],
    taken: Mapping[str, Sequence[float]],
    refused: set[str],
    message_id: Mapping[str, str],
    cuts: Sequence[float],
    decided: Collection[str],
) -> Deliveries:
    """
    ``taken``: when SMTP took each Message-ID; ``message_id``: the one each letter bears.

    ``decided``: the requests on which a decision was taken.

    ``cuts``: when something came between a hand-over and its record: the sender was killed,
    or the connection broke before SMTP's answer.
    """
    found, twice, given_up, of_no_use = [], 0, 0, 0
    wanted = {id: one for id, one in letters.items() if one["template"] in LETTERS}
    for id, letter in wanted.items():
        bears = message_id[id]
        times = sorted(taken.get(bears, ()))
        if letter["status"] == "failed" and bears in refused:
            given_up += 1
        elif _of_no_use(letter, decided):
            of_no_use += 1
        elif letter["status"] != "sent":
            found.append(Finding("lost", f"letter {id} is {letter['status']}"))
        elif not times:
            found.append(Finding("lost", f"letter {id} never reached SMTP"))
        if len(times) > 1:
            twice += 1
            for first in times[:-1]:
                n = bisect_left(cuts, first - 1)
                if n == len(cuts) or cuts[n] > first + BETWEEN:
                    found.append(Finding("doubled", f"letter {id} left twice for no reason"))
    strangers = taken.keys() - set(message_id.values())
    found += [Finding("doubled", f"{one} is no letter of ours") for one in strangers]
    return Deliveries(found, len(wanted), twice, given_up, of_no_use)


def _of_no_use(letter: Mapping[str, Any], decided: Collection[str]) -> bool:
    dropped = letter["status"] == "suppressed" and letter["last_error"] == OF_NO_USE
    return dropped and letter["template"] == "approval-opened" and letter["subject_id"] in decided
