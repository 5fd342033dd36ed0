"""
An event may gain fields that have a default; it never loses or changes one.

``make schemas`` writes the schema of an event that has none yet, and what an event has gained.
A real change is a new event, ``...V2``, told beside the first.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model

from contracts.event import Event, PersonalText
from tests.tools.compatibility import NotUnderstood, broken
from tests.tools.events import every_event, schema_of
from tests.tools.schemas import SCHEMAS, promised, write

EVENTS = every_event()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_event_keeps_its_promises(event: type[Event]):
    assert (SCHEMAS / f"{event.type}.json").exists(), "make schemas writes it down"
    assert broken(promised(event.type), schema_of(event)) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_what_an_event_has_gained_is_written_down(event: type[Event]):
    assert promised(event.type) == schema_of(event), "make schemas writes it down"


def test_every_schema_still_has_its_event():
    written = {path.stem for path in SCHEMAS.glob("*.json")}
    assert written == {event.type for event in EVENTS}


def test_every_event_is_told_under_a_type_of_its_own():
    assert len({event.type for event in EVENTS}) == len(EVENTS)


class Unit(BaseModel):
    code: str


class LongerUnit(BaseModel):
    code: str
    label: str = ""


class StricterUnit(BaseModel):
    code: str
    label: str


def an_event(**fields: Any) -> dict[str, Any]:
    """The schema of an event with these fields, each ``(type, default)``."""
    schema = create_model("Told", **fields).model_json_schema()
    return schema | {"x-event": {"type": "trial.told.v1", "key": "id", "audience": "public"}}


Fields = dict[str, Any]
OpenList = Literal["x"] | str  # noqa: PYI051  # the known values, and any other
LongerOpenList = Literal["x", "y"] | str  # noqa: PYI051  # as above


class TestBroken:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"a": (str, ...)}, {"a": (str, ...)}),
            ({"a": (str, ...)}, {"a": (str, ...), "b": (int, 0)}),
            ({"a": (tuple[Unit, ...], ())}, {"a": (tuple[LongerUnit, ...], ())}),
            ({"a": (str | None, None)}, {"a": (str | None, None)}),
            ({"a": (OpenList, ...)}, {"a": (LongerOpenList, ...)}),
            ({"a": (dict[str, int], ...)}, {"a": (dict[str, int], ...)}),
            ({"a": (str, "")}, {"a": (PersonalText, "")}),
            ({"a": (tuple[int, str], ...)}, {"a": (tuple[int, str], ...)}),
        ],
        ids=[
            "the same",
            "a field with a default",
            "one deeper",
            "optional",
            "a value of an open list",
            "a mapping",
            "a personal mark",
            "a fixed list",
        ],
    )
    def test_allows(self, before: Fields, after: Fields):
        assert broken(an_event(**before), an_event(**after)) == []

    @pytest.mark.parametrize(
        ("before", "after", "why"),
        [
            ({"a": (str, ...), "b": (str, "")}, {"a": (str, ...)}, "lost b"),
            ({"a": (str, ...)}, {"a": (str, ...), "b": (int, ...)}, "may lack b"),
            ({"a": (str, ...)}, {"a": (str, "")}, "may lack a"),
            ({"a": (str, "")}, {"a": (str, ...)}, "may lack a"),
            ({"a": (str, ...)}, {"a": (int, ...)}, "a is"),
            ({"a": (str, ...)}, {"a": (str | None, ...)}, "a is null"),
            ({"a": (str | None, ...)}, {"a": (str, ...)}, "a is null"),
            ({"a": (Literal["x"], ...)}, {"a": (Literal["x", "y"], ...)}, "a may be y"),
            ({"a": (Literal["x", "y"], ...)}, {"a": (Literal["x"], ...)}, "a may be y"),
            ({"a": (Literal["x"], ...)}, {"a": (str, ...)}, "a may be any"),
            ({"a": (str, "x")}, {"a": (str, "y")}, "a, left out, meant 'x'"),
            (
                {"a": (Annotated[str, Field(max_length=5)], ...)},
                {"a": (Annotated[str, Field(max_length=9)], ...)},
                "maxLength",
            ),
            ({"a": (str, ...)}, {"a": (Annotated[str, Field(pattern="^x")], ...)}, "pattern"),
            ({"a": (tuple[Unit, ...], ())}, {"a": (tuple[StricterUnit, ...], ())}, "lack label"),
            ({"a": (tuple[int, ...], ())}, {"a": (tuple[str, ...], ())}, "a[] is"),
            ({"a": (tuple[int, str], ...)}, {"a": (tuple[int, int], ...)}, "a[1] is"),
            ({"a": (dict[str, int], ...)}, {"a": (dict[str, str], ...)}, "a{} is"),
            ({"a": (PersonalText, "")}, {"a": (str, "")}, "no longer marked as personal"),
        ],
    )
    def test_tells(self, before: Fields, after: Fields, why: str):
        found = broken(an_event(**before), an_event(**after))
        assert any(why in one for one in found), found

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda said: said | {"key": "user_id"}, "key"),
            (lambda said: said | {"audience": "internal"}, "public"),
        ],
    )
    def test_tells_when_it_is_keyed_or_shown_otherwise(
        self, change: Callable[[dict[str, str]], dict[str, str]], why: str
    ):
        before = an_event(id=(str, ...))
        after = before | {"x-event": change(before["x-event"])}
        assert any(why in one for one in broken(before, after))

    def test_does_not_guess_at_what_it_does_not_know(self):
        strange = an_event(a=(str, ...))
        strange["properties"]["a"]["contains"] = {}
        with pytest.raises(NotUnderstood):
            broken(strange, strange)


class TestWrite:
    def test_writes_every_schema_into_an_empty_folder(self, tmp_path: Path):
        assert write(tmp_path) == {}
        assert {path.stem for path in tmp_path.iterdir()} == {event.type for event in EVENTS}

    def test_never_writes_over_a_broken_promise(self, tmp_path: Path):
        write(tmp_path)
        path = tmp_path / f"{EVENTS[0].type}.json"
        schema = json.loads(path.read_text())
        schema["properties"]["lost"] = {"type": "string"}
        path.write_text(json.dumps(schema))

        assert list(write(tmp_path)) == [EVENTS[0].type]
        assert json.loads(path.read_text()) == schema

    def test_writes_down_what_an_event_has_gained(self, tmp_path: Path):
        write(tmp_path)
        told = next(event for event in EVENTS if event.type == "users.rights-changed.v1")
        path = tmp_path / f"{told.type}.json"
        schema = json.loads(path.read_text())
        del schema["properties"]["may_approve"]
        path.write_text(json.dumps(schema))

        assert write(tmp_path) == {}
        assert json.loads(path.read_text()) == schema_of(told)
