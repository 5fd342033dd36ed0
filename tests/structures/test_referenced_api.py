"""What is asked before something is sent to a structure, over HTTP."""

from typing import Any

import pytest

from contracts.users import Habilitation
from services.structures.domain.options import Flags
from tests.structures.builders import SIRET, an_answer
from tests.structures.conftest import Insee, World, rights
from tests.structures.living import ACME, BONJEAN, STRUCTURES, TOWN_HALL, imported, made, pointers

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestReferenced:
    async def ask(self, world: World, value: str, type: str = "SIRET") -> Any:
        reader = world.calls(client_id="c-1", scopes=frozenset({"structures:read"}))
        params = {"type": type, "value": value}
        answer = await reader.get(f"{STRUCTURES}/referenced", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @pytest.mark.feature("STR-55", "STR-57")
    async def test_says_whether_something_can_be_sent(self, world: World):
        path = await made(world)

        found = await self.ask(world, "732 829 320 00074")
        assert (found["referenced"], found["active"], found["kind"]) == (True, True, "private")
        await world.calls("u-lea").put(f"{path}/deactivation")
        found = await self.ask(world, SIRET.value)
        assert (found["referenced"], found["active"]) == (True, False)
        found = await self.ask(world, "84965690500015")
        assert (found["referenced"], found["active"]) == (False, False)

    @pytest.mark.feature("STR-43", "STR-55")
    async def test_says_what_a_sender_must_name(self, world: World):
        await imported(world, flags=Flags(unit_or_engagement=True))

        found = await self.ask(world, TOWN_HALL.value)

        assert (found["requires"], found["flags"]["unit_or_engagement"]) == (
            "unit_or_engagement",
            True,
        )

    @pytest.mark.feature("STR-55")
    async def test_says_nothing_of_a_person(self, world: World):
        await made(world, BONJEAN)

        found = await self.ask(world, "1990193160BONJEAN", "PARTICULIER")

        assert found.pop("active")
        assert not {"id", "last_name", "legal_name", "email"} & found.keys()

    async def test_hides_what_has_no_card_from_people_who_have_nothing_to_do_with_it(
        self, world: World, insee: Insee
    ):
        insee.says[SIRET.value] = (
            200,
            an_answer(siret=SIRET.value, statutDiffusionEtablissement="P"),
        )
        for body in (BONJEAN, {"identifier": {"type": "SIRET", "value": SIRET.value}}):
            await made(world, body)
            identifier = body["identifier"]

            async def seen(ask: Any = identifier, **by: Any) -> Any:
                caller = world.calls(**by)
                return (await caller.get(f"{STRUCTURES}/referenced", params=ask)).json()

            unknown = {"type": "PARTICULIER", "value": "1990193160DUPONT"}
            assert await seen(user="u-zoe") == await seen(unknown, user="u-zoe")
            assert not (await seen(user="u-zoe"))["referenced"]
            assert (await seen(user="u-lea"))["referenced"]
            assert (await seen(user="u-desk", operator=True))["referenced"]
            scopes = frozenset({"structures:read"})
            assert (await seen(client_id="c-1", scopes=scopes))["referenced"]

    async def test_of_what_is_hidden_and_of_nothing_fails_alike(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        await made(world, BONJEAN)
        monkeypatch.setattr(world.service.heard, "_max_age", -1)
        statuses = []
        for value in ("1990193160BONJEAN", "1990193160DUPONT"):
            params = {"type": "PARTICULIER", "value": value}
            answer = await world.calls("u-zoe").get(f"{STRUCTURES}/referenced", params=params)
            statuses.append(answer.status_code)
        assert statuses == [503, 503]

    async def test_is_for_those_who_may_read_and_names_what_is_wrong(self, world: World):
        path, lea = f"{STRUCTURES}/referenced", world.calls("u-lea")

        right = {"type": "SIRET", "value": SIRET.value}
        other = world.calls(client_id="c-1", scopes=frozenset({"events:read"}))
        assert (await other.get(path, params=right)).status_code == 403
        assert (await world.calls().get(path, params=right)).status_code == 401
        assert pointers(await lea.get(path, params=right | {"value": "1"})) == ["/query/value"]
        assert pointers(await lea.get(path, params=right | {"type": "NIF"})) == ["/query/type"]


class TestActive:
    @pytest.mark.feature("STR-57")
    async def test_lists_what_i_may_use_an_application_for(self, world: World):
        mine = (await made(world)).rpartition("/")[2]
        acme = (await made(world, ACME)).rpartition("/")[2]
        sends = Habilitation(application="factures-emises", level="modification")
        await world.hears(rights("u-omar", mine, habilitations=(sends,)))
        await world.hears(rights("u-omar", acme))
        omar = world.calls("u-omar")

        async def ids(**params: str) -> set[str]:
            found = await omar.get(f"{STRUCTURES}/active", params=params)
            return {one["id"] for one in found.json()["items"]}

        assert await ids() == {mine, acme}
        assert await ids(application="factures-emises") == {mine}
        await world.calls("u-lea").put(f"{STRUCTURES}/{mine}/deactivation")
        assert await ids() == {acme}
