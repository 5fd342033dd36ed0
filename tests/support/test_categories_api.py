"""The categories of tickets, over HTTP."""

import pytest

from tests.support.desk import Desk


class TestCategories:
    @pytest.mark.feature("SUP-08", "SUP-09", "SUP-43")
    async def test_are_listed_with_codes_labels_and_what_they_ask_for(self, desk: Desk):
        answer = await desk.by().get("/v1/ticket-categories")

        assert answer.status_code == 200
        [paying] = [one for one in answer.json()["items"] if one["code"] == "PAIEMENT"]
        assert (paying["label"], paying["active"]) == ("Paiement", True)
        assert {
            "code": "M_QUESTION_DEMANDE_REJETEE",
            "label": "M - Question sur une demande rejetée",
            "active": True,
            "recipient_needed": True,
            "object_types": ["refund_request", "invoice"],
            "form": None,
        } in paying["subcategories"]
