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
import traceback
from pathlib import Path

import uvloop

from deploy.trouble import Trouble
from tests.faults import report
from tests.faults.account import Account
from tests.faults.play import Play
from tests.faults.tally import say

MOUNTS = "FAULTS_MOUNTS_OF_ITS_OWN"


def asked() -> argparse.Namespace:
    one = argparse.ArgumentParser(description=__doc__)
    one.add_argument("--kills", type=int, default=1000)
    one.add_argument("--seed", default=str(random.randrange(10**6)), help="Of an earlier run.")
    one.add_argument("--minutes", type=float, default=60, help="The most that storms may last.")
    one.add_argument("--alone", type=float, default=0.1, help="Share of kills with one of each.")
    one.add_argument("--calm", type=float, default=40, help="Seconds of load before any fault.")
    one.add_argument(
        "--commands",
        type=float,
        default=200,
        help="In a second of the calm, or the run has failed.",
    )
    one.add_argument("--no-singly", dest="singly", action="store_false")
    one.add_argument("--data", type=Path, help="Folder of all data; it is kept.")
    one.add_argument("--report", type=Path, help="Where the report is written.")
    return one.parse_args()


async def run(given: argparse.Namespace, data: Path) -> list[Account]:
    few = round(given.kills * given.alone)
    stages = [(1, few), (3, given.kills - few)]
    accounts = []
    for members, kills in stages:
        if kills:
            say(f"--- {members} of each, {kills} kills ---")
            play = Play(given, data / f"of-{members}", members, kills)
            accounts.append(play.account)
            try:
                await play.run()
            except Exception as error:  # What was seen until then is told in any case.
                traceback.print_exc()
                play.account.cut_short.append(f"{type(error).__name__}: {error}"[:300])
    return accounts


def main() -> None:
    if MOUNTS not in os.environ and _may_mount():
        # The small disk we mount goes with us, however we end.
        os.environ[MOUNTS] = "yes"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.orig_argv[1:]])
    given, began = asked(), time.time()
    say(f"--seed {given.seed}")
    data = given.data or Path(tempfile.mkdtemp(prefix="chorale-faults-"))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            accounts = runner.run(run(given, data))
    except Trouble as problem:
        sys.exit(str(problem))
    finally:
        if not given.data:
            shutil.rmtree(data, ignore_errors=True)
    if given.report:
        given.report.write_text(report.written(given, accounts, time.time() - began))
    for account in accounts:
        for line in report.lines(account):
            say(line)
    few = short(given, accounts)
    for line in few:
        say(line)
    sys.exit(any(account.wrong for account in accounts) or bool(few))


def short(given: argparse.Namespace, accounts: list[Account]) -> list[str]:
    """What was asked for, and not done."""
    killed = sum(len(account.tally.deaths) for account in accounts)
    return [
        *([f"{killed} kills, not {given.kills}"] if killed < given.kills else []),
        *(
            f"{account.members} of each: {account.calm.commands_a_second:.0f} commands/s"
            for account in accounts
            if account.calm.commands_a_second < given.commands
        ),
    ]


def _may_mount() -> bool:
    tried = ["unshare", "--mount", "true"]
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run(tried, capture_output=True, check=False).returncode
    )


if __name__ == "__main__":
    main()
