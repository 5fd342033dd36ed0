"""The themes that an exchange begins with: reference data, kept beside the code."""

from pathlib import Path

import yaml
from pydantic import TypeAdapter

from services.support.domain.catalogue import Catalogue
from services.support.domain.exchanges import Theme

DATA = Path(__file__).with_name("themes.yaml")


class WrongTheme(Exception):
    """The ticket of an exchange could not be filed under what this theme says."""


def read(catalogue: Catalogue, path: Path = DATA) -> tuple[Theme, ...]:
    """Read the themes once, at start; a wrong file stops the service there."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    themes = TypeAdapter(tuple[Theme, ...]).validate_python(listed)
    for one in themes:
        filed = catalogue.subcategory(one.category, one.subcategory)
        if filed is None or filed.needs_recipient or filed.object_types or filed.form:
            raise WrongTheme(one.code)
    return themes
