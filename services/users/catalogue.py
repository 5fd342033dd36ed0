"""The applications there are, and what a new rattachement may do in each."""

from pathlib import Path
from typing import Annotated, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter

from contracts.users import Habilitation, Level, Role
from kit.entitled import ORGANISATION
from services.users.domain.rattachements import Defaults

OURS = Path(__file__).with_name("catalogue.yaml")

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]


class Application(BaseModel):
    """One application; ``default`` names the roles that do not get all its levels at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    levels: tuple[Level, ...]
    default: dict[Role, tuple[Level, ...]] = {}

    def given_to(self, role: Role) -> tuple[Level, ...]:
        return tuple(one for one in self.default.get(role, self.levels) if one in self.levels)


def _delegates(read: dict[str, Application]) -> dict[str, Application]:
    if ORGANISATION not in read or "modification" not in read[ORGANISATION].levels:
        raise ValueError("Without Organisation modification nobody could be delegated to.")
    return read


Catalogue = Annotated[dict[Code, Application], AfterValidator(_delegates)]


def read(path: str = "") -> Catalogue:
    """The catalogue in a file; without one, ours."""
    written = Path(path) if path else OURS
    read: Catalogue = TypeAdapter(Catalogue).validate_python(
        yaml.safe_load(written.read_text("utf-8"))
    )
    return read


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
