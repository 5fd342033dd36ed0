"""Public structures: what the support desk agreed to, created by the rules of all structures."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.structures import PublicStructureSettled, StructureCreated
from contracts.support import PublicStructureAccepted
from kit.workers import Worker
from services.structures.domain import public_structures as domain
from services.structures.domain.identifiers import identify
from services.structures.domain.public_structures import Agreed
from services.structures.domain.structures import KindContradicted, NameMissing
from tests.structures.builders import NOW, SIRET, a_structure, an_establishment
from tests.structures.conftest import Insee, World


def told(**but: Any) -> PublicStructureAccepted:
    said = {
        "ticket_id": "t-1",
        "acceptance": 1,
        "identifier_type": "SIRET",
        "identifier": SIRET.value,
        "legal_name": "Commune de Nantes",
        "requester_id": "u-lea",
        "accepted_by": "the-desk",
        "accepted_at": NOW,
    }
    return PublicStructureAccepted(**said | but)


def agreed(**but: Any) -> Agreed:
    state = domain.agree(None, told(**but)).state
    assert state
    return state


def made(current: Agreed | None, structure: Any = None, *, of: Agreed | None = None) -> Any:
    of = of or agreed()
    return domain.make_known(
        current,
        structure,
        agreed=of,
        wanted=domain.describe(SIRET, of.legal_name),
        establishment=an_establishment(),
        now=NOW,
    )


class TestDescribe:
    def test_refuses_a_person_and_what_has_no_name(self):
        with pytest.raises(KindContradicted):
            domain.describe(identify("PARTICULIER", "1990193160BONJEAN"), "Léa")
        with pytest.raises(NameMissing):
            domain.describe(identify("RIDET", "0123456789"), "")


class TestAgree:
    def test_says_nothing_new_the_second_time(self):
        done = replace(agreed(), structure_id="s-1", wake_at=None)

        assert domain.agree(done, told()).state is done
        corrected = domain.agree(done, told(acceptance=2, identifier="2")).state
        assert corrected == agreed(acceptance=2, identifier="2")


class TestMakeKnown:
    @pytest.mark.feature("SUP-45")
    def test_creates_a_public_structure_which_its_requester_manages(self):
        settled, created = made(agreed())

        assert (created.state.kind, created.state.created_by) == ("public", "u-lea")
        assert [type(one) for one in created.events] == [StructureCreated]
        [fact] = settled.events
        assert isinstance(fact, PublicStructureSettled)
        assert (fact.structure_id, fact.refusal) == (SIRET.structure_id, "")
        assert settled.state.wake_at is None

    def test_tells_the_desk_what_the_rules_say_against_it(self):
        known = a_structure()
        settled, untouched = made(agreed(), known)

        assert (untouched.state, untouched.events) == (known, ())
        assert settled.events[0].refusal == "/problems/structure-already-known"

    def test_does_nothing_twice_nor_what_was_agreed_before(self):
        done = made(agreed())[0].state
        for current, of in ((done, agreed()), (agreed(acceptance=2), agreed()), (None, agreed())):
            again, untouched = made(current, of=of)
            assert (again.state, again.events, untouched.state) == (current, (), None)


@pytest.mark.asyncio(loop_scope="module")
class TestPublicStructures:
    """The worker, on a real database and an INSEE that answers as told."""

    async def work(self, world: World) -> Agreed:
        [worker] = [
            one
            for one in world.service.jobs
            if isinstance(one, Worker) and one.collection.name == "public-structures"
        ]
        current = await worker.collection.get("t-1")
        await worker.work(current)
        state: Agreed = await worker.collection.get("t-1")
        return state

    @pytest.mark.feature("SUP-45")
    async def test_are_created_once_however_often_they_are_told(self, world: World):
        for _ in range(2):
            await world.hears(told())
        state = await self.work(world)
        await world.hears(told())
        await self.work(world)

        types = [one["type"] for one in await world.told()]
        assert sorted(types) == [
            "structures.public-structure-settled.v1",
            "structures.structure-created.v1",
        ]
        async with world.calls("u-lea") as lea:
            answer = await lea.get(f"/v1/structures/{state.structure_id}")
        assert answer.json()["kind"] == "public"

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            ({"identifier": "12345"}, "/problems/invalid-identifier"),
            (
                {"identifier_type": "PARTICULIER", "identifier": "1990193160BONJEAN"},
                "/problems/kind-contradicted",
            ),
            ({"identifier": "35600000000048"}, "/problems/siret-unknown"),
        ],
    )
    async def test_that_cannot_be_created_come_back_to_the_desk(
        self, world: World, insee: Insee, said: dict[str, Any], refusal: str
    ):
        insee.says["35600000000048"] = 404, {"header": {"statut": 404, "message": "Aucun"}}
        await world.hears(told(**said))
        state = await self.work(world)

        assert (state.structure_id, state.refusal) == ("", refusal)

    async def test_wait_while_insee_is_away(self, world: World, insee: Insee):
        insee.says[SIRET.value] = 500, {}
        await world.hears(told())
        assert (await self.work(world)).structure_id is None

        insee.says.clear()
        assert (await self.work(world)).structure_id == SIRET.structure_id
