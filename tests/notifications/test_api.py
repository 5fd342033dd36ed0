"""What operators read about letters."""

from datetime import timedelta
from typing import Any

import pytest

from kit.clock import now
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
        assert "> Inconnue ici" in item["text"]

    @pytest.mark.parametrize("purpose", ["activation", "password-reset"])
    async def test_gives_no_link_away(self, world: World, purpose: Any):
        await world.stage.hear(somebody(), a_link(purpose=purpose))
        await until_sent(world, 1)

        answer = await world.stage.by("u-ops", operator=True).get(PATH)

        assert REMOVED["fr"] in answer.json()["items"][0]["text"]
        assert "token=" not in answer.text
        assert "://" not in answer.text
        assert "lea@example.org" not in answer.text

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


async def _failed(world: World) -> Any:
    return (await listed(world, status="failed"))["items"]
