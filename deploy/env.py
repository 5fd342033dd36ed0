"""Every setting of every part, as deploy/.env.example lists them (``chorale settings``)."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import services
from deploy.installation import Installation
from deploy.receiving import Receiving
from kit.settings import OpenFormSettings, Settings, WaitingSettings

HEAD = """\
# Every setting, with its default. Written by `chorale settings > deploy/.env.example`.
# A secret may instead be a file named chorale_<setting> in the folder CHORALE_SECRETS names.

# The folder of secrets, if there is one
#CHORALE_SECRETS=
"""


def kinds() -> Iterator[tuple[str, type[BaseSettings]]]:
    """The classes of settings, each with the title of its part."""
    yield "Every service", Settings
    yield "Services in which changes may wait", WaitingSettings
    yield "Services with forms that anybody may send", OpenFormSettings
    for folder in services.__path__:
        for module in sorted(Path(folder).glob("*/settings.py")):
            name = module.parent.name
            own = importlib.import_module(f"services.{name}.settings")
            for kind in (one for one in vars(own).values() if isinstance(one, type)):
                if issubclass(kind, Settings) and kind.__module__ == own.__name__:
                    yield f"The service {name}", kind
    yield "One machine (chorale up, chorale serve)", Installation
    yield "A mail server that brings letters (chorale receive)", Receiving


def own_fields(kind: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Those that several services have are told once."""
    shared = {
        name
        for base in kind.__mro__[1:]
        if issubclass(base, Settings)
        for name in base.model_fields
    }
    return {name: field for name, field in kind.model_fields.items() if name not in shared}


def example() -> str:
    parts = [HEAD]
    for title, kind in kinds():
        parts.append(f"\n# --- {title} ---\n")
        for name, field in own_fields(kind).items():
            told = " ".join((field.description or name.replace("_", " ").capitalize()).split())
            need = " (required)" if field.is_required() else ""
            parts.append(f"\n# {told}{need}\n#CHORALE_{name.upper()}={written(field)}\n")
    return "".join(parts)


def written(field: FieldInfo) -> str:
    """A default as the environment would say it."""
    if field.is_required():
        return ""
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    said = TypeAdapter(Any).dump_python(default, mode="json")
    return said if isinstance(said, str) else json.dumps(said)
