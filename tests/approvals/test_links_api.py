"""Answering from a letter, and at the desk."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.users import AccountChanged
from kit.clock import now
from kit.links import sign_link
from kit.service import Service
from services.approvals.main import build
from services.approvals.settings import ApprovalsSettings
from tests.approvals.asking import a_person, a_request, lea, rights
from tests.approvals.stage import Stage
from tests.conftest import settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

OMAR = a_person("u-omar", "Omar", "Petit")


def a_link(stage: Stage, user: str = "u-omar", **but: Any) -> str:
    said = {"purpose": "approval", "nonce": "r-1", "made_at": now()}
    said |= {"expires_at": now() + timedelta(days=1)} | but
    key = stage.service.settings.link_key.get_secret_value()
    return sign_link(key, user_id=user, **said)


def changed(action: str, seconds: float = 0) -> AccountChanged:
    at = now() + timedelta(seconds=seconds)
    return AccountChanged(user_id="u-omar", action=action, by="u-omar", changed_at=at)


async def look(stage: Stage, token: str) -> httpx.Response:
    return await stage.by().get("/v1/approval-link", params={"token": token})


async def answer(stage: Stage, token: str, **but: Any) -> httpx.Response:
    said = {"token": token, "verdict": "approved"} | but
    return await stage.by().post("/v1/approval-link/decision", json=said)


class TestLink:
    @pytest.mark.feature("APP-13")
    async def test_shows_without_changing_anything_and_answers_once(self, stage: Stage):
        await stage.hear(rights("u-omar"), OMAR, lea(), a_request())
        token = a_link(stage)

        shown = [(await look(stage, token)).json() for _ in range(3)]
        decided = [await answer(stage, token) for _ in range(2)]

        assert [one["state"] for one in shown] == ["requested"] * 3
        assert [one.status_code for one in decided] == [200, 200]
        assert decided[0].json() == decided[1].json()
        assert decided[0].json() == {"number": shown[0]["number"], "state": "approved"}
        assert (await stage.told()).count("approvals.approval-decided.v1") == 1
        assert (await look(stage, token)).status_code == 409
        assert (await answer(stage, token, verdict="refused", reason="Non")).status_code == 409

    @pytest.mark.feature("APP-15")
    async def test_gives_no_right_that_has_ended(self, stage: Stage):
        await stage.hear(rights("u-omar"), rights("u-new"), OMAR, lea(), a_request())
        token = a_link(stage)
        await stage.hear(rights("u-omar", role="user", version=2))

        assert (await look(stage, token)).status_code == 404
        assert (await answer(stage, token)).status_code == 404

    async def test_is_worth_nothing_to_who_has_left_or_asked_themselves(self, stage: Stage):
        await stage.hear(rights("u-omar"), rights("u-lea"), lea(), a_request())
        await stage.hear(a_person("u-omar", "Omar", "Petit", active=False))

        assert (await answer(stage, a_link(stage))).status_code == 422
        assert (await answer(stage, a_link(stage, "u-lea"))).status_code == 403
        assert (await answer(stage, a_link(stage, "u-nobody"))).status_code == 422

    async def test_is_void_once_its_account_was_made_safe_by_whatever_means(self, stage: Stage):
        await stage.hear(rights("u-omar"), OMAR, lea(), a_request())
        before, after = a_link(stage), a_link(stage, made_at=now() + timedelta(seconds=2))
        unsaid = a_link(stage, made_at=None)
        await stage.hear(
            changed("login-changed", -60), a_person("u-omar", "Omar", "Petit", version=2)
        )
        assert (await look(stage, before)).status_code == 200

        await stage.hear(changed("password-changed"), changed("login-changed", -60))

        for refused in (await look(stage, before), await answer(stage, before)):
            assert refused.json()["type"] == "/problems/link-invalid"
        assert (await look(stage, unsaid)).status_code == 422
        assert (await look(stage, after)).status_code == 200

    async def test_is_void_once_what_was_done_to_the_account_cannot_be_read(self, stage: Stage):
        await stage.hear(rights("u-omar"), OMAR, lea(), a_request())
        token = a_link(stage)

        await stage.mishear(changed("password-changed"))

        assert (await look(stage, token)).status_code == 422

    async def test_opens_nothing_where_letters_carry_none(self, stage: Stage, mongo_url: str):
        await stage.hear(rights("u-omar"), OMAR, lea(), a_request())
        settings = ApprovalsSettings(**settings_for(mongo_url), approval_links=False)
        closed = Stage(stage.service, build(Service("approvals", settings)))
        foreign = a_link(stage, nonce="r-2")

        for refused in (await look(closed, a_link(stage)), await answer(closed, a_link(stage))):
            assert refused.status_code == 404
            assert refused.json()["type"] == (await look(stage, foreign)).json()["type"]

    async def test_must_be_ours_for_this_and_in_time(self, stage: Stage):
        await stage.hear(rights("u-omar"), OMAR, a_request())
        late = a_link(stage, expires_at=now() - timedelta(seconds=1))

        for token in ("nonsense", a_link(stage, purpose="activation"), late):
            refused = await answer(stage, token)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/body/token"
            unread = await look(stage, token)
            assert unread.json()["errors"][0]["pointer"] == "/query/token"
        assert (await answer(stage, a_link(stage, nonce="r-2"))).status_code == 404

    async def test_refuses_with_a_reason_alone(self, stage: Stage):
        await stage.hear(rights("u-omar"), OMAR, lea(), a_request())

        refused = await answer(stage, a_link(stage), verdict="refused")

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/body/reason"


class TestDesk:
    @pytest.mark.feature("APP-16")
    async def test_sees_and_decides_what_nobody_else_may(self, stage: Stage):
        await stage.hear(lea(), a_request(), rights("u-ana", "s-8"))
        await stage.hear(a_request("r-2", structure_id="s-8"))
        desk = stage.by("u-ops", operator=True)

        waiting = (await desk.get("/v1/ops/approvals")).json()["items"]
        said = {"verdict": "refused", "reason": "Nul ne décide dans cette structure."}
        decided = await desk.put("/v1/ops/approvals/r-1/decision", json=said)
        theirs = await desk.put("/v1/ops/approvals/r-2/decision", json=said)
        person = await stage.by("u-ops").put("/v1/ops/approvals/r-2/decision", json=said)

        assert [one["id"] for one in waiting] == ["r-1"]
        assert (decided.status_code, decided.json()["decided_by"]) == (200, "u-ops")
        assert theirs.json()["type"] == "/problems/approvers-decide"
        assert person.status_code == 403
        assert (await desk.get("/v1/ops/approvals")).json()["items"] == []

    async def test_waits_for_fresh_rights(self, stage: Stage, monkeypatch: pytest.MonkeyPatch):
        """Nobody may decide, as far as is known: somebody may have been seated meanwhile."""
        await stage.hear(lea(), a_request())
        monkeypatch.setattr(stage.service.heard, "_max_age", -1.0)
        said = {"verdict": "approved", "reason": "Personne ne répond."}

        answer = await stage.by("u-ops", operator=True).put(
            "/v1/ops/approvals/r-1/decision", json=said
        )

        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/too-stale")
        kept = await stage.service.mongo["approvals"].find_one({"_id": "r-1"})
        assert kept["state"] == "requested"
