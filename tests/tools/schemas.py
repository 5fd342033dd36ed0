"""
Write the schema of each event that has none yet: ``python -m tests.tools.schemas``.

A schema that is there already is a promise and stays as it is, but for what an event has gained
since: ``--grow`` writes that down, once the test of the contracts has found nothing broken.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from tests.tools.compatibility import broken
from tests.tools.events import every_event, schema_of

SCHEMAS = Path(__file__).parents[2] / "contracts/schemas"


def promised(type: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((SCHEMAS / f"{type}.json").read_text(encoding="utf-8"))
    return kept


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--grow", action="store_true", help="write down what events have gained")
    grow = asked.parse_args().grow
    SCHEMAS.mkdir(exist_ok=True)
    for event in every_event():
        path, schema = SCHEMAS / f"{event.type}.json", schema_of(event)
        if not path.exists() or (grow and not broken(promised(event.type), schema)):
            text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False)
            path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
