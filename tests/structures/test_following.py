"""Imported structures get the grams that words find them by, after the import."""

import asyncio
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kit.change import Change
from services.structures import following
from services.structures.domain.identifiers import Identifier
from services.structures.following import Following, awaiting
from services.structures.imports import import_structures
from services.structures.search import search_fields
from services.structures.views import structures
from tests.structures.conftest import World
from tests.structures.test_api import STRUCTURES
from tests.structures.test_finding import found

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = 25
SIRETS = [f"{n:014}" for n in range(1, MANY + 1)]


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(following, "AT_ONCE", 4)
    monkeypatch.setattr(following, "RESTS", 0)


async def imported(world: World, tmp_path: Path, sirets: list[str] = SIRETS) -> None:
    lines = "\n".join(
        ("siret,raisonsociale,codepostal", *(f"{one},MAIRIE,44000" for one in sirets))
    )
    source = io.BytesIO(lines.encode())
    await import_structures(world.service, source, report=tmp_path / "refused.csv")


def kept(world: World) -> Any:
    return structures(world.service).documents


async def follow(world: World) -> None:
    await Following(structures(world.service)).follow()


async def by_words(world: World) -> list[str]:
    return await found(world, q="mairie", size=100)


class TestImported:
    async def test_is_there_at_once_for_all_but_words(self, world: World, tmp_path: Path):
        await imported(world, tmp_path)
        first = Identifier("SIRET", SIRETS[0])

        assert await by_words(world) == []
        assert await awaiting(structures(world.service)) == MANY
        assert await found(world, identifier=first.value) == [first.structure_id]
        assert len(await found(world, postcode="44000", size=100)) == MANY
        assert (await world.calls("u-omar").get(f"{STRUCTURES}/{first.structure_id}")).is_success
        asked = {"type": "SIRET", "value": first.value}
        answer = await world.calls("u-omar").get(f"{STRUCTURES}/referenced", params=asked)
        assert answer.json()["referenced"]


class TestImporting:
    async def test_is_while_what_came_last_came_just_now_and_waits(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        one = Following(structures(world.service))
        assert not await one._importing()
        await imported(world, tmp_path, SIRETS[:1])
        assert await one._importing()
        monkeypatch.setattr(following, "LATELY", timedelta(0))
        assert not await one._importing()
        monkeypatch.undo()
        await follow(world)
        assert not await one._importing()


@pytest.mark.feature("STR-49")
class TestFollowing:
    async def test_gives_each_what_it_would_have_had_and_tells_nothing(
        self, world: World, tmp_path: Path
    ):
        await imported(world, tmp_path)
        told = await world.told()

        await follow(world)

        ids = sorted(Identifier("SIRET", one).structure_id for one in SIRETS)
        assert await by_words(world) == ids
        assert await awaiting(structures(world.service)) == 0
        for one in await kept(world).find({}).to_list(None):
            fields = search_fields(structures(world.service).state(one))
            assert {name: one[name] for name in fields} == fields
            assert one["version"] == 1
            assert "awaits_grams" not in one
        assert await world.told() == told

    async def test_is_done_by_several_at_once(self, world: World, tmp_path: Path):
        await imported(world, tmp_path)
        await asyncio.gather(*(follow(world) for _ in range(3)))
        assert len(await by_words(world)) == MANY

    async def test_goes_on_where_another_died(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        await imported(world, tmp_path)
        one = Following(structures(world.service))
        await one._batch(0)
        assert await awaiting(structures(world.service)) == MANY - 4

        await follow(world)

        assert len(await by_words(world)) == MANY

    async def test_leaves_what_was_changed_meanwhile_as_it_was_changed(
        self, world: World, tmp_path: Path
    ):
        await imported(world, tmp_path, SIRETS[:1])
        at = structures(world.service)
        id = Identifier("SIRET", SIRETS[0]).structure_id

        def renamed(current: Any) -> Change[Any]:
            return Change(replace(current, legal_name="BOULANGERIE"))

        class Overtaken:
            """A collection in which the structure changes between the read and the write."""

            documents = property(lambda self: self)
            find = at.documents.find
            state = at.state

            async def bulk_write(self, *asked: Any, **how: Any) -> None:
                await at.change(id, renamed)
                await at.documents.bulk_write(*asked, **how)

        await Following(Overtaken())._batch(0)

        assert await found(world, q="boulangerie") == [id]
        await follow(world)
        assert await found(world, q="boulangerie") == [id]
        assert await by_words(world) == []
        assert await awaiting(at) == 0
