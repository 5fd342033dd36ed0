"""The applications there are, and what a new rattachement may do in each."""

from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from contracts.users import Habilitation, Level, Role
from services.users.domain.rattachements import Defaults

OURS = Path(__file__).with_name("catalogue.yaml")


class Application(BaseModel):
    """One application; ``default`` names the roles that do not get all its levels at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    levels: tuple[Level, ...]
    default: dict[Role, tuple[Level, ...]] = {}

    def given_to(self, role: Role) -> tuple[Level, ...]:
        return tuple(one for one in self.default.get(role, self.levels) if one in self.levels)


Catalogue = dict[str, Application]


def read(path: Path = OURS) -> Catalogue:
    return TypeAdapter(Catalogue).validate_python(yaml.safe_load(path.read_text("utf-8")))


def defaults(catalogue: Catalogue) -> Defaults:
    """What each role may do in a new rattachement to a whole structure."""
    return {
        role: tuple(
            Habilitation(application=code, level=level)
            for code, application in catalogue.items()
            for level in application.given_to(role)
        )
        for role in get_args(Role)
    }
