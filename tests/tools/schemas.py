"""
Write what follows from the contracts: ``python -m tests.tools.schemas``.

A committed schema is a promise. An event that has none yet gets one, and one that has only gained
something has that written down; a schema whose promises are broken is left as it is, and said.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.tools import asyncapi
from tests.tools.compatibility import broken
from tests.tools.events import every_event, schema_of

SCHEMAS = Path(__file__).parents[2] / "contracts/schemas"


def promised(type: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((SCHEMAS / f"{type}.json").read_text(encoding="utf-8"))
    return kept


def write(folder: Path = SCHEMAS) -> dict[str, list[str]]:
    """Give, for each event that does not keep them, the promises it breaks."""
    complaints = {}
    folder.mkdir(exist_ok=True)
    for event in every_event():
        path, schema = folder / f"{event.type}.json", schema_of(event)
        wrong = (
            broken(json.loads(path.read_text(encoding="utf-8")), schema) if path.exists() else []
        )
        if wrong:
            complaints[event.type] = wrong
        else:
            text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False)
            path.write_text(text + "\n", encoding="utf-8")
    return complaints


def main() -> int:
    complaints = write()
    asyncapi.ASYNCAPI.write_text(asyncapi.text(), encoding="utf-8")
    for type, wrong in complaints.items():
        said = "\n  ".join([f"{type} breaks its promises: tell a new event instead", *wrong])
        sys.stderr.write(said + "\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
