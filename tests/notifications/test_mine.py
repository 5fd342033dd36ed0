"""The letters to somebody, as they find them here."""

from typing import Any

import httpx
import pytest

from kit.clock import now
from kit.problems import NotFound
from services.notifications.domain.reading import mark
from tests.approvals.stage import soon
from tests.notifications.builders import NOW, a_letter, a_link_letter
from tests.notifications.conftest import World
from tests.notifications.telling import TICKET, a_link, a_refusal
from tests.notifications.test_facts import a_fact, rights, told
from tests.notifications.test_gathering import kept, wishing

in_world = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/me/letters"


async def listed(world: World, by: str = "u-lea", **query: Any) -> dict[str, Any]:
    answer = await world.stage.by(by).get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def marked(world: World, id: str, *, by: str = "u-lea", read: bool = True) -> httpx.Response:
    return await world.stage.by(by).put(f"{PATH}/{id}/reading", json={"read": read})


async def written(world: World, *ids: str) -> None:
    await world.stage.hear(wishing("never"), a_link(), *map(a_refusal, ids))

    async def all_done() -> bool:
        return not await kept(world, status="waiting")

    await soon(all_done)


@in_world
@pytest.mark.feature("NOT-01", "NOT-05")
async def test_are_listed_whether_or_not_they_were_sent(world: World):
    await written(world, "r-1", "r-2", "r-3")

    first = await listed(world, size=2)
    rest = await listed(world, size=2, cursor=first["next"])

    shown = first["items"] + rest["items"]
    assert sorted(one["id"] for one in shown) == [f"r-{n}:refused" for n in (1, 2, 3)]
    assert (first["unread"], rest["next"]) == (3, None)
    assert shown[0]["subject"].startswith("Votre demande de rattachement est refusée")
    assert "> Inconnue ici" in shown[0]["text"]
    assert (await listed(world, "u-omar"))["items"] == []


@in_world
async def test_are_counted_as_they_are_shown(world: World):
    await world.stage.hear(wishing("never"), rights("u-lea"), a_refusal("r-1"))
    await told(world, a_fact())
    await told(world, a_fact("f-2", invoice="F-2"))

    async def all_there() -> bool:
        return len(await kept(world, status="suppressed")) == 3

    await soon(all_there)
    before = await listed(world, size=10)
    await world.stage.hear(rights("u-lea", habilitations=(), version=2))
    after = await listed(world, size=10)

    assert (before["unread"], len(before["items"])) == (3, 3)
    assert (after["unread"], [one["id"] for one in after["items"]]) == (1, ["r-1:refused"])


@in_world
@pytest.mark.feature("NOT-01")
async def test_of_what_is_of_no_structure_are_listed_and_counted(world: World):
    await world.stage.hear(wishing("never"), TICKET)

    async def there() -> bool:
        return len(await kept(world, status="suppressed")) == 1

    await soon(there)
    shown = await listed(world)
    assert [one["id"] for one in shown["items"]] == ["t-1:ticket-opened"]
    assert shown["unread"] == 1


@in_world
async def test_are_marked_as_read_and_as_unread(world: World):
    await written(world, "r-1", "r-2")

    for _ in range(2):
        assert (await marked(world, "r-1:refused")).status_code == 204
    unread = await listed(world, unread=True)

    assert ([one["id"] for one in unread["items"]], unread["unread"]) == (["r-2:refused"], 1)
    await marked(world, "r-1:refused", read=False)
    assert (await listed(world))["unread"] == 2


@in_world
async def test_of_others_are_not_to_be_found(world: World):
    await written(world, "r-1")

    assert (await marked(world, "r-1:refused", by="u-omar")).status_code == 404
    assert (await marked(world, "r-9:refused")).status_code == 404
    assert (await world.stage.by().get(PATH)).status_code == 401


class TestMark:
    def test_changes_nothing_the_second_time(self):
        read = mark(a_letter(), by="u-lea", read=True, now=NOW).state

        assert read.read_at == NOW
        assert mark(read, by="u-lea", read=True, now=now()).state == read

    def test_finds_no_letter_whose_link_is_all_it_says(self):
        with pytest.raises(NotFound):
            mark(a_link_letter(), by="u-lea", read=True, now=NOW)
