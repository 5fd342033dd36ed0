"""Leaving and coming back, over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx import Response

from kit.change import Change
from kit.clock import now
from kit.days import PARIS
from kit.internal import Caller
from kit.links import sign_link
from services.users.domain.rattachements import rattachement_id
from tests.users.hall import EVE, OMAR, Hall, problem
from tests.users.house import CountedPasswords
from tests.users.managing_api import DESK, attached, leave, manager
from tests.users.people import a_session
from tests.users.rattaching import a_creation


def days_ago(days: int) -> datetime:
    """By the calendar of Paris: so many times 24 hours may end on another day."""
    return now().astimezone(PARIS) - timedelta(days=days)


class TestLeave:
    @pytest.mark.feature("ACC-10", "ACC-11")
    async def test_closes_the_account_and_ends_its_sessions(self, hall: Hall):
        session = a_session(user_id="u-eve", expires_at=now() + timedelta(days=1))
        await hall.identity.sessions.change(session.id, lambda _: Change(session))
        await hall.identity.accounts.documents.update_one(
            {"_id": "u-eve"}, {"$set": {"session_ids": [session.id]}}
        )

        assert (await leave(hall, EVE)).status_code == 204
        assert (await leave(hall, EVE)).status_code == 204

        [revoked] = await hall.told("session-revoked")
        assert revoked["session_id"] == session.id
        assert not (await hall.told("person-changed"))[-1]["active"]

    @pytest.mark.feature("ACC-10")
    @pytest.mark.parametrize("said", [None, False])
    async def test_asks_for_a_confirmation(self, hall: Hall, said: Any):
        answer = await leave(hall, EVE, confirmed=said)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body/confirmed"

    @pytest.mark.feature("ACC-10")
    async def test_takes_more_than_a_session(self, hall: Hall):
        answer = await leave(hall, EVE, current_password="a guess")

        assert problem(answer) == (422, "wrong-password")
        assert (await hall.identity.accounts.get("u-eve")).status == "active"

    @pytest.mark.feature("ACC-12")
    async def test_needs_a_successor_in_each_structure(self, hall: Hall):
        answer = await leave(hall)

        assert problem(answer) == (409, "successors-missing")
        assert answer.json()["structure_ids"] == ["s-bakery"]
        assert (await hall.identity.accounts.get("u-omar")).status == "active"

    @pytest.mark.feature("ACC-12", "ACC-13")
    async def test_hands_all_over_to_whom_it_names(self, hall: Hall):
        await hall.hear(a_creation(structure_id="s-mill", created_at=now()))
        await attached(hall)
        await attached(hall, "u-zoe", "s-mill")
        each = {"s-bakery": "u-lea", "s-mill": "u-zoe"}

        answer = await leave(
            hall, successors=[{"structure_id": s, "user_id": u} for s, u in each.items()]
        )

        assert answer.status_code == 204
        assert {one: await manager(hall, one) for one in each} == each
        assert (await hall.identity.accounts.get("u-omar")).status == "deactivated"

    @pytest.mark.feature("ACC-12", "ACC-13")
    async def test_moves_all_or_nothing_and_then_stays(self, hall: Hall):
        await hall.hear(a_creation(structure_id="s-mill", created_at=now()))
        await attached(hall)

        answer = await leave(hall, successor_id="u-lea")

        assert problem(answer) == (409, "successor-not-attached")
        assert answer.json()["structure_ids"] == ["s-mill"]
        assert await manager(hall) == "u-omar"
        assert (await hall.identity.accounts.get("u-omar")).status == "active"


class TestComeBack:
    NEW = {  # noqa: RUF012  # read only
        "password": "another long enough one",
        "question": "Mon premier animal ?",
        "answer": "Un chat",
    }

    async def left(self, hall: Hall, days: int = 0) -> None:
        """Eve has left so many days ago."""
        assert (await leave(hall, EVE)).status_code == 204
        at = days_ago(days)
        await hall.identity.accounts.documents.update_one(
            {"_id": "u-eve"}, {"$set": {"deactivated_at": at, "password_hash": ""}}
        )

    async def ask(self, hall: Hall, email: str = "eve@example.org") -> Response:
        path = "/v1/accounts/reactivation-links"
        return await hall.call("POST", path, Caller(), json={"email": email})

    async def token(self, hall: Hall) -> str:
        link = (await hall.identity.accounts.get("u-eve")).links[-1]
        return sign_link(
            hall.service.settings.link_key.get_secret_value(),
            purpose="reactivation",
            user_id="u-eve",
            nonce=link.nonce,
            expires_at=link.expires_at,
        )

    async def come_back(self, hall: Hall, **but: Any) -> Response:
        token = but.pop("token", None) or await self.token(hall)
        body = self.NEW | {"token": token} | but
        return await hall.call("POST", "/v1/accounts/reactivation", Caller(), json=body)

    @pytest.mark.feature("ACC-15", "ACC-16", "ACC-17")
    async def test_opens_the_account_once_as_it_was(self, hall: Hall):
        await attached(hall, "u-eve")
        before = await hall.membership.rattachements.get(rattachement_id("u-eve", "s-bakery"))
        await self.left(hall, days=60)
        await self.ask(hall)
        token = await self.token(hall)

        first = await self.come_back(hall)
        again = await self.come_back(hall, token=token) if first.is_success else first

        eve = await hall.identity.accounts.get("u-eve")
        assert (first.status_code, eve.status, eve.manages) == (200, "active", 0)
        assert eve.secret_question is not None
        assert problem(again) == (422, "link-no-longer-valid")
        after = await hall.membership.rattachements.get(before.id)
        assert after == before

    @pytest.mark.feature("ACC-16", "ACC-18")
    @pytest.mark.parametrize("days", [0, 61])
    async def test_is_asked_for_with_the_same_answer_whoever_asks(self, hall: Hall, days: int):
        await self.left(hall, days)

        answers = [await self.ask(hall, f"{who}@example.org") for who in ("eve", "omar", "who")]

        assert {(one.status_code, one.text) for one in answers} == {(202, answers[0].text)}
        assert await hall.told("link-requested") == []
        sent = [one["user_id"] for one in await hall.told("link-requested", 2)]
        later = [one["user_id"] for one in await hall.told("reactivation-refused")]
        assert "consistency-token" not in answers[0].headers
        assert (sent, later) == (([], ["u-eve"]) if days else (["u-eve"], []))

    async def send_back(self, hall: Hall, caller: Caller = DESK, **but: Any) -> Response:
        body = {"email": "Eve@example.org", "reason": "Retour de congé"} | but
        return await hall.call("POST", "/v1/ops/accounts/reactivation-links", caller, json=body)

    @pytest.mark.feature("ACC-18")
    async def test_is_possible_with_a_link_of_the_desk_however_late(self, hall: Hall):
        await self.left(hall, days=400)
        await self.ask(hall)
        assert await hall.told("link-requested", 2) == []

        sent = await self.send_back(hall)

        assert (sent.status_code, sent.json()) == (202, {"status": "accepted"})
        [letter] = await hall.told("link-requested", 2)
        assert (letter["purpose"], letter["reason"]) == ("reactivation", "Retour de congé")
        trail = [(one["action"], one["by"]) for one in await hall.told("account-changed")]
        assert trail == [("deactivated", "u-eve"), ("reactivation-sent", "u-desk")]
        assert (await self.come_back(hall)).status_code == 200
        assert (await hall.identity.accounts.get("u-eve")).status == "active"

    @pytest.mark.feature("ACC-18")
    async def test_is_too_late_without_the_desk_even_with_an_older_link(self, hall: Hall):
        await self.left(hall)
        await self.ask(hall)
        await hall.identity.accounts.documents.update_one(
            {"_id": "u-eve"}, {"$set": {"deactivated_at": days_ago(61)}}
        )

        assert problem(await self.come_back(hall)) == (409, "too-late-to-reactivate")

    async def test_by_the_desk_is_of_accounts_that_are_deactivated(self, hall: Hall):
        assert problem(await self.send_back(hall)) == (409, "nothing-to-reactivate")
        assert problem(await self.send_back(hall, email="who@example.org")) == (404, "not-found")
        assert problem(await self.send_back(hall, reason=" ")) == (422, "invalid")
        assert problem(await self.send_back(hall, OMAR)) == (403, "operators-only")

    @pytest.mark.feature("ACC-17")
    @pytest.mark.parametrize(
        ("but", "refused"),
        [
            ({"password": "a long enough one"}, "password-used-before"),
            ({"password": "short"}, "password-refused"),
            ({"answer": "x"}, "answer-too-easy"),
            ({"question": None}, "invalid"),
        ],
    )
    async def test_refuses_what_is_not_new_or_too_easy(
        self, hall: Hall, but: dict[str, Any], refused: str
    ):
        await self.left(hall)
        await hall.identity.accounts.documents.update_one(
            {"_id": "u-eve"},
            {"$set": {"password_hash": await CountedPasswords().hash("a long enough one")}},
        )
        await self.ask(hall)

        assert problem(await self.come_back(hall, **but)) == (422, refused)
        assert (await hall.identity.accounts.get("u-eve")).status == "deactivated"

    @pytest.mark.feature("ACC-17")
    async def test_lets_nobody_try_passwords_with_its_link(self, hall: Hall):
        await self.left(hall)
        known = await CountedPasswords().hash("a long enough one")
        await hall.identity.accounts.documents.update_one(
            {"_id": "u-eve"}, {"$set": {"password_hash": known}}
        )
        await self.ask(hall)

        used = [await self.come_back(hall, password="a long enough one") for _ in range(6)]
        locked = await self.come_back(hall)

        assert [one.status_code for one in used] == [422] * 5 + [429]
        assert problem(locked) == (429, "too-many-attempts")
        assert int(locked.headers["retry-after"]) > 3000
