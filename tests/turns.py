"""Which of the processes of a test run this is: they share one platform, and no names in it."""

import os
from collections.abc import Iterator
from itertools import count

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
EACH = 500_000


def numbers() -> Iterator[int]:
    """Counts from 1, apart from where the other processes count."""
    return count(WORKER * EACH + 1)
