"""contracts/asyncapi.yaml says what the contracts say."""

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from contracts.event import Event
from kit import journal
from tests.tools.asyncapi import ASYNCAPI, asyncapi, text
from tests.tools.events import every_event


@pytest.fixture(scope="module")
def written() -> Any:
    return yaml.safe_load(ASYNCAPI.read_text(encoding="utf-8"))


def test_is_current():
    assert ASYNCAPI.read_text(encoding="utf-8") == text(), "make schemas writes it"


@pytest.mark.parametrize("event", every_event(), ids=lambda event: event.type)
def test_has_every_event_on_its_topic_with_its_key_and_audience(event: type[Event], written: Any):
    message = written["components"]["messages"][event.__name__]

    assert event.__name__ in written["channels"][event.topic()]["messages"]
    assert message["name"] == event.type
    assert message["tags"] == [{"name": event.audience}]
    assert message["bindings"]["kafka"]["key"]["description"] == f"The {event.key_field}."
    assert (ASYNCAPI.parent / message["payload"]["$ref"]).exists()


def test_names_the_headers_that_are_really_sent():
    class Told(Event, type="trial.thing-told.v1", key="id"):
        id: str

    row = journal.row(Told(id="x"), clock=1, correlation="c", at=datetime(2026, 1, 1, tzinfo=UTC))
    sent = {name for name, _ in journal.headers(row | {"position": 1})} - {"content-type"}
    described = asyncapi()["components"]["messageTraits"]["cloudevent"]["headers"]
    assert described["properties"].keys() == sent
    assert set(described["required"]) == sent


def test_every_reference_leads_somewhere(written: Any):
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if "$ref" in part else []
            return own + [one for value in part.values() for one in references(value)]
        return (
            [one for value in part for one in references(value)] if isinstance(part, list) else []
        )

    inner = [one.removeprefix("#/").split("/") for one in references(written) if one[0] == "#"]
    assert inner
    for path in inner:
        found = written
        for step in path:
            found = found[step]
