"""Identifiers that grow with time, so that indexes grow at their end."""

import os
import time


def new_id() -> str:
    """32 hexadecimal characters: milliseconds first, then chance."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
