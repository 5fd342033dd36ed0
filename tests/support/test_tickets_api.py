"""Reading tickets, and ending them, over HTTP."""

from datetime import datetime, timedelta

import pytest

from kit.clock import now
from tests.support.asking import NOBODYS, pointers, written
from tests.support.desk import MINE, Desk, a_ticket


class TestRead:
    @pytest.mark.feature("SUP-35")
    async def test_says_what_a_ticket_is_about_how_it_stands_and_since_when(self, desk: Desk):
        began = now()
        opened = await written(desk)

        read = (await desk.by().get(f"/v1/tickets/{opened['id']}")).json()

        assert read["number"].startswith("CPROCS")
        assert (read["category"], read["subcategory"]) == ("FACTURES_EMISES", "SAISIE_ET_DEPOT")
        assert (read["object_type"], read["object_number"]) == ("invoice", "F-2026-0042")
        assert read["state"] == "open"
        for date in ("created_at", "opened_at"):
            at = datetime.fromisoformat(read[date])
            assert began - timedelta(milliseconds=1) <= at <= now()
        assert read["closed_at"] is None
        assert read["title"] == "Dépôt refusé"
        assert read["description_text"] == "Le dépôt de ma facture est refusé."

    async def test_shows_a_ticket_to_its_emitter_and_to_operators_only(self, desk: Desk):
        path = f"/v1/tickets/{(await written(desk))['id']}"

        assert (await desk.by("bob").get(path)).status_code == 404
        assert (await desk.by("olga", operator=True).get(path)).status_code == 200
        for change in ("", "/submission", "/closure"):
            for caller, status in ((desk.by("bob"), 404), (desk.by("olga", operator=True), 403)):
                answer = await caller.put(f"{path}{change}", json=a_ticket())
                assert answer.status_code == status, change

    @pytest.mark.feature("SUP-42")
    async def test_shows_a_draft_to_its_author_alone(self, desk: Desk):
        path = f"/v1/tickets/{(await written(desk, draft=True))['id']}"

        assert (await desk.by().get(path)).json()["may"] == ["submit"]
        for caller in (desk.by("bob"), desk.by("olga", operator=True)):
            assert (await caller.get(path)).status_code == 404
            assert (await caller.get(f"{path}/activity")).status_code == 404

    @pytest.mark.feature("SUP-42")
    async def test_ends_with_the_rattachement_for_its_author_too(self, desk: Desk):
        path = f"/v1/tickets/{(await written(desk))['id']}"
        await desk.hear_rights("ana", MINE, role=None)

        assert (await desk.by().get(path)).status_code == 404
        assert (await desk.by().put(f"{path}/submission")).status_code == 404
        assert (await desk.by().get("/v1/tickets?tab=not_closed")).json()["items"] == []

    @pytest.mark.parametrize("change", ["", "/submission", "/closure"])
    async def test_knows_no_ticket_that_is_not(self, desk: Desk, change: str):
        path = f"/v1/tickets/{NOBODYS}"
        assert (await desk.by().get(path)).status_code == 404
        assert (await desk.by().put(f"{path}{change}", json=a_ticket())).status_code == 404

    async def test_refuses_an_id_that_is_none(self, desk: Desk):
        assert pointers(await desk.by().get("/v1/tickets/not-an-id")) == ["/path/id"]

    async def test_hides_what_may_have_been_taken_away_and_waits_until_that_is_known(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        path = f"/v1/tickets/{(await written(desk))['id']}"
        await desk.hear_rights("cleo", MINE, may=(("sollicitations-emises", "consultation"),))
        assert (await desk.by("cleo").get(path)).status_code == 200

        await desk.hear_rights("cleo", MINE, unreadable=True)
        assert (await desk.by("cleo").get(path)).status_code == 404
        monkeypatch.setattr(desk.service.heard, "_max_age", -1)
        for then in ("", "/activity"):
            assert (await desk.by().get(f"{path}{then}")).status_code == 503


class TestClose:
    @pytest.mark.feature("SUP-24")
    async def test_ends_an_open_ticket_once(self, desk: Desk):
        path = f"/v1/tickets/{(await written(desk))['id']}"

        closed = await desk.by().put(f"{path}/closure")
        again = await desk.by().put(f"{path}/closure")

        assert (closed.status_code, closed.json()["state"]) == (200, "closed")
        assert again.json() == closed.json()

    async def test_is_refused_on_a_draft(self, desk: Desk):
        draft = await written(desk, draft=True)
        answer = await desk.by().put(f"/v1/tickets/{draft['id']}/closure")
        assert (answer.status_code, answer.json()["state"]) == (409, "draft")
