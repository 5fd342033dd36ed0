"""The stub answers as Sirene 3.11 does."""

import time

import pytest
from httpx import ASGITransport, AsyncClient
from stdnum.fr import siret

from deploy.embedded import sirene

ACTIVE = "73282932000074"


def establishment(number: str) -> sirene.Json:
    status, body = sirene.answer(number)
    assert status == 200
    found = body["etablissement"]
    assert isinstance(found, dict)
    return found


class TestAnswer:
    def test_any_right_siret_is_an_active_establishment(self) -> None:
        found = establishment(ACTIVE)
        assert found["siret"] == ACTIVE
        assert found["siren"] + found["nic"] == ACTIVE
        assert found["uniteLegale"]["denominationUniteLegale"]
        [period] = found["periodesEtablissement"]
        assert (period["dateFin"], period["etatAdministratifEtablissement"]) == (None, "A")

    def test_says_the_same_each_time(self) -> None:
        assert sirene.answer(ACTIVE) == sirene.answer(ACTIVE)

    def test_establishments_of_one_company_share_its_name_but_not_their_addresses(self) -> None:
        seats = [f"732829320{nic:05}" for nic in range(400)]
        some = [establishment(number) for number in seats if siret.is_valid(number)]
        assert len({str(one["uniteLegale"]) for one in some}) == 1
        assert len({str(one["adresseEtablissement"]) for one in some}) > 1
        assert sum(one["etablissementSiege"] for one in some) == 1

    @pytest.mark.parametrize("number", ["35600000000048", "35600000049837"])
    def test_la_poste_follows_its_own_checksum(self, number: str) -> None:
        assert establishment(number)["uniteLegale"]["denominationUniteLegale"] == "LA POSTE"

    def test_what_is_public_is_a_commune(self) -> None:
        assert (
            establishment("21750001600019")["uniteLegale"]["categorieJuridiqueUniteLegale"][0]
            == "7"
        )

    def test_a_closed_one_is_closed_in_its_present_period(self) -> None:
        periods = establishment(sirene.CLOSED)["periodesEtablissement"]
        [present] = [one for one in periods if one["dateFin"] is None]
        assert present["etatAdministratifEtablissement"] == "F"

    def test_a_partly_diffusible_one_has_no_name(self) -> None:
        found = establishment(sirene.PARTLY_DIFFUSIBLE)
        assert found["statutDiffusionEtablissement"] == "P"
        assert found["uniteLegale"]["denominationUniteLegale"] is None
        assert found["uniteLegale"]["nomUniteLegale"] == sirene.MASKED
        assert found["adresseEtablissement"]["libelleVoieEtablissement"] == sirene.MASKED

    @pytest.mark.parametrize(
        ("number", "status"),
        [
            (sirene.UNKNOWN, 404),
            ("73282932000075", 404),
            (sirene.FAILING, 500),
            (sirene.TOO_MANY, 429),
            (sirene.WITHHELD, 403),
            ("7328293200007", 400),
            ("٧٣٢٨٢٩٣٢٠٠٠٠٧٤", 400),
        ],
    )
    def test_refuses_in_the_words_of_sirene(self, number: str, status: int) -> None:
        answered, body = sirene.answer(number)
        assert (answered, body["header"]["statut"]) == (status, status)

    @pytest.mark.parametrize(
        "number",
        [
            sirene.CLOSED,
            sirene.UNKNOWN,
            sirene.PARTLY_DIFFUSIBLE,
            sirene.SLOW,
            sirene.FAILING,
            sirene.WITHHELD,
        ],
    )
    def test_the_documented_few_have_right_checksums(self, number: str) -> None:
        assert siret.is_valid(number)
        assert number in (sirene.__doc__ or "")


class TestApp:
    async def test_is_served_where_sirene_serves_it(self) -> None:
        async with AsyncClient(
            transport=ASGITransport(sirene.app(slowness=0.2)), base_url="http://sirene"
        ) as client:
            path = "/api-sirene/3.11/siret/"
            assert (await client.get(path + ACTIVE)).json()["header"]["statut"] == 200
            assert (await client.get(path + sirene.TOO_MANY)).headers["retry-after"] == "60"
            began = time.monotonic()
            assert (await client.get(path + sirene.SLOW)).status_code == 200
            assert time.monotonic() - began >= 0.2
