"""Questions, as approvers find and answer them over HTTP."""

from typing import Any

import httpx

from tests.approvals.stage import Stage


async def decide(
    stage: Stage, by: str = "u-omar", id: str = "r-1", headers: Any = None, **body: Any
) -> httpx.Response:
    body = {"verdict": "approved"} | body
    path = f"/v1/approvals/{id}/decision"
    return await stage.by(by).put(path, json=body, headers=headers)


async def ids(stage: Stage, by: str = "u-omar", **query: Any) -> list[str]:
    answer = await stage.by(by).get("/v1/approvals", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]
