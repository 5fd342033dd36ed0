"""The documentation holds together."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_why_what_else_and_until_when(page: Path):
    text = page.read_text(encoding="utf-8")
    heads = re.findall(
        r"^\*\*(Context|Decision|Consequences|Alternatives|Revisit when)", text, re.MULTILINE
    )
    assert heads == ["Context", "Decision", "Consequences", "Alternatives", "Revisit when"]
    assert text.startswith(f"# {page.stem[:4]}. ")


def test_decisions_are_numbered_in_a_row():
    assert [int(page.stem[:4]) for page in DECISIONS] == [*range(1, len(DECISIONS) + 1)]
