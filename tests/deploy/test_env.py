"""deploy/.env.example is what the settings are."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from deploy import env

EXAMPLE = Path(env.__file__).with_name(".env.example")


def test_lists_every_setting_with_its_default() -> None:
    assert EXAMPLE.read_text() == env.example(), "run: make settings"


@pytest.mark.parametrize("kind", [kind for _, kind in env.kinds()])
def test_saying_the_defaults_aloud_changes_nothing(
    kind: type[BaseSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if field.is_required():
            known[name] = "given"
        else:
            monkeypatch.setenv(f"CHORALE_{name.upper()}", env.written(field))
    said = kind(**known)
    for name, field in kind.model_fields.items():
        if not field.is_required():
            assert plain(getattr(said, name)) == plain(field.get_default(call_default_factory=True))


def plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
