"""What of the portal may be switched: reference data, kept beside the code."""

from pathlib import Path

import yaml
from pydantic import TypeAdapter

from services.structures.domain.client_portal import Portal

DATA = Path(__file__).with_name("portal.yaml")


def read(path: Path = DATA) -> Portal:
    """Read it once, at start; a wrong file stops the service there."""
    return TypeAdapter(Portal).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
