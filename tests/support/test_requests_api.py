"""What is asked for with a ticket and granted by the desk, over HTTP on a real database."""

from typing import Any

import pytest

from contracts.structures import PublicStructureSettled
from contracts.users import ReactivationSettled
from kit.clock import now
from kit.workers import Worker
from tests.support.asking import pointers
from tests.support.desk import Desk
from tests.support.outside import confirmed, facts, sent
from tests.support.test_acts_api import forget, keeping

TOWN = {
    "identifier": {"type": "SIRET", "value": "21440109300015"},
    "legal_name": "Commune de Nantes",
    "reason": "Nous recevons des factures.",
}


async def created(desk: Desk) -> str:
    """The ticket of a public structure that the desk has accepted, and that is there."""
    asked = await desk.by().post("/v1/structure-requests", json=TOWN)
    id = str(asked.json()["id"])
    async with desk.by("olga", operator=True) as olga:
        await olga.put(f"/v1/tickets/{id}/assignment")
        grant = {"verdict": "accepted", "answer": "Elle est créée."}
        for _ in range(2):
            answer = await olga.put(f"/v1/ops/ticket-requests/{id}/decision", json=grant)
            assert answer.status_code == 200, answer.text
    settled = PublicStructureSettled(
        ticket_id=id, acceptance=1, structure_id="s-9", refusal="", settled_at=now()
    )
    await desk.hear(settled)
    return id


async def looked_at(desk: Desk) -> None:
    """Twice, as by two processes."""
    worker = desk.job("requests", Worker)
    [request] = await worker.collection.select({})
    for _ in range(2):
        await worker.work(request)


async def requested(desk: Desk, id: str) -> Any:
    return (await desk.by().get(f"/v1/tickets/{id}/request")).json()


class TestRequests:
    @pytest.mark.feature("SUP-44")
    async def test_for_an_account_are_granted_by_the_desk_and_done_by_users(self, desk: Desk):
        await sent(desk, "/reactivations")
        id = await confirmed(desk)
        grant = {"verdict": "accepted", "answer": "Bon retour."}
        async with desk.by("olga", operator=True) as olga:
            early = await olga.put(f"/v1/ops/ticket-requests/{id}/decision", json=grant)
            await olga.put(f"/v1/tickets/{id}/assignment")
            granted = await olga.put(f"/v1/ops/ticket-requests/{id}/decision", json=grant)

        assert early.json()["type"] == "/problems/not-taken"
        assert (granted.json()["kind"], granted.json()["status"]) == ("reactivation", "accepted")
        [told] = await facts(desk, "support.reactivation-accepted.v1")
        assert (told["login"], told["accepted_by"]) == ("zoe@example.org", "olga")

    @pytest.mark.feature("SUP-44")
    @pytest.mark.parametrize("refusal", ["", "/problems/account-erased"], ids=["done", "open"])
    async def test_for_an_account_that_is_erased_leave_with_their_ticket(
        self, desk: Desk, refusal: str
    ):
        await sent(desk, "/reactivations", reason="Un long congé.")
        id = await confirmed(desk)
        grant = {"verdict": "accepted", "answer": "Bon retour, Zoé."}
        async with desk.by("olga", operator=True) as olga:
            await olga.put(f"/v1/tickets/{id}/assignment")
            await olga.put(f"/v1/ops/ticket-requests/{id}/decision", json=grant)
            await desk.hear(
                ReactivationSettled(
                    ticket_id=id, acceptance=1, user_id="zoe", refusal=refusal, settled_at=now()
                )
            )
            assert "congé" in (await olga.get(f"/v1/tickets/{id}")).text
            [asked] = (await keeping(desk).given("zoe"))["demandes"]
            assert asked["answer"] == ("" if refusal else "Bon retour, Zoé.")
            await forget(desk, "zoe")
            forms = desk.job("forms", Worker)
            for form in await forms.collection.select({"wake_at": {"$lte": now()}}):
                await forms.work(form)

            left = (await olga.get(f"/v1/tickets/{id}")).text
            left += (await olga.get(f"/v1/tickets/{id}/activity")).text
        for word in ("congé", "zoe@example.org", "Bon retour"):
            assert word not in left
        assert await desk.service.mongo["forms"].count_documents({}) == 0

    @pytest.mark.feature("SUP-45")
    async def test_give_their_requester_nothing_that_is_for_the_desk(self, desk: Desk):
        id = await created(desk)
        await desk.hear_person("ana", "Ana", active=False)
        await looked_at(desk)

        [asked] = (await keeping(desk).given("ana"))["demandes"]
        assert (asked["id"], asked["status"]) == (id, "failed")
        assert (asked["refusal"], asked["answer"]) == ("", "")

    @pytest.mark.feature("SUP-45")
    async def test_for_a_public_structure_end_in_its_ticket(self, desk: Desk):
        id = await created(desk)
        await looked_at(desk)
        assert (await requested(desk, id))["status"] == "accepted"
        await desk.hear_rights("ana", "s-9", role="principal_manager")
        await looked_at(desk)

        request, ticket = await requested(desk, id), await desk.by().get(f"/v1/tickets/{id}")
        assert (request["status"], request["structure_id"]) == ("done", "s-9")
        assert (ticket.json()["state"], ticket.json()["subcategory"]) == (
            "resolved",
            "CREATION_STRUCTURE_PUBLIQUE",
        )
        [told] = await facts(desk, "support.public-structure-accepted.v1")
        assert (told["identifier"], told["requester_id"]) == ("21440109300015", "ana")

    @pytest.mark.feature("SUP-45")
    async def test_for_a_public_structure_stay_with_the_desk_if_nobody_manages_it(self, desk: Desk):
        id = await created(desk)
        await desk.hear_person("ana", "Ana", active=False)
        await looked_at(desk)

        request, ticket = await requested(desk, id), await desk.by().get(f"/v1/tickets/{id}")
        assert (request["status"], ticket.json()["state"]) == ("failed", "open")
        read = await desk.by("olga", operator=True).get(f"/v1/tickets/{id}/request")
        assert read.json()["refusal"] == "/problems/requester-gone"
        [told] = await facts(desk, "support.ticket-request-failed.v1")
        assert told["ticket_id"] == id

    async def test_are_decided_on_the_ticket_as_it_was_read(self, desk: Desk):
        asked = await desk.by().post("/v1/structure-requests", json=TOWN)
        id = asked.json()["id"]
        decision = f"/v1/ops/ticket-requests/{id}/decision"
        async with desk.by("olga", operator=True) as olga:
            taken = await olga.put(f"/v1/tickets/{id}/assignment")
            grant = {"verdict": "accepted", "answer": "Oui."}
            stale = await olga.put(decision, json=grant, headers={"if-match": '"1"'})
            read = {"if-match": taken.headers["etag"]}
            granted = await olga.put(decision, json=grant, headers=read)
            now_is = await olga.get(f"/v1/tickets/{id}")

        assert (stale.status_code, granted.status_code) == (412, 200)
        assert granted.headers["etag"] == now_is.headers["etag"] != taken.headers["etag"]

    async def test_are_hidden_with_their_ticket_and_granted_by_operators_alone(self, desk: Desk):
        asked = await desk.by().post("/v1/structure-requests", json=TOWN)
        id = asked.json()["id"]
        grant = {"verdict": "accepted", "answer": "Oui."}

        assert (await desk.by("bob").get(f"/v1/tickets/{id}/request")).status_code == 404
        refused = await desk.by().put(f"/v1/ops/ticket-requests/{id}/decision", json=grant)
        assert refused.status_code == 403
        assert await facts(desk, "support.public-structure-accepted.v1") == []

    @pytest.mark.parametrize(
        ("field", "value", "pointer"),
        [
            ("identifier", {"type": "X", "value": "1"}, "/body/identifier/type"),
            ("identifier", {"type": "PARTICULIER", "value": "1"}, "/body/identifier/type"),
            ("identifier", {"type": "SIRET", "value": "a\nb"}, "/body/identifier/value"),
            ("identifier", {"type": "SIRET", "value": "xx"}, "/body/identifier/value"),
            ("legal_name", "", "/body/legal_name"),
            ("reason", " ", "/body/reason"),
            ("reason", "\u200b\u202e", "/body/reason"),
            ("reason", "&" * 9_999, "/body/reason"),
            ("kind", "public", "/body/kind"),
        ],
    )
    async def test_name_a_field_that_is_wrong(
        self, desk: Desk, field: str, value: Any, pointer: str
    ):
        refused = await desk.by().post("/v1/structure-requests", json=TOWN | {field: value})
        assert pointers(refused) == [pointer]
