"""What operators read about letters."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.support import FormSent
from kit.clock import now, today
from services.notifications.rendering import REMOVED
from tests.approvals.stage import soon
from tests.notifications.conftest import World
from tests.notifications.telling import a_link, a_refusal, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/ops/letters"


async def listed(world: World, **query: Any) -> dict[str, Any]:
    answer = await world.stage.by("u-ops", operator=True).get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until_sent(world: World, n: int) -> None:
    async def all_sent() -> bool:
        return len((await listed(world, status="sent", size=100))["items"]) == n

    await soon(all_sent)


class TestListLetters:
    async def test_shows_what_was_written_and_what_became_of_it(self, world: World):
        await world.stage.hear(somebody(), a_refusal())
        await until_sent(world, 1)

        [item] = (await listed(world))["items"]

        assert item["id"] == "r-1:refused"
        assert (item["recipient_id"], item["address"]) == ("u-lea", "l***@example.org")
        assert item["subject"] == "Votre demande de rattachement est refusée (Menuiserie Petit)"
        assert (item["status"], item["attempts"]) == ("sent", 1)
        assert item["sent_at"]
        assert "Inconnue ici" not in str(item)

    @pytest.mark.parametrize("purpose", ["activation", "password-reset"])
    async def test_gives_no_link_away(self, world: World, purpose: Any):
        await world.stage.hear(somebody(), a_link(purpose=purpose))
        await until_sent(world, 1)

        operator = world.stage.by("u-ops", operator=True)
        answer = await operator.get(PATH)
        read = await operator.get(f"{PATH}/{answer.json()['items'][0]['id']}")

        assert REMOVED["fr"] in read.json()["text"]
        for shown in (answer.text, read.text):
            assert "token=" not in shown
            assert "://" not in shown
            assert "lea@example.org" not in shown

    async def test_filters_by_status(self, world: World):
        world.post.says = ["554 no"]
        await world.stage.hear(somebody(), a_refusal("r-1"))
        await soon(lambda: _failed(world))
        await world.stage.hear(a_refusal("r-2"))
        await until_sent(world, 1)

        assert [one["id"] for one in (await listed(world, status="failed"))["items"]] == [
            "r-1:refused"
        ]
        assert (await listed(world, status="waiting"))["items"] == []

    async def test_is_complete_page_by_page_newest_first(self, world: World):
        at = now()
        ages = {"r-1": 3, "r-2": 2, "r-3": 2, "r-4": 1, "r-5": 0}
        await world.stage.hear(
            somebody(),
            *(a_refusal(id, refused_at=at - timedelta(hours=age)) for id, age in ages.items()),
        )
        seen, cursor = [], ""
        while cursor is not None:
            one = await listed(world, cursor=cursor)
            seen.append([item["id"].partition(":")[0] for item in one["items"]])
            cursor = one["next"]

        assert seen == [["r-5", "r-4"], ["r-3", "r-2"], ["r-1"]]

    async def test_shows_letters_to_somebody_not_yet_known(self, world: World):
        await world.stage.hear(a_refusal("r-9", user_id="u-nobody"))

        [item] = (await listed(world))["items"]

        assert (item["address"], item["status"]) == (None, "waiting")

    @pytest.mark.parametrize(("user", "status"), [("u-lea", 403), ("", 401)])
    async def test_is_for_operators_only(self, world: World, user: str, status: int):
        assert (await world.stage.by(user).get(PATH)).status_code == status

    @pytest.mark.parametrize("query", [{"status": "king"}, {"size": -1}, {"cursor": "x"}])
    async def test_refuses_what_it_cannot_read(self, world: World, query: Any):
        answer = await world.stage.by("u-ops", operator=True).get(PATH, params=query)

        assert answer.status_code == 422


class TestReadLetter:
    async def test_shows_its_words_and_records_who_has_read_them_once(self, world: World):
        await world.stage.hear(somebody(), a_refusal())
        await until_sent(world, 1)
        began = now()
        before = (await world.stage.by("u-lea").get("/v1/me/letters")).json()["items"][0]

        for by in ("u-ops", "u-ops", "u-max"):
            path = f"{PATH}/r-1:refused"
            read = (await world.stage.by(by, operator=True).get(path)).json()

        [kept] = await world.stage.service.mongo["letters"].find().to_list(None)
        after = (await world.stage.by("u-lea").get("/v1/me/letters")).json()["items"][0]
        assert "> Inconnue ici" in read["text"]
        assert [one["by"] for one in kept["consulted"]] == ["u-ops", "u-max"]
        # Whom it is for sees that it was read, and when first.
        assert before["consulted_at"] is None
        assert datetime.fromisoformat(after["consulted_at"]) >= began - timedelta(milliseconds=1)

    async def test_of_which_there_is_none_is_not_found(self, world: World):
        operator = world.stage.by("u-ops", operator=True)

        assert (await operator.get(f"{PATH}/nothing")).status_code == 404


class TestRetries:
    PATH = f"{PATH}/retries"

    async def asked(self, world: World, **query: Any) -> dict[str, Any]:
        operator = world.stage.by("u-ops", operator=True)
        answer = await operator.post(self.PATH, params=query)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    @pytest.mark.feature("NOT-15")
    async def test_of_all_that_failed_go_page_by_page_and_each_letter_leaves_once(
        self, world: World
    ):
        world.post.says = ["554 5.7.1 not from you"] * 3
        await world.stage.hear(somebody(), *(a_refusal(f"r-{n}") for n in range(3)))
        await soon(lambda: _failed(world, 3))

        first = await self.asked(world, size=2)
        rest = await self.asked(world, size=2, cursor=first["next"])
        again = await self.asked(world)
        await until_sent(world, 3)

        assert (first["count"], rest["count"], rest["next"]) == (2, 1, None)
        assert again["count"] == 0
        assert len(world.post.taken) == 3

    async def test_may_be_of_some_days_alone(self, world: World):
        world.post.says = ["554 5.7.1 not from you"]
        await world.stage.hear(somebody(), a_refusal())
        await soon(lambda: _failed(world, 1))

        before = await self.asked(world, created_until=today() - timedelta(days=1))
        since = await self.asked(world, created_from=today(), created_until=today())

        assert (before["count"], since["count"]) == (0, 1)

    async def test_leave_a_letter_that_nobody_knows_whom_it_was_for(self, world: World):
        sent = FormSent(
            ticket_id="t-1",
            number="CPROCS0000001",
            email="nina@example.org",
            nonce="n-1",
            expires_at=now() + timedelta(hours=1),
        )
        await world.stage.hear(sent)
        await until_sent(world, 1)
        [id] = [one["id"] for one in (await listed(world))["items"]]
        await world.stage.service.mongo["letters"].update_one(
            {"_id": id}, {"$set": {"status": "failed"}}
        )

        assert (await self.asked(world))["count"] == 0
        operator = world.stage.by("u-ops", operator=True)
        one = await operator.post(f"{PATH}/{id}/retry")
        assert (one.status_code, one.json()["type"]) == (409, "/problems/not-to-be-sent-again")


class TestSuppressedAddresses:
    PATH = "/v1/ops/suppressed-addresses"

    async def a_refused_letter(self, world: World) -> dict[str, Any]:
        world.post.says = ["550 5.1.1 <lea@example.org>: no such user"]
        await world.stage.hear(somebody(), a_refusal("r-1"))
        await soon(lambda: _failed(world))
        [item] = (await self.asked(world)).json()["items"]
        return dict(item)

    async def asked(self, world: World, method: str = "GET", path: str = "") -> Any:
        operator = world.stage.by("u-ops", operator=True)
        return await operator.request(method, f"{self.PATH}{path}")

    @pytest.mark.feature("NOT-15")
    async def test_are_listed_and_counted_for_operators_and_name_no_address(self, world: World):
        item = await self.a_refused_letter(world)

        assert item["address"] == "l***@example.org"
        assert (item["user_id"], item["letter_id"]) == ("u-lea", "r-1:refused")
        assert item["answer"] == "550 5.1.1 <l***@example.org>: no such user"
        assert (await self.asked(world, path="/count")).json() == {"count": 1}
        await world.stage.hear(somebody(version=2, email="new@example.org"))
        [later] = (await self.asked(world)).json()["items"]
        assert later["address"] is None

    @pytest.mark.feature("NOT-15")
    async def test_are_restored_and_what_was_given_up_is_sent_again(self, world: World):
        item = await self.a_refused_letter(world)

        first, again = [await self.asked(world, "DELETE", f"/{item['id']}") for _ in "ab"]
        operator = world.stage.by("u-ops", operator=True)
        retried = await operator.post(f"{PATH}/r-1:refused/retry")
        await until_sent(world, 1)
        late = await operator.post(f"{PATH}/r-1:refused/retry")

        assert (first.status_code, again.status_code) == (204, 204)
        assert (await self.asked(world, path="/count")).json() == {"count": 0}
        assert (retried.status_code, retried.json()["status"]) == (202, "waiting")
        assert late.status_code == 409
        assert len(world.post.taken) == 1

    async def test_that_are_none_are_not_found(self, world: World):
        assert (await self.asked(world, "DELETE", f"/{'0' * 32}")).status_code == 404
        operator = world.stage.by("u-ops", operator=True)
        assert (await operator.post(f"{PATH}/nothing/retry")).status_code == 404


class TestPreview:
    async def test_shows_every_letter_in_each_of_its_languages(self, world: World):
        operator = world.stage.by("u-ops", operator=True)
        listed = (await operator.get("/v1/ops/letter-templates")).json()

        assert {"template": "activation", "languages": ["fr", "en"]} in listed
        for one in listed:
            path = f"/v1/ops/letter-templates/{one['template']}/preview"
            for language in one["languages"]:
                shown = (await operator.get(path, params={"language": language})).json()
                assert f'<html lang="{language}">' in shown["html"]
                assert shown["subject"]
                assert shown["text"]

    async def test_refuses_what_there_is_none_of(self, world: World):
        operator = world.stage.by("u-ops", operator=True)
        templates = "/v1/ops/letter-templates"

        for path in (f"{templates}/x/preview", f"{templates}/code/preview?language=de"):
            assert (await operator.get(path)).status_code == 422


async def _failed(world: World, n: int = 1) -> Any:
    found = (await listed(world, status="failed", size=100))["items"]
    return found if len(found) == n else []
