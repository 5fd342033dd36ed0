"""contracts/asyncapi.yaml, as it follows from the contracts."""

import importlib
import inspect
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from contracts.event import Event
from tests.tools.events import every_event

ASYNCAPI = Path(__file__).parents[2] / "contracts/asyncapi.yaml"

ABOUT = """\
What the services of Chorale tell, as CloudEvents 1.0 in Kafka's binary mode: the attributes in
headers, the event's JSON alone as value. The facts of one key are in order; a fact may come twice,
with the same id. Fields are only ever added, with a default: pass over those you do not know, and
over types you do not know (the services' own heartbeats among them). Kafka is for the services of
Chorale; others read the public events, of the structures they may see, from the gateway's feed."""

ATTRIBUTES = {
    "ce_specversion": ("Always 1.0.", "^1\\.0$"),
    "ce_id": ("The same however often the fact is published.", None),
    "ce_type": ("The message's name.", None),
    "ce_source": ("The service that tells it.", "^/[a-z]+$"),
    "ce_subject": ("The entity it is about, which is also the key.", None),
    "ce_time": ("When it was decided.", None),
    "ce_sequence": ("Rises with each fact of one entity, whatever the clocks say.", "^\\d{20}$"),
    "ce_correlationid": ("The journey it belongs to.", None),
    "ce_position": ("Its place in the partition's history, from 1, without a gap.", "^\\d+$"),
}


def asyncapi() -> dict[str, Any]:
    events = every_event()
    topics = {topic: [*some] for topic, some in groupby(events, key=lambda event: event.topic())}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Chorale", "version": "1", "description": _prose(ABOUT)},
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, some) for topic, some in topics.items()},
        "operations": {
            f"tell-{topic.partition('.')[0]}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
            }
            for topic in topics
        },
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "messageTraits": {"cloudevent": {"headers": _headers()}},
        },
    }


def text() -> str:
    return yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=100)


def _channel(topic: str, events: list[type[Event]]) -> dict[str, Any]:
    module = importlib.import_module(f"contracts.{topic.partition('.')[0]}")
    return {
        "address": topic,
        "description": _prose(inspect.getdoc(module) or ""),
        "messages": {
            event.__name__: {"$ref": f"#/components/messages/{event.__name__}"} for event in events
        },
        "bindings": {"kafka": {"topic": topic}},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    summary, *more = (inspect.getdoc(event) or "").split("\n\n")
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": _prose(summary),
        **({"description": _prose(" ".join(more))} if more else {}),
        "tags": [{"name": event.audience}],
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": {"$ref": f"schemas/{event.type}.json"},
        "bindings": {
            "kafka": {"key": {"type": "string", "description": f"The {event.key_field}."}}
        },
    }


def _prose(text: str) -> str:
    """Without its line ends: YAML folds it by itself."""
    return " ".join(text.split())


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(ATTRIBUTES),
        "properties": {
            name: {"type": "string", "description": meaning}
            | ({"pattern": pattern} if pattern else {})
            for name, (meaning, pattern) in ATTRIBUTES.items()
        },
    }
