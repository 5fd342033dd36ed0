"""Finding structures over HTTP, page by page and as files."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from kit.clock import now
from kit.collection import Collection, Stored
from services.structures.api.finding import COLUMNS
from services.structures.directory import COLUMNS as DIRECTORY
from services.structures.directory import Line, entries
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from services.structures.domain.options import Flags
from services.structures.domain.structures import Address, Structure
from tests.structures.builders import SIRET
from tests.structures.conftest import Insee, World, rights
from tests.structures.test_api import OTHERS, STRUCTURES, created, hidden, pointers

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN_HALL = Identifier("SIRET", "21440109300015")
SCHOOL = Identifier("SIRET", "21750001600019")


async def keep(world: World, *wanted: Structure) -> None:
    """As if they had been there for long."""
    [kept] = [one for one in world.service.collections if one.name == "structures"]
    rows = [{"_id": one.id} | kept.dump(Stored(one)) for one in wanted]
    await kept.documents.insert_many(rows)


def a_public(identifier: Identifier = TOWN_HALL, **but: Any) -> Structure:
    rue = Address(line="1 PLACE DU MARCHE", postcode="44000", city="NANTES")
    made = import_one(None, identifier=identifier, legal_name="MAIRIE", address=rue, now=now())
    assert made.state
    return replace(made.state, **but)


async def found(world: World, user: str = "u-omar", **params: Any) -> list[str]:
    answer = await world.calls(user).get(STRUCTURES, params=params)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


class TestSearch:
    async def ids(self, world: World, user: str = "u-omar", **params: Any) -> list[str]:
        asked = {"restrict_private": False} | params
        answer = await world.calls(user).get(STRUCTURES, params=asked)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    @pytest.mark.feature("RAT-05", "STR-49", "STR-50")
    @pytest.mark.parametrize(
        "params",
        [
            {"q": "*menuiserie*"},
            {"q": "*NUISER*"},
            {"q": "menuis"},
            {"q": "dupont ménuis"},
            {"q": "*320000*"},
            {"q": "732 829 320"},
            {"identifier": "732829"},
            {"identifier": SIRET.value},
            {"identifier": "732 829*"},
            {"postcode": "44000"},
            {"postcode": "44*"},
            {"city": "nan*"},
            {"city": "Nantes"},
            {"q": "*menuiserie*", "identifier": "7328", "postcode": "44000", "city": "nantes"},
            {"country": "FRANCE"},
            {"kind": "private"},
            {"status": "active"},
            {"moa": False, "moa_only": False},
        ],
    )
    async def test_finds(self, world: World, params: dict[str, str]):
        id = await created(world)

        assert await self.ids(world, **params) == [id]

    @pytest.mark.parametrize(
        "params",
        [
            {"q": "*boulangerie*"},
            {"q": "nuiserie"},
            {"identifier": "2829"},
            {"postcode": "44"},
            {"city": "nan"},
            {"city": "tes*"},
            {"q": "*menuiserie*", "postcode": "75001"},
            {"q": "*m.nuiserie*"},
            {"country": "Belgique"},
            {"kind": "public"},
            {"status": "inactive"},
            {"moa": True},
            {"moa_only": True},
            {"last_name": "Dupont"},
            {"q": "*menuiserie*", "mine": "attached"},
        ],
    )
    async def test_does_not_find(self, world: World, params: dict[str, str]):
        await created(world)

        assert await self.ids(world, **params) == []

    async def test_gives_every_page_once(self, world: World):
        made = {await created(world, value=value) for value in (SIRET.value, *OTHERS)}
        seen, cursor = list[str](), ""

        for _ in range(3):
            answer = await world.calls("u-omar").get(
                STRUCTURES,
                params={
                    "q": "*dupont*",
                    "size": 2,
                    "cursor": cursor,
                    "restrict_private": False,
                },
            )
            seen += [one["id"] for one in answer.json()["items"]]
            cursor = answer.json()["next"]

        assert cursor is None
        assert sorted(seen) == sorted(made)

    async def test_reads_no_further_than_its_page_is_long(self, world: World):
        await keep(world, *(a_public(Identifier("SIRET", f"{n:014}")) for n in range(400)))
        database = world.service.mongo["structures"].database
        await database["system.profile"].drop()
        await database.command({"profile": 2})
        first = await world.calls("u-omar").get(STRUCTURES, params={"q": "*mairie*", "size": 20})
        asked = {"q": "*mairie*", "size": 20, "cursor": first.json()["next"]}
        await world.calls("u-omar").get(STRUCTURES, params=asked)
        await database.command({"profile": 0})

        reads = await database["system.profile"].find({"command.limit": 21}).to_list(None)
        # The second one begins with the last structure of the first.
        assert [one["docsExamined"] for one in reads] == [21, 22]
        assert [one["keysExamined"] for one in reads] == [21, 22]
        assert not any("hasSortStage" in one for one in reads)

    @pytest.mark.feature("STR-40")
    async def test_leaves_out_what_is_hidden_but_for_those_attached(
        self, world: World, insee: Insee
    ):
        insee.says[SIRET.value] = 200, hidden()
        id = await created(world)

        assert await self.ids(world, identifier=SIRET.value) == []
        assert await self.ids(world, "u-lea", identifier=SIRET.value) == [id]
        await world.hears(rights("u-omar", id))
        assert await self.ids(world, identifier=SIRET.value) == [id]
        await world.hears(rights("u-lea", id, role=None))
        assert await self.ids(world, "u-lea", identifier=SIRET.value) == []
        desk = await world.calls("u-desk", operator=True).get(
            STRUCTURES, params={"kind": "private"}
        )
        assert [one["id"] for one in desk.json()["items"]] == [id]

    @pytest.mark.parametrize(
        ("params", "pointer"),
        [
            ({"q": "*ab*"}, "/query/q"),
            ({"q": "*"}, "/query/q"),
            ({"q": "a"}, "/query/q"),
            ({"q": ""}, "/query/q"),
            ({"q": "x" * 101}, "/query/q"),
            ({"identifier": "^.*"}, "/query/identifier"),
            ({"postcode": "$ne"}, "/query/postcode"),
            ({"size": 0}, "/query/size"),
            ({"size": 10_000_000}, "/query/size"),
            ({"q": "menuis", "cursor": "nonsense"}, "/query/cursor"),
            ({}, "/query/q"),
            ({"restrict_private": False}, "/query/q"),
            ({"restrict_private": "perhaps"}, "/query/restrict_private"),
            ({"city": ""}, "/query/city"),
            ({"city": "*nan*"}, "/query/city"),
            ({"city": "n*"}, "/query/city"),
            ({"postcode": "*000"}, "/query/postcode"),
            ({"postcode": "4*"}, "/query/postcode"),
            ({"identifier": "*829*"}, "/query/identifier"),
            ({"identifier": "a\x00b"}, "/query/identifier"),
            ({"last_name": "*jean"}, "/query/last_name"),
            ({"country": "fr*"}, "/query/country"),
            ({"kind": "company"}, "/query/kind"),
            ({"status": "gone"}, "/query/status"),
            ({"mine": "yours"}, "/query/mine"),
        ],
    )
    async def test_names_what_it_cannot_look_for(
        self, world: World, params: dict[str, Any], pointer: str
    ):
        answer = await world.calls("u-omar").get(STRUCTURES, params=params)

        assert answer.status_code == 422
        assert pointers(answer) == [pointer]


@pytest.mark.feature("STR-52")
class TestRestriction:
    @pytest.mark.parametrize("said", [None, "true", ""])
    async def test_leaves_private_structures_to_those_attached(self, world: World, said: Any):
        private = await created(world)
        await keep(world, a_public())
        params = {"postcode": "44000"} | ({} if said is None else {"restrict_private": said})

        assert await found(world, **params) == [TOWN_HALL.structure_id]
        await world.hears(rights("u-omar", private))
        assert {*await found(world, **params)} == {private, TOWN_HALL.structure_id}
        assert {*await found(world, "u-lea", **params)} == {private, TOWN_HALL.structure_id}

    async def test_may_be_lifted_but_never_shows_what_is_hidden(self, world: World, insee: Insee):
        insee.says[OTHERS[0]] = 200, hidden(OTHERS[0])
        private, _ = await created(world), await created(world, value=OTHERS[0])

        assert await found(world, kind="private", restrict_private=False) == [private]

    async def test_is_for_systems_too(self, world: World):
        private = await created(world)
        reader = world.calls(client_id="c-1", scopes=frozenset({"structures:read"}))

        asked = {"postcode": "44000"}
        assert (await reader.get(STRUCTURES, params=asked)).json()["items"] == []
        lifted = await reader.get(STRUCTURES, params=asked | {"restrict_private": False})
        assert [one["id"] for one in lifted.json()["items"]] == [private]
        own = await reader.get(STRUCTURES, params={"mine": "attached"})
        assert own.json()["items"] == []


@pytest.mark.feature("STR-49")
class TestFilters:
    async def test_find_people_by_their_names_for_those_attached(self, world: World):
        body = {
            "identifier": {"type": "PARTICULIER", "value": "1990193160BONJEAN"},
            "last_name": "Bonjean",
            "first_name": "Anaïs",
        }
        made = (await world.calls("u-ana").post(STRUCTURES, json=body)).json()["id"]

        for params in ({"last_name": "BONJEAN"}, {"first_name": "anais"}):
            assert await found(world, "u-ana", **params) == [made]
            assert await found(world, restrict_private=False, **params) == []

    async def test_find_what_takes_part_in_works_invoices(self, world: World):
        only = a_public(SCHOOL, flags=Flags(moa=True, moa_only=True))
        await keep(world, a_public(flags=Flags(moa=True)), only)

        both = {TOWN_HALL.structure_id, SCHOOL.structure_id}
        assert {*await found(world, moa=True)} == both
        assert await found(world, moa_only=True) == [SCHOOL.structure_id]
        assert await found(world, moa=True, moa_only=False) == [TOWN_HALL.structure_id]

    async def test_find_by_country(self, world: World):
        abroad = Address(line="1 Grand-Place", city="Bruxelles", country="Belgique")
        nowhere = a_public(Identifier("SIRET", OTHERS[0]), address=None)
        await keep(world, a_public(), a_public(SCHOOL, address=abroad), nowhere)

        assert await found(world, country="belgique") == [SCHOOL.structure_id]
        assert await found(world, country="France") == [TOWN_HALL.structure_id]

    @pytest.mark.feature("STR-57", "DUP-02")
    async def test_find_ones_own_active_structures(self, world: World):
        mine, other = await created(world), await created(world, value=OTHERS[0])
        await created(world, "u-omar", value=OTHERS[1])
        await world.hears(rights("u-lea", mine, role="principal_manager"))
        await world.hears(rights("u-lea", other))

        assert {*await found(world, "u-lea", mine="attached")} == {mine, other}
        assert await found(world, "u-lea", mine="managed") == [mine]
        await world.calls("u-lea").put(f"{STRUCTURES}/{mine}/deactivation")
        assert await found(world, "u-lea", mine="managed", status="active") == []
        assert await found(world, "u-lea", mine="managed", status="inactive") == [mine]


def cells(answer: Any, delimiter: str = ",") -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.feature("STR-51")
class TestExport:
    async def test_has_all_that_the_screen_shows_by_pages(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(Collection.in_batches.__kwdefaults__, "at_once", 10)
        many = [a_public(Identifier("SIRET", f"{n:014}")) for n in range(57)]
        await keep(world, *many)

        header, *rows = cells(
            await world.calls("u-omar").get(f"{STRUCTURES}.csv", params={"q": "*mairie*"})
        )
        assert tuple(header) == COLUMNS
        assert sorted(row[0] for row in rows) == sorted(one.id for one in many)
        assert rows[0][3:] == ["public", "MAIRIE", "", "active", "44000", "NANTES"]

    async def test_shows_no_more_than_the_screen(self, world: World, insee: Insee):
        insee.says[SIRET.value] = 200, hidden()
        id = await created(world)
        asked = {"identifier": SIRET.value, "restrict_private": False}

        async def ids(user: str) -> list[str]:
            answer = await world.calls(user).get(f"{STRUCTURES}.csv", params=asked)
            return [row[0] for row in cells(answer)[1:]]

        assert await ids("u-omar") == []
        assert await ids("u-lea") == [id]

    async def test_holds_no_formula(self, world: World):
        await keep(world, a_public(legal_name='=HYPERLINK("http://x")'))

        [_, row] = cells(await world.calls("u-omar").get(f"{STRUCTURES}.csv?kind=public"))
        assert row[4] == '\'=HYPERLINK("http://x")'

    async def test_is_refused_as_the_search_is(self, world: World):
        path = f"{STRUCTURES}.csv"
        assert pointers(await world.calls("u-omar").get(path)) == ["/query/q"]
        assert pointers(await world.calls("u-omar").get(f"{path}?q=*a*")) == ["/query/q"]
        assert (await world.calls().get(f"{path}?q=mairie")).status_code == 401
        other = world.calls(client_id="c-1", scopes=frozenset({"events:read"}))
        assert (await other.get(f"{path}?q=mairie")).status_code == 403


@pytest.mark.feature("STR-54")
class TestPublicDirectory:
    async def test_has_the_active_public_structures_and_no_other(self, world: World):
        await created(world)
        over = a_public(SCHOOL, status="inactive")
        withheld = a_public(Identifier("SIRET", OTHERS[1]), non_diffusible=True)
        await keep(world, a_public(phone="0240000000"), over, withheld)
        reader = world.calls(client_id="c-1", scopes=frozenset({"structures:read"}))

        for caller in (world.calls("u-omar"), reader):
            answer = await caller.get(f"{STRUCTURES}/directory.csv")
            header, *rows = cells(answer, ";")
            assert tuple(header) == DIRECTORY
            assert [row[1] for row in rows] == [TOWN_HALL.value]
        assert answer.headers["content-disposition"] == 'attachment; filename="annuaire.csv"'
        [line] = entries(io.StringIO(answer.content.decode(), newline=""), checksums=True)
        assert isinstance(line, Line)
        assert (line.identifier, line.phone) == (TOWN_HALL, "0240000000")
