"""
A process that has read all services, and forks each from itself.

A service is then there again in a fraction of a second, and still is a process of its own that is
killed for real. Asked on standard input, one JSON object a line; says who was born and who died.
"""

import gc
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

from deploy.embedded.child import _libc
from deploy.installation import service_names

_PR_SET_PDEATHSIG = 1


def main() -> None:
    os.environ.setdefault("MOTOR_MAX_WORKERS", "64")
    _read_all()
    heard, rung = os.pipe()
    os.set_blocking(rung, False)
    os.set_blocking(heard, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(rung)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # It ends when whoever asks it does.
    _say(ready=True)
    waiting = b""
    while True:
        ready, _, _ = select.select([0, heard], [], [])
        if heard in ready:
            os.read(heard, 4096)
            _bury()
        if 0 in ready:
            some = os.read(0, 65536)
            if not some:
                break
            *lines, waiting = (waiting + some).split(b"\n")
            for line in lines:
                _bear(json.loads(line), rung, heard)


def _read_all() -> None:
    import importlib

    import motor.motor_asyncio  # noqa: F401  # otherwise each life would read it again
    import uvloop  # noqa: F401

    import deploy.serving  # noqa: F401

    for name in service_names():
        importlib.import_module(f"services.{name}.main")
    # What is read stays: no life looks through it again, nor gets pages of its own for it.
    gc.collect()
    gc.freeze()


def _bear(wanted: dict[str, Any], *not_for_it: int) -> None:
    pid = os.fork()
    if pid:
        _say(born=pid, name=wanted["name"])
        return
    try:
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        for file in not_for_it:
            os.close(file)
        _live(wanted)
    finally:
        os._exit(1)


def _live(wanted: dict[str, Any]) -> None:
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    log = Path(wanted["log"])
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in ((0, nothing), (1, output), (2, output)):
        os.dup2(file, number)
    os.environ.update(wanted["env"])
    from deploy.serving import serve_alone
    from tests.faults import points

    points.prepare()
    serve_alone(wanted["name"], host="127.0.0.1", port=wanted["port"])


def _bury() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _say(died=pid, code=os.waitstatus_to_exitcode(status))


def _say(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
