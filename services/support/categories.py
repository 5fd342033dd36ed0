"""The categories a ticket may be filed under: reference data, kept beside the code."""

from pathlib import Path

import yaml
from pydantic import TypeAdapter

from services.support.domain.catalogue import TIMING, Catalogue, Category
from services.support.domain.clocks import Timing

DATA = Path(__file__).with_name("categories.yaml")


def read(path: Path = DATA, timing: Timing = TIMING) -> Catalogue:
    """Read the categories once, at start; a wrong file stops the service there."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Catalogue(TypeAdapter(tuple[Category, ...]).validate_python(listed), timing)
