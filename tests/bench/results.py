"""What a benchmark gives back: quantities with one value for each run, bounds, and curves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Measured:
    """One quantity, measured once in each run."""

    what: str
    unit: str
    values: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        return f"{shown(self.middle)} ({shown(min(self.values))}..{shown(max(self.values))})"


@dataclass(frozen=True, slots=True)
class Claim:
    """A quantity and the bound it must keep."""

    measured: Measured
    at_least: float | None = None
    at_most: float | None = None

    @property
    def bound(self) -> str:
        return f">= {self.at_least:g}" if self.at_most is None else f"<= {self.at_most:g}"

    @property
    def reached(self) -> bool:
        """By the median of the runs."""
        found = self.measured.middle
        return found <= self.at_most if self.at_most is not None else found >= (self.at_least or 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn: for each line its points, each with the values of all runs."""

    name: str
    title: str
    across: str
    upwards: str
    lines: dict[str, list[tuple[float, tuple[float, ...]]]]
    stretched: bool = False
    """Whether x is shown by its logarithm."""
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """All that one benchmark found."""

    title: str
    claims: tuple[Claim, ...]
    parts: tuple[Measured, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0, compare=False)


def ratio(what: str, above: Sequence[float], below: Sequence[float]) -> Measured:
    """Both sides of each ratio come from the same run."""
    return Measured(what, "x", tuple(a / b for a, b in zip(above, below, strict=True)))


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


def shown(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
