"""A person has all that is kept of them, and then has it forgotten, in every service."""

import asyncio
import io
import json
import zipfile
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import pytest

from kit import person as erasing
from kit.clock import now
from kit.file import Verdict, noted
from kit.internal import Caller
from kit.journal import SLICES
from kit.record import Record
from tests.journeys.town import PASSWORD, Town
from tests.world import World, record

_turn = count(1)
PDF = b"%PDF-1.7\n"
SECRET = ("hash", "secret", "nonce", "password", "links", "recovery", "sent_code")


class Life(NamedTuple):
    person: Caller
    claire: Caller
    words: tuple[str, ...]
    """What says who they are, wherever it stands."""


async def busy_life(town: Town) -> Life:
    """Somebody who asked for two rattachements, wrote a ticket and keeps a file."""
    turn = f"{next(_turn):03}"
    first, last, aunt, no, title, text = words = tuple(
        f"{word}{turn}" for word in ("Zephyrine", "Quatrebarbes", "Niece", "Non", "Encre", "Panne")
    )
    claire = await town.person("Claire", "Martin")
    person = await town.person(first, last)
    granted, refused = await town.structure(claire), await town.structure(claire)
    comment = {"comment": aunt}
    one = (await town.ask(person, granted["id"], **comment)).json()["id"]
    other = (await town.ask(person, refused["id"], **comment)).json()["id"]
    assert (await town.decide(claire, one, "approved")).status_code == 200
    assert (await town.decide(claire, other, "refused", no)).status_code == 200
    ticket = {"draft": True, "title": title, "description": text}
    support = town.world.call("support", person)
    assert (await support("POST", "/v1/tickets", json=ticket)).status_code == 201
    brought = await town.world.call("users", person)(
        "POST",
        "/v1/me/attachments",
        params={"name": f"{first}.pdf", "type": "CARTE_GRISE"},
        headers={"content-type": "application/pdf"},
        content=PDF + first.encode(),
    )
    assert brought.status_code == 201, brought.text
    await scanned(town, brought.json()["id"])
    await town.settle()
    return Life(person, claire, words)


async def scanned(town: Town, id: str) -> None:
    users = town.world.services["users"]
    [files] = [one for one in users.collections if one.name == "attachments"]
    await files.change(id, lambda current: noted(current, Verdict("clean"), now()))


async def until(town: Town, seen: Any) -> Any:
    """What is seen, once it is there: workers need a moment."""
    async with asyncio.timeout(15):
        while not (found := await seen()):
            await town.settle()
            await asyncio.sleep(0.02)
    return found


async def test_an_export_has_the_part_of_every_service_and_no_secret(town: Town):
    person, claire, words = await busy_life(town)
    users = town.world.call("users", person)
    asked = await users("POST", "/v1/me/exports")
    path = f"/v1/me/exports/{asked.json()['id']}"

    async def is_ready() -> bool:
        return bool((await users("GET", path)).json()["status"] == "ready")

    assert asked.status_code == 202
    await until(town, is_ready)
    await town.settle()

    assert "une seule fois" in town.text(await town.letter(person, "données"))
    stranger = town.world.call("users", claire)
    assert (await stranger("POST", f"{path}/download")).status_code == 404
    taken = await users("POST", f"{path}/download")
    assert taken.status_code == 200, taken.text
    assert (await users("POST", f"{path}/download")).status_code == 409
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        names = archive.namelist()
        read = {name: archive.read(name) for name in names}
    assert {name.partition("/")[0] for name in names} == {
        *("users", "approvals", "notifications", "structures", "support"),
        *("lisez-moi.txt", "pieces-jointes"),
    }
    files = {name: json.loads(text) for name, text in read.items() if name.endswith(".json")}
    [account] = files["users/compte.json"]
    assert (account["first_name"], account["last_name"]) == words[:2]
    assert len(files["users/demandes-de-rattachement.json"]) == 2
    assert {one["reason"] for one in files["approvals/demandes.json"]} == {"", words[3]}
    assert files["support/sollicitations.json"][0]["content"]["title"] == words[4]
    assert len(files["notifications/courriels.json"]) >= 3
    told = {key for items in files.values() for item in items for key in item}
    assert not [key for key in told if any(word in key for word in SECRET)]


async def forget(town: Town, person: Caller) -> None:
    """Deactivated, asked for by letter, confirmed, and every service has looked through."""
    email = town._emails[person.user_id]
    said = {"current_password": PASSWORD, "confirmed": True}
    left = await town.world.call("users", person)("PUT", "/v1/me/deactivation", json=said)
    assert left.status_code == 204, left.text
    anyone = town.world.call("users")
    for address in (email, "nobody@example.org"):
        asked = await anyone("POST", "/v1/accounts/erasure-links", json={"email": address})
        assert (asked.status_code, asked.json()) == (202, {"status": "accepted"})
    await town.settle()
    token = await town._token(email, "effacement")
    for _ in range(2):
        done = await anyone("POST", "/v1/accounts/erasure", json={"token": token})
        assert done.status_code == 200, done.text
    await looked_through(town, person, 1)


async def looked_through(town: Town, person: Caller, passes: int) -> None:
    async def everywhere() -> bool:
        done = []
        for service in town.world.services.values():
            [erasures] = [one for one in service.collections if one.name == "erasures"]
            one = await erasures.find(person.user_id)
            done.append(one is not None and one.passes >= passes)
        return all(done)

    await until(town, everywhere)


async def kept(world: World) -> dict[str, str]:
    """All that all services keep, collection by collection, journals and files included."""
    found = {}
    for name, service in world.services.items():
        for collection in await service.mongo._database.list_collection_names():
            rows = await service.mongo[collection].find({}).to_list(None)
            found[f"{name}.{collection}"] = " ".join(map(str, rows))
    return found


async def where_named(world: World, words: tuple[str, ...]) -> list[str]:
    return [
        f"{place}: {word}"
        for place, text in (await kept(world)).items()
        for word in words
        if word in text
    ]


async def test_what_somebody_refused_keeps_none_of_their_words(town: Town):
    _, claire, words = await busy_life(town)
    said = (words[3],)
    held = {one.partition(".")[0] for one in await where_named(town.world, said)}
    assert held == {"approvals", "users", "notifications"}

    for service in town.world.services.values():
        [erasures] = [one for one in service.collections if one.name == "erasures"]
        begin = partial(erasing.begin, user_id=claire.user_id, now=now())
        await erasures.change(claire.user_id, begin)
    await looked_through(town, claire, 1)

    assert await where_named(town.world, said) == []


async def told_so_far(world: World) -> dict[str, list[Record]]:
    """What Kafka would still have of each service."""
    told = {}
    for name, service in world.services.items():
        rows = [
            row
            for slice in range(SLICES)
            for row in await service.journal.published(slice, after=0, most=100_000)
        ]
        told[name] = [record(row, topic=f"{name}.events") for row in rows]
    return told


async def hear_all_again(world: World, told: dict[str, list[Record]]) -> None:
    """As if nothing had ever been heard."""
    for hearer in world.services.values():
        await hearer.mongo["heard"].delete_many({})
        for name, records in told.items():
            if f"{name}.events" in hearer.topics:
                assert await hearer.bus.hear(records) == set()
        assert await hearer.parking.list("", 10) == []


@pytest.mark.parametrize("lost", [False, True], ids=["hearers remember", "a hearer begins anew"])
async def test_who_is_erased_stays_erased_though_all_is_heard_again(town: Town, lost: bool):
    person, _, words = await busy_life(town)
    world = town.world
    before = await told_so_far(world)
    assert {one.partition(": ")[2] for one in await where_named(world, words)} == set(words)

    await forget(town, person)

    assert await where_named(world, words) == []
    gone = {"user_id": person.user_id, "done": "erased"}
    assert await world.services["users"].mongo["actions"].count_documents(gone) == 1
    after = await told_so_far(world)
    older = {
        name: before[name] + [one for one in after[name] if one.id not in ids]
        for name in after
        for ids in [{one.id for one in before[name]}]
    }
    if lost:
        for name in ("approvals", "people", "erasures"):
            await world.services["approvals"].mongo[name].delete_many({})
    await hear_all_again(world, older)
    if lost:
        await looked_through(town, person, 1)
    assert await where_named(world, words) == []
