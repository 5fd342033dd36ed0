"""What other services ask, and what is answered from a letter."""

import pytest

from kit.clock import today
from kit.internal import Caller
from tests.journeys.town import Town

ERP = Caller(client_id="erp", scopes=frozenset({"mandates:write"}))


@pytest.mark.feature("APP-04", "APP-13", "APP-20", "NOT-10")
async def test_a_mandate_is_asked_for_answered_from_a_letter_and_heard_by_who_asked(town: Town):
    claire = await town.person("Claire", "Martin")
    lea = await town.person()
    structure = await town.structure(claire)
    await town.decide(claire, (await town.ask(lea, structure["id"])).json()["id"], "approved")
    wanted = {
        "structure_id": structure["id"],
        "requester_id": lea.user_id,
        "mandatary": "Compta & Cie",
        "valid_from": today().isoformat(),
    }
    asked = await town.world.call("structures", ERP)("POST", "/v1/mandates", json=wanted)
    assert asked.status_code == 202, asked.text
    await town.settle()

    approvals = town.world.call("approvals", lea)
    [hers] = (await approvals("GET", "/v1/approvals?mine=asked&kind=mandate")).json()["items"]
    assert (hers["id"], hers["state"]) == (asked.json()["id"], "requested")
    letter = town.text(await town.letter(claire, "Une demande attend"))
    assert "Souscrire un mandat de facturation" in letter
    token = letter.partition("/approval?token=")[2].split()[0]
    approvals = town.world.call("approvals")
    seen = await approvals("GET", f"/v1/approval-link?token={token}")
    assert seen.json()["changes"][0] == "Mandataire : Compta & Cie"
    said = {"token": token, "verdict": "refused", "reason": "Pas cette année."}
    for _ in range(2):
        answer = await approvals("POST", "/v1/approval-link/decision", json=said)
        assert answer.status_code == 200, answer.text
        await town.settle()

    path = f"/v1/mandates/{asked.json()['id']}"
    heard = await town.world.call("structures", ERP)("GET", path)
    assert (heard.json()["status"], heard.json()["reason"]) == ("refused", "Pas cette année.")
    types = [type for type, _ in town.world.log]
    assert types.count("approvals.approval-decided.v2") == 1
    told = town.text(await town.letter(lea, f"Votre demande {hers['number']} est refusée"))
    assert "« Souscrire un mandat de facturation »" in told
    assert "> Pas cette année." in told


async def test_more_is_asked_before_the_decision_and_given(town: Town):
    claire = await town.person("Claire", "Martin")
    lea = await town.person()
    structure = await town.structure(claire)
    id = (await town.ask(lea, structure["id"])).json()["id"]
    path = f"/v1/approvals/{id}/comments"

    question = {"text": "Pour quel service ?", "asks": True}
    asked = await town.world.call("approvals", claire)("POST", path, json=question)
    assert asked.status_code == 201, asked.text
    await town.settle()
    assert "Pour quel service ?" in town.text(await town.letter(lea, "précision"))
    given = {"text": "La comptabilité."}
    await town.world.call("approvals", lea)("POST", path, json=given)
    await town.settle()
    assert "La comptabilité." in town.text(await town.letter(claire, "précision"))
