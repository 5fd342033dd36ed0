"""Words of people in letters to others: whose they are is not said, and they may be gone."""

import pytest

from services.notifications.domain.letters import Template
from services.notifications.rendering import LANGUAGES, Language
from services.notifications.samples import PARAMS
from tests.notifications.builders import a_person
from tests.notifications.test_rendering import (
    FOLDER,
    TEMPLATES,
    asked_for,
    one_of,
    render,
    shown,
    words,
)

QUOTING = [one for one in TEMPLATES if "quoted" in asked_for(FOLDER / one / "fr/text.txt")[1]]
NAMING = {"information-given"}
"""Who answers is the requester, whom those who decide know."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", sorted({*QUOTING} - NAMING))
def test_who_decides_is_not_named_beside_their_words(template: Template, language: Language):
    rendered = render(one_of(template), recipient=a_person(language=language))

    assert "Inconnue ici" in rendered.text
    assert "Omar" not in rendered.text + rendered.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", ["granted", "rejected"])
@pytest.mark.parametrize("template", QUOTING)
def test_words_that_were_forgotten_are_not_introduced(
    template: Template, outcome: str, language: Language
):
    letter = one_of(template, params=PARAMS | {"outcome": outcome}, reason="")

    rendered = render(letter, recipient=a_person(language=language))

    assert ":\n\n" not in rendered.text
    assert ":</p>" not in rendered.html
    assert "<blockquote" not in rendered.html
    assert words(shown(rendered.html)) == words(rendered.text)
