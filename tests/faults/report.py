"""The report, as a newcomer can read and repeat it."""

import argparse
from collections import Counter
from typing import Any


def written(given: argparse.Namespace, told: list[Any], seconds: float) -> str:
    lines = [f"seed {given.seed}, {seconds / 60:.1f} minutes"]
    for one in told:
        deaths = Counter((d.kind, d.target) for d in one.tally.deaths)
        points = Counter(d.point for d in one.tally.deaths)
        lines += [
            f"members {one.members}: {len(one.tally.deaths)} kills in {one.seconds:.0f} s",
            f"  load {one.stormed[0] / max(1, one.seconds):.0f} commands/s, "
            f"{one.stormed[1] / max(1, one.seconds):.0f} reads/s",
            f"  by target {dict(deaths)}",
            f"  by point {dict(points)}",
            f"  done {dict(one.tally.done)}",
            f"  fell {one.tally.fell}",
            f"  settled {one.settled}",
            f"  answers { {k: dict(v) for k, v in one.tally.answers.items()} }",
            f"  longest outages {one.tally.outage.longest}",
            f"  wrong {len(one.tally.wrong)} {one.tally.wrong[:10]}",
            f"  probe {one.probe.seen if one.probe else None}",
            f"  findings {Counter(f.kind for f in one.findings)} {one.findings[:10]}",
            f"  deliveries {one.deliveries.letters if one.deliveries else 0} "
            f"twice {one.deliveries.twice if one.deliveries else 0} "
            f"given up {one.deliveries.given_up if one.deliveries else 0}",
            f"  ledger {one.ledger.commands} commands, {len(one.ledger.requests)} requests, "
            f"{len(one.ledger.tickets)} tickets, {len(one.ledger.structures)} structures",
        ]
    return "\n".join(lines) + "\n"
