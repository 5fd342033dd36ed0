"""Written exchanges, over HTTP on a real database."""

import asyncio
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

import pytest

from kit.workers import Timer
from tests.support.asking import pointers
from tests.support.desk import MINE, Desk

OPEN_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CLOSED_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents are there at any hour."""
    del desk
    monkeypatch.setattr("services.support.conversing.Conversing.hours", lambda _: (OPEN_AT, True))


async def begun(desk: Desk, user: str = "ana", text: str = "Mon compte ?") -> str:
    asked = {"theme": "COMPTE", "text": text}
    answer = await desk.by(user).post("/v1/exchanges", json=asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def heard(desk: Desk, id: str, user: str, after: int = 0, wait: int = 0) -> Any:
    path = f"/v1/exchanges/{id}/messages?after={after}&wait={wait}"
    answer = await desk.by(user, operator=user == "olga").get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def say(desk: Desk, id: str, user: str, text: str) -> Any:
    path = f"/v1/exchanges/{id}/messages"
    return await desk.by(user, operator=user == "olga").post(path, json={"text": text})


async def take(desk: Desk, id: str, agent: str = "olga") -> Any:
    return await desk.by(agent, operator=True).put(f"/v1/ops/exchanges/{id}/agent")


class TestExchanges:
    @pytest.mark.feature("SUP-03")
    async def test_are_written_in_order_seen_by_both_and_kept_in_the_ticket(self, desk: Desk):
        id = await begun(desk)
        olga = desk.by("olga", operator=True)
        [waiting] = (await olga.get("/v1/ops/exchanges")).json()["items"]
        assert (waiting["id"], waiting["question"]) == (id, "Mon compte ?")
        assert (await take(desk, id)).json()["state"] == "live"
        for user, text in (("olga", "Bonjour"), ("ana", "Il est bloqué"), ("olga", "Une heure")):
            assert (await say(desk, id, user, text)).status_code == 201
        closing = {"answer": "Attendez une heure."}
        ended = await olga.put(f"/v1/exchanges/{id}/end", json=closing)
        again = await olga.put(f"/v1/exchanges/{id}/end", json=closing)
        other = await olga.put(f"/v1/exchanges/{id}/end", json={"answer": "Deux heures."})

        seen = await heard(desk, id, "ana")
        assert [one["text"] for one in seen["items"]] == ["Bonjour", "Il est bloqué", "Une heure"]
        assert [one["mine"] for one in seen["items"]] == [False, True, False]
        assert (seen["state"], ended.json()["end"]) == ("over", "ended")
        assert (again.json(), other.status_code) == (ended.json(), 409)
        async with desk.by() as ana:
            ticket = (await ana.get(f"/v1/tickets/{id}")).json()
            activity = (await ana.get(f"/v1/tickets/{id}/activity")).json()["items"]
        assert ticket["state"] == "resolved"
        assert [one["text"] for one in activity[:4]] == [
            "Attendez une heure.",
            "Une heure",
            "Il est bloqué",
            "Bonjour",
        ]

    @pytest.mark.feature("SUP-03")
    async def test_are_seen_as_they_are_written_and_lose_nothing_to_who_comes_back(
        self, desk: Desk
    ):
        id = await begun(desk)
        await take(desk, id)
        waiting = asyncio.create_task(heard(desk, id, "ana", wait=10))
        await asyncio.sleep(0.1)
        began = perf_counter()
        await say(desk, id, "olga", "un")
        [first] = (await waiting)["items"]
        assert perf_counter() - began < 5

        for text in ("deux", "trois"):
            await say(desk, id, "olga", text)
        back = await heard(desk, id, "ana", after=first["position"], wait=10)
        assert [one["text"] for one in back["items"]] == ["deux", "trois"]

    async def test_wake_readers_for_what_another_process_has_kept(self, desk: Desk):
        id = await begun(desk)
        await take(desk, id)
        looking = asyncio.create_task(desk.conversing.waiting.run(desk.service.committer))
        waiting = asyncio.create_task(heard(desk, id, "ana", wait=10))
        await asyncio.sleep(0.1)
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.setattr(desk.conversing.waiting, "ring", lambda _: None)
            await say(desk, id, "olga", "un")
        [one] = (await asyncio.wait_for(waiting, 5))["items"]
        looking.cancel()
        assert one["text"] == "un"

    async def test_keep_nobody_waiting_where_there_is_no_room(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        id = await begun(desk)
        waiting = desk.conversing.waiting
        polls = [asyncio.create_task(heard(desk, id, "ana", wait=10)) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert (await asyncio.wait_for(heard(desk, id, "ana", wait=10), 2))["items"] == []
        monkeypatch.setattr(waiting, "_most", 2)
        assert (await asyncio.wait_for(heard(desk, id, "olga", wait=10), 2))["items"] == []

        await say(desk, id, "ana", "Alors ?")
        assert [len(one["items"]) for one in await asyncio.gather(*polls)] == [1, 1]
        assert waiting._readers.total() == 0
        assert waiting._bells == {}

    async def test_show_their_question_in_lists_only_while_they_wait(self, desk: Desk):
        id = await begun(desk)
        async with desk.by("olga", operator=True) as olga:
            [queued] = (await olga.get("/v1/ops/exchanges")).json()["items"]
            await take(desk, id)
            [live] = (await olga.get("/v1/ops/exchanges?state=live")).json()["items"]
        assert (queued["question"] != "", live["question"]) == (True, "")

    @pytest.mark.feature("SUP-03")
    async def test_have_one_agent(self, desk: Desk):
        id = await begun(desk)
        answers = await asyncio.gather(*(take(desk, id, one) for one in ("olga", "oscar")))

        assert sorted(one.status_code for one in answers) == [200, 409]
        [late] = [one.json() for one in answers if one.status_code == 409]
        assert late["type"] == "/problems/taken-by-another"

    @pytest.mark.feature("SUP-03")
    async def test_are_a_ticket_at_once_where_nobody_is_there(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(
            "services.support.conversing.Conversing.hours", lambda _: (CLOSED_AT, False)
        )
        id = await begun(desk)
        async with desk.by() as ana:
            exchange = (await ana.get(f"/v1/exchanges/{id}")).json()
            ticket = (await ana.get(f"/v1/tickets/{id}")).json()
        assert (exchange["state"], exchange["end"]) == ("over", "closed")
        assert (ticket["state"], ticket["description"]) == ("open", "Mon compte ?")
        assert await begun(desk) != id

    async def test_are_one_at_a_time(self, desk: Desk):
        id = await begun(desk)
        asked = {"theme": "COMPTE", "text": "Encore"}
        async with desk.by() as ana:
            refused = await ana.post("/v1/exchanges", json=asked)
            await ana.put(f"/v1/exchanges/{id}/end", json={})
            again = await ana.post("/v1/exchanges", json=asked)
        assert (refused.status_code, refused.json()["exchange_id"]) == (409, id)
        assert again.status_code == 201

    async def test_are_taken_as_they_were_read(self, desk: Desk):
        id = await begun(desk)
        path, agent = f"/v1/exchanges/{id}", f"/v1/ops/exchanges/{id}/agent"
        async with desk.by("olga", operator=True) as olga:
            read = {"if-match": (await olga.get(path)).headers["etag"]}
            await say(desk, id, "ana", "Encore ceci")
            stale = await olga.put(agent, headers=read)
            waiting = await olga.get(path)
            taken = await olga.put(agent, headers={"if-match": waiting.headers["etag"]})

        assert (stale.status_code, waiting.json()["state"]) == (412, "queued")
        assert (taken.status_code, taken.json()["state"]) == (200, "live")

    async def test_end_as_they_were_read(self, desk: Desk):
        id = await begun(desk)
        await take(desk, id)
        path = f"/v1/exchanges/{id}"
        async with desk.by("olga", operator=True) as olga:
            read = {"if-match": (await olga.get(path)).headers["etag"]}
            await say(desk, id, "ana", "Encore ceci")
            said = {"json": {"answer": "Voilà."}}
            stale = await olga.put(f"{path}/end", **said, headers=read)
            read = {"if-match": (await olga.get(path)).headers["etag"]}
            ended = await olga.put(f"{path}/end", **said, headers=read)

        assert (stale.status_code, ended.status_code) == (412, 200)
        assert ended.headers["etag"] != read["if-match"]

    async def test_are_no_business_of_others(self, desk: Desk):
        id = await begun(desk)
        async with desk.by("bob") as bob:
            answers = [
                await bob.get(f"/v1/exchanges/{id}"),
                await bob.get(f"/v1/exchanges/{id}/messages?wait=10"),
                await bob.post(f"/v1/exchanges/{id}/messages", json={"text": "Coucou"}),
                await bob.put(f"/v1/exchanges/{id}/end", json={}),
            ]
            queue = await bob.get("/v1/ops/exchanges")
            taken = await bob.put(f"/v1/ops/exchanges/{id}/agent")
        assert [one.status_code for one in answers] == [404] * 4
        assert [queue.status_code, taken.status_code] == [403, 403]

    @pytest.mark.feature("SUP-42")
    async def test_are_no_longer_heard_nor_in_the_way_once_their_author_has_left(self, desk: Desk):
        asked = {"theme": "COMPTE", "text": "Pour eux", "structure_id": MINE}
        id = (await desk.by().post("/v1/exchanges", json=asked)).json()["id"]
        await take(desk, id)
        ana = desk.by()
        waiting = asyncio.create_task(ana.get(f"/v1/exchanges/{id}/messages?wait=10"))
        await asyncio.sleep(0.1)
        await desk.hear_rights("ana", MINE, until=date(2026, 1, 1))
        assert (await say(desk, id, "olga", "Secret")).status_code == 201

        answers = [
            await waiting,
            await ana.get(f"/v1/exchanges/{id}"),
            await ana.get(f"/v1/exchanges/{id}/messages"),
            await ana.put(f"/v1/exchanges/{id}/end", json={}),
        ]
        assert [one.status_code for one in answers] == [404] * 4
        assert await begun(desk) != id
        assert (await desk.conversing.exchanges.get(id)).end == "left"
        again = await ana.post("/v1/exchanges", json={"theme": "COMPTE", "text": "Encore"})
        assert again.status_code == 409

    async def test_go_over_to_the_agent_who_takes_over_and_end_with_their_ticket(self, desk: Desk):
        id = await begun(desk)
        await take(desk, id, "oscar")
        olga, ana = desk.by("olga", operator=True), desk.by()
        over = await olga.put(f"/v1/tickets/{id}/assignment?instead_of=oscar")
        assert over.status_code == 200, over.text
        assert (await say(desk, id, "olga", "Je reprends")).status_code == 201
        path = f"/v1/exchanges/{id}/messages"
        late = await desk.by("oscar", operator=True).post(path, json={"text": "Encore moi"})
        assert late.json()["type"] == "/problems/not-taken-yet"

        position = (await heard(desk, id, "ana"))["items"][-1]["position"]
        waiting = asyncio.create_task(heard(desk, id, "ana", after=position, wait=10))
        await asyncio.sleep(0.1)
        assert (await ana.put(f"/v1/tickets/{id}/closure")).status_code == 200
        assert (await asyncio.wait_for(waiting, 2))["state"] == "over"
        refused = await ana.post(path, json={"text": "Alors ?"})
        assert (refused.status_code, refused.json()["end"]) == (409, "settled")
        assert await begun(desk) != id

    async def test_are_given_up_once_no_agent_has_come(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        id = await begun(desk)
        conversing = desk.conversing
        timer = desk.job("exchanges", Timer)
        exchange = await conversing.exchanges.get(id)
        later = exchange.wake_at
        monkeypatch.setattr("services.support.conversing.now", lambda: later)
        for _ in range(2):
            await desk.service.committer.keep(timer.wake(exchange))
        assert (await conversing.exchanges.get(id)).end == "nobody"
        assert await conversing.seats.select({}) == []

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("theme", "X"),
            ("theme", {"$ne": ""}),
            ("text", ""),
            ("text", "x" * 2001),
            ("text", "\x1b[2J"),
            ("text", "\u200b"),
            ("structure_id", "../x"),
            ("agent_id", "ana"),
        ],
    )
    async def test_name_a_field_that_is_wrong(self, desk: Desk, field: str, value: Any):
        asked = {"theme": "COMPTE", "text": "Bonjour"} | {field: value}
        refused = await desk.by().post("/v1/exchanges", json=asked)
        assert pointers(refused) == [f"/body/{field}"]

    async def test_wait_no_longer_than_the_gateway(self, desk: Desk):
        id = await begun(desk)
        for query in ("wait=11", "wait=-1", "after=-1", "after=x"):
            refused = await desk.by().get(f"/v1/exchanges/{id}/messages?{query}")
            assert refused.status_code == 422
