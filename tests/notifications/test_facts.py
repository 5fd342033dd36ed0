"""What other systems tell of invoices, and who reads of it."""

from typing import Any

import httpx
import pytest

from contracts.users import Habilitation, Line, NotificationPreferences, RightsChanged
from kit.clock import now, today
from kit.internal import Caller, sign
from tests.approvals.stage import soon
from tests.notifications.conftest import World
from tests.notifications.telling import forced, letter, somebody
from tests.notifications.test_gathering import gathered, kept, wishing

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/facts/invoices"
STRUCTURE = "5" * 32
SALES = (Habilitation(application="factures-emises", level="consultation"),)


def rights(user: str, *, version: int = 1, **but: Any) -> RightsChanged:
    said = {
        "rattachement_id": f"{user}:{STRUCTURE}",
        "user_id": user,
        "structure_id": STRUCTURE,
        "role": "user",
        "habilitations": SALES,
        "lines": (Line(valid_from=today()),),
        "version": version,
    }
    return RightsChanged(**said | but)


def erp(world: World, *structures: str) -> httpx.AsyncClient:
    caller = Caller(
        client_id="erp", scopes=frozenset({"facts:write"}), structures=frozenset(structures)
    )
    key = world.stage.service.settings.internal_key.get_secret_value()
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.stage.app),
        base_url="http://service",
        headers={
            "authorization": f"Bearer {sign(caller, key, at=now())}",
            "content-type": "application/cloudevents+json",
        },
    )


def a_fact(id: str = "f-1", kind: str = "invoice-status-changed", **but: Any) -> dict[str, Any]:
    data = {"structure": STRUCTURE, "application": "factures-emises", "invoice": "F-1"}
    if kind == "invoice-status-changed":
        data |= {"status": "Mise en paiement"}
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/invoices",
        "type": f"invoicing.{kind}.v1",
        "data": data | but,
    }


async def told(world: World, fact: dict[str, Any], *structures: str) -> int:
    return (await erp(world, *structures).post(PATH, json=fact)).status_code


@pytest.mark.feature("NOT-02")
async def test_a_status_is_told_by_the_day_to_those_who_may_see_it_and_to_nobody_else(
    world: World,
):
    elsewhere = Habilitation(application="factures-emises", level="modification", unit="COMPTA")
    await world.stage.hear(
        *map(somebody, ("u-lea", "u-omar", "u-ada", "u-bob")),
        rights("u-lea"),
        rights("u-omar", habilitations=()),
        rights("u-ada", habilitations=(elsewhere,)),
        rights("u-bob", role=None, lines=()),
    )

    assert await told(world, a_fact()) == 204
    assert await told(world, a_fact()) == 204
    digest = await gathered(world, 1)
    await forced(world)
    await letter(world, "sent", _id=digest["_id"])

    [message] = world.post.taken
    assert message["To"] == "lea@example.org"
    assert "Facture F-1 : Mise en paiement" in message.get_body(("plain",)).get_content()


@pytest.mark.feature("NOT-06")
async def test_a_rejection_invites_at_once_to_attest_it(world: World):
    await world.stage.hear(wishing("weekly"), rights("u-lea"))

    assert await told(world, a_fact(kind="invoice-rejected")) == 204

    await letter(world, "sent", template="invoice-rejected")
    [message] = world.post.taken
    assert message["Subject"] == "La facture F-1 est rejetée : attestez l’avoir lu"


async def test_only_those_who_follow_an_invoice_are_told_where_they_are_named(world: World):
    await world.stage.hear(somebody(), somebody("u-omar"), rights("u-lea"), rights("u-omar"))

    assert await told(world, a_fact(users=["u-omar", "u-stranger"])) == 204

    assert (await gathered(world, 1))["recipient_id"] == "u-omar"


async def test_what_is_withdrawn_is_gone_from_the_digest(world: World):
    await world.stage.hear(somebody(), rights("u-lea"))
    await told(world, a_fact())
    await told(world, a_fact("f-2", invoice="F-2"))
    digest = await gathered(world, 2)
    withdrawal = a_fact("f-3", "invoice-notice-withdrawn") | {"data": {"notice": "f-1"}}

    assert await told(world, withdrawal) == 204
    assert await told(world, withdrawal) == 204
    await forced(world)
    await letter(world, "sent", _id=digest["_id"])

    text = world.post.taken[0].get_body(("plain",)).get_content()
    assert "F-2" in text
    assert "F-1" not in text


@pytest.mark.feature("NOT-05")
async def test_nobody_reads_of_what_they_may_no_longer_see(world: World):
    await world.stage.hear(somebody(), rights("u-lea"))
    await told(world, a_fact())
    digest = await gathered(world, 1)
    listed = world.stage.by("u-lea")
    assert len((await listed.get("/v1/me/letters")).json()["items"]) == 1
    await world.stage.hear(rights("u-lea", version=2, habilitations=()))

    await forced(world)

    await letter(world, "suppressed", _id=digest["_id"])
    assert not world.post.taken
    assert (await listed.get("/v1/me/letters")).json()["items"] == []
    await world.stage.hear(rights("u-lea", version=3, role=None, lines=()))
    assert (await listed.get("/v1/me/letters")).json() == {"items": [], "next": None, "unread": 0}


async def test_a_structure_of_many_is_written_to_a_page_at_a_time(world: World, monkeypatch: Any):
    monkeypatch.setattr("services.notifications.spreading.AT_ONCE", 2)
    users = [f"u-{n}" for n in range(5)]
    wishes = NotificationPreferences(rhythm="never")
    await world.stage.hear(
        *(somebody(one, notifications=wishes) for one in users), *map(rights, users)
    )

    await told(world, a_fact())

    async def all_written() -> bool:
        return len(await kept(world, template="invoice-status")) == 5

    await soon(all_written)
    assert {one["status"] for one in await kept(world)} == {"suppressed"}


@pytest.mark.parametrize(
    ("fact", "status", "problem"),
    [
        (a_fact(structure="6" * 32), 422, "structure-not-yours"),
        (a_fact(invoice=""), 422, "invalid"),
        (a_fact() | {"type": "invoicing.invoice-read.v1"}, 422, "invalid"),
        (
            a_fact("f-9", "invoice-notice-withdrawn") | {"data": {"notice": "f-8"}},
            404,
            "no-such-notice",
        ),
    ],
)
async def test_what_cannot_be_told(world: World, fact: Any, status: int, problem: str):
    answer = await erp(world, STRUCTURE).post(PATH, json=fact)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")


async def test_the_same_id_with_other_words_is_refused(world: World):
    await told(world, a_fact())

    answer = await erp(world).post(PATH, json=a_fact(invoice="F-2"))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/fact-contradicted")
    assert answer.json()["errors"][0]["pointer"] == "/body/id"
