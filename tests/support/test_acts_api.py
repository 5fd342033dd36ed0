"""Treating a ticket, answering those who treat it, and what all that leaves behind, over HTTP."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from contracts.users import PersonErased
from kit.clock import now
from kit.person import Erasure
from kit.personal import Personal
from services.support.domain.reach import standing
from services.support.domain.table import Act
from services.support.views.activity import readable
from tests.support.asking import NOBODYS, pointers, written
from tests.support.desk import MINE, OTHER, Desk
from tests.support.people import RENE, Model

RECEIVED = "sollicitations-recues"
EMITTED = "sollicitations-emises"
BUSINESS = {
    "category": "PAIEMENT",
    "subcategory": "M_QUESTION_DEMANDE_REJETEE",
    "recipient_structure_id": OTHER,
}


@pytest.fixture
async def agents(desk: Desk) -> Desk:
    """René and Rosa treat what the other structure receives; Carl reads it."""
    for user in ("rene", "rosa"):
        await desk.hear_rights(user, OTHER, may=((RECEIVED, "modification"),))
        await desk.hear_person(user, user.title())
    await desk.hear_rights("carl", OTHER, may=((RECEIVED, "consultation"),))
    await desk.hear_rights("cleo", MINE, may=((EMITTED, "modification"),))
    await desk.hear_person("ana", "Ana")
    return desk


async def business(desk: Desk) -> str:
    opened = await written(desk, **BUSINESS, object_number="F-2026-0042")
    return f"/v1/tickets/{opened['id']}"


async def does(
    desk: Desk, user: str, method: str, path: str, status: int = 200, **asked: Any
) -> dict[str, Any]:
    operator = asked.pop("operator", False)
    answer = await desk.by(user, operator=operator).request(method, path, **asked)
    assert answer.status_code == status, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def activity(desk: Desk, user: str, path: str, **asked: Any) -> list[tuple[str, str, str]]:
    found = await does(desk, user, "GET", f"{path}/activity", **asked)
    return [(one["kind"], one["signed"], one["text"]) for one in found["items"]]


def keeping(desk: Desk) -> Personal:
    return next(
        job.work.__self__  # type: ignore[attr-defined]  # a Worker's
        for job in desk.service.jobs
        if isinstance(getattr(getattr(job, "work", None), "__self__", None), Personal)
    )


def says(text: str) -> dict[str, Any]:
    return {"json": {"text": text}}


class TestALife:
    @pytest.mark.feature("SUP-20", "SUP-22", "SUP-23", "SUP-36", "SUP-37", "SUP-39", "SUP-40")
    async def test_of_a_business_ticket(self, agents: Desk):
        path = await business(agents)
        seen = await does(agents, "rene", "GET", path)
        assert (seen["structure"]["name"], seen["recipient"]["name"]) == (
            *("Menuiserie Petit", "Mairie de Rennes"),
        )
        assert seen["may"] == ["take", "note"]
        await does(agents, "rene", "POST", f"{path}/solutions", 409, **says("Trop tôt."))

        await does(agents, "rene", "PUT", f"{path}/assignment")
        await does(agents, "rene", "POST", f"{path}/questions", **says("Quel numéro ?"))
        waiting = await does(agents, "ana", "GET", path)
        assert (waiting["state"], waiting["may"]) == ("waiting", ["inform", "close"])
        await does(agents, "ana", "POST", f"{path}/information", **says("Le 42."))
        await does(agents, "rene", "POST", f"{path}/solutions", **says("Payée hier."))
        await does(agents, "cleo", "POST", f"{path}/refusals", **says("Rien reçu."))
        await does(agents, "rene", "POST", f"{path}/solutions", **says("Payée le 3."))
        closed = await does(agents, "ana", "PUT", f"{path}/acceptance")
        again = await does(agents, "ana", "PUT", f"{path}/acceptance")

        assert (closed["state"], closed["may"], again) == ("closed", [], closed)
        assert await activity(agents, "ana", path) == [
            ("solution-accepted", "Ana Roux", ""),
            ("solution-proposed", "support", "Payée le 3."),
            ("solution-refused", "", "Rien reçu."),
            ("solution-proposed", "support", "Payée hier."),
            ("information-given", "Ana Roux", "Le 42."),
            ("information-asked", "support", "Quel numéro ?"),
            ("taken", "support", ""),
            ("opened", "Ana Roux", ""),
        ]
        assert (await activity(agents, "rosa", path))[1] == (
            *("solution-proposed", "Rene Roux"),
            "Payée le 3.",
        )
        assert (await agents.told())[-1] == "support.ticket-closed.v1"

    @pytest.mark.feature("SUP-19", "SUP-24", "SUP-40")
    async def test_of_a_ticket_that_the_desk_takes_from_its_recipient(self, agents: Desk):
        path = await business(agents)
        await does(agents, "olga", "PUT", f"{path}/assignment", 403, operator=True)
        await does(
            agents, "olga", "PUT", f"{path}/transfer", operator=True, **says("Sans réponse.")
        )
        await does(agents, "olga", "PUT", f"{path}/assignment", operator=True)
        filing = {"category": "FACTURES_EMISES", "subcategory": "SAISIE_ET_DEPOT"}
        refused = await agents.by("olga", operator=True).put(f"{path}/category", json=filing)
        assert pointers(refused) == ["/body/object_type"]
        filing["object_type"] = "invoice"
        await does(agents, "olga", "PUT", f"{path}/category", operator=True, json=filing)

        seen = await does(agents, "ana", "GET", f"{path}/activity")
        kinds = [(one["kind"], one["side"], one["signed"]) for one in seen["items"]]
        assert kinds[:3] == [
            ("refiled", "desk", "support"),
            ("taken", "desk", "support"),
            ("transferred", "desk", "support"),
        ]
        assert seen["items"][0]["became"] == "FACTURES_EMISES/SAISIE_ET_DEPOT/invoice"
        await does(agents, "rene", "PUT", f"{path}/assignment", 403)
        closed = await does(agents, "ana", "PUT", f"{path}/closure")
        assert closed["state"] == "closed"


class TestRefile:
    @pytest.mark.feature("CRM-03")
    async def test_hands_nothing_to_a_supplier_whose_support_is_closed_to_who_wrote(
        self, agents: Desk
    ):
        path = f"/v1/tickets/{(await written(agents))['id']}"
        await does(agents, "olga", "PUT", f"{path}/assignment", operator=True)
        await agents.hear_features(MINE, OTHER, "invoices")
        filing = BUSINESS | {"object_type": "invoice"}
        async with agents.by("olga", operator=True) as olga:
            refused = await olga.put(f"{path}/category", json=filing)
            await agents.hear_features(MINE, OTHER, "invoices", "support")
            handed = await olga.put(f"{path}/category", json=filing)

        assert (refused.status_code, refused.json()["type"]) == (
            *(409, "/problems/closed-to-emitter"),
        )
        assert handed.json()["treated_by"] == "recipient"


class TestNotes:
    @pytest.mark.feature("SUP-37")
    async def test_are_read_by_those_who_treat_the_ticket_alone(self, agents: Desk):
        path = await business(agents)
        await does(agents, "rene", "POST", f"{path}/notes", **says("Litige en cours."))

        async def readers() -> set[str]:
            people = {"ana": False, "cleo": False, "rene": False, "rosa": False, "carl": False}
            listed = {
                who: await activity(agents, who, path, operator=operator)
                for who, operator in (people | {"olga": True}).items()
            }
            return {who for who, found in listed.items() if found[0][0] != "opened"}

        assert await readers() == {"rene", "rosa"}
        seen = await agents.by().get(path)
        assert seen.headers["etag"] == '"1"'
        await does(agents, "rene", "PUT", f"{path}/assignment")
        await does(agents, "rene", "PUT", f"{path}/transfer", **says("Pour le support."))
        notes = [
            [kind for kind, _, _ in await activity(agents, who, path, operator=operator)]
            for who, operator in (("ana", False), ("carl", False), ("olga", True))
        ]
        assert [("note" in kinds) for kinds in notes] == [False, False, True]

    @pytest.mark.feature("SUP-37")
    async def test_leave_in_no_export_and_no_event(self, agents: Desk):
        path = await business(agents)
        await does(agents, "rene", "POST", f"{path}/notes", **says("Litige en cours."))

        personal = keeping(agents)
        for user in ("ana", "rene"):
            assert "Litige" not in str(await personal.given(user))
        mine = await personal.given("ana")
        assert mine["reponses"] == []
        assert not {"assignee_id", "note"} & {*mine["sollicitations"][0], *str(mine).split("'")}
        rows = await agents.service.journal.rows.find().to_list(None)
        assert not any(b"Litige" in bytes(row["data"]) for row in rows)


class TestErasure:
    async def test_leaves_what_was_done_without_the_words_of_who_is_gone(self, agents: Desk):
        path = await business(agents)
        await does(agents, "rene", "PUT", f"{path}/assignment")
        await does(agents, "rene", "POST", f"{path}/notes", **says("Litige."))
        await does(agents, "rene", "POST", f"{path}/questions", **says("Un IBAN ?"))
        await does(agents, "ana", "POST", f"{path}/information", **says("FR76."))

        await forget(agents, "rene")

        assert await activity(agents, "rosa", path) == [
            ("information-given", "Ana Roux", "FR76."),
            *(("information-asked", "", ""), ("note", "", ""), ("taken", "", "")),
            ("opened", "Ana Roux", ""),
        ]
        rows = await agents.service.journal.rows.find().to_list(None)
        assert not any(b"IBAN" in bytes(row["data"]) for row in rows)

    async def test_takes_out_what_was_written_to_an_emitter_who_is_gone(self, agents: Desk):
        path = await business(agents)
        await does(agents, "rene", "POST", f"{path}/notes", **says("Madame Petit crie."))
        await forget(agents, "ana")

        assert [text for _, _, text in await activity(agents, "rene", path)] == ["", ""]

    async def test_closes_what_nobody_else_reads_so_that_nothing_more_is_written_to_them(
        self, agents: Desk
    ):
        opened = await written(agents, structure_id=None)
        path = f"/v1/tickets/{opened['id']}"
        await does(agents, "olga", "PUT", f"{path}/assignment", operator=True)
        told = len(await agents.told())
        for _ in range(2):
            await forget(agents, "ana")

        late = await agents.by("olga", operator=True).post(f"{path}/solutions", json={"text": "X"})
        assert (late.status_code, late.json()["state"]) == (409, "closed")
        assert (await does(agents, "olga", "GET", path, operator=True))["title"] == ""
        assert (await agents.told())[told:] == ["support.ticket-closed.v1"]

    async def test_leaves_open_what_others_read_too(self, agents: Desk):
        path = await business(agents)
        await forget(agents, "ana")

        assert (await does(agents, "rene", "GET", path))["state"] == "open"


async def forget(desk: Desk, user: str) -> None:
    at = now()
    await desk.hear(PersonErased(user_id=user, erased_at=at))
    [erase] = [
        job.work
        for job in desk.service.jobs
        if getattr(job, "collection", None) is keeping(desk).erasures
    ]
    await erase(Erasure(id=user, erased_at=at, passes=0))


class TestActivity:
    @pytest.mark.feature("SUP-37")
    async def test_comes_page_by_page_newest_first(self, agents: Desk):
        path = await business(agents)
        for turn in range(4):
            await does(agents, "rene", "POST", f"{path}/notes", **says(f"Note {turn}"))
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {"size": 2, "cursor": cursor}
            found = await does(agents, "rosa", "GET", f"{path}/activity", params=asked)
            assert len(found["items"]) <= 2
            seen, cursor = [*seen, *(one["text"] for one in found["items"])], found["next"]
        assert seen == ["Note 3", "Note 2", "Note 1", "Note 0", ""]

    async def test_is_read_in_its_order_by_an_index(self, agents: Desk):
        path = await business(agents)
        records = {one.name: one for one in agents.service.collections}
        ticket = await records["tickets"].get(path.rpartition("/")[2])
        where = readable(ticket, standing(ticket, replace(RENE, received_act=frozenset({OTHER}))))
        found = records["entries"].documents.find(where).sort([("place", -1), ("_id", -1)])

        plan = str((await found.limit(9).explain())["queryPlanner"]["winningPlan"])
        assert "'IXSCAN'" in plan
        assert "'SORT'" not in plan


ASKED_BY: dict[Act, tuple[str, str, dict[str, Any]]] = {
    "take": ("PUT", "/assignment", {}),
    "release": ("DELETE", "/assignment", {}),
    "note": ("POST", "/notes", says("Vu.")),
    "ask": ("POST", "/questions", says("Quand ?")),
    "inform": ("POST", "/information", says("Lundi.")),
    "answer": ("POST", "/solutions", says("Payée.")),
    "refuse": ("POST", "/refusals", says("Rien reçu.")),
    "accept": ("PUT", "/acceptance", {}),
    "close": ("PUT", "/closure", {}),
}


class TestHistories:
    @pytest.mark.feature("SUP-25", "SUP-42")
    @pytest.mark.parametrize("seed", range(3))
    async def test_go_as_the_model_says(self, agents: Desk, seed: int):
        drawn = Random(seed)
        path = await business(agents)
        people = (("ana", False), ("cleo", False), ("rene", False), ("rosa", False), ("bob", False))
        closed: Act | None = None
        for _ in range(30):
            act = drawn.choice([*ASKED_BY])
            who, operator = drawn.choice([*people, ("olga", True)])
            if act == "close" and drawn.random() < 0.8:
                continue
            now_is = await does(agents, "rosa", "GET", path)
            model = Model(now_is["state"], now_is["treated_by"], now_is["assignee_id"])
            lets = model.lets(act, who) and not (act == "take" and model.by not in (None, who))
            # What has been done already may be asked for again.
            repeats = (act == "release" and model.by is None and who in Model.AGENTS) or (
                act == closed and who in Model.EMITTERS
            )
            method, then, asked = ASKED_BY[act]
            answer = await agents.by(who, operator=operator).request(
                method, f"{path}{then}", **asked
            )
            assert (answer.status_code == 200) == (lets or repeats), (act, who, answer.text)
            assert (answer.status_code == 404) == (who == "bob")
            if lets and act in ("accept", "close"):
                closed = act


class TestRaces:
    @pytest.mark.feature("SUP-39")
    async def test_give_a_ticket_to_one_of_two_who_take_it(self, agents: Desk):
        path = await business(agents)
        answers = await asyncio.gather(
            *(agents.by(who).put(f"{path}/assignment") for who in ("rene", "rosa"))
        )

        won, lost = sorted(answers, key=lambda one: one.status_code)
        assert (won.status_code, lost.status_code) == (200, 409)
        assert lost.json()["type"] == "/problems/taken-by-another"
        assert lost.json()["assignee_id"] == won.json()["assignee_id"]
        taken_by = won.json()["assignee_id"]
        colleague = "rosa" if taken_by == "rene" else "rene"
        over = await does(
            *(agents, colleague, "PUT", f"{path}/assignment"), params={"instead_of": taken_by}
        )
        assert over["assignee_id"] == colleague
        assert [kind for kind, _, _ in await activity(agents, "rene", path)] == [
            *("taken", "taken", "opened"),
        ]

    @pytest.mark.feature("SUP-25")
    async def test_let_one_win_when_it_is_closed_while_it_is_answered(self, agents: Desk):
        for _ in range(3):
            path = await business(agents)
            await does(agents, "rene", "PUT", f"{path}/assignment")
            answered, closed = await asyncio.gather(
                agents.by("rene").post(f"{path}/solutions", **says("Payée.")),
                agents.by().put(f"{path}/closure", headers={"if-match": '"2"'}),
            )
            assert (answered.status_code, closed.status_code) in ((200, 412), (409, 200))
            kinds = [kind for kind, _, _ in await activity(agents, "ana", path)]
            won = "closed" if closed.status_code == 200 else "solution-proposed"
            assert kinds == [won, "taken", "opened"]

    async def test_write_once_what_is_sent_twice(self, agents: Desk):
        path = await business(agents)
        asked = says("Vu.") | {"headers": {"idempotency-key": "the-same"}}
        first = await does(agents, "rene", "POST", f"{path}/notes", **asked)
        assert await does(agents, "rene", "POST", f"{path}/notes", **asked) == first
        assert len(await activity(agents, "rene", path)) == 2


class TestRefusals:
    async def test_name_what_is_wrong(self, agents: Desk):
        path = await business(agents)
        async with agents.by("rene") as rene:
            for body in ({}, *({"text": one} for one in ("  ", "x" * 10_001, "a\0b", "\x1b[2J"))):
                assert pointers(await rene.post(f"{path}/notes", json=body)) == ["/body/text"]
            beyond = {"text": "x", "internal": False}
            assert pointers(await rene.post(f"{path}/notes", json=beyond)) == ["/body/internal"]
            taking = await rene.put(f"{path}/assignment", params={"instead_of": "x" * 65})
            assert pointers(taking) == ["/query/instead_of"]

    async def test_hide_a_ticket_from_whom_it_does_not_concern(self, agents: Desk):
        path = await business(agents)
        for who, where in (("bob", path), ("ana", f"/v1/tickets/{NOBODYS}")):
            for method, then in (
                *(("GET", ""), ("GET", "/activity"), ("DELETE", "/assignment")),
                *(("PUT", one) for one in ("/assignment", "/acceptance", "/closure")),
            ):
                await does(agents, who, method, f"{where}{then}", 404)
            for then in ("/questions", "/solutions", "/notes", "/information", "/refusals"):
                await does(agents, who, "POST", f"{where}{then}", 404, **says("Moi."))
