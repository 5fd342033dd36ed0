"""The form of a ticket over HTTP: what it fills in, and what other systems tell it."""

from typing import Any

import httpx
import pytest

from kit.internal import Caller
from tests.support.asking import pointers, written
from tests.support.desk import MINE, OTHER, Desk, a_ticket, client

QUESTION = {"subcategory": "M_QUESTION_DESTINATAIRE_FACTURE", "object_number": "F-7"}
THIRD = "c" * 32


async def tell(desk: Desk, *speaks_for: str, time: str | None = None, **but: Any) -> httpx.Response:
    data = {"sender": MINE, "recipient": OTHER, "kind": "invoice", "number": "F-7"} | but
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/erp",
        "type": "invoicing.document-sent.v1",
        "time": time,
        "data": data,
    }
    system = Caller(
        client_id="erp", scopes=frozenset({"facts:write"}), structures=frozenset(speaks_for)
    )
    async with client(desk.app, desk.service, system) as asking:
        headers = {"content-type": "application/cloudevents+json"}
        return await asking.post("/v1/facts/documents", json=fact, headers=headers)


class TestEmitter:
    @pytest.mark.feature("SUP-10", "SUP-12")
    async def test_is_filled_in_from_the_structure_and_the_person(self, desk: Desk):
        await desk.hear_person("ana", "Ana")

        draft = await written(desk, draft=True, contact_phone="+33 2 99 00 00 00")

        assert draft["structure"] == {
            "id": MINE,
            "name": "Menuiserie Petit",
            "identifier": "73282932000074",
        }
        assert (draft["contact_email"], draft["contact_phone"]) == (
            "ana@example.org",
            "+33 2 99 00 00 00",
        )

    async def test_may_be_sent_back_as_it_was_read(self, desk: Desk):
        draft = await written(desk, draft=True)
        said = a_ticket().keys() | {"contact_email", "contact_phone", "object_type", "unit"}

        path = f"/v1/tickets/{draft['id']}"
        again = await desk.by().put(path, json={name: draft[name] for name in said})

        assert (again.status_code, again.headers["etag"]) == (200, '"1"')

    @pytest.mark.feature("SUP-10")
    async def test_is_not_named_where_the_structure_is_a_person(self, desk: Desk):
        await desk.hear_structure(MINE, "Ana Roux", kind="person", version=2)

        assert (await written(desk))["structure"] == {"id": MINE, "name": "", "identifier": ""}

    @pytest.mark.feature("SUP-11")
    async def test_names_a_unit_of_its_own_only(self, desk: Desk):
        await desk.hear_unit(MINE, "COMPTA")
        await desk.hear_unit(MINE, "FERMEE", status="inactive")

        assert (await written(desk, unit="COMPTA"))["unit"] == "COMPTA"
        for other in ("FERMEE", "INCONNUE"):
            answer = await desk.by().post("/v1/tickets", json=a_ticket(unit=other))
            assert pointers(answer) == ["/body/unit"]

    @pytest.mark.feature("SUP-11")
    async def test_names_no_unit_that_the_rattachement_does_not_reach(self, desk: Desk):
        for code in ("COMPTA", "ACHATS"):
            await desk.hear_unit(MINE, code)
        await desk.hear_rights("ana", MINE, units=("COMPTA",))

        assert (await written(desk, unit="COMPTA"))["unit"] == "COMPTA"
        answer = await desk.by().post("/v1/tickets", json=a_ticket(unit="ACHATS"))
        assert pointers(answer) == ["/body/unit"]

    @pytest.mark.feature("SUP-12")
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("contact_email", "nobody"),
            ("contact_phone", "call me"),
            ("object_type", "parcel"),
            ("object_number", "F\n1"),
            ("unit", ""),
            ("anything", "else"),
            ("description", "&" * 10_000),
            ("description", "x" * 20_001),
        ],
    )
    async def test_names_a_field_that_is_wrong(self, desk: Desk, field: str, value: str):
        answer = await desk.by().post("/v1/tickets", json=a_ticket(**{field: value}))
        assert pointers(answer) == [f"/body/{field}"]


class TestRecipient:
    @pytest.mark.feature("SUP-07")
    async def test_is_whom_the_invoice_was_sent_to(self, desk: Desk):
        assert (await tell(desk)).status_code == 204
        assert (await tell(desk)).status_code == 204

        opened = await written(desk, **QUESTION)
        named = await desk.by().post(
            "/v1/tickets", json=a_ticket(**QUESTION, recipient_structure_id=MINE)
        )

        assert opened["recipient"]["name"] == "Mairie de Rennes"
        assert opened["object_type"] == "invoice"
        assert pointers(named) == ["/body/recipient_structure_id"]

    @pytest.mark.feature("SUP-07")
    async def test_is_corrected_by_a_later_fact_however_late_the_earlier_comes(self, desk: Desk):
        await desk.hear_structure(THIRD, "Mairie de Vannes")
        first, later = "2026-03-02T09:00:00.1234567Z", "2026-03-02T11:30:00+02:00"
        for said in (first, first):
            assert (await tell(desk, recipient=THIRD, time=said)).status_code == 204
        for recipient, said in ((OTHER, later), (OTHER, later), (THIRD, first)):
            assert (await tell(desk, recipient=recipient, time=said)).status_code == 204

        assert (await written(desk, **QUESTION))["recipient"]["id"] == OTHER
        for said in (None, later):
            assert (await tell(desk, recipient=THIRD, time=said)).status_code == 409
        # What was said to happen one day can be corrected today.
        assert (await tell(desk, recipient=THIRD, time="9998-12-31T23:59:59Z")).status_code == 204
        assert (await tell(desk, recipient=OTHER, time="9998-12-31T23:59:59Z")).status_code == 204

    async def test_is_told_at_a_moment_that_can_be_kept(self, desk: Desk):
        for said in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
            assert pointers(await tell(desk, time=said)) == ["/body/time"]

    @pytest.mark.feature("SUP-07")
    async def test_is_found_by_a_number_however_it_is_spaced(self, desk: Desk):
        assert (await tell(desk, number=" F-7 ")).status_code == 204

        assert (await written(desk, **QUESTION))["recipient"]["id"] == OTHER

    @pytest.mark.feature("SUP-07")
    async def test_is_whoever_is_named_until_the_one_it_was_sent_to_is_known(self, desk: Desk):
        await tell(desk, recipient=THIRD)
        named = QUESTION | {"recipient_structure_id": OTHER}
        assert (await written(desk, **named))["recipient"]["id"] == OTHER

        await desk.hear_structure(THIRD, "Mairie de Vannes")
        assert (await written(desk, **QUESTION))["recipient"]["id"] == THIRD

    @pytest.mark.feature("SUP-07")
    async def test_of_a_draft_is_whom_the_invoice_was_sent_to_as_it_is_known_by_then(
        self, desk: Desk
    ):
        await desk.hear_structure(THIRD, "Mairie de Vannes")
        await tell(desk, recipient=THIRD, time="2026-03-02T09:00:00Z")
        draft = await written(desk, **QUESTION, draft=True)
        assert draft["recipient"]["id"] == THIRD

        await tell(desk, recipient=OTHER, time="2026-03-02T11:00:00Z")
        sent = await desk.by().put(f"/v1/tickets/{draft['id']}/submission")

        assert (sent.status_code, sent.json()["recipient"]["id"]) == (200, OTHER)

    @pytest.mark.feature("SUP-07", "SUP-40")
    async def test_of_a_ticket_filed_elsewhere_is_whom_the_invoice_was_sent_to(self, desk: Desk):
        await desk.hear_structure(THIRD, "Mairie de Vannes")
        await tell(desk)
        ticket = await written(desk, object_number="F-7")
        olga, path = desk.by("olga", operator=True), f"/v1/tickets/{ticket['id']}"
        await olga.put(f"{path}/assignment")
        filed = {"category": ticket["category"], "subcategory": QUESTION["subcategory"]}

        other = await olga.put(f"{path}/category", json=filed | {"recipient_structure_id": THIRD})
        moved = await olga.put(f"{path}/category", json=filed)

        assert pointers(other) == ["/body/recipient_structure_id"]
        assert (moved.status_code, moved.json()["recipient"]["id"]) == (200, OTHER)

    async def test_is_another_than_it_is_written_for(self, desk: Desk):
        own = QUESTION | {"object_number": "F-8", "recipient_structure_id": MINE}
        answer = await desk.by().post("/v1/tickets", json=a_ticket(**own))
        assert answer.json()["type"] == "/problems/own-structure"

    @pytest.mark.feature("SUP-07")
    async def test_is_filled_in_for_its_sender_alone(self, desk: Desk):
        await tell(desk, sender=THIRD)

        answer = await desk.by().post("/v1/tickets", json=a_ticket(**QUESTION))
        without = await desk.by().post("/v1/tickets", json=a_ticket(**QUESTION, structure_id=None))

        for refused in (answer, without):
            assert pointers(refused) == ["/body/recipient_structure_id"]

    async def test_is_a_structure_that_is_known(self, desk: Desk):
        answer = await desk.by().post(
            "/v1/tickets", json=a_ticket(**QUESTION, recipient_structure_id=THIRD)
        )
        assert pointers(answer) == ["/body/recipient_structure_id"]

    async def test_is_told_once_and_only_of_what_a_system_speaks_for(self, desk: Desk):
        await tell(desk)

        contradicted = await tell(desk, recipient=THIRD)
        foreign = await tell(desk, THIRD)

        assert contradicted.status_code == 409
        assert pointers(foreign) == ["/body/data/sender"]


class TestDescription:
    @pytest.mark.feature("SUP-14")
    async def test_is_kept_formatted_with_nothing_that_acts(self, desk: Desk):
        markup = "<p>Bonjour,</p><script>alert(1)</script><p onclick=x>un &amp; <b>gras</b></p>"

        opened = await written(desk, description=markup)

        assert opened["description"] == "<p>Bonjour,</p><p>un &amp; <b>gras</b></p>"
        assert opened["description_text"] == "Bonjour,\n\nun & gras"
