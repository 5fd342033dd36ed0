"""Every event of the contracts, found by reading them all."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import contracts
from contracts.event import Event

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def every_event() -> list[type[Event]]:
    for module in pkgutil.iter_modules(contracts.__path__, "contracts."):
        importlib.import_module(module.name)
    # Only those of the contracts: tests have events of their own.
    found = (event for event in _below(Event) if event.__module__.startswith("contracts."))
    return sorted(found, key=lambda event: event.type)


def schema_of(event: type[Event]) -> dict[str, Any]:
    """What an event promises: its fields, and how it is keyed and shown."""
    promised = {"type": event.type, "key": event.key_field, "audience": event.audience}
    return {"$schema": SCHEMA_DIALECT, "x-event": promised, **event.model_json_schema()}


def _below(parent: type[Event]) -> Iterator[type[Event]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)
