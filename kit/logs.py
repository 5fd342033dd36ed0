"""Structured logs: one JSON object a line, each with the journey it belongs to."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from kit.context import correlation, trace


def _journey(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if journey := correlation.get():
        entry["correlation_id"] = journey
    if here := trace.get():
        entry["trace_id"] = here[3:35]
    return entry


def configure(level: str) -> None:
    """Send our logs and those of the libraries to standard error."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _journey,
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiokafka", "pymongo", "faststream", "httpx", "asyncio"):
        logging.getLogger(noisy).setLevel("CRITICAL" if noisy == "aiokafka" else "WARNING")
