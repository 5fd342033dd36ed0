"""``python -m tests.bench [name ...] [--runs N] [--quick]``"""

import argparse
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import uvloop

from tests.bench import report
from tests.bench.checking import checking
from tests.bench.commands import commands
from tests.bench.hearing import hearing
from tests.bench.importing import importing
from tests.bench.journey import journey
from tests.bench.letters import letters
from tests.bench.lists import lists
from tests.bench.results import Result
from tests.bench.rights import rights
from tests.bench.scaling import scaling
from tests.bench.searching import searching
from tests.bench.starting import starting
from tests.bench.tickets import tickets

Bench = Callable[..., Awaitable[Result]]
BENCHES: dict[str, Bench] = {
    "hearing": hearing,
    "commands": commands,
    "journey": journey,
    "rights": rights,
    "checking": checking,
    "searching": searching,
    "importing": importing,
    "lists": lists,
    "tickets": tickets,
    "letters": letters,
    "starting": starting,
    "scaling": scaling,
}


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    asked.add_argument("--runs", type=int, default=0, help="of each measurement (5; 2 if quick)")
    asked.add_argument("--quick", action="store_true", help="smaller and shorter; not kept")
    said = asked.parse_args()
    if unknown := {*said.names} - {*BENCHES}:
        asked.error(f"there is no {', '.join(sorted(unknown))}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    for name in said.names or BENCHES:
        began = time.monotonic()
        print(f"{name} ...", flush=True)
        runs = said.runs or (2 if said.quick else 5)
        found = uvloop.run(BENCHES[name](runs, quick=said.quick))
        found = replace(found, seconds=round(time.monotonic() - began, 1))
        print(report.told(found), flush=True)
        if not said.quick:
            report.keep(name, found, runs=runs)


if __name__ == "__main__":
    main()
