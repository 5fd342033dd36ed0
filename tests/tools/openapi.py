"""Write contracts/openapi/<service>.json: python -m tests.tools.openapi"""

import json
from pathlib import Path
from typing import Any

import contracts
from services.gateway.routes import SERVICES
from tests.tools.built import built

FOLDER = Path(contracts.__file__).parent / "openapi"


def described() -> dict[str, dict[str, Any]]:
    """What each service says of itself."""
    # As it will be read again: tuples are lists in JSON.
    return {name: json.loads(json.dumps(built(name).openapi())) for name in SERVICES}


def main() -> None:
    for service, document in described().items():
        text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True)
        (FOLDER / f"{service}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
