"""Claims, over HTTP."""

import pytest

from contracts.approvals import ApproverMissing
from contracts.notifications import VacancyNoticeReturned
from kit.clock import now
from tests.users.hall import EVE, LEA, ZOE, Hall, problem
from tests.users.managing_api import CLAIMS, DESK, attached, claim, manager, notified, prove
from tests.users.rattaching import a_creation


class TestClaim:
    @pytest.fixture(autouse=True)
    async def mill(self, hall: Hall) -> None:
        """Imported, and managed by nobody."""
        await hall.hear(a_creation(structure_id="s-mill", created_by=None, created_at=now()))

    async def test_makes_who_shows_the_code_the_manager_of_what_nobody_manages(self, hall: Hall):
        id = (await claim(hall)).json()["id"]

        wrong = await prove(hall, id, wrong=True)
        right = await prove(hall, id)
        again = await prove(hall, id)

        assert problem(wrong) == (422, "wrong-code")
        assert (right.json()["state"], again.json()["state"]) == ("granted", "granted")
        assert await manager(hall, "s-mill") == "u-lea"
        assert len(await hall.told("vacancy-code-requested")) == 1
        assert len(await hall.told("vacancy-claim-settled")) == 1

    async def test_gives_an_absent_manager_time_to_object(self, hall: Hall):
        id = (await claim(hall, structure_id="s-garage")).json()["id"]

        hidden = await hall.call("PUT", f"{CLAIMS}/{id}/objection", ZOE)
        proved = await prove(hall, id)
        others = await hall.call("PUT", f"{CLAIMS}/{id}/objection", LEA)
        strangers = await hall.call("PUT", f"{CLAIMS}/{id}/objection", EVE)
        objected = await hall.call("PUT", f"{CLAIMS}/{id}/objection", ZOE)

        assert proved.json()["state"] == "proved"
        assert [one.status_code for one in (hidden, others, strangers)] == [404, 403, 404]
        assert objected.json()["state"] == "objected"
        assert await manager(hall, "s-garage") == "u-zoe"

    async def test_is_granted_when_nobody_has_objected_in_time(self, hall: Hall):
        id = (await claim(hall, structure_id="s-garage")).json()["id"]
        await prove(hall, id)
        await notified(hall, id)
        await hall.membership.claims.documents.update_one({"_id": id}, {"$set": {"wake_at": now()}})

        async def granted() -> bool:
            return (await hall.membership.claims.get(id)).state == "granted"

        async with hall.working():
            await hall.until(granted)

        assert await manager(hall, "s-garage") == "u-lea"
        former = await hall.membership.rattachements.get("u-zoe:s-garage")
        assert former.role == "user"

    async def test_is_left_to_the_desk_when_the_notice_came_back(self, hall: Hall):
        id = (await claim(hall, structure_id="s-garage")).json()["id"]
        await prove(hall, id)
        await notified(hall, id)
        returned = VacancyNoticeReturned(
            letter_id="l", claim_id=id, manager_id="u-zoe", returned_at=now()
        )
        await hall.hear(returned)
        path = f"/v1/ops{CLAIMS.removeprefix('/v1')}"

        waiting = await hall.get(path, DESK)
        decided = await hall.call(
            "PUT", f"{path}/{id}/decision", DESK, json={"verdict": "confirmed"}
        )

        assert [(one["id"], one["state"]) for one in waiting["items"]] == [(id, "desk")]
        assert decided.json()["state"] == "granted"
        assert await manager(hall, "s-garage") == "u-lea"

    async def test_by_documents_is_for_the_desk(self, hall: Hall):
        made = await claim(hall, proof="documents", reference="CPROCS0000001")
        path = f"/v1/ops{CLAIMS.removeprefix('/v1')}"

        waiting = await hall.get(path, DESK)
        decided = await hall.call(
            "PUT", f"{path}/{made.json()['id']}/decision", DESK, json={"verdict": "confirmed"}
        )

        assert [one["reference"] for one in waiting["items"]] == ["CPROCS0000001"]
        assert decided.json()["state"] == "granted"
        assert (await hall.get(path, DESK))["items"] == []
        assert [one["id"] for one in (await hall.get(CLAIMS, LEA))["items"]] == [made.json()["id"]]
        assert (await hall.call("GET", f"{CLAIMS}/{made.json()['id']}", EVE)).status_code == 404

    async def test_is_counted(self, hall: Hall):
        answers = [await claim(hall, proof="documents") for _ in range(4)]

        assert [one.status_code for one in answers] == [202, 202, 202, 429]

    async def test_is_told_to_whoever_another_service_asks_for(self, hall: Hall):
        await attached(hall, "u-lea", "s-mill")
        asked = {"approval_id": "m-1", "kind": "mandate", "requester_id": "u-lea"}
        missing = ApproverMissing(**asked, structure_id="s-mill", noticed_at=now())
        foreign = missing.model_copy(update={"approval_id": "m-2", "requester_id": "u-eve"})

        await hall.hear(missing, foreign)

        [told] = await hall.told("request-blocked")
        assert (told["request_id"], told["user_id"]) == ("m-1", "u-lea")

    async def test_follows_a_question_that_nobody_answers(self, hall: Hall):
        missing = ApproverMissing(approval_id="r-1", structure_id="s-mill", noticed_at=now())

        await hall.hear(missing, missing)

        [told] = await hall.told("vacancy-opened")
        assert told["structure_id"] == "s-mill"
