"""Who reads what waits and what is over, over HTTP and on a real database."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from kit.clock import now, today
from kit.journal import slice_of
from tests.approvals.answering import decide, ids
from tests.approvals.asking import DELEGATED, a_request, lea, rights
from tests.approvals.stage import Stage, soon

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestList:
    @pytest.mark.feature("APP-01", "APP-03", "APP-06", "APP-09")
    async def test_shows_what_was_asked_to_those_who_may_decide(self, stage: Stage):
        asked = a_request(units=("COMPTA",), comment="Bonjour")
        await stage.hear(rights("u-omar"), lea(), asked)

        answer = await stage.by("u-omar").get("/v1/approvals", params={"state": "requested"})

        assert answer.json() == {
            "items": [
                {
                    "id": "r-1",
                    "number": f"RITM{slice_of('r-1'):07}",
                    "description": "Demande de rattachement à un service",
                    "changes": [],
                    "information_requested": False,
                    "kind": "rattachement",
                    "state": "requested",
                    "requester": {"id": "u-lea", "name": "Léa Martin"},
                    "structure_id": "s-9",
                    "structure_identifier": "73282932000074",
                    "structure_name": "Menuiserie Petit",
                    "units": ["COMPTA"],
                    "valid_from": today().isoformat(),
                    "valid_until": None,
                    "given": [],
                    "taken": [],
                    "comment": "Bonjour",
                    "opened_at": asked.requested_at.isoformat().replace("+00:00", "Z"),
                    "expires_at": answer.json()["items"][0]["expires_at"],
                    "answerable": True,
                    "decided_at": None,
                    "decided_by": None,
                    "reason": "",
                }
            ],
            "next": None,
            "pending": 1,
        }

    @pytest.mark.feature("APP-05")
    async def test_counts_only_what_waits_for_the_caller(self, stage: Stage):
        await stage.hear(
            rights("u-omar"),
            rights("u-eve", "s-8"),
            a_request("r-1"),
            a_request("r-2"),
            a_request("r-3", structure_id="s-8"),
        )
        before = (await stage.by("u-omar").get("/v1/approvals")).json()["pending"]
        await decide(stage, id="r-1")

        after = (await stage.by("u-omar").get("/v1/approvals")).json()

        assert (before, after["pending"], len(after["items"])) == (2, 1, 2)
        assert await ids(stage, state="requested") == ["r-2"]
        assert await ids(stage, state="approved") == ["r-1"]

    @pytest.mark.feature("APP-15")
    async def test_shows_nothing_to_those_who_may_not_decide(self, stage: Stage):
        yesterday = today() - timedelta(days=1)
        await stage.hear(
            rights("u-omar"),
            rights("u-reader", role="user"),
            rights("u-gone", valid_until=yesterday),
            rights("u-barred", role="user", habilitations=DELEGATED, may_approve=False),
            rights("u-lea"),
            a_request(),
        )

        for user in ("u-reader", "u-gone", "u-barred", "u-lea", "u-stranger"):
            answer = await stage.by(user).get("/v1/approvals")
            assert answer.json() == {"items": [], "next": None, "pending": 0}, user

    @pytest.mark.feature("APP-15")
    async def test_shows_an_approver_limited_to_units_what_stays_within_them(self, stage: Stage):
        await stage.hear(
            rights("u-omar"),
            rights("u-ada", role="user", habilitations=DELEGATED, units=("COMPTA", "VOIRIE")),
            a_request("r-inside", units=("COMPTA",)),
            a_request("r-across", units=("COMPTA", "ECOLES")),
            a_request("r-whole"),
        )

        assert await ids(stage, "u-ada") == ["r-inside"]
        assert (await decide(stage, "u-ada", "r-across")).status_code == 404
        assert (await decide(stage, "u-ada", "r-inside")).status_code == 200

    async def test_is_complete_page_by_page_newest_first(self, stage: Stage):
        at = now()
        # Two of them at the same moment, where a page ends.
        ages = {"r-1": 4, "r-2": 3, "r-3": 2, "r-4": 2, "r-5": 1}
        await stage.hear(
            rights("u-omar"),
            *(a_request(id, requested_at=at - timedelta(hours=age)) for id, age in ages.items()),
        )
        seen, cursor = [], ""
        while cursor is not None:
            query = {"size": 2, "cursor": cursor}
            one = (await stage.by("u-omar").get("/v1/approvals", params=query)).json()
            seen.append([item["id"] for item in one["items"]])
            cursor = one["next"]

        assert seen == [["r-5", "r-4"], ["r-3", "r-2"], ["r-1"]]

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ({"state": "king"}, "/query/state"),
            ({"size": 0}, "/query/size"),
            ({"size": 10**9}, "/query/size"),
            ({"cursor": "nonsense"}, "/query/cursor"),
        ],
    )
    async def test_refuses_what_it_cannot_read(self, stage: Stage, query: Any, pointer: str):
        await stage.hear(rights("u-omar"))

        answer = await stage.by("u-omar").get("/v1/approvals", params=query)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer

    async def test_asks_who_is_there_first(self, stage: Stage):
        assert (await stage.by().get("/v1/approvals")).status_code == 401


class TestRead:
    @pytest.mark.parametrize("user", ["u-omar", "u-lea"])
    async def test_is_for_those_who_decide_and_for_the_requester(self, stage: Stage, user: str):
        await stage.hear(rights("u-omar"), lea(), a_request())

        answer = await stage.by(user).get("/v1/approvals/r-1")

        assert answer.status_code == 200
        assert answer.json()["requester"]["name"] == "Léa Martin"
        assert answer.headers["etag"] == '"1"'

    @pytest.mark.feature("APP-15")
    async def test_is_for_nobody_else(self, stage: Stage):
        await stage.hear(rights("u-omar"), rights("u-eve", "s-8"), a_request())

        foreign = await stage.by("u-eve").get("/v1/approvals/r-1")
        unknown = await stage.by("u-eve").get("/v1/approvals/r-2")

        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert foreign.json() | {"instance": ""} == unknown.json() | {"instance": ""}

    async def test_tells_the_requester_no_more_of_the_structure_nor_who_decided(self, stage: Stage):
        await stage.hear(rights("u-omar"), lea(), a_request())
        decided = {"verdict": "refused", "reason": "Non."}
        await stage.by("u-omar").put("/v1/approvals/r-1/decision", json=decided)

        theirs = (await stage.by("u-omar").get("/v1/approvals/r-1")).json()
        hers = (await stage.by("u-lea").get("/v1/approvals/r-1")).json()

        kept = ("structure_identifier", "structure_name", "decided_by")
        assert all(theirs[name] for name in kept)
        assert [hers[name] for name in kept] == [None, None, None]
        assert hers["reason"] == "Non."

    async def test_knows_the_name_a_requester_has_now(self, stage: Stage):
        await stage.hear(rights("u-omar"), a_request())
        unnamed = await stage.by("u-omar").get("/v1/approvals/r-1")
        await stage.hear(lea(version=2, last_name="Durand"), lea())

        named = await stage.by("u-omar").get("/v1/approvals/r-1")

        assert unnamed.json()["requester"]["name"] == ""
        assert named.json()["requester"]["name"] == "Léa Durand"


class TestWaiting:
    @pytest.mark.feature("APP-16")
    async def test_lasts_until_somebody_may_decide_and_no_longer(self, stage: Stage):
        many = [f"r-{n:03}" for n in range(250)]
        await stage.hear(*map(a_request, many))
        assert set(await stage.told()) == {"approvals.approver-missing.v1"}

        await stage.hear(rights("u-omar"))

        async def all_told() -> bool:
            return (await stage.told()).count("approvals.approval-opened.v1") == len(many)

        await soon(all_told)
        answer = await stage.by("u-omar").get("/v1/approvals", params={"state": "requested"})
        assert answer.json()["pending"] == len(many)

        async def at_rest() -> bool:
            kept = await stage.service.mongo["approvers"].find_one({"_id": "s-9"})
            return kept["awaited_by"] is None and kept["wake_at"] is None

        await soon(at_rest)

    @pytest.mark.feature("APP-16")
    async def test_never_ends_by_itself(self, stage: Stage):
        await stage.hear(a_request(), rights("u-reader", role="user"), rights("u-lea"))

        [kept] = await stage.service.mongo["approvals"].find().to_list(None)

        assert kept["state"] == "requested"
        assert await stage.told() == ["approvals.approver-missing.v1"]

    async def test_tells_of_a_decision_only_after_the_question(self, stage: Stage):
        await stage.hear(a_request(), rights("u-omar"))

        assert (await decide(stage)).status_code == 200

        assert await stage.told() == [
            "approvals.approver-missing.v1",
            "approvals.approval-opened.v1",
            "approvals.approval-decided.v1",
        ]


@pytest.mark.feature("GPT-09", "GPT-10")
async def test_what_waits_moves_to_the_new_principal_manager(stage: Stage):
    await stage.hear(rights("u-omar"), a_request())
    await stage.hear(rights("u-omar", role="user", version=2), rights("u-ada"))

    async with stage.by("u-ada") as ada, stage.by("u-omar") as omar:
        waits = await ada.get("/v1/approvals")
        refused = await omar.put("/v1/approvals/r-1/decision", json={"verdict": "approved"})
        decided = await ada.put("/v1/approvals/r-1/decision", json={"verdict": "approved"})

    assert [one["id"] for one in waits.json()["items"]] == ["r-1"]
    assert (refused.status_code, decided.json()["state"]) == (404, "approved")


@pytest.mark.feature("APP-15", "NOT-02")
async def test_a_delegate_is_told_as_soon_as_the_principal_manager_may_not_decide(stage: Stage):
    ada = rights("u-ada", role="user", habilitations=DELEGATED)
    await stage.hear(lea(), rights("u-omar"), ada, a_request())
    await stage.hear(rights("u-omar", role="user", version=2))

    async def opened() -> bool:
        return (await stage.told()).count("approvals.approval-opened.v1") == 2

    assert await soon(opened)


@pytest.mark.feature("APP-16")
async def test_whoever_has_left_is_nobody_who_decides_until_they_come_back(stage: Stage):
    """Whatever is heard first: that they left, what was asked, or what they may do."""
    omar = lea(user_id="u-omar", first_name="Omar")
    await stage.hear(lea(), omar, rights("u-omar"), a_request())
    left, back = (
        omar.model_copy(update={"active": active, "version": version})
        for active, version in ((False, 2), (True, 3))
    )

    async def told(type: str, times: int) -> bool:
        return (await stage.told()).count(f"approvals.{type}.v1") == times

    await stage.hear(left)
    assert await soon(partial(told, "approver-missing", 1))
    await stage.hear(rights("u-omar", version=2), a_request("r-2"))
    assert await told("approver-missing", 2)
    await stage.hear(back)
    assert await soon(partial(told, "approval-opened", 3))


@pytest.mark.feature("ACC-10")
async def test_what_waits_of_who_has_left_is_taken_back(stage: Stage):
    await stage.hear(lea(), rights("u-omar"), a_request(), lea(active=False, version=2))

    async def withdrawn() -> bool:
        return "approvals.approval-withdrawn.v1" in await stage.told()

    assert await soon(withdrawn)
    assert (await stage.told()).count("approvals.approval-withdrawn.v1") == 1
