"""Deciding over HTTP, one by one and several at once."""

from typing import Any

import httpx
import pytest

from tests.approvals.answering import decide, ids
from tests.approvals.asking import a_request, rights
from tests.approvals.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestDecide:
    @pytest.mark.feature("APP-01", "APP-13")
    async def test_answers_with_the_approval_as_it_now_stands(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())

        answer = await decide(stage)

        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["decided_by"]) == ("approved", "u-omar")
        assert answer.headers["etag"] == '"2"'
        assert answer.headers["consistency-token"]
        assert await stage.told() == [
            "approvals.approval-opened.v1",
            "approvals.approval-decided.v1",
        ]

    @pytest.mark.feature("APP-20")
    async def test_tells_once_however_often_it_is_repeated(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())

        answers = [await decide(stage) for _ in range(3)]

        assert [one.status_code for one in answers] == [200, 200, 200]
        assert answers[0].json() == answers[2].json()
        tokens = {one.headers["consistency-token"] for one in answers}
        assert len(tokens) == 1  # the outcome can be read even if the first answer was lost
        assert (await stage.told()).count("approvals.approval-decided.v1") == 1

    @pytest.mark.feature("APP-13")
    async def test_is_final(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())
        await decide(stage)

        answer = await decide(stage, verdict="refused", reason="Finalement non")

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/already-decided"
        assert answer.json()["verdict"] == "approved"

    @pytest.mark.feature("APP-14")
    @pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " \n "}])
    async def test_asks_a_refusal_for_its_reason(self, stage: Stage, body: Any):
        await stage.hear(rights("u-omar"), a_request())

        answer = await decide(stage, verdict="refused", **body)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/body/reason"
        assert await ids(stage, state="requested") == ["r-1"]

    @pytest.mark.feature("APP-14")
    async def test_keeps_the_reason_of_a_refusal(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())

        answer = await decide(stage, verdict="refused", reason=" Inconnue ici ")

        assert (answer.json()["state"], answer.json()["reason"]) == ("refused", "Inconnue ici")

    async def test_is_refused_to_the_requester(self, stage: Stage):
        await stage.hear(rights("u-omar"), rights("u-lea"), a_request())

        answer = await decide(stage, "u-lea")

        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/not-your-own"

    @pytest.mark.feature("APP-15")
    async def test_ends_with_the_rights(self, stage: Stage):
        await stage.hear(rights("u-omar"), rights("u-new"), a_request())
        await stage.hear(rights("u-omar", role="user", version=2))

        assert (await decide(stage, "u-omar")).status_code == 404
        assert (await decide(stage, "u-new")).status_code == 200

    @pytest.mark.feature("APP-15")
    async def test_is_nobody_s_whose_rights_can_no_longer_be_read(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())
        await stage.mishear(rights("u-omar", version=2))

        assert (await decide(stage, "u-omar")).status_code == 404
        assert (await stage.by("u-omar").get("/v1/approvals/r-1")).status_code == 404

    async def test_holds_only_for_the_version_that_was_read(self, stage: Stage):
        await stage.hear(rights("u-omar"), rights("u-eve", "s-8"), a_request())

        stale = await decide(stage, headers={"if-match": '"7"'})
        foreign = await decide(stage, "u-eve", headers={"if-match": '"7"'})
        fresh = await decide(stage, headers={"if-match": '"1"'})

        assert [stale.status_code, foreign.status_code, fresh.status_code] == [412, 404, 200]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b'{"verdict": "maybe"}', 422),
            (b'{"verdict": {"$ne": ""}}', 422),
            (b"{}", 422),
            (b'{"verdict": "refused", "reason": 7}', 422),
            (b'{"verdict": "refused", "reason": "\\ud800"}', 422),
            (b'{"verdict": "refused", "reason": "' + b"x" * 1001 + b'"}', 422),
            (b"nonsense", 400),
            (b"\xff\xfe", 400),
        ],
    )
    async def test_refuses_what_it_cannot_read(self, stage: Stage, body: bytes, status: int):
        await stage.hear(rights("u-omar"), a_request())

        answer = await stage.by("u-omar").put(
            "/v1/approvals/r-1/decision",
            content=body,
            headers={"content-type": "application/json"},
        )

        assert answer.status_code == status, answer.text
        assert await ids(stage, state="requested") == ["r-1"]

    @pytest.mark.parametrize("id", ["r-2", "a" * 65, "%00", "r$1", "é"])
    async def test_does_not_know_what_was_never_asked(self, stage: Stage, id: str):
        await stage.hear(rights("u-omar"))

        assert (await decide(stage, id=id)).status_code in (404, 422)

    async def test_waits_for_fresh_rights(self, stage: Stage, monkeypatch: pytest.MonkeyPatch):
        await stage.hear(rights("u-omar"), a_request())
        monkeypatch.setattr(stage.service.heard, "_max_age", -1.0)

        answer = await decide(stage)

        assert answer.status_code == 503
        assert "retry-after" in answer.headers


class TestDecideSeveral:
    async def several(
        self, stage: Stage, *ids: str, by: str = "u-omar", **body: Any
    ) -> httpx.Response:
        asked = {"verdict": "approved", "approval_ids": ids} | body
        return await stage.by(by).put("/v1/approvals/decisions", json=asked)

    @pytest.mark.feature("APP-17", "APP-18", "ESP-09")
    async def test_says_what_became_of_each(self, stage: Stage):
        others = a_request("r-2"), a_request("r-3", user_id="u-omar"), a_request("r-4")
        foreign = a_request("r-5", structure_id="s-8")
        await stage.hear(rights("u-omar"), a_request(), *others, foreign)
        await decide(stage, id="r-4", verdict="refused", reason="Non.")

        answer = await self.several(stage, "r-1", "r-2", "r-3", "r-4", "r-5", "r-6")

        assert answer.status_code == 200, answer.text
        became = [one["state"] or one["problem"]["type"] for one in answer.json()]
        assert became == [
            "approved",
            "approved",
            "/problems/not-your-own",
            "/problems/already-decided",
            "/problems/not-found",
            "/problems/not-found",
        ]
        assert (await stage.told()).count("approvals.approval-decided.v1") == 3

    async def test_repeated_decides_nothing_again(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request(), a_request("r-2"))

        answers = [await self.several(stage, "r-1", "r-2") for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert (await stage.told()).count("approvals.approval-decided.v1") == 2

    @pytest.mark.parametrize(
        ("but", "field"),
        [
            ({"approval_ids": []}, "/body/approval_ids"),
            ({"approval_ids": ["r-1", "r-1"]}, "/body/approval_ids"),
            ({"approval_ids": [str(n) for n in range(501)]}, "/body/approval_ids"),
            ({"verdict": "refused"}, "/body/reason"),
        ],
    )
    async def test_says_what_is_wrong_before_deciding_any(self, stage: Stage, but, field):
        await stage.hear(rights("u-omar"), a_request())

        answer = await self.several(stage, "r-1", **but)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == field
        assert await ids(stage, state="requested") == ["r-1"]
