"""What a stage of a fault run did, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.deliveries import Deliveries
from tests.faults.evidence import Evidence
from tests.faults.ledger import Ledger
from tests.faults.probe import Staleness
from tests.faults.tally import Tally
from tests.faults.verdict import Finding


@dataclass(frozen=True, slots=True)
class Span:
    """What was answered in a stretch of time."""

    seconds: float = 0
    commands: int = 0
    reads: int = 0

    @property
    def commands_a_second(self) -> float:
        return self.commands / self.seconds if self.seconds else 0

    @property
    def reads_a_second(self) -> float:
        return self.reads / self.seconds if self.seconds else 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found wrong when all had settled, and what there was."""

    after: str
    settled: float
    """Seconds until nothing was on its way any more."""
    findings: list[Finding]
    deliveries: Deliveries
    counts: dict[str, int]

    def of(self, *kinds: str) -> int:
        return sum(one.kind in kinds for one in self.findings)


@dataclass(slots=True)
class Account:
    members: int
    tally: Tally = field(default_factory=Tally)
    ledger: Ledger = field(default_factory=Ledger)
    calm: Span = Span()
    storm: Span = Span()
    singly: dict[str, dict[str, float]] = field(default_factory=dict)
    """Seconds without a good answer, by what was killed and by kind of request."""
    staleness: dict[str, Staleness] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    told_again: int = 0
    """Events that ``chorale replay`` asked for after Kafka had lost them."""

    cut_short: list[str] = field(default_factory=list)
    """Why the stage ended before its end."""

    @property
    def wrong(self) -> list[str]:
        """All that must not be."""
        found = [f"{v.after}: {one.kind}: {one.what}" for v in self.verdicts for one in v.findings]
        stale = [one for kind in self.staleness.values() for one in kind.violations]
        return [*found, *self.cut_short, *self.tally.wrong, *stale, *self.tally.fell]

    def kills(self, by: str) -> Counter[str]:
        return Counter(getattr(one, by) for one in self.tally.deaths)


def counted(found: Evidence, ledger: Ledger) -> dict[str, int]:
    return {
        "commands accepted": ledger.commands,
        "requests": len(ledger.requests),
        "approvals": len(found.approvals),
        "decisions": sum(one.verdict is not None for one in ledger.requests.values()),
        "tickets": len(found.tickets),
        "structures": len(found.structures),
        "events in journals": sum(map(len, found.journals.values())),
        "events in Kafka, repeats and all": sum(
            len(events) for topic in found.topics.values() for events in topic
        ),
        "copies of rights": sum(map(len, found.rights.values())),
    }
