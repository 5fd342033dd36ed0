"""Asking who may do what, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from kit.service import Service
from services.users import catalogue
from services.users.api.checks import MOST, check_routes
from services.users.checking import Checking
from services.users.handlers import handlers
from tests.users.bakery import OpenBakery, at_work
from tests.users.rattaching import a_manager, a_new_unit, a_rattachement

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHECKS = "/v1/rights-checks"
LEA = {"user_id": "u-lea", "structure_id": "s-bakery"}
READS = LEA | {"application": "engagements", "level": "consultation"}


class Bakery(OpenBakery):
    """Omar's, with Léa attached to it."""

    def serve(self, service: Service) -> FastAPI:
        return service.app(
            check_routes(Checking(self.of, self.accounts)),
            hears=handlers(self.of, self.accounts, catalogue.defaults(catalogue.read())),
        )

    async def open(self) -> None:
        await self.begin(a_new_unit())
        await self.attach(a_rattachement())

    async def ask(self, *checks: Any, by: httpx.AsyncClient | None = None) -> httpx.Response:
        return await (by or self.by("u-lea")).post(CHECKS, json={"checks": checks})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(mongo_url: str) -> AsyncIterator[Bakery]:
    async with at_work(Bakery, mongo_url) as bakery:
        yield bakery


@pytest_asyncio.fixture(loop_scope="module")
async def bakery(built: Bakery) -> Bakery:
    await built.open()
    return built


async def test_many_are_answered_in_their_order_with_the_grant(bakery: Bakery):
    manages = {"application": "organisation", "level": "modification"}
    answer = await bakery.ask(READS, LEA | manages, READS | {"unit": "ovens"})

    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["answers"]
    assert (first["allowed"], first["reason"], first["rights_version"]) == (True, "granted", 1)
    assert first["grant"]["habilitation"]["application"] == "engagements"
    assert (second["allowed"], second["reason"], second["grant"]) == (
        False,
        "no-such-profile",
        None,
    )
    assert third["allowed"]


async def test_what_is_not_there_gives_nothing(bakery: Bakery):
    checks = ({"unit": "attic"}, {"structure_id": "s-none"}, {"user_id": "u-none"})
    asked = [READS | one for one in checks]
    answer = await bakery.ask(*asked, by=bakery.by("u-olivia", operator=True))
    assert [one["reason"] for one in answer.json()["answers"]] == [
        "unit-not-open",
        "not-attached",
        "account-not-active",
    ]


async def test_a_right_that_was_taken_away_is_gone_in_the_next_answer(bakery: Bakery):
    assert (await bakery.ask(READS)).json()["answers"][0]["allowed"]
    await bakery.attach(a_rattachement(version=1, role=None, lines=(), habilitations=()))
    assert not (await bakery.ask(READS)).json()["answers"][0]["allowed"]


class TestWho:
    async def test_asks_about_the_users_they_administer(self, bakery: Bakery):
        omar = bakery.by("u-omar")
        assert (await bakery.ask(READS, by=omar)).status_code == 200
        await bakery.attach(a_manager(version=1, role="user", habilitations=()))
        assert (await bakery.ask(READS, by=omar)).status_code == 403

    @pytest.mark.parametrize("other", [{"user_id": "u-omar"}, {"user_id": "u-none"}])
    async def test_learns_nothing_of_others(self, bakery: Bakery, other: dict[str, str]):
        refused = await bakery.ask(READS, READS | other)
        assert (refused.status_code, refused.json()["type"]) == (
            403,
            "/problems/not-yours-to-check",
        )
        assert refused.json()["errors"][0]["pointer"] == "/body/checks/1"

    async def test_as_a_system_is_held_to_its_structures(self, bakery: Bakery):
        for structures, status in ((), 200), (("s-bakery",), 200), (("s-other",), 403):
            erp = bakery.system("rights:check", structures=structures)
            assert (await bakery.ask(READS, by=erp)).status_code == status


@pytest.mark.parametrize(
    ("checks", "pointer"),
    [
        ([], "/body/checks"),
        ([READS] * (MOST + 1), "/body/checks"),
        ([READS | {"level": "admin"}], "/body/checks/0/level"),
        ([READS | {"user_id": {"$ne": ""}}], "/body/checks/0/user_id"),
        ([READS | {"on": "2026-02-30"}], "/body/checks/0/on"),
    ],
)
async def test_bad_questions_name_their_field(bakery: Bakery, checks: Any, pointer: str):
    refused = await bakery.ask(*checks)
    assert refused.status_code == 422
    assert pointer in [one["pointer"] for one in refused.json()["errors"]]
