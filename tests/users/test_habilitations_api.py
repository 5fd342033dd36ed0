"""Reading and changing habilitations over HTTP, and asking for one's own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx import Response

from kit.clock import now
from kit.service import Service
from services.users import catalogue
from services.users.api.habilitations import habilitation_routes
from services.users.domain.drafts import MANAGES, Add
from services.users.domain.held import PendingChange
from services.users.habilitation_views import HabilitationViews
from services.users.habilitations import Habilitations
from services.users.handlers import handlers
from tests.platform import refused
from tests.users.bakery import OpenBakery, at_work
from tests.users.habilitating import HALF_AN_HOUR, READS, WRITES, a_delegate, a_profile
from tests.users.rattaching import (
    READ,
    a_decision,
    a_line,
    a_new_unit,
    a_rattachement,
    an_ended_unit,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = catalogue.read()
LEA = "/v1/habilitations/s-bakery/u-lea"
OWN = "/v1/habilitation-requests"
ROW = {"application": "engagements", "level": "consultation"}
WRITE = {"application": "factures-emises", "level": "modification"}
ADD = {"operation": "add", "profile": WRITE}
REMOVE = {"operation": "remove", "row": ROW}


class Bakery(OpenBakery):
    """Omar's, with Léa and Ada attached to it; Zoé has nothing to do with it."""

    def serve(self, service: Service) -> FastAPI:
        self.habilitations = Habilitations(self.of, self.accounts)
        views = HabilitationViews(self.of, self.accounts, OURS)
        return service.app(
            *habilitation_routes(self.habilitations, views),
            hears=handlers(self.of, self.accounts, catalogue.defaults(OURS)),
        )

    async def open(self) -> None:
        await self.begin(a_new_unit())
        await self.attach(a_rattachement(), a_delegate())

    async def ask(self, method: str, path: str, by: str = "u-omar", **rest: Any) -> Response:
        return await self.by(by).request(method, path, **rest)

    async def submit(self, *operations: Any, by: str = "u-omar", **rest: Any) -> Response:
        body = {"operations": operations}
        return await self.ask("POST", f"{LEA}/submissions", by, json=body, **rest)

    async def rows(self, by: str = "u-omar", **query: Any) -> list[tuple[Any, ...]]:
        shown = (await self.ask("GET", LEA, by, params=query)).json()["rows"]
        return [(one["application"], one["level"], one["unit"]) for one in shown]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(mongo_url: str) -> AsyncIterator[Bakery]:
    async with at_work(Bakery, mongo_url) as bakery:
        yield bakery


@pytest_asyncio.fixture(loop_scope="module")
async def bakery(built: Bakery) -> Bakery:
    await built.open()
    return built


@pytest.mark.feature("HAB-18", "HAB-19")
async def test_the_applications_are_known_to_whoever_asks(bakery: Bakery):
    listed = (await bakery.ask("GET", "/v1/applications", "u-zoe")).json()

    levels = {one["name"]: one["levels"] for one in listed}
    assert len(levels) == len(OURS)
    assert levels["Suivi des flux"] == ["consultation"]
    assert levels["Engagements"] == ["consultation", "modification"]


class TestRead:
    @pytest.mark.feature("HAB-08")
    async def test_shows_structure_contact_unit_its_status_and_profile(self, bakery: Bakery):
        on_ovens = a_profile(unit="ovens")
        await bakery.attach(a_rattachement(habilitations=(READ, on_ovens)))
        await bakery.hear(an_ended_unit())

        answer = await bakery.ask("GET", LEA)

        shown = answer.json()
        assert (shown["structure_name"], shown["user"]["name"]) == (
            "Boulangerie du Port",
            "Léa Martin",
        )
        rows = [(one["application_name"], one["level"], one["unit"]) for one in shown["rows"]]
        assert rows == [
            ("Engagements", "consultation", None),
            ("Factures émises", "modification", "ovens"),
        ]
        assert [one["unit_status"] for one in shown["rows"]] == [None, "inactive"]
        assert answer.headers["etag"]

    @pytest.mark.feature("HAB-07")
    async def test_shows_the_rows_of_one_unit_or_all_however_many(self, bakery: Bakery):
        units = [f"u-{nth}" for nth in range(300)]
        every = tuple(a_profile(unit=unit) for unit in units)
        await bakery.attach(a_rattachement(habilitations=every))

        assert len(await bakery.rows()) == 300
        assert await bakery.rows(unit="u-7") == [("factures-emises", "modification", "u-7")]

    async def test_is_for_those_who_administer_and_the_user(self, bakery: Bakery):
        await bakery.attach(a_rattachement(id="u-zoe:s-bakery", user_id="u-zoe"))

        assert (await bakery.ask("GET", LEA, "u-lea")).status_code == 200
        assert (await bakery.ask("GET", LEA, "u-ada")).status_code == 200
        refused(await bakery.ask("GET", LEA, "u-zoe"), 403, "managers-only")
        refused(await bakery.ask("GET", LEA, "u-nobody"), 404, "not-found")
        stranger = "/v1/habilitations/s-bakery/u-nobody"
        refused(await bakery.ask("GET", stranger), 404, "not-found")

    async def test_shows_who_administers_a_unit_only_its_rows(self, bakery: Bakery):
        on_ovens = WRITES.model_copy(update={"unit": "ovens"})
        await bakery.attach(a_rattachement(habilitations=(READ, on_ovens)))
        await bakery.attach(a_delegate(MANAGES, lines=(a_line("ovens"),)))

        assert await bakery.rows("u-ada") == [("factures-emises", "modification", "ovens")]

    async def test_shows_who_administers_a_unit_only_what_is_asked_for_there(self, bakery: Bakery):
        on_ovens, on_shop = (a_profile(unit=unit) for unit in ("ovens", "shop"))
        both = PendingChange(request_id="r-1", given=(on_ovens, on_shop), taken=(READ,))
        elsewhere = PendingChange(request_id="r-2", given=(on_shop,), taken=())
        await bakery.attach(a_rattachement(pending_changes=(both, elsewhere)))
        await bakery.attach(a_delegate(MANAGES, lines=(a_line("ovens"),)))

        [seen] = (await bakery.ask("GET", LEA, "u-ada")).json()["pending"]

        assert (seen["request_id"], seen["taken"]) == ("r-1", [])
        assert [one["unit"] for one in seen["given"]] == ["ovens"]
        assert len((await bakery.ask("GET", LEA)).json()["pending"]) == 2


class TestSubmit:
    @pytest.mark.feature("HAB-09", "HAB-11", "HAB-12", "HAB-14")
    async def test_keeps_a_draft_and_tells_the_rights_once(self, bakery: Bakery):
        replaced = {"operation": "replace", "row": ROW, "profile": ROW | {"level": "modification"}}

        answer = await bakery.submit(ADD, replaced)

        assert answer.status_code == 200
        assert [(one["application"], one["level"]) for one in answer.json()["rows"]] == [
            ("engagements", "modification"),
            ("factures-emises", "modification"),
        ]
        assert (await bakery.told())[-1:] == ["users.rights-changed.v1"]

    @pytest.mark.feature("HAB-10", "HAB-14")
    async def test_keeps_all_of_a_draft_or_nothing(self, bakery: Bakery):
        again = {"operation": "add", "profile": ROW}

        problem = refused(await bakery.submit(ADD, again), 409, "already-held")

        assert problem["detail"] == "L'utilisateur a déjà l'abonnement sélectionné"
        assert problem["errors"][0]["pointer"] == "/body/operations/1/profile"
        assert await bakery.rows() == [("engagements", "consultation", None)]

    @pytest.mark.feature("HAB-14")
    async def test_refuses_a_draft_that_was_begun_before_another_was_submitted(
        self, bakery: Bakery
    ):
        seen = {"if-match": (await bakery.ask("GET", LEA)).headers["etag"]}

        first = await bakery.submit(ADD, headers=seen)

        refused(await bakery.submit(REMOVE, headers=seen), 412, "precondition-failed")
        then = {"if-match": first.headers["etag"]}
        assert (await bakery.submit(REMOVE, headers=then)).status_code == 200

    async def test_is_done_once_however_often_it_is_sent(self, bakery: Bakery):
        headers = {"idempotency-key": "a-key-of-omar"}

        answers = await asyncio.gather(*(bakery.submit(ADD, headers=headers) for _ in range(5)))

        assert {one.status_code for one in answers} == {200}
        assert len(await bakery.rows()) == 2

    @pytest.mark.feature("HAB-05")
    async def test_by_a_delegate_is_judged_on_what_they_hold_at_that_moment(self, bakery: Bakery):
        read = {"operation": "add", "profile": READS.model_dump(mode="json")}
        problem = refused(await bakery.submit(ADD, by="u-ada"), 403, "more-than-yours")
        assert problem["application"] == "factures-emises"
        assert (await bakery.submit(read, by="u-ada")).status_code == 200

        ada = "/v1/habilitations/s-bakery/u-ada/submissions"
        taken = {"operations": [{"operation": "remove-all"}]}
        assert (await bakery.ask("POST", ada, json=taken)).status_code == 200

        refused(await bakery.submit(REMOVE, by="u-ada"), 403, "managers-only")

    async def test_of_two_who_change_the_same_row_at_once_is_done_by_one(self, bakery: Bakery):
        answers = await asyncio.gather(
            *(bakery.submit(REMOVE, by=by) for by in ("u-omar", "u-ada", "u-omar"))
        )

        assert sorted(one.status_code for one in answers) == [200, 409, 409]

    @pytest.mark.parametrize(
        ("operations", "type", "field"),
        [
            ([], "invalid", "/body/operations"),
            ([{"operation": "grant"}], "invalid", "/body/operations/0"),
            (
                [{"operation": "add", "profile": WRITE | {"application": "Factures!"}}],
                "invalid",
                "/body/operations/0/add/profile/application",
            ),
            (
                [{"operation": "add", "profile": WRITE | {"application": "cantine"}}],
                "unknown-profile",
                "/body/operations/0/profile",
            ),
            (
                [
                    ADD,
                    {
                        "operation": "add",
                        "profile": ROW | {"application": "suivi-des-flux", "level": "modification"},
                    },
                ],
                "unknown-profile",
                "/body/operations/1/profile",
            ),
            (
                [{"operation": "add", "profile": WRITE | {"unit": "cellar"}}],
                "unknown-units",
                "/body/operations/0/profile/unit",
            ),
            (
                [{"operation": "add", "profile": WRITE | {"valid_until": "2001-01-01"}}],
                "wrong-dates",
                "/body/operations/0/profile/valid_until",
            ),
        ],
    )
    async def test_names_the_wrong_field(self, bakery: Bakery, operations, type, field):
        problem = refused(await bakery.submit(*operations), 422, type)

        assert problem["errors"][0]["pointer"] == field

    @pytest.mark.feature("HAB-15")
    async def test_waits_its_time_by_the_clock_it_is_given(self, bakery: Bakery):
        waiting = replace(bakery.habilitations, waits=HALF_AN_HOUR)
        submitted = waiting.submitted("h-1", "u-omar", now())
        await bakery.service.committer.keep(
            waiting.submit("s-bakery", "u-lea", (Add(WRITES),), submitted)
        )

        async def turned(after: timedelta) -> list[tuple[Any, ...]]:
            tie = await bakery.of.rattachements.get("u-lea:s-bakery")
            if due := waiting.turn(tie, submitted.at + after):
                await bakery.service.committer.keep(due)
            held = (await bakery.of.rattachements.get(tie.id)).habilitations
            return [one.application for one in held]

        shown = (await bakery.ask("GET", LEA)).json()["rows"]
        assert [one["effective_at"] is None for one in shown] == [True, False]
        assert await turned(HALF_AN_HOUR - timedelta(seconds=1)) == ["engagements"]
        assert await turned(HALF_AN_HOUR) == ["engagements", "factures-emises"]


class TestLetApprove:
    async def test_is_the_principal_managers_to_do(self, bakery: Bakery):
        path = "/v1/habilitations/s-bakery/u-ada/approving"

        withdrawn = await bakery.ask("PUT", path, json={"may_approve": False})
        again = await bakery.ask("PUT", path, json={"may_approve": False})

        assert withdrawn.json()["may_approve"] is again.json()["may_approve"] is False
        assert withdrawn.headers["etag"] == again.headers["etag"]
        refused(
            await bakery.ask("PUT", f"{LEA}/approving", "u-ada", json={"may_approve": True}),
            403,
            "principal-manager-only",
        )


class TestHistory:
    async def test_says_who_changed_what_newest_first(self, bakery: Bakery):
        await bakery.submit(ADD)
        await bakery.submit(REMOVE, by="u-ada")

        first = (await bakery.ask("GET", f"{LEA}/history", params={"size": 1})).json()
        rest = await bakery.ask("GET", f"{LEA}/history", params={"cursor": first["next"]})

        entries = [*first["items"], *rest.json()["items"]]
        assert [one["by"]["id"] for one in entries] == ["u-ada", "u-omar"]
        assert entries[1]["by"]["name"] == "Omar Martin"
        assert [one["application"] for one in entries[0]["taken"]] == ["engagements"]
        assert [one["application"] for one in entries[1]["given"]] == ["factures-emises"]
        refused(await bakery.ask("GET", f"{LEA}/history", "u-lea"), 403, "managers-only")
        refused(await bakery.ask("GET", f"{LEA}/history", "u-zoe"), 404, "not-found")

    async def test_says_of_units_that_the_reader_does_not_administer_nothing(self, bakery: Bakery):
        on_ovens = (one.model_copy(update={"unit": "ovens"}) for one in (MANAGES, READS))
        noor = a_delegate(*on_ovens, id="u-noor:s-bakery", user_id="u-noor")
        await bakery.attach(noor)
        await bakery.submit(ADD)

        for user in ("u-lea", "u-nobody"):
            path = f"/v1/habilitations/s-bakery/{user}/history"
            assert (await bakery.ask("GET", path, "u-noor")).json()["items"] == []
        assert len((await bakery.ask("GET", f"{LEA}/history")).json()["items"]) == 1


class TestOwnRequests:
    async def requested(self, bakery: Bakery, by: str = "u-lea", *operations: Any) -> Response:
        body = {"structure_id": "s-bakery", "operations": operations or [ADD, REMOVE]}
        return await bakery.ask("POST", OWN, by, json=body)

    @pytest.mark.feature("HAB-16", "HAB-17")
    async def test_are_put_to_those_who_decide_and_applied_once(self, bakery: Bakery):
        asked = (await self.requested(bakery)).json()
        assert await bakery.rows() == [("engagements", "consultation", None)]
        [pending] = (await bakery.ask("GET", LEA)).json()["pending"]
        assert pending["request_id"] == asked["id"]

        decided = a_decision(kind="habilitation", subject_id=asked["id"], decided_at=now())
        await bakery.hear(decided)

        assert await bakery.rows() == [("factures-emises", "modification", None)]
        shown = (await bakery.ask("GET", f"{OWN}/{asked['id']}", "u-lea")).json()
        assert (asked["status"], shown["status"]) == ("requested", "granted")
        assert (await bakery.told())[-2:] == [
            "users.habilitations-granted.v1",
            "users.rights-changed.v1",
        ]

    @pytest.mark.feature("HAB-16")
    async def test_of_the_principal_manager_need_no_approval(self, bakery: Bakery):
        taken = {"operation": "remove", "row": ROW}

        asked = await self.requested(bakery, "u-omar", taken)

        assert (asked.status_code, asked.json()["status"]) == (202, "granted")
        path = "/v1/habilitations/s-bakery/u-omar/history"
        entry, *before = (await bakery.ask("GET", path)).json()["items"]
        assert (entry["cause"], entry["by"]["id"]) == ("own", "u-omar")
        assert [one["cause"] for one in before] == ["management"]

    async def test_are_nobody_elses_business(self, bakery: Bakery):
        asked = (await self.requested(bakery)).json()

        mine = (await bakery.ask("GET", OWN, "u-lea")).json()["items"]
        assert [one["id"] for one in mine] == [asked["id"]]
        assert (await bakery.ask("GET", OWN, "u-omar")).json()["items"] == []
        refused(await bakery.ask("GET", f"{OWN}/{asked['id']}"), 404, "not-found")

    async def test_are_for_those_who_are_attached(self, bakery: Bakery):
        refused(await self.requested(bakery, "u-zoe"), 403, "not-attached")

    async def test_are_won_by_one_of_many_at_once(self, bakery: Bakery):
        answers = await asyncio.gather(*(self.requested(bakery) for _ in range(8)))

        assert sorted(one.status_code for one in answers) == [202] + [409] * 7
