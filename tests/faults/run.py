"""``make faults``: kills by the hundred under load on Apache Kafka, then the verdict."""

import argparse
import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from services.notifications.rendering import message_id
from tests.faults import evidence, people, report
from tests.faults.client import Client
from tests.faults.deliveries import Deliveries, delivered
from tests.faults.ledger import Ledger
from tests.faults.load import Load, Rates
from tests.faults.probe import Probe
from tests.faults.schedule import rounds
from tests.faults.settling import settle
from tests.faults.singly import one_by_one
from tests.faults.stage import Stage
from tests.faults.storm import Storm
from tests.faults.tally import Tally, clock
from tests.faults.verdict import Finding, judged

ALONE = "FAULTS_MOUNTS_OF_ITS_OWN"
AGAIN = 20.0
"""Seconds of load after Kafka has lost all it had."""


@dataclass(slots=True)
class Told:
    """What came of one stage."""

    members: int
    tally: Tally
    ledger: Ledger
    probe: Any = None
    seconds: float = 0
    """How long the storm lasted."""
    stormed: tuple[int, int] = (0, 0)
    """Commands accepted and reads answered in the storm."""
    calm: tuple[float, float] = (0, 0)
    """Commands and reads a second before it."""
    singly: dict[str, dict[str, float]] = field(default_factory=dict)
    settled: list[float] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    found: evidence.Evidence | None = None
    deliveries: Deliveries | None = None
    replayed: int = 0


async def stage_run(given: argparse.Namespace, data: Path, members: int, kills: int) -> Told:
    told = Told(members, Tally(), Ledger())
    stage = Stage(data, members=members, tally=told.tally)
    try:
        await stage.start()
        crowd = await people.gather(stage, told.ledger)
        stage.post.keeps = False
        urls = {name: stage.here.url_of(name) for name in stage.services.lives}
        key = (data / "secrets" / "chorale_internal_key").read_text()
        async with Client(urls, key, told.tally) as client:
            await _hurt(given, told, stage, client, crowd, kills)
            await _judge(told, stage, "the storm")
            if given.wipe:
                await _wiped(told, stage, client, crowd)
                await _judge(told, stage, "the replay")
    finally:
        await stage.stop()
    return told


async def _hurt(
    given: argparse.Namespace,
    told: Told,
    stage: Stage,
    client: Client,
    crowd: people.People,
    kills: int,
) -> None:
    load, probe = Load(client, crowd, told.ledger, Rates()), Probe(client, crowd, told.ledger)
    told.probe = probe
    working = [asyncio.create_task(load.run()), asyncio.create_task(probe.run())]
    before, began = _done(told), clock()
    await asyncio.sleep(given.calm)
    told.calm = tuple((b - a) / (clock() - began) for a, b in zip(before, _done(told)))  # type: ignore[assignment]
    print(f"calm: {told.calm[0]:.0f} commands/s, {told.calm[1]:.0f} reads/s", flush=True)
    if given.singly:
        told.singly = await one_by_one(stage)
    before, began = _done(told), clock()
    storm = Storm(stage, rounds(f"{given.seed}/{told.members}", members=told.members))
    share = given.minutes * 60 * kills / given.kills
    await storm.run(kills=kills, seconds=share)
    told.seconds = clock() - began
    told.stormed = tuple(b - a for a, b in zip(before, _done(told)))  # type: ignore[assignment]
    load.stop()
    probe.stop()
    print(f"{len(told.tally.deaths)} killed; what was begun comes to its end", flush=True)
    await asyncio.gather(*working)
    told.settled.append(await settle(stage))


def _done(told: Told) -> tuple[int, int]:
    return told.ledger.commands, told.ledger.reads


async def _judge(told: Told, stage: Stage, after: str) -> None:
    found = told.found = await evidence.databases(stage.mongo)
    await evidence.topics(stage.kafka, found)
    told.findings += judged(found, told.ledger)
    deaths = [one.at for one in told.tally.deaths if one.target == "notifications"]
    told.deliveries = delivered(
        found.letters,
        stage.post.taken,
        stage.post.refused,
        {id: message_id(id, "chorale.example") for id in found.letters},
        sorted([*deaths, *stage.post.cuts]),
    )
    told.findings += told.deliveries.found
    print(f"after {after}: {len(told.findings)} findings", flush=True)
    for one in told.findings[:20]:
        print("  ", one.kind, one.what[:300])


async def _wiped(told: Told, stage: Stage, client: Client, crowd: people.People) -> None:
    """All that Kafka had is gone: the journals tell it again, under load."""
    load = Load(client, crowd, told.ledger, Rates())
    working = asyncio.create_task(load.run())
    await stage.wipe_brokers()
    for service in ("users", "structures", "approvals", "support"):
        told.replayed += await asyncio.to_thread(_replay, stage, service)
    await asyncio.sleep(AGAIN)
    load.stop()
    await working
    told.settled.append(await settle(stage))


def _replay(stage: Stage, service: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "replay", service],
        env={**os.environ, **stage.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[0].replace(",", ""))


def asked() -> argparse.Namespace:
    one = argparse.ArgumentParser(description=__doc__)
    one.add_argument("--kills", type=int, default=1000)
    one.add_argument("--minutes", type=float, default=38, help="That the storms may last.")
    one.add_argument("--seed", default=str(random.randrange(10**6)))
    one.add_argument("--calm", type=float, default=15, help="Seconds of load before any fault.")
    one.add_argument(
        "--alone", type=float, default=0.25, help="Share of the kills with one of each."
    )
    one.add_argument("--report", type=Path, default=None)
    one.add_argument("--data", type=Path, default=None)
    one.add_argument("--no-wipe", dest="wipe", action="store_false")
    one.add_argument("--no-singly", dest="singly", action="store_false")
    return one.parse_args()


async def run(given: argparse.Namespace, data: Path) -> list[Told]:
    few = round(given.kills * given.alone)
    told = []
    for members, kills in ((1, few), (3, given.kills - few)):
        if kills:
            print(f"--- {members} of each: {kills} kills ---", flush=True)
            told.append(await stage_run(given, data / f"of-{members}", members, kills))
    return told


def main() -> None:
    given = asked()
    if os.geteuid() == 0 and ALONE not in os.environ and shutil.which("unshare"):
        # Whatever we mount goes with us, however we end.
        os.environ[ALONE] = "yes"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.orig_argv[1:]])
    print(f"--seed {given.seed}", flush=True)
    began = time.time()
    data = given.data or Path(tempfile.mkdtemp(prefix="chorale-faults-"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(run(given, data))
    if not given.data:
        shutil.rmtree(data, ignore_errors=True)
    text = report.written(given, told, time.time() - began)
    print(text)
    if given.report:
        given.report.write_text(text)
    sys.exit(any(one.findings or one.tally.wrong for one in told))


if __name__ == "__main__":
    main()
