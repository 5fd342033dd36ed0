"""The card at the top of each service says what its code does."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

from contracts.event import Event
from kit.service import Service
from tests.tools.built import EVERY_SERVICE, built
from tests.tools.events import every_event

EVENTS = {event.__name__: event for event in every_event()}


class Card:
    def __init__(self, service: str) -> None:
        package = importlib.import_module(f"services.{service}")
        purpose, _, lists = (package.__doc__ or "").strip().partition("\n\n")
        heads = re.findall(r"^(\w+)\s+((?:.+\n?)(?:^ +.+\n?)*)", lists, re.MULTILINE)
        self.purpose = purpose
        self.lists = {head: _names(text) for head, text in heads}


def _names(text: str) -> list[str]:
    names = [] if text.strip() == "nothing" else [name.strip() for name in text.split(",")]
    assert all(re.fullmatch(r"[a-z]+\.[a-z-]+", name) for name in names), names
    return names


def short(event: type[Event]) -> str:
    """The event's name as cards write it: without its version."""
    return event.type.rpartition(".")[0]


@cache
def told_by(service: str) -> set[str]:
    """The events that the service's code makes."""
    folder = Path(*importlib.import_module(f"services.{service}").__path__)
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in folder.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = {getattr(call.func, "id", getattr(call.func, "attr", "")) for call in calls}
    return {short(EVENTS[name]) for name in made & EVENTS.keys()}


@pytest.fixture(params=EVERY_SERVICE)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(name: str) -> Service:
    made: Service = built(name).state.service
    return made


def test_says_what_the_service_is_for(name: str):
    card = Card(name)
    assert re.fullmatch(r"[A-Z][^\n]+\.", card.purpose)
    assert list(card.lists) == ["Owns", "Consumes", "Publishes"]
    for names in card.lists.values():
        assert len(names) == len(set(names))


def test_says_what_the_service_owns(name: str, service: Service):
    owned = {f"{name}.{one.name}" for one in service.collections}
    assert set(Card(name).lists["Owns"]) == owned


def test_says_what_the_service_hears(name: str, service: Service):
    heard = {short(kind) for kind, _ in service.subscriptions.handlers.values()}
    assert set(Card(name).lists["Consumes"]) == heard


def test_says_what_the_service_tells(name: str):
    assert set(Card(name).lists["Publishes"]) == told_by(name)


def test_a_service_tells_on_its_own_topic_only(name: str):
    assert {told.partition(".")[0] for told in told_by(name)} <= {name}


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.type)
def test_every_event_is_told_by_its_service(event: type[Event]):
    assert short(event) in told_by(event.topic().removesuffix(".events"))


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.type)
def test_the_type_of_an_event_is_its_name(event: type[Event]):
    noun, _, version = event.type.partition(".")[2].rpartition(".")
    words = "".join(word.capitalize() for word in noun.split("-"))
    assert event.__name__ == words + ("" if version == "v1" else version.upper())
