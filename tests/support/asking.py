"""What several tests of the support service ask over HTTP."""

from typing import Any

from tests.support.desk import Desk, a_ticket

NOBODYS = "f" * 32


async def written(desk: Desk, user: str = "ana", **but: Any) -> dict[str, Any]:
    answer = await desk.by(user).post("/v1/tickets", json=a_ticket(**but))
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["pointer"] for error in answer.json()["errors"]]
