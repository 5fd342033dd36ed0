"""Asking for a rattachement over HTTP, and seeing what became of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from pydantic import ValidationError

from contracts.event import Event
from kit.change import Change
from kit.clock import now, today
from kit.internal import Caller, sign
from kit.service import Service
from kit.settings import Settings
from kit.tasks import ended
from kit.workers import GRACE
from services.users import endings
from services.users.api.rattachements import Wanted, rattachement_routes
from services.users.domain.accounts import Account
from services.users.domain.held import Waiting
from services.users.endings import Endings
from services.users.handlers import handlers
from services.users.membership import Membership
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.users.rattaching import (
    DEFAULTS,
    NOW,
    READ,
    a_changed_unit,
    a_creation,
    a_decision,
    a_line,
    a_new_unit,
    a_rattachement,
    an_ended_unit,
)

LEA, OMAR, ZOE = (Caller(user_id=f"u-{name}") for name in ("lea", "omar", "zoe"))
URL = "/v1/rattachements"


def wanted(structure: str = "s-bakery") -> dict[str, Any]:
    return {"structure_id": structure, "valid_from": today().isoformat()}


@dataclass
class Users:
    """The rattachement side of users on a real database, called and told as by the others."""

    service: Service
    client: AsyncClient
    membership: Membership

    async def hear(self, event: Event) -> None:
        _, handler = self.service.subscriptions.handlers[event.type]
        if ask := handler(event):
            await self.service.committer.keep(ask)

    async def call(self, method: str, path: str, caller: Caller = LEA, **rest: Any) -> Response:
        key = self.service.settings.internal_key.get_secret_value()
        token = sign(caller, key, at=now())
        headers = {"authorization": f"Bearer {token}"} | rest.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **rest)

    async def ask(self, structure: str = "s-bakery", caller: Caller = LEA, **but: Any) -> Response:
        return await self.call("POST", URL, caller, json=wanted(structure) | but)

    async def take_away(self, unit: str) -> None:
        await Endings(self.membership).take_away(await self.membership.units.get(unit))

    async def told(self) -> list[str]:
        return [row["type"] async for row in self.service.mongo["journal"].find()]


@pytest.fixture
async def users(mongo_url: str) -> AsyncIterator[Users]:
    service = Service("users", Settings(**settings_for(mongo_url, database_prefix="kept-")))
    membership, accounts = Membership.of(service), service.collection("accounts", Account)
    app = service.app(
        rattachement_routes(membership, DEFAULTS), hears=handlers(membership, accounts, DEFAULTS)
    )
    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    lea = {"first_name": "Léa", "last_name": "Martin", "email": "lea@example.org"}
    await accounts.documents.insert_one(
        {"_id": "u-lea", "version": 1, "clock": 0, "status": "active", "created_at": NOW} | lea
    )
    async with AsyncClient(transport=ASGITransport(app), base_url="http://users") as client:
        users = Users(service, client, membership)
        await users.hear(a_creation())
        yield users
    await ended([keeping], again=GRACE + 2)
    await forget_whole(service)
    await service.mongo.close()


def pointers(answer: Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


class TestWanted:
    @pytest.mark.parametrize(
        ("but", "field"),
        [
            ({"structure_id": None}, ("structure_id",)),
            ({"structure_id": "s" * 65}, ("structure_id",)),
            ({"units": ["ovens", "ovens"]}, ("units",)),
            ({"units": [""]}, ("units", 0)),
            ({"units": ["x" * 51]}, ("units", 0)),
            ({"units": [str(n) for n in range(101)]}, ("units",)),
            ({"valid_from": "tomorrow"}, ("valid_from",)),
            ({"valid_from": None}, ("valid_from",)),
            ({"comment": "x" * 1001}, ("comment",)),
            ({"comment": "\ud800"}, ("comment",)),
            ({"comment": 7}, ("comment",)),
        ],
    )
    def test_bounds_every_field(self, but, field):
        with pytest.raises(ValidationError) as refusal:
            Wanted.model_validate(wanted() | but)

        assert [one["loc"] for one in refusal.value.errors()] == [field]


class TestRequest:
    @pytest.mark.feature("RAT-04", "RAT-07", "RAT-10")
    async def test_is_put_to_those_who_decide(self, users: Users):
        answer = await users.ask(comment="Je remplace Omar.")

        assert answer.status_code == 202
        shown = answer.json()
        assert (shown["status"], shown["role"]) == ("requested", None)
        assert shown["valid_from"] == today().isoformat()
        assert shown["structure_name"] == "Boulangerie du Port"
        assert "users.rattachement-requested.v1" in await users.told()

    @pytest.mark.feature("RAT-11")
    async def test_is_made_once_however_often_it_is_sent(self, users: Users):
        headers = {"idempotency-key": "a-key-of-lea"}
        body = wanted()

        answers = await asyncio.gather(
            *(users.call("POST", URL, json=body, headers=headers) for _ in range(8))
        )

        assert {one.status_code for one in answers} == {202}
        assert len({one.json()["id"] for one in answers}) == 1
        assert (await users.told()).count("users.rattachement-requested.v1") == 1

    @pytest.mark.feature("RAT-11")
    async def test_is_won_by_one_of_many_at_once(self, users: Users):
        answers = await asyncio.gather(*(users.ask() for _ in range(20)))

        assert sorted(one.status_code for one in answers) == [202] + [409] * 19
        refused = next(one for one in answers if one.status_code == 409)
        assert refused.json()["type"] == "/problems/already-requested"
        assert (await users.told()).count("users.rattachement-requested.v1") == 1

    async def test_is_refused_to_whoever_is_attached_already(self, users: Users):
        answer = await users.ask(caller=OMAR)

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-attached")

    async def test_names_an_unknown_structure(self, users: Users):
        answer = await users.ask("s-nowhere")

        assert answer.status_code == 404
        assert pointers(answer) == ["/body/structure_id"]

    async def test_is_refused_by_an_inactive_structure(self, users: Users):
        await users.hear(a_creation(structure_id="s-closed", status="inactive"))

        assert (await users.ask("s-closed")).status_code == 409

    @pytest.mark.feature("RAT-07")
    @pytest.mark.parametrize(
        ("but", "field"),
        [
            ({"structure_id": {"$ne": ""}}, "/body/structure_id"),
            ({"units": ["ovens"]}, "/body/units"),
            ({"valid_from": "1990-01-01"}, "/body/valid_from"),
            ({"valid_until": "2001-01-01"}, "/body/valid_until"),
        ],
    )
    async def test_names_the_wrong_field(self, users: Users, but, field):
        answer = await users.ask(**but)

        assert answer.status_code == 422
        assert pointers(answer) == [field]

    @pytest.mark.parametrize(
        ("caller", "status"), [(Caller(), 401), (Caller(client_id="erp"), 403)]
    )
    async def test_is_for_people(self, users: Users, caller, status):
        assert (await users.ask(caller=caller)).status_code == status


class TestUnits:
    @pytest.mark.feature("SRV-01", "SRV-03")
    async def test_are_those_the_structure_has(self, users: Users):
        for _ in range(2):
            await users.hear(a_new_unit())

        answer = await users.ask(units=["ovens"])

        assert (answer.status_code, answer.json()["units"]) == (202, ["ovens"])
        refused = await users.ask(caller=ZOE, units=["ovens", "tills"])
        assert (pointers(refused), refused.json()["unknown"]) == (["/body/units"], ["tills"])

    @pytest.mark.feature("SRV-04")
    async def test_are_taken_away_once_over_however_many_name_them(
        self, users: Users, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(endings, "AT_ONCE", 2)
        await users.hear(a_new_unit())
        await users.hear(a_new_unit("tills"))
        membership = users.membership
        for nth in range(5):
            tie = a_rattachement(
                id=f"u-{nth}:s-bakery", user_id=f"u-{nth}", lines=(a_line("ovens"),)
            )
            await membership.rattachements.change(tie.id, lambda _, tie=tie: Change(tie))
        id = (await users.ask(units=["ovens", "tills"])).json()["id"]
        before = len(await users.told())

        for _ in range(2):
            await users.hear(an_ended_unit())
            await users.take_away("s-bakery:ovens")

        left = await membership.rattachements.select({"user_id": {"$regex": "^u-[0-9]$"}})
        assert [one.role for one in left] == [None] * 5
        assert (await users.told())[before:] == ["users.rights-changed.v1"] * 5
        assert (await membership.units.get("s-bakery:ovens")).wake_at is None
        assert (await users.ask(caller=ZOE, units=["ovens"])).status_code == 422
        await users.hear(a_decision(approval_id=id, subject_id=id, decided_at=now()))
        shown = (await users.call("GET", f"{URL}/{id}")).json()
        assert (shown["status"], shown["role"]) == ("not_applied", None)
        assert shown["reason"] == "Le service ovens n'est plus actif."

    @pytest.mark.feature("SRV-04")
    @pytest.mark.parametrize("noted", [True, False], ids=["noted", "kept before that was noted"])
    async def test_are_taken_away_wherever_a_rattachement_names_them(
        self, users: Users, noted: bool
    ):
        there = READ.model_copy(update={"unit": "ovens"})
        named = {
            "u-0": {"lines": (a_line("ovens"), a_line("tills")), "habilitations": (READ,)},
            "u-1": {"habilitations": (READ, there)},
            "u-2": {"waiting": (Waiting(habilitation=there, effective_at=now()),)},
        }
        ties = users.membership.rattachements
        for user, but in named.items():
            tie = a_rattachement(id=f"{user}:s-bakery", user_id=user, **but)
            await ties.change(tie.id, lambda _, tie=tie: Change(tie))
        if not noted:
            await ties.documents.update_many({}, {"$unset": {"named_units": ""}})
        await users.hear(a_new_unit())
        await users.hear(an_ended_unit())

        await users.take_away("s-bakery:ovens")

        left = await ties.many([f"{user}:s-bakery" for user in named])
        assert len(left) == 3
        assert {one.named_units() for one in left.values()} == {frozenset(), frozenset({"tills"})}
        assert {one.habilitations for one in left.values()} == {(READ,)}

    async def test_active_again_before_their_turn_take_nothing_away(self, users: Users):
        await users.hear(a_new_unit())
        id = (await users.ask(units=["ovens"])).json()["id"]
        await users.hear(an_ended_unit())
        over = await users.membership.units.get("s-bakery:ovens")
        await users.hear(a_changed_unit(version=3))

        await Endings(users.membership).take_away(over)

        assert (await users.membership.requests.get(id)).ended_unit is None


class TestOutcome:
    @pytest.mark.feature("APP-19", "RAT-20")
    async def test_shows_an_approval_with_the_role(self, users: Users):
        id = (await users.ask()).json()["id"]

        await users.hear(a_decision(approval_id=id, subject_id=id, decided_at=now()))

        shown = (await users.call("GET", f"{URL}/{id}")).json()
        assert (shown["status"], shown["role"]) == ("granted", "user")
        told = await users.told()
        assert "users.rattachement-granted.v1" in told
        assert told.count("users.rights-changed.v1") == 2

    @pytest.mark.feature("APP-19")
    async def test_shows_a_refusal_with_its_reason_and_lets_one_ask_again(self, users: Users):
        id = (await users.ask()).json()["id"]
        refusal = a_decision(
            approval_id=id, subject_id=id, verdict="refused", reason="Inconnue ici."
        )

        await users.hear(refusal)

        shown = (await users.call("GET", f"{URL}/{id}")).json()
        assert (shown["status"], shown["reason"]) == ("refused", "Inconnue ici.")
        assert (await users.ask()).status_code == 202

    @pytest.mark.feature("APP-21")
    async def test_shows_an_approval_that_came_too_late(self, users: Users):
        id = (await users.ask()).json()["id"]
        await users.service.mongo["accounts"].update_one(
            {"_id": "u-lea"}, {"$set": {"status": "deactivated"}}
        )

        await users.hear(a_decision(approval_id=id, subject_id=id, decided_at=now()))

        shown = (await users.call("GET", f"{URL}/{id}")).json()
        assert (shown["status"], shown["role"]) == ("not_applied", None)
        assert shown["reason"]

    async def test_is_nobody_elses_business(self, users: Users):
        id = (await users.ask()).json()["id"]

        foreign = await users.call("GET", f"{URL}/{id}", OMAR)
        unknown = await users.call("GET", f"{URL}/{id[::-1]}", OMAR)

        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json()["type"] == unknown.json()["type"]

    async def test_does_not_name_a_persons_structure_to_a_stranger(self, users: Users):
        await users.hear(a_creation(structure_id="s-person", kind="person"))

        shown = (await users.ask("s-person")).json()

        assert (shown["structure_name"], shown["structure_identifier"]) == (None, None)


class TestMine:
    @pytest.mark.feature("RAT-02", "RAT-06", "RAT-20")
    async def test_shows_what_i_created_and_what_i_asked_for(self, users: Users):
        await users.hear(a_creation(structure_id="s-garage", created_by="u-zoe"))
        await users.ask("s-garage", OMAR)

        items = (await users.call("GET", URL, OMAR)).json()["items"]

        assert [(one["structure_id"], one["status"], one["role"]) for one in items] == [
            ("s-garage", "requested", None),
            ("s-bakery", "granted", "principal_manager"),
        ]

    @pytest.mark.feature("RAT-20")
    async def test_is_complete_page_by_page_and_newest_first(self, users: Users):
        names = [f"s-{n}" for n in range(7)]
        for n, name in enumerate(names):
            # Several at the same moment: a page may end between them.
            at = NOW + timedelta(hours=n // 3)
            await users.hear(a_creation(structure_id=name, created_by="u-lea", created_at=at))

        found: list[Any] = []
        query: dict[str, Any] = {"size": 2}
        while True:
            answer = (await users.call("GET", URL, params=query)).json()
            found += answer["items"]
            if not answer["next"]:
                break
            query["cursor"] = answer["next"]

        assert sorted(one["structure_id"] for one in found) == names
        moments = [one["requested_at"] for one in found]
        assert moments == sorted(moments, reverse=True)

    async def test_shows_those_of_one_status(self, users: Users):
        await users.ask()
        await users.hear(a_creation(structure_id="s-garage", created_by="u-lea"))

        items = (await users.call("GET", URL, params={"status": "requested"})).json()["items"]

        assert [one["structure_id"] for one in items] == ["s-bakery"]

    async def test_names_a_wrong_status(self, users: Users):
        answer = await users.call("GET", URL, params={"status": "lost"})

        assert answer.status_code == 422
        assert pointers(answer) == ["/query/status"]
