"""INSEE's answers, read; and its failures, endured."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from deploy.embedded import sirene as embedded
from kit.context import Asking, asking
from kit.problems import Problem
from services.structures.domain.structures import Address
from services.structures.insee import UnreadableAnswerError, establishment_from
from services.structures.settings import StructuresSettings
from services.structures.sirene import EstablishmentWithheld, Sirene, SireneUnavailable
from tests.structures.builders import SIRET, a_period, a_unit, an_answer, an_establishment

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TestEstablishmentFrom:
    @pytest.mark.feature("STR-17")
    def test_reads_the_current_period_the_name_and_the_address(self):
        assert establishment_from(an_answer()) == an_establishment(
            address=Address(
                line="1 B RUE DU BOIS",
                complements=("BATIMENT B",),
                postcode="44000",
                city="NANTES",
            )
        )

    @pytest.mark.feature("STR-15")
    def test_is_closed_when_the_period_without_an_end_says_so(self):
        periods = [a_period("2020-08-31", "A"), a_period(state="F")]

        assert not establishment_from(an_answer(periodesEtablissement=periods)).open

    def test_names_a_sole_trader(self):
        unit = a_unit(
            denominationUniteLegale=None, nomUniteLegale="DUPONT", prenom1UniteLegale="ANA"
        )

        assert establishment_from(an_answer(uniteLegale=unit)).legal_name == "ANA DUPONT"

    @pytest.mark.feature("STR-40")
    @pytest.mark.parametrize(
        "but",
        [
            {"statutDiffusionEtablissement": "P"},
            {"uniteLegale": a_unit(statutDiffusionUniteLegale="P")},
        ],
    )
    def test_may_not_be_shown_to_all(self, but: dict[str, Any]):
        assert not establishment_from(an_answer(**but)).diffusible

    def test_does_not_take_a_mask_for_a_name(self):
        unit = a_unit(denominationUniteLegale="[ND]", nomUniteLegale="[ND]")

        assert establishment_from(an_answer(uniteLegale=unit)).legal_name is None

    def test_knows_the_sign_over_the_door(self):
        periods = [a_period(enseigne1Etablissement="CHEZ ANA")]

        assert establishment_from(an_answer(periodesEtablissement=periods)).label == "CHEZ ANA"

    @pytest.mark.parametrize("odd", ["\r\n", "\0", "\t \x85", "\u2028", "\u202e\u2066"])
    def test_keeps_each_text_on_one_line(self, odd: str):
        name = f" ANA{odd}DUPONT{odd}"
        answer = an_answer(
            uniteLegale=a_unit(denominationUniteLegale=name),
            periodesEtablissement=[a_period(enseigne1Etablissement=name)],
        )

        found = establishment_from(answer)

        assert (found.legal_name, found.label) == ("ANA DUPONT", "ANA DUPONT")

    def test_keeps_no_more_than_a_record_has_room_for(self):
        much = "X" * 100_000
        first = an_answer()["etablissement"]["adresseEtablissement"]
        texts = dict.fromkeys(first, much)
        unit = a_unit(denominationUniteLegale=None, nomUniteLegale=much, prenom1UniteLegale=much)

        found = establishment_from(an_answer(uniteLegale=unit, adresseEtablissement=texts))

        address = found.address
        assert address
        assert len(found.legal_name or "") == len(address.line) == 255
        assert [len(one) for one in address.complements] == [255, 255]
        assert (len(address.postcode), len(address.city), len(address.country)) == (20, 100, 100)

    @pytest.mark.parametrize(
        "answer",
        [
            an_answer(uniteLegale=a_unit(denominationUniteLegale="\ud800")),
            an_answer(siret="\udfff"),
            None,
            [],
            {},
            {"etablissement": None},
            an_answer(uniteLegale=None),
            an_answer(periodesEtablissement=None),
            an_answer(periodesEtablissement=[]),
            an_answer(periodesEtablissement=[None, a_period("2020-01-01")]),
            an_answer(periodesEtablissement=[a_period(state="?")]),
            an_answer(adresseEtablissement="1 rue"),
        ],
    )
    def test_refuses_any_other_shape(self, answer: object):
        with pytest.raises(UnreadableAnswerError):
            establishment_from(answer)


@pytest.fixture
async def sirene() -> AsyncIterator[Callable[..., Awaitable[Sirene]]]:
    """A client of a server that answers as it is told to."""
    runners: list[web.AppRunner] = []

    async def serve(answering: Answering, **settings: Any) -> Sirene:
        app = web.Application()
        app.router.add_get("/api-sirene/3.11/siret/{siret}", answering)
        runner = web.AppRunner(app, shutdown_timeout=0)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [address] = runner.addresses
        return client(f"http://127.0.0.1:{address[1]}/api-sirene/3.11", **settings)

    yield serve
    for runner in runners:
        await runner.cleanup()


def client(url: str, **settings: Any) -> Sirene:
    given = {"sirene_url": url, "sirene_key": SecretStr("the-key"), "sirene_timeout": 0.5}
    return Sirene(
        StructuresSettings(
            internal_key=SecretStr("k" * 32), link_key=SecretStr("k" * 32), **given | settings
        )
    )


@contextmanager
def asked_by(user: str) -> Iterator[None]:
    before = asking.set(Asking(by=user))
    try:
        yield
    finally:
        asking.reset(before)


def always(status: int, body: Any = None, **headers: str) -> Answering:
    async def answer(_: web.Request) -> web.Response:
        if isinstance(body, dict):
            return web.json_response(body, status=status, headers=headers)
        return web.Response(text=body or "", status=status, headers=headers)

    return answer


async def as_embedded(request: web.Request) -> web.Response:
    """As the stub of `chorale up` answers, which knows an establishment of each kind."""
    status, body = embedded.answer(request.match_info["siret"])
    return web.json_response(body, status=status)


class TestTheEmbeddedSirene:
    @pytest.mark.feature("STR-15", "STR-16")
    @pytest.mark.parametrize(
        ("siret", "outcome"),
        [
            (embedded.CLOSED, "closed"),
            (embedded.UNKNOWN, "unknown"),
            (embedded.PARTLY_DIFFUSIBLE, "hidden"),
            (embedded.WITHHELD, "EstablishmentWithheld"),
            (embedded.TOO_MANY, "SireneUnavailable"),
            (embedded.FAILING, "SireneUnavailable"),
            (SIRET.value, "open"),
        ],
    )
    async def test_is_understood(self, sirene: Any, siret: str, outcome: str):
        assert await what_becomes_of(await sirene(as_embedded), siret) == outcome


async def what_becomes_of(told: Sirene, siret: str) -> str:
    try:
        found = await told.establishment(siret)
    except Problem as refusal:
        return type(refusal).__name__
    if found is None:
        return "unknown"
    if not found.diffusible:
        return "hidden"
    return "open" if found.open else "closed"


class TestSirene:
    async def test_asks_with_the_key(self, sirene: Any):
        keys = []

        async def answer(request: web.Request) -> web.Response:
            keys.append(request.headers["X-INSEE-Api-Key-Integration"])
            return web.json_response(an_answer(siret=request.match_info["siret"]))

        found = await (await sirene(answer)).establishment(SIRET.value)

        assert found
        assert found.legal_name == "MENUISERIE DUPONT"
        assert keys == ["the-key"]

    @pytest.mark.feature("STR-16")
    async def test_does_not_know_what_insee_does_not(self, sirene: Any):
        body = {"header": {"statut": 404, "message": "Aucun élément trouvé pour le siret 7328"}}

        assert await (await sirene(always(404, body))).establishment(SIRET.value) is None

    async def test_does_not_know_what_insee_has_replaced(self, sirene: Any):
        moved = always(301, Location="/api-sirene/3.11/siret/84965690500015")

        assert await (await sirene(moved)).establishment(SIRET.value) is None

    @pytest.mark.feature("STR-16")
    @pytest.mark.parametrize(
        "answering",
        [
            always(404, "<html>no such page</html>"),
            always(301, Location="https://elsewhere.example/"),
            always(200, "{"),
            always(200, "[" * 100_000),
            always(200, '{"etablissement":' * 2_000 + "1" + "}" * 2_000),
            always(
                200, json.dumps(an_answer(uniteLegale=a_unit(denominationUniteLegale="\ud800")))
            ),
            always(404, "[" * 2_000 + "]" * 2_000),
            always(200, "<html>maintenance</html>"),
            always(200, {"header": {}}),
            always(200, an_answer(siret="84965690500015")),
            always(401, {"message": "bad key"}),
            always(403, {"message": "no subscription"}),
            always(500, "oops"),
            always(503, {"header": {"statut": 503}}),
        ],
    )
    async def test_says_it_does_not_know_yet_when_insee_makes_no_sense(
        self, sirene: Any, answering: Answering
    ):
        with pytest.raises(SireneUnavailable) as refusal:
            await (await sirene(answering)).establishment(SIRET.value)
        assert refusal.value.retry_after

    async def test_waits_no_longer_than_it_was_told(self, sirene: Any):
        async def answer(_: web.Request) -> web.Response:
            await asyncio.sleep(0.3)
            return web.json_response(an_answer())

        slow = await sirene(answer, sirene_timeout=0.05)

        async with asyncio.timeout(1):
            with pytest.raises(SireneUnavailable):
                await slow.establishment(SIRET.value)

    async def test_asks_once_more_when_the_line_is_cut(self, sirene: Any):
        asked = 0

        async def answer(request: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            if asked == 1 and request.transport:
                request.transport.abort()
            return web.json_response(an_answer())

        assert await (await sirene(answer)).establishment(SIRET.value)
        assert asked == 2

    @pytest.mark.feature("STR-16")
    @pytest.mark.parametrize("failures", [1, 2])
    async def test_asks_again_while_insee_is_in_trouble(self, sirene: Any, failures: int):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            if asked <= failures:
                return web.Response(status=502)
            return web.json_response(an_answer())

        assert await (await sirene(answer, sirene_timeout=2)).establishment(SIRET.value)
        assert asked == failures + 1

    async def test_asks_no_longer_than_its_time_however_often(self, sirene: Any):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0.08)
            return web.Response(status=502)

        told = await sirene(answer, sirene_timeout=0.1)

        async with asyncio.timeout(1):
            with pytest.raises(SireneUnavailable):
                await told.establishment(SIRET.value)
        assert asked == 1

    async def test_leaves_in_peace_whoever_keeps_failing(self, sirene: Any):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            return web.Response(text="not JSON")

        told = await sirene(answer, sirene_failures_most=2, sirene_rest=60)

        for siret, by in (("1" * 14, "u-ana"), ("2" * 14, "u-bob"), *[("3" * 14, "u-zoe")] * 2):
            with pytest.raises(SireneUnavailable) as refusal, asked_by(by):
                await told.establishment(siret)
        assert asked == 2
        assert refusal.value.retry_after == 60

    async def test_leaves_nobody_out_for_what_one_caller_asks_in_vain(self, sirene: Any):
        async def answer(request: web.Request) -> web.Response:
            siret = request.match_info["siret"]
            if siret == SIRET.value:
                return web.json_response(an_answer())
            return web.Response(text="[" * 100_000)

        told = await sirene(answer, sirene_failures_most=2, sirene_rest=60)

        for nth in range(5):
            with pytest.raises(SireneUnavailable), asked_by("u-zoe"):
                await told.establishment(str(nth) * 14)
        with asked_by("u-ana"):
            assert await told.establishment(SIRET.value)

    @pytest.mark.feature("STR-16")
    async def test_refuses_what_insee_withholds(self, sirene: Any):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            return web.json_response({"header": {"statut": 403}}, status=403)

        told = await sirene(answer, sirene_failures_most=1)

        for _ in range(2):
            with pytest.raises(EstablishmentWithheld) as refusal:
                await told.establishment(SIRET.value)
        [error] = refusal.value.members["errors"]
        assert error["pointer"] == "/body/identifier/value"
        assert asked == 2

    async def test_remembers_what_was_said_unless_asked_anew(self, sirene: Any):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            return web.json_response(an_answer())

        told = await sirene(answer)

        for _ in range(3):
            assert await told.establishment(SIRET.value)
        assert asked == 1
        assert await told.establishment(SIRET.value, fresh=True)
        assert asked == 2

    @pytest.mark.feature("STR-40")
    async def test_never_remembers_those_about_whom_insee_withholds_something(self, sirene: Any):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            return web.json_response(an_answer(statutDiffusionEtablissement="P"))

        told = await sirene(answer)

        for _ in range(2):
            assert await told.establishment(SIRET.value)
        assert asked == 2

    async def test_is_unavailable_when_nobody_listens(self):
        with pytest.raises(SireneUnavailable):
            await client("http://127.0.0.1:9/api").establishment(SIRET.value)

    async def test_asks_nothing_for_as_long_as_insee_says(self, sirene: Any):
        asked = 0

        async def answer(_: web.Request) -> web.Response:
            nonlocal asked
            asked += 1
            return web.json_response({}, status=429, headers={"Retry-After": "7"})

        told = await sirene(answer)

        for _ in range(3):
            with pytest.raises(SireneUnavailable) as refusal:
                await told.establishment(SIRET.value)
            assert refusal.value.retry_after == 7
        assert asked == 1

    async def test_stays_within_its_budget(self, sirene: Any):
        told = await sirene(
            always(200, an_answer()), sirene_per_minute=2, sirene_share=1, sirene_remembered_for=0
        )

        await told.establishment(SIRET.value)
        await told.establishment(SIRET.value)
        with pytest.raises(SireneUnavailable) as refusal:
            await told.establishment(SIRET.value)
        assert 0 < (refusal.value.retry_after or 0) <= 30

    async def test_leaves_something_for_the_others(self, sirene: Any):
        told = await sirene(
            always(200, an_answer()), sirene_per_minute=2, sirene_share=0.5, sirene_remembered_for=0
        )

        with asked_by("u-zoe"):
            await told.establishment(SIRET.value)
            with pytest.raises(SireneUnavailable):
                await told.establishment(SIRET.value)
        with asked_by("u-ana"):
            assert await told.establishment(SIRET.value)
