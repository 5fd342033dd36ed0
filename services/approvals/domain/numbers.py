"""The numbers people call approvals by: RITM and seven digits, more only once those are used up."""

from dataclasses import dataclass, replace
from typing import Final

from kit.change import Change, Entity

SEQUENCES: Final = 16
"""As many as there are slices: what one process hears takes its numbers where no other does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers(Entity):
    """One of the sequences that share the numbers among them: it gives every sixteenth."""

    given: int = 0


def sequence_id(sequence: int) -> str:
    return f"{sequence:02}"


def give(sequence: int, current: Numbers | None) -> tuple[str, Change[Numbers]]:
    """The next number of a sequence, which is never given again."""
    known = current or Numbers(id=sequence_id(sequence))
    number = known.given * SEQUENCES + sequence
    return f"RITM{number:07}", Change(replace(known, given=known.given + 1))


def given_already(number: str, current: Numbers | None) -> Change[Numbers]:
    """Pass over a number that was told, and all before it in its sequence."""
    rank, sequence = divmod(int(number.removeprefix("RITM")), SEQUENCES)
    known = current or Numbers(id=sequence_id(sequence))
    return Change(replace(known, given=max(known.given, rank + 1)))


def sequence_of(number: str) -> int:
    return int(number.removeprefix("RITM")) % SEQUENCES
