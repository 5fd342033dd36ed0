"""A ticket about an invoice: from its number to whom it was sent to, and back with a solution."""

import pytest

from kit.internal import Caller
from tests.journeys.town import Town

QUESTION = {
    "category": "PAIEMENT",
    "subcategory": "M_QUESTION_DESTINATAIRE_FACTURE",
    "object_number": "F-2026-0042",
    "title": "Ma facture n'est pas payée",
    "description": "<p>Elle a <b>trois mois</b>.</p>",
}
ERP = Caller(client_id="erp", scopes=frozenset({"facts:write"}))


async def tell_of_invoice(town: Town, sender: str, recipient: str) -> None:
    fact = {
        "specversion": "1.0",
        "id": "1",
        "source": "/erp",
        "type": "invoicing.document-sent.v1",
        "data": {
            "sender": sender,
            "recipient": recipient,
            "kind": "invoice",
            "number": "F-2026-0042",
        },
    }
    headers = {"content-type": "application/cloudevents+json"}
    told = await town.world.call("support", ERP)(
        "POST", "/v1/facts/documents", json=fact, headers=headers
    )
    assert told.status_code == 204, told.text


@pytest.mark.feature("SUP-07", "SUP-20", "SUP-21", "SUP-22", "SUP-39", "SUP-40")
async def test_goes_to_whom_the_invoice_was_sent_to_and_comes_back_solved(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    buyer, supplier = await town.structure(claire), await town.structure(lea)
    await tell_of_invoice(town, supplier["id"], buyer["id"])

    async def does(who: Caller, method: str, path: str, **body: str) -> str:
        done = await town.world.call("support", who)(method, path, json=body or None)
        assert done.status_code == 200, done.text
        await town.settle()
        return str(done.json()["state"])

    asked = QUESTION | {"structure_id": supplier["id"]}
    opened = await town.world.call("support", lea)("POST", "/v1/tickets", json=asked)
    assert opened.status_code == 201, opened.text
    await town.settle()
    ticket, path = opened.json(), f"/v1/tickets/{opened.json()['id']}"
    assert (ticket["recipient"]["name"], ticket["structure"]["name"]) == (
        buyer["legal_name"],
        supplier["legal_name"],
    )
    await town.letter(lea, "est enregistrée")
    await town.letter(claire, "elle est à traiter")

    assert await does(claire, "PUT", f"{path}/assignment") == "open"
    assert await does(claire, "POST", f"{path}/questions", text="De quel mois ?") == "waiting"
    assert "> De quel mois ?" in town.text(await town.letter(lea, "informations sont attendues"))
    assert await does(lea, "POST", f"{path}/information", text="De janvier.") == "open"
    await town.letter(claire, "informations sont arrivées")
    assert await does(claire, "POST", f"{path}/solutions", text="Payée ce jour.") == "resolved"
    assert "> Payée ce jour." in town.text(await town.letter(lea, "une solution est proposée"))

    assert await does(lea, "PUT", f"{path}/acceptance") == "closed"
