"""What people write to support, in whichever field."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.support.api import acts, assistant, exchanges, public_tickets, requests

IDENTIFIER = {"type": "SIRET", "value": "73282932000074"}
TEXTS: list[tuple[type[BaseModel], str, dict[str, Any]]] = [
    (acts.Words, "text", {}),
    (assistant.Asked, "question", {}),
    (exchanges.NewExchange, "text", {"theme": "COMPTE"}),
    (exchanges.Message, "text", {}),
    (exchanges.Ending, "answer", {}),
    (requests.StructureRequest, "reason", {"identifier": IDENTIFIER, "legal_name": "Mairie"}),
    (requests.Decision, "answer", {"verdict": "refused"}),
    (
        public_tickets.PublicTicket,
        "description",
        {"email": "ana@example.org", "category": "A", "subcategory": "B", "title": "Aide"},
    ),
    (public_tickets.PublicReactivation, "reason", {"email": "ana@example.org"}),
]


@pytest.mark.parametrize(("body", "field", "others"), TEXTS)
class TestTexts:
    def test_carry_no_control_characters_and_something_to_read(
        self, body: type[BaseModel], field: str, others: dict[str, Any]
    ):
        for text in ("\x1b[2J", "a\x00b", "a\x9bb", "\u200b\ufeff"):
            with pytest.raises(ValidationError) as refused:
                body.model_validate({**others, field: text})
            assert (field,) in [error["loc"] for error in refused.value.errors()]

    def test_may_have_several_lines(
        self, body: type[BaseModel], field: str, others: dict[str, Any]
    ):
        written = body.model_validate({**others, field: "Un\n\tdeux"})
        assert getattr(written, field).replace("<br>", "\n") == "Un\n\tdeux"
