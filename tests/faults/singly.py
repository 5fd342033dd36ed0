"""One kill at a time: how long each kind of request then goes without a good answer."""

import asyncio

from tests.faults.points import HEARING
from tests.faults.stage import Stage
from tests.faults.tally import clock, say

WATCHED = {"request", "decision", "ticket", "structure", "reading"}
WELL, LONGEST = 3.0, 60.0
"""Seconds without a bad answer until the next may be killed, and at most."""


async def one_by_one(stage: Stage) -> dict[str, dict[str, float]]:
    """For each that was killed, the longest outage of each kind of request, in seconds."""
    found = {}
    engines = ["kafka-1", "primary", *(["secondary"] if stage.members > 1 else [])]
    for target in (*HEARING, *engines):
        await _until_well(stage)
        stage.tally.outage.longest.clear()
        if target in HEARING:
            stage.services.kill(target)
        else:
            for engine in await stage.engines(target):
                engine.kill()
        await asyncio.sleep(8)  # What an outage does may show only when something has run out.
        await _until_well(stage)
        longest = stage.tally.outage.longest
        found[target] = {kind: round(longest.get(kind, 0.0), 1) for kind in sorted(WATCHED)}
        say(f"alone: {target} {found[target]}")
    return found


async def _until_well(stage: Stage) -> None:
    outage, began, since = stage.tally.outage, clock(), clock()
    while clock() - since < WELL and clock() - began < LONGEST:
        await asyncio.sleep(0.1)
        if outage.since.keys() & WATCHED:
            since = clock()
