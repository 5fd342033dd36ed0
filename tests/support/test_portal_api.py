"""Where somebody who needs help begins, over HTTP."""

from datetime import datetime

import pytest

from services.support import conversing
from tests.support.desk import OTHER, Desk, a_ticket


class TestPortal:
    @pytest.mark.feature("SUP-04")
    async def test_shows_what_was_received_to_who_treats_it(self, desk: Desk):
        business = {
            "category": "PAIEMENT",
            "subcategory": "M_QUESTION_DEMANDE_REJETEE",
            "recipient_structure_id": OTHER,
        }
        sent = (await desk.by().post("/v1/tickets", json=a_ticket(**business))).json()
        await desk.by().post("/v1/tickets", json=a_ticket())
        await desk.hear_rights("cleo", OTHER, may=(("sollicitations-recues", "consultation"),))

        portal = (await desk.by("cleo").get("/v1/support")).json()

        assert [one["number"] for one in portal["received"]] == [sent["number"]]
        assert portal["emitted"] == []

    @pytest.mark.feature("SUP-01")
    @pytest.mark.parametrize(
        ("at", "opens_at"),
        [
            ("2026-03-03T10:00+01:00", None),
            ("2026-03-03T20:00+01:00", "2026-03-04T09:00+01:00"),
            ("2026-03-07T10:00+01:00", "2026-03-09T09:00+01:00"),
        ],
        ids=["a Tuesday", "its evening", "a Saturday"],
    )
    async def test_says_when_agents_are_there_to_talk_to(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, at: str, opens_at: str | None
    ):
        monkeypatch.setattr(conversing, "now", lambda: datetime.fromisoformat(at))

        channels = (await desk.by().get("/v1/support")).json()["channels"]

        found = {one["name"]: (one["open"], one["opens_at"]) for one in channels}
        said = found.pop("exchange")
        assert found == {"assistant": (True, None), "ticket": (True, None)}
        assert said[0] == (opens_at is None)
        there = said[1] and datetime.fromisoformat(said[1])
        assert there == (opens_at and datetime.fromisoformat(opens_at))
