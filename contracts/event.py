"""What every event has in common."""

from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Audience = Literal["internal", "public"]

PersonalText = Annotated[str, Field(json_schema_extra={"personal": True})]
"""A field that says something about a person: erasure blanks it wherever the event is kept."""


class Event(BaseModel):
    """
    A fact, told once by the service that owns it.

    The first word of ``type`` is that service; it gives the topic. ``key`` names the field that
    holds the entity's id: the facts of one entity are heard in order. ``audience`` says whether
    outside subscribers may see it. Unknown fields are ignored, so that a teller may add one
    before its hearers know it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    key_field: ClassVar[str]
    audience: ClassVar[Audience]

    def __init_subclass__(cls, *, type: str, key: str, audience: Audience = "internal") -> None:
        super().__init_subclass__()
        cls.type, cls.key_field, cls.audience = type, key, audience

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if cls.key_field not in cls.model_fields:
            raise TypeError(f"{cls.__name__} has no field {cls.key_field!r} to be keyed by")

    @classmethod
    def topic(cls) -> str:
        """The Kafka topic of the service that tells it."""
        return cls.type.partition(".")[0] + ".events"

    @property
    def key(self) -> str:
        """The id of the entity this fact is about (``ce_subject``)."""
        return str(getattr(self, self.key_field))


@cache
def personal_fields(event: type[Event]) -> frozenset[str]:
    """The fields that hold a ``PersonalText``."""
    said = event.model_json_schema().get("properties", {})
    return frozenset(name for name, field in said.items() if _is_personal(field))


def _is_personal(field: dict[str, Any]) -> bool:
    return bool(field.get("personal")) or any(map(_is_personal, field.get("anyOf", ())))


class Gathered(BaseModel):
    """A piece of what one service keeps of a person, sealed for the export it was asked for."""

    export_id: str
    user_id: str
    part: int
    """From 1."""
    of: int
    sealed: PersonalText
    """JWE; gzip and JSON once all pieces are opened and joined. Nobody opens it but users."""
