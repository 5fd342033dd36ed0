"""A supplier opens the account of a client: the client is welcomed, and told what is open to it."""

import pytest

from tests.journeys.town import Town

BUSINESS = {
    "category": "PAIEMENT",
    "subcategory": "M_QUESTION_DEMANDE_REJETEE",
    "object_number": "R-2026-0007",
    "title": "Ma demande",
    "description": "Elle est rejetée.",
}


@pytest.mark.feature("CRM-03", "CRM-15")
async def test_opened_with_a_welcome_and_without_support(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    supplier, client = await town.structure(claire), await town.structure(lea)
    both = {"supplier_id": supplier["id"], "structure_id": client["id"]}
    asked = both | {"welcome": True, "permissions": {"support": False}}

    opened = await town.world.call("structures", claire)("POST", "/v1/client-accounts", json=asked)
    await town.settle()

    assert opened.status_code == 201, opened.text
    letter = town.text(await town.letter(lea, "compte client"))
    assert supplier["legal_name"] in letter
    assert opened.json()["reference"] in letter
    assert "Acceptez-le" in letter
    ticket = BUSINESS | {
        "structure_id": client["id"],
        "recipient_structure_id": supplier["id"],
    }
    refused = await town.world.call("support", lea)("POST", "/v1/tickets", json=ticket)
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/support-not-open"


async def test_with_support_closed_to_one_of_the_client_s_users(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    supplier, client = await town.structure(claire), await town.structure(lea)
    both = {"supplier_id": supplier["id"], "structure_id": client["id"]}
    suppliers = town.world.call("structures", claire)
    opened = await suppliers("POST", "/v1/client-accounts", json=both)
    path = opened.headers["location"]
    await town.world.call("structures", lea)("PUT", f"{path}/acceptance")
    await town.settle()
    ticket = BUSINESS | {"recipient_structure_id": supplier["id"]}

    async def asked_for_help(**switches: bool) -> int:
        user = f"{path}/users/{lea.id}"
        switched = await suppliers("PUT", user, json={"permissions": switches})
        assert switched.status_code == 200, switched.text
        await town.settle()
        return (
            await town.world.call("support", lea)("POST", "/v1/tickets", json=ticket)
        ).status_code

    assert await asked_for_help(support=False) == 403
    assert await asked_for_help() == 201


@pytest.mark.feature("CRM-18")
async def test_whose_user_gets_no_letters_about_tickets_that_were_switched_off(town: Town):
    claire, lea = await town.person("Claire", "Martin"), await town.person()
    supplier, client = await town.structure(claire), await town.structure(lea)
    both = {"supplier_id": supplier["id"], "structure_id": client["id"]}
    suppliers = town.world.call("structures", claire)
    opened = await suppliers("POST", "/v1/client-accounts", json=both)
    path = opened.headers["location"]
    await town.world.call("structures", lea)("PUT", f"{path}/acceptance")
    ticket = BUSINESS | {"recipient_structure_id": supplier["id"], "structure_id": client["id"]}

    async def written_to(**switches: bool) -> str:
        """The number of a ticket sent while these are set."""
        user = f"{path}/users/{lea.id}"
        switched = await suppliers("PUT", user, json={"notifications": switches})
        assert switched.status_code == 200, switched.text
        await town.settle()
        sent = await town.world.call("support", lea)("POST", "/v1/tickets", json=ticket)
        assert sent.status_code == 201, sent.text
        await town.settle()
        return str(sent.json()["number"])

    unheard, heard = await written_to(tickets=False), await written_to()

    assert heard in town.text(await town.letter(lea, heard))
    assert not [one for one in town.letters(lea) if unheard in one["Subject"]]
