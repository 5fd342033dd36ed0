"""One stage from its start to its verdict."""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable
from pathlib import Path

from services.notifications.rendering import Renderer
from services.notifications.secrets import Secrets
from services.notifications.settings import NotificationsSettings
from tests.faults import evidence, people
from tests.faults.account import Account, Span, Verdict, counted
from tests.faults.client import Client
from tests.faults.deliveries import delivered
from tests.faults.load import Load
from tests.faults.points import TELLING
from tests.faults.probe import Probe
from tests.faults.schedule import rounds
from tests.faults.settling import NeverSettled, settle
from tests.faults.singly import one_by_one
from tests.faults.stage import Stage
from tests.faults.storm import Storm
from tests.faults.tally import clock, say
from tests.faults.verdict import Finding, judged

WARMING = 20.0
"""Seconds of load that do not count: Java and all caches begin cold."""
AGAIN = 20.0
"""Seconds of load after Kafka has lost all it had."""


class Play:
    """``kills``: this stage's share of them."""

    def __init__(self, given: argparse.Namespace, data: Path, members: int, kills: int) -> None:
        self._given, self._kills = given, kills
        self.account = Account(members)
        self._stage = Stage(data, members=members, tally=self.account.tally)
        self._data = data

    async def run(self) -> Account:
        stage = self._stage
        try:
            await stage.start()
            crowd = await people.gather(stage, self.account.ledger)
            stage.post.keeps = False
            urls = {name: stage.here.url_of(name) for name in stage.services.lives}
            key = (self._data / "secrets" / "chorale_internal_key").read_text()
            async with Client(urls, key, self.account.tally) as client:
                load = Load(client, crowd, self.account.ledger)
                await self._hurt(load, Probe(client, crowd, self.account.ledger))
                await self._judge("the storm", log_lost=False)
                await self._wipe(load)
                await self._judge("the replay", log_lost=True)
        finally:
            await stage.stop()
        return self.account

    async def _hurt(self, load: Load, probe: Probe) -> None:
        account, given = self.account, self._given
        account.staleness = probe.seen
        working = [asyncio.create_task(load.run()), asyncio.create_task(probe.run())]
        await asyncio.sleep(WARMING)
        account.calm = await self._meanwhile(asyncio.sleep(given.calm))
        say(f"calm: {account.calm.commands_a_second:.0f} commands/s")
        if given.singly:
            account.singly = await one_by_one(self._stage)
        storm = Storm(self._stage, rounds(f"{given.seed}/{account.members}", account.members))
        share = given.minutes * 60 * self._kills / given.kills
        account.storm = await self._meanwhile(storm.run(kills=self._kills, seconds=share))
        load.stop()
        probe.stop()
        say(f"{len(account.tally.deaths)} killed; what was begun comes to its end")
        await asyncio.gather(*working)

    async def _meanwhile(self, doing: Awaitable[None]) -> Span:
        ledger, began = self.account.ledger, clock()
        before = ledger.commands, ledger.reads
        await doing
        return Span(clock() - began, ledger.commands - before[0], ledger.reads - before[1])

    async def _judge(self, after: str, *, log_lost: bool) -> None:
        account, stage = self.account, self._stage
        began = clock()
        try:
            settled, unsettled = await settle(stage), []
        except NeverSettled as never:
            settled, unsettled = clock() - began, [Finding("lost", f"still on its way: {never}")]
        found = await evidence.databases(stage.mongo)
        await evidence.topics(stage.kafka, found)
        deaths = [one.at for one in account.tally.deaths if one.target == "notifications"]
        domain = NotificationsSettings.model_fields["mail_from"].default.rpartition("@")[2][:-1]
        key = (self._data / "secrets" / "chorale_link_key").read_text()
        secrets = Secrets(Renderer(stage.here.gateway), key)
        letters = delivered(
            found.letters,
            stage.post.taken,
            stage.post.refused,
            {id: secrets.message_id(id, domain) for id in found.letters},
            sorted([*deaths, *stage.post.cuts]),
            {id for id, one in account.ledger.requests.items() if one.verdict},
        )
        findings = [*unsettled, *judged(found, account.ledger, log_lost=log_lost), *letters.found]
        counts = counted(found, account.ledger)
        account.verdicts.append(Verdict(after, settled, findings, letters, counts))
        say(f"after {after}, settled in {settled:.0f} s: {len(findings)} findings")
        for one in findings[:20]:
            say(f"   {one.kind}: {one.what}")

    async def _wipe(self, load: Load) -> None:
        """All that Kafka had is gone, under load: the journals tell it again."""
        working = asyncio.create_task(load.run())
        await self._stage.wipe_brokers()
        for service in TELLING:
            self.account.told_again += await asyncio.to_thread(self._replay, service)
        await asyncio.sleep(AGAIN)
        load.stop()
        await working

    def _replay(self, service: str) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "deploy.cli", "replay", service],
            env={**os.environ, **self._stage.environment()},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout.split()[0].replace(",", ""))
