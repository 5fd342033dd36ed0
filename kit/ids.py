"""Identifiers that grow with time, so that indexes grow at their end."""

import os
import time
from typing import Annotated

from pydantic import StringConstraints

EntityId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""As ``new_id`` makes them, where a request names one."""
OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Of another service, perhaps made otherwise: nothing is read from its form."""


def new_id() -> str:
    """32 hexadecimal characters: milliseconds first, then chance."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
