"""Espaces and subscriptions over HTTP, and bringing everybody in line."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx import Response
from pydantic import ValidationError

from contracts.users import Habilitation
from kit.change import Change
from kit.clock import now, today
from kit.journal import EventTooLarge
from kit.service import Service
from services.users import espaces as shell
from services.users.api.espaces import espace_routes
from services.users.api.subscriptions import WantedSubscriptions, subscription_routes
from services.users.domain import espaces as domain
from services.users.domain.drafts import MANAGES
from services.users.domain.espaces import Openings
from services.users.domain.rattachements import Rattachement, rights_of
from services.users.espaces import Espaces
from services.users.habilitations import Habilitations
from services.users.handlers import handlers
from services.users.offer import defaults
from tests.platform import refused
from tests.users.bakery import OpenBakery, at_work
from tests.users.habilitating import a_delegate
from tests.users.rattaching import (
    a_decision,
    a_line,
    a_new_unit,
    a_rattachement,
)
from tests.users.subscribing import CONNECTED, ISSUED, OFFER, RECEIVED, both_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

ESPACES, SUBSCRIPTIONS = "/v1/espaces/s-bakery", "/v1/subscriptions"
WHOLE = [{"consultation": True, "modification": True}]


class Bakery(OpenBakery):
    """Omar's, with Léa and Ada attached to it; Zoé has nothing to do with it."""

    def serve(self, service: Service) -> FastAPI:
        self.espaces = Espaces(Habilitations(self.of, self.accounts, offer=OFFER))
        return service.app(
            espace_routes(self.espaces),
            subscription_routes(self.espaces),
            hears=handlers(self.of, self.accounts, defaults(OFFER), self.espaces),
        )

    async def open(self) -> None:
        await self.begin(a_new_unit("ovens"), a_new_unit("shop"))
        await self.attach(a_rattachement(habilitations=()), a_delegate())

    async def attach(self, *ties: Rattachement) -> None:
        """And it is heard."""
        await super().attach(*ties)
        await self.hear(*(rights_of(one) for one in ties))

    async def ask(self, method: str, path: str, by: str = "u-omar", **rest: Any) -> Response:
        return await self.by(by).request(method, path, **rest)

    async def turn(self, what: str, code: str = RECEIVED, by: str = "u-omar") -> Response:
        return await self.ask("PUT", f"{ESPACES}/{code}/{what}", by)

    async def subscribe(self, *codes: str, by: str = "u-lea", **but: Any) -> Response:
        wanted = {"structure_id": "s-bakery", "espaces": codes or (RECEIVED,), "units": WHOLE}
        return await self.ask("POST", SUBSCRIPTIONS, by, json=wanted | but)

    async def line_up(self) -> None:
        """What the worker does."""
        openings = await self.of.openings.change("s-bakery", lambda one: domain.claim(one, now()))
        await self.espaces.list_everybody(openings)

    async def listed(self, code: str = RECEIVED, **query: Any) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"{ESPACES}/{code}/requests", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def decide(self, request: str, user: str = "u-lea", **but: Any) -> None:
        ids = {"approval_id": request, "subject_id": request, "requester_id": user}
        at = {"decided_at": now()}
        await self.hear(a_decision(**{"kind": "habilitation"} | ids | at | but))

    async def mine(self, by: str = "u-lea") -> list[tuple[Any, ...]]:
        shown = (await self.ask("GET", SUBSCRIPTIONS, by)).json()["items"]
        rows = [row for one in shown for row in one["subscriptions"]]
        return [(row["espace"], row["level"], row["units"], row["status"]) for row in rows]

    async def told(self, type: str) -> int:
        rows = self.service.mongo["journal"]
        return int(await rows.count_documents({"type": f"users.{type}.v1"}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(mongo_url: str) -> AsyncIterator[Bakery]:
    async with at_work(Bakery, mongo_url) as bakery:
        yield bakery


@pytest_asyncio.fixture(loop_scope="module")
async def bakery(built: Bakery) -> Bakery:
    await built.open()
    return built


class TestWanted:
    @pytest.mark.feature("ESP-13")
    @pytest.mark.parametrize(
        ("but", "field"),
        [
            ({"structure_id": None}, ("structure_id",)),
            ({"espaces": []}, ("espaces",)),
            ({"espaces": [ISSUED, ISSUED]}, ("espaces",)),
            ({"units": []}, ("units",)),
            ({"units": [{"unit": "ovens"}]}, ("units", 0)),
            ({"units": WHOLE * 2}, ("units",)),
            ({"valid_from": "tomorrow"}, ("valid_from",)),
            ({"comment": "x" * 1001}, ("comment",)),
        ],
    )
    async def test_bounds_every_field(self, but, field):
        given = {"structure_id": "s-bakery", "espaces": [ISSUED], "units": WHOLE}

        with pytest.raises(ValidationError) as refusal:
            WantedSubscriptions.model_validate(given | but)

        assert refusal.value.errors()[0]["loc"] == field


class TestEspaces:
    @pytest.mark.feature("ESP-01")
    async def test_are_known_to_whoever_asks(self, bakery: Bakery):
        every = (await bakery.ask("GET", "/v1/espaces", "u-zoe")).json()

        assert [one["code"] for one in every] == [*OFFER]

    @pytest.mark.feature("ESP-22")
    async def test_of_a_structure_have_levels_and_a_state(self, bakery: Bakery):
        await bakery.turn("opening", CONNECTED)
        await bakery.turn("closure", ISSUED)

        of_all, of_ovens = [
            (await bakery.ask("GET", ESPACES, "u-lea", params=query)).json()
            for query in ({}, {"unit": "ovens"})
        ]

        states = {(one["code"], one["level"]): one["state"] for one in of_all}
        assert states[CONNECTED, "modification"] == "open"
        assert states[ISSUED, "consultation"] == "closed"
        assert RECEIVED not in {one["code"] for one in of_all}
        assert of_ovens == [one | {"unit": "ovens"} for one in of_all]

    @pytest.mark.feature("ESP-22")
    async def test_of_a_structure_are_for_the_systems_that_may_see_it(self, bakery: Bakery):
        await bakery.turn("opening", CONNECTED)

        async def answers(*scopes: str, structures: tuple[str, ...] = ()) -> Response:
            return await bakery.system(*scopes, structures=structures).get(ESPACES)

        for limited in ((), ("s-garage", "s-bakery")):
            read = await answers("rattachements:read", structures=limited)
            assert CONNECTED in {one["code"] for one in read.json()}
        elsewhere = await answers("rattachements:read", structures=("s-garage",))
        refused(elsewhere, 404, "not-found")
        refused(await answers("structures:read"), 403, "scope-missing")
        turned = await bakery.system("rattachements:read").put(f"{ESPACES}/{CONNECTED}/closure")
        refused(turned, 403, "people-only")

    async def test_of_a_structure_are_for_those_attached(self, bakery: Bakery):
        refused(await bakery.ask("GET", ESPACES, "u-zoe"), 404, "not-found")
        unknown = await bakery.ask("GET", ESPACES, params={"unit": "no-such"})
        assert refused(unknown, 422, "unknown-units")["errors"][0]["pointer"] == "/query/unit"

    @pytest.mark.feature("ESP-11", "ESP-21")
    async def test_available_follow_the_subscriptions_at_once(self, bakery: Bakery):
        async def codes() -> set[str]:
            [mine] = (await bakery.ask("GET", "/v1/me/espaces", "u-lea")).json()["items"]
            return {one["code"] for one in mine["espaces"]}

        before = await codes()
        await bakery.turn("opening")
        request = (await bakery.subscribe()).json()[0]["id"]
        assert await codes() == before
        await bakery.decide(request)
        assert await codes() == before | {RECEIVED}
        await bakery.turn("closure")
        assert await codes() == before


class TestOpening:
    @pytest.mark.feature("ESP-05", "ESP-09")
    async def test_asks_for_each_user_once_whoever_goes_on(self, bakery: Bakery, monkeypatch):
        monkeypatch.setattr(shell, "AT_ONCE", 2)
        users = [f"u-{nth}" for nth in range(5)]
        await bakery.attach(
            *(a_rattachement(id=f"{one}:s-bakery", user_id=one, habilitations=()) for one in users)
        )
        assert (await bakery.turn("opening")).json()[0]["state"] == "open"

        killed = asyncio.create_task(bakery.line_up())
        while await bakery.told("habilitations-requested") == 0:  # noqa: ASYNC110  # the database
            await asyncio.sleep(0.005)
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        await bakery.line_up()
        await bakery.line_up()

        listed = await bakery.listed(status="requested")
        assert {one["user"]["id"] for one in listed} == {*users, "u-lea", "u-ada"}
        assert await bakery.told("habilitations-requested") == 7
        assert (await bakery.of.openings.get("s-bakery")).wake_at is None
        assert ("factures-recues", "consultation", [], "pending") in await bakery.mine()

    @pytest.mark.feature("ESP-06")
    async def test_reaches_the_others_where_one_cannot_be_changed(
        self, bakery: Bakery, monkeypatch
    ):
        monkeypatch.setattr(shell, "AT_ONCE", 1)
        read = Habilitation(application=RECEIVED, level="consultation")
        more = (read.model_copy(update={"application": f"{n:064}"}) for n in range(9000))
        await bakery.of.rattachements.change(
            "u-lea:s-bakery", lambda one: Change(one and replace(one, habilitations=(read, *more)))
        )
        await bakery.attach(a_delegate(MANAGES, read))
        await bakery.turn("opening")
        await bakery.turn("closure")

        with pytest.raises(EventTooLarge):
            await bakery.line_up()

        ada = await bakery.of.rattachements.get("u-ada:s-bakery")
        assert ada.habilitations == (MANAGES,)

    @pytest.mark.feature("ESP-09", "ESP-18")
    async def test_gives_to_each_as_is_decided_for_each(self, bakery: Bakery):
        await bakery.turn("opening")
        await bakery.line_up()
        ids = {one["user"]["id"]: one["id"] for one in await bakery.listed()}

        await bakery.decide(ids["u-lea"])
        await bakery.decide(ids["u-ada"], "u-ada", verdict="refused", reason="Non.")

        listed = {one["user"]["id"]: one["status"] for one in await bakery.listed()}
        assert listed == {"u-lea": "granted", "u-ada": "refused"}
        assert (RECEIVED, "modification", [], "validated") in await bakery.mine()
        assert RECEIVED not in {espace for espace, *_ in await bakery.mine("u-ada")}

    @pytest.mark.feature("ESP-05")
    async def test_is_for_users_attached_later_too(self, bakery: Bakery):
        await bakery.turn("opening")
        await bakery.line_up()
        await bakery.attach(a_rattachement(id="u-new:s-bakery", user_id="u-new"))

        assert (await bakery.of.openings.get("s-bakery")).wake_at
        await bakery.line_up()

        assert "u-new" in {one["user"]["id"] for one in await bakery.listed()}
        assert await bakery.told("habilitations-requested") == 3

    @pytest.mark.feature("ESP-06")
    async def test_undone_ends_every_subscription(self, bakery: Bakery):
        held = (*both_of(), *both_of(ISSUED))
        await bakery.turn("opening")
        await bakery.attach(
            a_rattachement(id="u-new:s-bakery", user_id="u-new", habilitations=held)
        )
        await bakery.line_up()

        await bakery.turn("closure")
        await bakery.line_up()

        tie = await bakery.of.rattachements.get("u-new:s-bakery")
        assert {*tie.habilitations} == {*both_of(ISSUED)}
        refused(await bakery.subscribe(), 409, "espace-not-opened")

    @pytest.mark.feature("ESP-07", "ESP-08")
    async def test_is_refused_to_whoever_acts_as_a_user(self, bakery: Bakery):
        refused(await bakery.turn("opening", by="u-lea"), 403, "not-for-you-to-open")
        ada = f"{ESPACES}/secondary-managers/u-ada"
        chosen = await bakery.ask("PUT", ada, json={"acts_as": "user"})
        assert chosen.status_code == 200, chosen.text

        refused(await bakery.turn("opening", by="u-ada"), 403, "not-for-you-to-open")

        await bakery.ask("PUT", ada, json={"acts_as": "manager"})
        assert (await bakery.turn("opening", by="u-ada")).status_code == 200
        himself = await bakery.ask(
            "PUT", f"{ESPACES}/secondary-managers/u-omar", json={"acts_as": "user"}
        )
        refused(himself, 404, "not-a-secondary-manager")

    async def test_lists_are_for_those_who_manage(self, bakery: Bakery):
        path = f"{ESPACES}/{RECEIVED}/requests"
        refused(await bakery.ask("GET", path, "u-lea"), 403, "managers-only")
        refused(await bakery.ask("GET", path, "u-zoe"), 404, "not-found")


class TestSubscriptions:
    @pytest.mark.feature("ESP-12", "ESP-13", "ESP-18")
    async def test_are_asked_for_and_wait(self, bakery: Bakery):
        answer = await bakery.subscribe(ISSUED, comment="Bonjour")

        assert answer.status_code == 202, answer.text
        [asked] = answer.json()
        assert (asked["espace"], asked["status"]) == (ISSUED, "requested")
        assert await bakery.mine() == [
            (ISSUED, "consultation", [], "pending"),
            (ISSUED, "modification", [], "pending"),
        ]

    @pytest.mark.feature("ESP-12")
    async def test_are_asked_for_once_however_often_it_is_sent(self, bakery: Bakery):
        body = {"structure_id": "s-bakery", "espaces": [ISSUED], "units": WHOLE}
        key = {"idempotency-key": "k-1"}

        answers = [
            await bakery.ask("POST", SUBSCRIPTIONS, "u-lea", json=body, headers=key)
            for _ in range(2)
        ]

        assert answers[0].json() == answers[1].json()
        assert await bakery.told("habilitations-requested") == 1

    @pytest.mark.feature("ESP-14", "ESP-16")
    async def test_are_two_rows_from_their_date_on(self, bakery: Bakery):
        day = (today() + timedelta(days=3)).isoformat()
        on = [{"unit": "ovens"} | WHOLE[0], {"unit": "shop", "consultation": True}]
        request = (await bakery.subscribe(ISSUED, units=on, valid_from=day)).json()[0]["id"]

        await bakery.decide(request)

        assert await bakery.mine() == [
            (ISSUED, "consultation", ["ovens", "shop"], "validated"),
            (ISSUED, "modification", ["ovens"], "validated"),
        ]
        [mine] = (await bakery.ask("GET", SUBSCRIPTIONS, "u-lea")).json()["items"]
        assert {one["valid_from"] for one in mine["subscriptions"]} == {day}
        [espaces] = (await bakery.ask("GET", "/v1/me/espaces", "u-lea")).json()["items"]
        assert ISSUED not in {one["code"] for one in espaces["espaces"]}

    async def test_say_what_is_wrong_with_a_request(self, bakery: Bakery):
        answer = await bakery.subscribe(units=[{"unit": "ovens"}])

        assert refused(answer, 422, "invalid")["errors"][0]["pointer"] == "/body/units/0"

    @pytest.mark.feature("ESP-17")
    async def test_are_for_units_one_is_attached_to(self, bakery: Bakery):
        await bakery.attach(a_rattachement(habilitations=(), lines=(a_line("ovens"),)))

        answer = await bakery.subscribe(ISSUED, units=[{"unit": "shop", "consultation": True}])

        errors = refused(answer, 422, "not-your-units")["errors"]
        assert errors[0]["pointer"] == "/body/units/0/unit"

    @pytest.mark.feature("ESP-19", "ESP-20")
    async def test_are_given_up_all_or_none(self, bakery: Bakery):
        await bakery.attach(a_rattachement(habilitations=both_of(ISSUED)))
        read = {"structure_id": "s-bakery", "espace": ISSUED, "level": "consultation"}
        write = read | {"level": "modification"}
        path = f"{SUBSCRIPTIONS}/deletions"

        elsewhere = {"subscriptions": [read, write | {"structure_id": "s-garage"}]}
        refused(await bakery.ask("POST", path, "u-lea", json=elsewhere), 404, "not-subscribed")
        assert len(await bakery.mine()) == 2
        both = {"subscriptions": [read, write]}
        assert (await bakery.ask("POST", path, "u-lea", json=both)).status_code == 204
        assert await bakery.mine() == []

    @pytest.mark.feature("ESP-18", "ESP-22")
    async def test_of_many_structures_come_by_pages(self, bakery: Bakery):
        for nth in range(5):
            await bakery.attach(
                a_rattachement(
                    id=f"u-lea:s-{nth}", structure_id=f"s-{nth}", habilitations=both_of(ISSUED)
                )
            )
        seen, cursor = [], ""
        while cursor is not None:
            query = {"size": 2, "cursor": cursor}
            page = (await bakery.ask("GET", SUBSCRIPTIONS, "u-lea", params=query)).json()
            seen += [one["structure_id"] for one in page["items"]]
            cursor = page["next"]

        assert seen == [f"s-{nth}" for nth in range(5)]


async def test_a_worker_that_died_is_followed_by_another(bakery: Bakery):
    await bakery.turn("opening")
    begun = await bakery.of.openings.change("s-bakery", lambda one: domain.claim(one, now()))

    later = now() + domain.LISTING_LASTS
    followed = domain.claim(begun, later)

    assert isinstance(begun, Openings)
    assert followed.state != begun
