"""Bank details over HTTP."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from tests.structures.builders import SIRET
from tests.structures.conftest import World
from tests.structures.filing import DETAILS, FILES, an_account, bring, brought, founded, given
from tests.structures.keeping import BBAN
from tests.structures.test_api import pointers

pytestmark = pytest.mark.asyncio(loop_scope="module")

FACTOR = {
    "name": "Factofrance",
    "identifier": {"type": "SIRET", "value": "84965690500015"},
}


@pytest_asyncio.fixture(loop_scope="module")
async def document(world: World) -> str:
    await founded(world)
    return str((await brought(world))["id"])


class TestAdd:
    @pytest.mark.feature("BNK-01", "BNK-03", "BNK-09", "BNK-11")
    async def test_keeps_them_and_shows_them_to_those_attached(self, world: World, document: str):
        body = an_account(document, bic="BNPAFRPPXXX", factor=FACTOR)
        answer = await world.calls("u-lea").post(DETAILS, json=body)

        made = answer.json()
        assert answer.status_code == 201, answer.text
        assert (made["iban_key"], made["bban"], made["bic"]) == ("76", BBAN, "BNPAFRPPXXX")
        assert (made["factor"]["name"], made["status"]) == ("Factofrance", "active")
        seen = await world.calls("u-omar").get(answer.headers["location"])
        assert (seen.json(), seen.headers["etag"]) == (made, '"1"')

    @pytest.mark.feature("BNK-17")
    async def test_tells_nothing_of_the_number_but_its_end(self, world: World, document: str):
        await given(world, document)
        told = await world.told()
        assert told[-1]["type"] == "structures.bank-details-added.v1"
        assert b'"ending":"0189"' in told[-1]["data"]
        assert not any(BBAN[4:14].encode() in row["data"] for row in told)

    @pytest.mark.feature("BNK-17")
    async def test_logs_nothing(
        self, world: World, document: str, capsys: Any, caplog: pytest.LogCaptureFixture
    ):
        await given(world, document)
        await world.calls("u-lea").post(DETAILS, json=an_account(document, iban_key="75"))
        said = capsys.readouterr()
        assert BBAN[4:14] not in said.out + said.err + caplog.text

    @pytest.mark.feature("BNK-02")
    async def test_of_one_name_at_once_keeps_one(self, world: World, document: str):
        lea, body = world.calls("u-lea"), an_account(document)
        answers = await asyncio.gather(*(lea.post(DETAILS, json=body) for _ in range(6)))
        assert sorted(one.status_code for one in answers) == [201] + [409] * 5
        refused = next(one for one in answers if one.status_code == 409)
        assert pointers(refused) == ["/body/name"]

    async def test_repeated_with_its_key_is_done_once(self, world: World, document: str):
        lea, key = world.calls("u-lea"), {"Idempotency-Key": "k-1"}
        first, again = [
            await lea.post(DETAILS, json=an_account(document), headers=key) for _ in range(2)
        ]
        assert (again.status_code, again.json()) == (201, first.json())

    @pytest.mark.feature("BNK-03", "BNK-04", "BNK-05", "BNK-06", "BNK-08", "BNK-09", "BNK-10")
    @pytest.mark.parametrize(
        ("but", "pointer"),
        [
            ({"bban": "30006000011234567890180"}, "/body/bban"),
            ({"iban_key": "75"}, "/body/iban_key"),
            ({"iban_key": None}, "/body/iban_key"),
            ({"type": "RIB", "bban": "30006000011234567890188"}, "/body/bban"),
            ({"type": "RIB", "country": "DE"}, "/body/country"),
            ({"type": "CCP"}, "/body/type"),
            ({"type": None}, "/body/type"),
            ({"country": "France"}, "/body/country"),
            ({"country": "US"}, "/body/country"),
            ({"name": " "}, "/body/name"),
            ({"name": "x" * 101}, "/body/name"),
            ({"bic": "BNP"}, "/body/bic"),
            ({"factor": {"name": "F"}}, "/body/factor/identifier"),
            ({"factor": FACTOR | {"name": ""}}, "/body/factor/name"),
            (
                {"factor": FACTOR | {"identifier": {"type": "SIRET", "value": "1"}}},
                "/body/factor/identifier/value",
            ),
            ({"document_id": "0" * 32}, "/body/document_id"),
            ({"document_id": None}, "/body/document_id"),
            ({"status": "inactive"}, "/body/status"),
            ({"factor": FACTOR | {"foo": 1}}, "/body/factor/foo"),
        ],
    )
    async def test_names_the_field_that_is_wrong(
        self, world: World, document: str, but: Any, pointer: str
    ):
        answer = await world.calls("u-lea").post(DETAILS, json=an_account(document) | but)
        assert (answer.status_code, pointers(answer)) == (422, [pointer])
        assert BBAN[4:14] not in answer.text

    @pytest.mark.feature("BNK-10")
    async def test_is_refused_with_another_kind_of_document(self, world: World, document: str):
        other = await brought(world, params={"type": "AUTRE"})
        answer = await world.calls("u-lea").post(DETAILS, json=an_account(other["id"]))
        assert (answer.status_code, pointers(answer)) == (422, ["/body/document_id"])


class TestWho:
    @pytest.mark.feature("BNK-17")
    async def test_reads_and_who_writes(self, world: World, document: str):
        id = (await given(world, document))["id"]
        system = {"client_id": "c-1", "scopes": frozenset({"structures:read"})}
        callers = (
            (world.calls("u-omar"), 200, 403),
            (world.calls("u-zoe"), 404, 404),
            (world.calls("u-desk", operator=True), 404, 404),
            (world.calls(**system), 403, 403),
            (world.calls(), 401, 401),
        )
        body, end = an_account(document), {"confirmed": True}
        for caller, reads, writes in callers:
            assert (await caller.get(DETAILS)).status_code == reads
            assert (await caller.get(f"{DETAILS}/{id}")).status_code == reads
            assert (await caller.post(DETAILS, json=body | {"name": "b"})).status_code == writes
            assert (await caller.put(f"{DETAILS}/{id}", json=body)).status_code == writes
            ended = await caller.put(f"{DETAILS}/{id}/deactivation", json=end)
            assert ended.status_code == writes

    @pytest.mark.feature("BNK-17")
    async def test_finds_them_by_no_search(self, world: World, document: str):
        await given(world, document)
        path = "/v1/structures"
        for asked in ({"q": BBAN[:10]}, {"identifier": BBAN[:10]}, {"q": "*principal*"}):
            found = (await world.calls("u-lea").get(path, params=asked)).json()
            assert found["items"] == []
        record = await world.calls("u-lea").get(f"{path}/{SIRET.structure_id}")
        assert BBAN[4:14] not in record.text


class TestList:
    @pytest.mark.feature("BNK-02")
    async def test_is_by_name_and_complete_page_by_page(self, world: World, document: str):
        names = ["Zèbre", "été", "Abri", "Étage", "zebre 2", "\u00e6uvre", "10", *map(str, "dcb")]
        for name in names:
            await given(world, document, name=name)

        found, cursor = list[str](), ""
        while cursor is not None:
            asked = {"size": 3, "cursor": cursor}
            page = (await world.calls("u-omar").get(DETAILS, params=asked)).json()
            found += [one["name"] for one in page["items"]]
            cursor = page["next"]

        expected = ["10", "Abri", "\u00e6uvre", "b", "c", "d", "Étage", "été", "Zèbre", "zebre 2"]
        assert found == expected

    async def test_goes_on_after_the_longest_names(self, world: World, document: str):
        for nth in range(2):
            await given(world, document, name="\U0001d4b3" * 99 + str(nth))

        first = (await world.calls("u-omar").get(DETAILS, params={"size": 1})).json()
        asked = {"size": 1, "cursor": first["next"]}
        rest = (await world.calls("u-omar").get(DETAILS, params=asked)).json()

        names = {one["name"][-1] for one in (*first["items"], *rest["items"])}
        assert (names, rest["next"]) == ({"0", "1"}, None)

    @pytest.mark.parametrize("name", ["Lé\u202ea", "Lé\u2069a", "Lé\u0085a", "Lé\u2028a"])
    async def test_has_names_that_are_read_as_they_are_written(
        self, world: World, document: str, name: str
    ):
        refused = await world.calls("u-lea").post(DETAILS, json=an_account(document, name=name))

        assert pointers(refused) == ["/body/name"]

    @pytest.mark.parametrize("cursor", ["x", "WyJuYW1lIiwgInYiLCA1LCAiYSJd"])
    async def test_refuses_a_cursor_that_is_none_of_its_own(self, world: World, cursor: str):
        await founded(world)

        refused = await world.calls("u-lea").get(DETAILS, params={"cursor": cursor})

        assert refused.status_code == 422

    @pytest.mark.feature("BNK-02", "BNK-15")
    async def test_gives_id_and_name_of_those_that_are_valid(self, world: World, document: str):
        first = await given(world, document)
        second = await given(world, document, name="Second")
        ended = await world.calls("u-lea").put(
            f"{DETAILS}/{first['id']}/deactivation", json={"confirmed": True}
        )
        assert ended.status_code == 200, ended.text

        omar = world.calls("u-omar")
        listed = (await omar.get(DETAILS)).json()
        assert listed["items"] == [{"id": second["id"], "name": "Second"}]
        former = (await omar.get(DETAILS, params={"status": "inactive"})).json()
        assert former["items"] == [{"id": first["id"], "name": "Principal"}]


class TestModify:
    @pytest.mark.feature("BNK-12")
    async def test_replaces_what_they_say_at_the_version_that_was_read(
        self, world: World, document: str
    ):
        lea, made = world.calls("u-lea"), await given(world, document)
        path, body = f"{DETAILS}/{made['id']}", an_account(document, name="Renamed")

        after = await lea.put(path, json=body, headers={"If-Match": '"1"'})
        assert (after.status_code, after.json()["name"]) == (200, "Renamed")
        again = await lea.put(path, json=body)
        assert (again.status_code, again.headers["etag"]) == (200, after.headers["etag"])
        stale = await lea.put(path, json=body | {"name": "Late"}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        await given(world, document)

    async def test_to_a_name_that_is_taken_is_refused(self, world: World, document: str):
        await given(world, document)
        second = await given(world, document, name="Second")
        answer = await world.calls("u-lea").put(
            f"{DETAILS}/{second['id']}", json=an_account(document)
        )
        assert (answer.status_code, pointers(answer)) == (409, ["/body/name"])


class TestDeactivate:
    @pytest.mark.feature("BNK-13", "BNK-14")
    async def test_ends_them_for_good_once_confirmed(self, world: World, document: str):
        lea, path = world.calls("u-lea"), f"{DETAILS}/{(await given(world, document))['id']}"

        for body in ({}, {"confirmed": False}):
            answer = await lea.put(f"{path}/deactivation", json=body)
            assert (answer.status_code, pointers(answer)) == (422, ["/body/confirmed"])
        for _ in range(2):
            answer = await lea.put(f"{path}/deactivation", json={"confirmed": True})
            assert (answer.status_code, answer.json()["status"]) == (200, "inactive")
        assert (await lea.put(path, json=an_account(document))).status_code == 409

    @pytest.mark.feature("BNK-14")
    async def test_is_the_only_end_they_have(self, world: World, document: str):
        made = await given(world, document)
        lea = world.calls("u-lea")
        assert (await lea.delete(f"{DETAILS}/{made['id']}")).status_code == 405
        answer = await lea.delete(f"{FILES}/{document}")
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/attachment-in-use"
        kept = await lea.get(f"{FILES}/{document}/content")
        assert kept.status_code == 200

    @pytest.mark.feature("BNK-18")
    async def test_leaves_one_to_a_structure_that_must_have_some(self, world: World, document: str):
        lea, structure = world.calls("u-lea"), f"/v1/structures/{SIRET.structure_id}"
        becomes = {"justice_category": "automobile"}
        refused = await lea.patch(structure, json=becomes)
        assert (refused.status_code, pointers(refused)) == (409, ["/body/justice_category"])

        made = await given(world, document)
        assert (await lea.patch(structure, json=becomes)).status_code == 200
        path, end = f"{DETAILS}/{made['id']}/deactivation", {"confirmed": True}
        last = await lea.put(path, json=end)
        assert (last.status_code, last.json()["type"]) == (409, "/problems/last-bank-details")
        await given(world, document, name="Second")
        assert (await lea.put(path, json=end)).status_code == 200

    @pytest.mark.feature("BNK-18")
    async def test_loses_no_race_with_what_would_need_them(self, world: World, document: str):
        lea, structure = world.calls("u-lea"), f"/v1/structures/{SIRET.structure_id}"
        made = await given(world, document)
        end = lea.put(f"{DETAILS}/{made['id']}/deactivation", json={"confirmed": True})
        ended, becomes = await asyncio.gather(
            end, lea.patch(structure, json={"justice_category": "automobile"})
        )
        assert (ended.status_code, becomes.status_code) in ((200, 409), (409, 200))

    async def test_loses_no_race_with_the_removal_of_the_document(
        self, world: World, document: str
    ):
        lea = world.calls("u-lea")
        spare = (await bring(world, content=b"%PDF-1.7 spare")).json()["id"]
        added, removed = await asyncio.gather(
            lea.post(DETAILS, json=an_account(spare)), lea.delete(f"{FILES}/{spare}")
        )
        assert (added.status_code, removed.status_code) in ((201, 409), (422, 204))
