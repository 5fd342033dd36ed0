"""What structures answers over HTTP."""

import asyncio
from typing import Any

import pytest

from services.structures.domain.structures import SiretUnknown
from tests.structures.builders import SIRET, a_period, a_unit, an_answer
from tests.structures.conftest import UNKNOWN, Insee, World, rights

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRUCTURES = "/v1/structures"
OTHERS = ("84965690500015", "51994679200016", "35600000000048", "35600000049837")


def a_body(value: str = SIRET.value, **but: Any) -> dict[str, Any]:
    return {"identifier": {"type": "SIRET", "value": value}} | but


def hidden(siret: str = SIRET.value) -> dict[str, Any]:
    unit = a_unit(denominationUniteLegale="[ND]", statutDiffusionUniteLegale="P")
    return an_answer(siret=siret, statutDiffusionEtablissement="P", uniteLegale=unit)


def pointers(answer: Any) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [one["pointer"] for one in answer.json()["errors"]]


async def created(world: World, user: str = "u-lea", **but: Any) -> str:
    answer = await world.calls(user).post(STRUCTURES, json=a_body(**but))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class TestCreate:
    @pytest.mark.feature("STR-04", "STR-17", "RAT-06")
    async def test_makes_it_known_with_what_insee_says(self, world: World, insee: Insee):
        answer = await world.calls("u-lea").post(
            STRUCTURES, json=a_body("732 829 320 00074", email="me@example.org")
        )

        made = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"{STRUCTURES}/{made['id']}"
        assert answer.headers["etag"] == '"1"'
        assert made["identifier"] == {"type": "SIRET", "value": SIRET.value}
        assert (made["kind"], made["legal_name"]) == ("private", "MENUISERIE DUPONT")
        assert (made["status"], made["city"]) == ("active", "NANTES")
        assert made["address"]["line"] == "1 B RUE DU BOIS"
        assert made["email"] == "me@example.org"
        assert insee.asked == [SIRET.value]

    async def test_tells_it_once_with_its_creator(self, world: World):
        id = await created(world)

        [row] = await world.told()
        assert (row["type"], row["key"]) == ("structures.structure-created.v1", id)
        assert b'"created_by":"u-lea"' in row["data"]

    @pytest.mark.feature("STR-02")
    async def test_is_refused_with_the_card_when_it_is_known(self, world: World, insee: Insee):
        id = await created(world)

        answer = await world.calls("u-omar").post(STRUCTURES, json=a_body())

        assert answer.status_code == 409
        card = answer.json()["structure"]
        assert (card["id"], card["legal_name"]) == (id, "MENUISERIE DUPONT")
        assert not {"email", "address", "created_by"} & card.keys()
        assert len(insee.asked) == 1

    @pytest.mark.parametrize(
        ("said", "pointer"),
        [
            ({"status": "inactive"}, "/body/status"),
            ({"flags": {"moa": True}}, "/body/flags"),
            ({"principal_manager_id": "u-omar"}, "/body/principal_manager_id"),
            ({"foo": 1}, "/body/foo"),
            ({"identifier": {"type": "AUTRE", "value": "x", "foo": 1}}, "/body/identifier/foo"),
        ],
    )
    async def test_says_nothing_that_is_not_said_at_creation(
        self, world: World, insee: Insee, said: dict[str, Any], pointer: str
    ):
        answer = await world.calls("u-lea").post(STRUCTURES, json=a_body() | said)

        assert (answer.status_code, pointers(answer)) == (422, [pointer])
        assert insee.asked == []

    @pytest.mark.feature("STR-11")
    async def test_outside_the_union_bears_the_name_in_its_identifier(self, world: World):
        async def answer(value: str, name: str) -> Any:
            identifier = {"type": "HORS_UE", "value": value}
            body = {"identifier": identifier, "legal_name": name}
            return await world.calls("u-lea").post(STRUCTURES, json=body)

        for value, name in (("ZZNOWHERE", "Nowhere"), ("USACME", "Completely Other Name")):
            refused = await answer(value, name)
            assert (refused.status_code, pointers(refused)) == (422, ["/body/identifier/value"])
        assert (await answer("USACME", "Acme")).status_code == 201

    @pytest.mark.feature("STR-02")
    async def test_by_many_at_once_makes_one(self, world: World):
        answers = await asyncio.gather(
            *(world.calls(f"u-{n}").post(STRUCTURES, json=a_body()) for n in range(10))
        )

        assert sorted(one.status_code for one in answers) == [201] + [409] * 9
        assert len(await world.told()) == 1

    async def test_repeated_with_its_key_answers_the_same(self, world: World):
        key = {"Idempotency-Key": "k-1"}
        first = await world.calls("u-lea").post(STRUCTURES, json=a_body(), headers=key)
        again = await world.calls("u-lea").post(STRUCTURES, json=a_body(), headers=key)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert len(await world.told()) == 1

    @pytest.mark.feature("STR-47")
    async def test_is_refused_for_a_public_structure(self, world: World, insee: Insee):
        answer = await world.calls("u-lea").post(STRUCTURES, json=a_body(kind="public"))

        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/public-structures-not-self-service"
        assert insee.asked == []

    @pytest.mark.feature("STR-16")
    async def test_is_refused_when_insee_does_not_know_it(self, world: World, insee: Insee):
        insee.says[SIRET.value] = 404, UNKNOWN

        answer = await world.calls("u-lea").post(STRUCTURES, json=a_body())

        assert answer.status_code == 422
        assert answer.json()["title"] == SiretUnknown.title()
        assert pointers(answer) == ["/body/identifier/value"]

    @pytest.mark.feature("STR-15")
    async def test_is_refused_when_it_is_closed(self, world: World, insee: Insee):
        insee.says[SIRET.value] = 200, an_answer(periodesEtablissement=[a_period(state="F")])

        answer = await world.calls("u-lea").post(STRUCTURES, json=a_body())

        assert answer.status_code == 422
        assert pointers(answer) == ["/body/identifier/value"]

    @pytest.mark.feature("STR-16")
    @pytest.mark.parametrize("status", [500, 503])
    async def test_creates_nothing_while_insee_does_not_answer(
        self, world: World, insee: Insee, status: int
    ):
        insee.says[SIRET.value] = status, {}
        answer = await world.calls("u-lea").post(STRUCTURES, json=a_body())

        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert await world.told() == []

    @pytest.mark.feature("STR-08")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            (a_body("50419910266307"), "/body/identifier/value"),
            (a_body(""), "/body/identifier/value"),
            (a_body("7" * 101), "/body/identifier/value"),
            ({"identifier": {"type": "SIRET", "value": 73282932000074}}, "/body/identifier/value"),
            ({"identifier": {"type": "NIF", "value": "1"}}, "/body/identifier/type"),
            ({"identifier": "73282932000074"}, "/body/identifier"),
            ({}, "/body/identifier"),
            ([], "/body"),
            (a_body(kind="company"), "/body/kind"),
            (a_body(email="not an address"), "/body/email"),
            (a_body(legal_name="x" * 256), "/body/legal_name"),
            (
                {"identifier": {"type": "PARTICULIER", "value": "1990193160BONJEAN"}},
                "/body/last_name",
            ),
        ],
    )
    async def test_names_the_field_that_is_wrong(self, world: World, body: Any, pointer: str):
        answer = await world.calls("u-lea").post(STRUCTURES, json=body)

        assert answer.status_code == 422
        assert pointers(answer) == [pointer]

    async def test_asks_insee_only_about_sirets(self, world: World, insee: Insee):
        body = {"identifier": {"type": "RIDET", "value": "0123456001"}, "legal_name": "Kanak Bois"}

        answer = await world.calls("u-lea").post(STRUCTURES, json=body)

        assert (answer.status_code, answer.json()["legal_name"]) == (201, "Kanak Bois")
        assert insee.asked == []

    async def test_is_for_people_signed_in(self, world: World):
        assert (await world.calls().post(STRUCTURES, json=a_body())).status_code == 401
        client = world.calls(client_id="c-1", scopes=frozenset({"structures:read"}))
        assert (await client.post(STRUCTURES, json=a_body())).status_code == 403


class TestRead:
    @pytest.mark.feature("STR-05", "STR-53")
    async def test_shows_its_creator_all_at_once(self, world: World):
        id = await created(world, email="me@example.org")

        answer = await world.calls("u-lea").get(f"{STRUCTURES}/{id}")

        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        assert answer.json()["email"] == "me@example.org"

    @pytest.mark.feature("STR-53")
    async def test_shows_others_the_card(self, world: World):
        id = await created(world, email="me@example.org")

        card = (await world.calls("u-omar").get(f"{STRUCTURES}/{id}")).json()

        assert (card["legal_name"], card["postcode"]) == ("MENUISERIE DUPONT", "44000")
        assert not {"email", "address", "created_by"} & card.keys()

    async def test_tells_others_nothing_of_changes_that_the_card_does_not_show(self, world: World):
        path = f"{STRUCTURES}/{await created(world)}"

        before = await world.calls("u-omar").get(path)
        await world.calls("u-lea").patch(path, json={"email": "me@example.org"})
        after = await world.calls("u-omar").get(path)

        assert after.json() == before.json()
        assert after.headers.get("etag") == before.headers.get("etag")

    @pytest.mark.feature("STR-53")
    async def test_shows_all_to_those_attached_while_they_are(self, world: World):
        id = await created(world)
        omar = world.calls("u-omar")

        await world.hears(rights("u-omar", id))
        assert "email" in (await omar.get(f"{STRUCTURES}/{id}")).json()

        await world.hears(rights("u-omar", id, role=None, version=2))
        assert "email" not in (await omar.get(f"{STRUCTURES}/{id}")).json()

    async def test_shows_a_creator_who_left_no_more_than_others(self, world: World):
        id = await created(world)

        await world.hears(rights("u-lea", id, role=None))

        assert "email" not in (await world.calls("u-lea").get(f"{STRUCTURES}/{id}")).json()

    @pytest.mark.feature("STR-40", "STR-53")
    async def test_hides_what_insee_hides(self, world: World, insee: Insee):
        insee.says[SIRET.value] = 200, hidden()
        id = await created(world, legal_name="Mine")
        path = f"{STRUCTURES}/{id}"

        own = (await world.calls("u-lea").get(path)).json()
        again = await world.calls("u-omar").post(STRUCTURES, json=a_body())

        assert (own["legal_name"], own["non_diffusible"]) == (None, True)
        assert (await world.calls("u-omar").get(path)).status_code == 404
        assert (await world.calls("u-desk", operator=True).get(path)).status_code == 200
        assert again.status_code == 409
        assert "structure" not in again.json()

    async def test_hides_persons(self, world: World):
        body = {
            "identifier": {"type": "PARTICULIER", "value": "1990193160BONJEAN"},
            "last_name": "Bonjean",
            "first_name": "Ana",
        }
        made = (await world.calls("u-ana").post(STRUCTURES, json=body)).json()
        path = f"{STRUCTURES}/{made['id']}"

        assert made["kind"] == "person"
        assert (await world.calls("u-ana").get(path)).json()["last_name"] == "Bonjean"
        assert (await world.calls("u-omar").get(path)).status_code == 404
        reader = world.calls(client_id="c-1", scopes=frozenset({"structures:read"}))
        assert (await reader.get(path)).status_code == 404

    async def test_shows_systems_the_card(self, world: World):
        path = f"{STRUCTURES}/{await created(world)}"

        reader = world.calls(client_id="c-1", scopes=frozenset({"structures:read"}))
        answer = await reader.get(path)

        assert (answer.status_code, answer.json()["status"]) == (200, "active")
        assert "email" not in answer.json()
        other = world.calls(client_id="c-1", scopes=frozenset({"events:read"}))
        assert (await other.get(path)).status_code == 403

    async def test_knows_no_other(self, world: World):
        lea = world.calls("u-lea")

        assert (await lea.get(f"{STRUCTURES}/{'0' * 32}")).status_code == 404
        assert (await lea.get(f"{STRUCTURES}/$where")).status_code == 422
        assert (await world.calls().get(f"{STRUCTURES}/{'0' * 32}")).status_code == 401
