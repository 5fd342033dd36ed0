"""Write contracts/openapi/<service>.json: python -m tests.tools.openapi"""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from joserfc.jwk import OKPKey

import contracts
from services.gateway.routes import SERVICES

FOLDER = Path(contracts.__file__).parent / "openapi"


def described() -> dict[str, dict[str, Any]]:
    """What each service says of itself; building one asks nothing of a database or of Kafka."""
    with patch.dict(os.environ, _placeholders()):
        return {name: _described(name) for name in SERVICES}


def _described(service: str) -> dict[str, Any]:
    app = import_module(f"services.{service}.main").create()
    # As it will be read again: tuples are lists in JSON.
    return dict(json.loads(json.dumps(app.openapi())))


def _placeholders() -> dict[str, str]:
    key = OKPKey.generate_key("Ed25519")
    return {
        "CHORALE_INTERNAL_KEY": "of nobody, only to describe the API",
        "CHORALE_LINK_KEY": "of nobody, only to describe the API",
        "CHORALE_ACCESS_PRIVATE_KEY": key.as_pem(private=True).decode(),
        "CHORALE_ACCESS_PUBLIC_KEY": key.as_pem(private=False).decode(),
    }


def main() -> None:
    for service, document in described().items():
        text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
        (FOLDER / f"{service}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
