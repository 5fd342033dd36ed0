"""The assistant, the portal and forms without sign-in, over HTTP on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from kit.clock import now
from kit.effort import challenge, solve
from kit.service import Service
from kit.workers import Worker
from services.support.settings import SupportSettings
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.support.asking import pointers
from tests.support.desk import MINE, Desk
from tests.support.outside import FORM, answered, confirmed, facts, nobody, reply_token, sent, token


@pytest.fixture
async def wary_desk(mongo_url: str) -> AsyncIterator[Desk]:
    """It asks for a proof of work."""
    service = Service(
        "support",
        SupportSettings(**settings_for(mongo_url, database_prefix="wary-", effort_bits=4)),
    )
    async with Desk(service).at_work() as desk:
        yield desk
    await forget_whole(service)
    await service.mongo.close()


class TestAssistant:
    @pytest.mark.feature("SUP-02")
    async def test_answers_anybody_with_passages_of_its_articles(self, desk: Desk):
        asked = {"question": "mon compte est bloqué"}
        async with nobody(desk) as anybody:
            answer = (await anybody.post("/v1/public-tickets/questions", json=asked)).json()
            refused = await anybody.post("/v1/assistant/questions", json=asked)
        async with desk.by() as ana:
            assert (await ana.post("/v1/assistant/questions", json=asked)).json() == answer
            every = (await ana.get("/v1/assistant/articles")).json()["items"]

        assert refused.status_code == 401
        [article] = answer["articles"]
        assert (answer["answered"], article["reference"]) == (True, "compte-verrouille")
        [whole] = [one for one in every if one["reference"] == article["reference"]]
        assert set(article["passages"]) <= set(whole["passages"])

    @pytest.mark.feature("SUP-02")
    async def test_says_so_where_no_article_speaks_of_it(self, desk: Desk):
        asked = {"question": "la recette de la tarte aux pommes"}
        answer = await desk.by().post("/v1/assistant/questions", json=asked)
        assert answer.json() == {"answered": False, "articles": []}

    @pytest.mark.feature("SUP-02")
    async def test_hands_over_to_a_draft_that_its_writer_completes(self, desk: Desk):
        asked = {"question": "Mon compte est bloqué <b>depuis hier</b>", "structure_id": MINE}
        async with desk.by() as ana:
            draft = await ana.post("/v1/assistant/handovers", json=asked)
            sent = await ana.put(f"/v1/tickets/{draft.json()['id']}/submission")

        assert (draft.status_code, draft.json()["state"]) == (201, "draft")
        assert draft.json()["subcategory"] == "COMPTE_UTILISATEUR"
        assert "<b>" not in draft.json()["description"]
        assert sent.json()["state"] == "open"

    async def test_names_the_form_of_what_has_one_and_files_nothing_there(self, desk: Desk):
        asked = {"question": "Demander la création d'une structure publique"}
        async with desk.by() as ana:
            [best, *_] = (await ana.post("/v1/assistant/questions", json=asked)).json()["articles"]
            draft = (await ana.post("/v1/assistant/handovers", json=asked)).json()

        assert best["form"] == "/v1/structure-requests"
        assert (draft["category"], draft["subcategory"]) == ("GESTION_STRUCTURES_UTILISATEURS", "")

    @pytest.mark.parametrize("question", ["", " ", "x" * 1001, None, {"$ne": 1}])
    async def test_names_a_question_that_is_none(self, desk: Desk, question: Any):
        answer = await desk.by().post("/v1/assistant/questions", json={"question": question})
        assert pointers(answer) == ["/body/question"]


class TestPortal:
    @pytest.mark.feature("SUP-01", "SUP-04")
    async def test_offers_three_ways_and_the_last_tickets_of_whoever_looks(self, desk: Desk):
        async with desk.by() as ana:
            for title in range(6):
                draft = {"title": f"Question {title}", "draft": True}
                await ana.post("/v1/tickets", json=draft)
            portal = (await ana.get("/v1/support")).json()
        others = (await desk.by("bob").get("/v1/support")).json()

        assert [one["name"] for one in portal["channels"]] == ["assistant", "exchange", "ticket"]
        assert [one["title"] for one in portal["emitted"]] == [
            f"Question {nth}" for nth in (5, 4, 3, 2, 1)
        ]
        assert (others["emitted"], others["received"]) == ([], [])


class TestPublicTickets:
    @pytest.mark.feature("SUP-41")
    async def test_give_a_number_and_reach_the_desk_once_the_address_is_confirmed(self, desk: Desk):
        number = await sent(desk)
        tickets = desk.service.mongo["tickets"]
        assert await tickets.count_documents({}) == 0
        id = await confirmed(desk)
        await confirmed(desk)

        read = await desk.by("olga", operator=True).get(f"/v1/tickets/{id}")
        assert (read.json()["number"], read.json()["state"]) == (number, "open")
        assert read.json()["contact_email"] == "zoe@example.org"
        assert "<b>" not in read.json()["description"]
        assert "<a" not in read.json()["description"]
        assert await tickets.count_documents({}) == 1

    @pytest.mark.feature("SUP-41")
    async def test_are_filed_under_what_the_desk_answers(self, desk: Desk):
        async with nobody(desk) as anybody:
            listed = (await anybody.get("/v1/public-tickets/categories")).json()["items"]
        filed = [sub for one in listed for sub in one["subcategories"]]
        assert "COMPTE_UTILISATEUR" in [one["code"] for one in filed]
        assert not any(one["recipient_needed"] for one in filed)

    @pytest.mark.feature("SUP-41")
    async def test_are_answered_by_letter_and_read_by_nobody_else(self, desk: Desk):
        await sent(desk)
        id = await confirmed(desk)
        async with desk.by("olga", operator=True) as olga:
            await olga.put(f"/v1/tickets/{id}/assignment")
            asked = await olga.post(f"/v1/tickets/{id}/questions", json={"text": "Qui ?"})
            answered = await olga.post(f"/v1/tickets/{id}/solutions", json={"text": "Voici."})

        assert asked.json()["type"] == "/problems/nobody-to-ask"
        assert answered.json()["state"] == "resolved"
        [told] = await facts(desk, "support.correspondent-answered.v1")
        assert (told["email"], told["text"]) == ("zoe@example.org", "Voici.")
        for who in (desk.by(), nobody(desk)):
            refused = await who.get(f"/v1/tickets/{id}")
            assert refused.status_code in (401, 404)

    @pytest.mark.feature("SUP-22", "SUP-23", "SUP-41")
    async def test_are_refused_and_accepted_by_the_links_of_the_answers(self, desk: Desk):
        await sent(desk)
        id = await confirmed(desk)
        await answered(desk, id, "Voici.")
        wrong = {"text": "Toujours rien."}
        async with nobody(desk) as zoe:
            first = {"token": await reply_token(desk)}
            refused = await zoe.post("/v1/public-tickets/refusals", json=first | wrong)
            again = await zoe.post("/v1/public-tickets/refusals", json=first | wrong)
            early = await zoe.post("/v1/public-tickets/acceptance", json=first)
            await answered(desk, id, "Cette fois.")
            over = await zoe.post("/v1/public-tickets/acceptance", json=first)
            last = {"token": await reply_token(desk)}
            accepted = await zoe.post("/v1/public-tickets/acceptance", json=last)

        assert (
            refused.json()
            == again.json()
            == {"number": accepted.json()["number"]} | {"state": "open"}
        )
        assert pointers(early) == pointers(over) == ["/body/token"]
        assert accepted.json()["state"] == "closed"
        activity = await desk.by("olga", operator=True).get(f"/v1/tickets/{id}/activity")
        kinds = [(one["kind"], one["signed"], one["text"]) for one in activity.json()["items"]]
        assert [one for one in kinds if one[0].startswith("solution-")] == [
            ("solution-accepted", "", ""),
            ("solution-proposed", "", "Cette fois."),
            ("solution-refused", "", "Toujours rien."),
            ("solution-proposed", "", "Voici."),
        ]

    async def test_take_no_reply_by_another_link_nor_without_words(self, desk: Desk):
        await sent(desk)
        id = await confirmed(desk)
        await answered(desk, id, "Voici.")
        wrong = (
            "x",
            await token(desk),
            await reply_token(desk, user_id="f" * 32),
            await reply_token(desk, expires_at=now() - timedelta(minutes=1)),
        )
        async with nobody(desk) as anybody:
            for one in wrong:
                tried = await anybody.post("/v1/public-tickets/acceptance", json={"token": one})
                assert pointers(tried) == ["/body/token"]
            silent = {"token": await reply_token(desk), "text": " "}
            tried = await anybody.post("/v1/public-tickets/refusals", json=silent)
            assert pointers(tried) == ["/body/text"]
        read = await desk.by("olga", operator=True).get(f"/v1/tickets/{id}")
        assert read.json()["state"] == "resolved"

    async def test_ask_one_address_a_few_times_a_day_and_answer_alike(self, desk: Desk):
        for _ in range(7):
            await sent(desk)
        assert len(await facts(desk, "support.form-sent.v1")) == 5

    async def test_ask_one_address_as_often_however_it_is_typed(self, desk: Desk):
        typed = ("zoe@example.org", "ZOE@example.org", "zOe@EXAMPLE.org", " Zoe@Example.Org ")
        for email in typed * 2:
            await sent(desk, email=email)
        told = await facts(desk, "support.form-sent.v1")
        assert [one["email"] for one in told] == ["zoe@example.org"] * 5

    async def test_are_forgotten_with_their_number_when_nobody_confirms(self, desk: Desk):
        await sent(desk)
        worker = desk.job("forms", Worker)
        [form] = await worker.collection.select({})
        await worker.work(form)

        for name in ("forms", "numbers", "tickets"):
            assert await desk.service.mongo[name].count_documents({}) == 0
        [told] = await facts(desk, "support.form-sent.v1")
        assert told["email"] == ""

    async def test_refuse_a_link_that_is_not_theirs(self, desk: Desk):
        await sent(desk)
        wrong = (
            "x",
            await token(desk, purpose="activation"),
            await token(desk, nonce="another"),
            await token(desk, user_id="f" * 32),
            await token(desk, expires_at=now() - timedelta(minutes=1)),
        )
        async with nobody(desk) as anybody:
            for one in wrong:
                refused = await anybody.post("/v1/public-tickets/confirmation", json={"token": one})
                assert pointers(refused) == ["/body/token"]
        assert await desk.service.mongo["tickets"].count_documents({}) == 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "no address"),
            ("email", "zoe@example.org\nBcc: all@example.org"),
            ("category", "X"),
            ("subcategory", "REACTIVATION_COMPTE"),
            ("subcategory", "M_QUESTION_DESTINATAIRE_FACTURE"),
            ("title", ""),
            ("title", "two\nlines"),
            ("title", "\u202egros"),
            ("description", "x" * 10_001),
            ("description", "&" * 9_999),
            ("structure_id", MINE),
            ("emitter_id", "ana"),
        ],
    )
    async def test_name_a_field_that_is_wrong(self, desk: Desk, field: str, value: Any):
        async with nobody(desk) as anybody:
            refused = await anybody.post("/v1/public-tickets", json=FORM | {field: value})
        assert pointers(refused)[0] in (f"/body/{field}", "/body/subcategory")

    @pytest.mark.feature("SUP-41")
    async def test_cost_a_robot_some_work_and_take_no_proof_twice_nor_of_another_service(
        self, wary_desk: Desk
    ):
        desk = wary_desk
        key, until = desk.service.settings.link_key.get_secret_value(), now() + timedelta(minutes=5)
        elsewhere = solve(challenge(f"users:{key}", nonce="n", bits=4, until=until), 4)
        async with nobody(desk) as anybody:
            given = (await anybody.get("/v1/public-tickets/effort")).json()
            solved = solve(given["challenge"], given["bits"])
            forms = [
                FORM,
                FORM | {"effort": {"challenge": elsewhere.challenge, "number": elsewhere.number}},
                *[FORM | {"effort": {"challenge": solved.challenge, "number": solved.number}}] * 4,
            ]
            answers = await asyncio.gather(
                *(anybody.post("/v1/public-tickets", json=one) for one in forms)
            )

        types = [one.json().get("type", "") for one in answers]
        assert types[:2] == ["/problems/effort-missing", "/problems/effort-wrong"]
        assert sorted(types[2:]) == ["", *["/problems/effort-over"] * 3]

    @pytest.mark.parametrize("reason", ["", " ", "\u200b", "x" * 1001])
    async def test_name_a_reason_that_is_none(self, desk: Desk, reason: str):
        asked = {"email": "zoe@example.org", "reason": reason}
        async with nobody(desk) as anybody:
            refused = await anybody.post("/v1/public-tickets/reactivations", json=asked)
        assert pointers(refused) == ["/body/reason"]
