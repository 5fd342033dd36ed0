"""The knowledge base: articles written by people, kept beside the code."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from services.support.domain.assistant import Article, Knowledge

DATA = Path(__file__).with_name("articles")
MARK = "---\n"


def read(folder: Path = DATA) -> Knowledge:
    """Read the articles once, at start; a wrong file stops the service there."""
    return Knowledge(_article(path) for path in sorted(folder.glob("*.md")))


def _article(path: Path) -> Article:
    """A header in YAML between two marks, then paragraphs."""
    _, header, text = path.read_text(encoding="utf-8").split(MARK, 2)
    said: dict[str, Any] = yaml.safe_load(header)
    passages = [" ".join(one.split()) for one in text.split("\n\n") if one.strip()]
    known = said | {"reference": path.stem, "passages": passages}
    return TypeAdapter(Article).validate_python(known)
