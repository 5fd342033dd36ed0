"""
Whether an event still keeps the promises of its committed schema, in both directions.

The writer's schema is taken as closed and the reader's as open, as events are told and heard here:
a field that the reader does not know is passed over. Only what pydantic emits is understood;
anything else is an error, so that nothing passes unread.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

NOTES = {
    "$defs", "$schema", "default", "deprecated", "description", "examples", "personal", "title",
    "x-event",
}  # fmt: skip
LOWER = {"minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"}
UPPER = {"maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"}
EXACT = {"format", "pattern", "multipleOf", "uniqueItems"}
SHAPE = {
    "$ref", "additionalProperties", "anyOf", "const", "enum", "items", "oneOf", "discriminator",
    "prefixItems", "properties", "required", "type",
}  # fmt: skip


class NotUnderstood(Exception):
    """A schema says something that this check does not know."""


def broken(promised: Schema, now: Schema) -> list[str]:
    """Every promise that is no longer kept, in words."""
    before, after = Node(promised, promised), Node(now, now)
    return [
        *(f"what was told is no longer heard: {why}" for why in _unheard(after, before)),
        *(f"earlier hearers do not hear what is told: {why}" for why in _unheard(before, after)),
        *_lost(promised, now),
    ]


@dataclass(frozen=True, slots=True)
class Node:
    """A schema inside its document, and the path of what it describes."""

    schema: Schema
    document: Schema
    path: str = "the event"

    def __post_init__(self) -> None:
        if unknown := self.schema.keys() - NOTES - LOWER - UPPER - EXACT - SHAPE:
            raise NotUnderstood(f"{self.path}: {', '.join(sorted(unknown))}")

    def alternatives(self) -> Iterator["Node"]:
        """Each of the plain schemas one of which a value fits."""
        if "$ref" in self.schema:
            name = self.schema["$ref"].removeprefix("#/$defs/")
            yield from self._at(self.document["$defs"][name]).alternatives()
        elif several := self.schema.get("anyOf") or self.schema.get("oneOf"):
            for one in several:
                yield from self._at(one).alternatives()
        else:
            yield self

    def values(self) -> list[Any] | None:
        """The only values there are, when they are listed."""
        listed = [self.schema["const"]] if "const" in self.schema else self.schema.get("enum")
        return listed if listed is None else list(listed)

    def fields(self) -> dict[str, "Node"]:
        described = self.schema.get("properties", {})
        return {name: self._at(one, f"{self.path}.{name}") for name, one in described.items()}

    def needed(self) -> set[str]:
        return set(self.schema.get("required", ()))

    def others(self) -> "Node | None":
        """The values of a mapping, beside its named fields."""
        said = self.schema.get("additionalProperties")
        return self._at(said, f"{self.path}{{}}") if isinstance(said, dict) else None

    def elements(self) -> list["Node"]:
        """The positions of a list: the fixed ones, then what all others are."""
        fixed, rest = self.schema.get("prefixItems", []), self.schema.get("items", {})
        return [
            *(self._at(one, f"{self.path}[{n}]") for n, one in enumerate(fixed)),
            self._at(rest if isinstance(rest, dict) else {}, f"{self.path}[]"),
        ]

    def _at(self, schema: Schema, path: str = "") -> "Node":
        return Node(schema, self.document, path or self.path)


def _unheard(reader: Node, writer: Node) -> Iterator[str]:
    """Why some value that fits ``writer`` does not fit ``reader``."""
    for written in writer.alternatives():
        tried = [list(_unfit(read, written)) for read in reader.alternatives()]
        if all(tried):
            yield from min(tried, key=len)


def _unfit(reader: Node, writer: Node) -> Iterator[str]:
    read, written = reader.schema, writer.schema
    if not read.keys() - NOTES:
        return
    kinds = {written.get("type")} | ({"number"} if written.get("type") == "integer" else set())
    if read.get("type") not in kinds:
        yield f"{writer.path} is {written.get('type')}, not {read.get('type')}"
        return
    yield from _out_of_bounds(reader, writer)
    if (accepted := reader.values()) is not None:
        strange = [value for value in writer.values() or ["any"] if value not in accepted]
        if strange:
            yield f"{writer.path} may be {', '.join(map(str, strange))}"
    if read.get("type") == "array":
        yield from _unfit_elements(reader, writer)
    elif read.get("type") == "object":
        yield from _unfit_fields(reader, writer)


def _out_of_bounds(reader: Node, writer: Node) -> Iterator[str]:
    read, written = reader.schema, writer.schema
    for bound in sorted((LOWER | UPPER | EXACT) & read.keys()):
        if bound not in written:
            kept = False
        elif bound in EXACT:
            kept = written[bound] == read[bound]
        else:
            kept = (
                written[bound] >= read[bound] if bound in LOWER else written[bound] <= read[bound]
            )
        if not kept:
            yield f"{writer.path} has {bound} {written.get(bound)}, not {read[bound]}"


def _unfit_elements(reader: Node, writer: Node) -> Iterator[str]:
    read, written = reader.elements(), writer.elements()
    for n in range(max(len(read), len(written))):
        yield from _unheard(read[min(n, len(read) - 1)], written[min(n, len(written) - 1)])


def _unfit_fields(reader: Node, writer: Node) -> Iterator[str]:
    known, told = reader.fields(), writer.fields()
    for name in sorted(reader.needed() - writer.needed()):
        yield f"{writer.path} may lack {name}"
    for name in sorted(known.keys() & told.keys()):
        yield from _unheard(known[name], told[name])
    if reader.schema.get("additionalProperties") is False:
        yield from (f"{writer.path} has {name}" for name in sorted(told.keys() - known.keys()))
    if other := reader.others():
        yield from _unheard(other, writer.others() or Node({}, writer.document, writer.path))


def _lost(promised: Schema, now: Schema) -> Iterator[str]:
    """What fits in both directions and yet means something else."""
    before, after = promised.get("x-event", {}), now.get("x-event", {})
    for name in ("type", "key"):
        if before.get(name) != after.get(name):
            yield f"the event's {name} was {before.get(name)}, and is {after.get(name)}"
    if before.get("audience") == "public" != after.get("audience"):
        yield "the event was public, and is no more"
    yield from _lost_fields("the event", promised, now)
    models = now.get("$defs", {})
    for name, model in promised.get("$defs", {}).items():
        if name in models:
            yield from _lost_fields(name, model, models[name])


def _lost_fields(owner: str, promised: Schema, now: Schema) -> Iterator[str]:
    fields = now.get("properties", {})
    for name, before in promised.get("properties", {}).items():
        after = fields.get(name)
        if after is None:
            yield f"{owner} has lost {name}"
            continue
        if "default" in before and before["default"] != after.get("default"):
            yield f"{owner}.{name}, left out, meant {before['default']!r}"
        if _personal(before) and not _personal(after):
            yield f"{owner}.{name} is no longer marked as personal"


def _personal(field: Schema) -> bool:
    several: Iterable[Schema] = field.get("anyOf", ())
    return bool(field.get("personal")) or any(_personal(one) for one in several)
