"""What a run did and found, for those who read it and for those who repeat it."""

import argparse
import os
import platform
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.embedded.mongod import _binary
from deploy.kafka.jars import POM
from tests.faults.account import Account
from tests.faults.points import POINTS
from tests.faults.probe import SLACK
from tests.faults.schedule import ROUND
from tests.faults.singly import WATCHED
from tests.faults.stage import ELECTION, SESSION

HERE = Path(__file__).parent
Row = tuple[str, list[Any]]
LIBRARIES = ("aiokafka", "faststream", "motor", "pymongo", "fastapi", "uvicorn")


def written(given: argparse.Namespace, accounts: list[Account], seconds: float) -> str:
    pages = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return pages.get_template("report.md.jinja").render(
        given=given,
        accounts=accounts,
        minutes=round(seconds / 60),
        machine=machine(),
        commit=commit(),
        round=round(ROUND),
        session=SESSION,
        election=ELECTION // 1000,
        slack=SLACK,
        rows=[*rows(accounts)],
        killed=_table(accounts, lambda one: one.kills("target")),
        points=_table(accounts, lambda one: one.kills("point"), ["random", *POINTS]),
        done=_table(accounts, lambda one: one.tally.done),
        kinds=sorted(WATCHED),
        wrong=[text for one in accounts for text in one.wrong],
    )


def rows(accounts: list[Account]) -> Iterator[Row]:
    def row(name: str, of: Callable[[Account], Any]) -> Row:
        return name, [of(one) for one in accounts]

    yield row("kills", lambda one: len(one.tally.deaths))
    yield row("storm, seconds", lambda one: round(one.storm.seconds))
    yield row(
        "commands accepted a second, before it", lambda one: _rate(one.calm.commands_a_second)
    )
    yield row("commands accepted a second, in it", lambda one: _rate(one.storm.commands_a_second))
    yield row("reads answered a second, in it", lambda one: _rate(one.storm.reads_a_second))
    for n, after in enumerate(("the storm", "the replay")):
        if any(len(one.verdicts) <= n for one in accounts):
            continue
        for name in accounts[0].verdicts[n].counts:
            yield row(f"{name}, after {after}", lambda one, n=n, c=name: one.verdicts[n].counts[c])
        yield row(f"letters, after {after}", lambda one, n=n: one.verdicts[n].deliveries.letters)
        yield row(
            "letters that left twice, each explained",
            lambda one, n=n: one.verdicts[n].deliveries.twice,
        )
        yield row(
            "letters that SMTP refused for good",
            lambda one, n=n: one.verdicts[n].deliveries.given_up,
        )
        yield row(
            "letters that were of no use any more",
            lambda one, n=n: one.verdicts[n].deliveries.of_no_use,
        )
        yield row("seconds until all had settled", lambda one, n=n: round(one.verdicts[n].settled))
        for kind in ("lost", "doubled", "disordered", "parked", "wrong"):
            yield row(f"**{kind}**", lambda one, n=n, k=kind: f"**{one.verdicts[n].of(k)}**")
    yield row("events told again by `chorale replay`", lambda one: one.told_again)
    yield row("answers that must never be given", lambda one: len(one.tally.wrong))
    yield row("processes that ended by themselves", lambda one: len(one.tally.fell))
    for kind in accounts[0].staleness:
        yield row(f"changes probed: {kind}", lambda one, k=kind: one.staleness[k].probed)
        yield row(
            "latest stale answer, seconds", lambda one, k=kind: round(one.staleness[k].latest, 1)
        )
        yield row("too late", lambda one, k=kind: len(one.staleness[k].violations))


def _rate(a_second: float) -> str:
    return f"{a_second:.0f}"


def _table(
    accounts: list[Account], of: Callable[[Account], Counter[str]], order: list[str] | None = None
) -> list[Row]:
    counted = [of(one) for one in accounts]
    names = order or sorted({name for one in counted for name in one})
    return [(name, [one[name] for one in counted]) for name in names]


def lines(account: Account) -> Iterator[str]:
    """For a terminal."""
    yield f"--- {account.members} of each ---"
    for name, [value] in rows([account]):
        yield f"{name}: {value}"
    yield f"killed: {dict(account.kills('target'))}"
    yield f"points: {dict(account.kills('point'))}"
    yield f"done: {dict(account.tally.done)}"
    for kind, answers in account.tally.answers.items():
        yield f"{kind}: {dict(answers)}"
    yield f"longest outages: {account.tally.outage.longest}"
    yield f"wrong: {len(account.wrong)}"
    yield from account.wrong[:30]


def commit() -> str:
    found = subprocess.run(
        ("git", "describe", "--always", "--dirty"),
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    mongod = subprocess.run([_binary(), "--version"], capture_output=True, text=True, check=True)
    [kafka] = re.findall(
        r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([\d.]+)", POM.read_text()
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    [database] = re.findall(r"db version v([\d.]+)", mongod.stdout)
    return (
        f"{time.strftime('%-d %B %Y')}, on {os.cpu_count()} shared cores with {memory:.0f} GB "
        f"({platform.machine()}, Linux {platform.release()}) that also held the clients. "
        f"Apache Kafka {kafka}, MongoDB {database}, Python {platform.python_version()}, {libraries}."
    )
