"""Writing a ticket and sending it, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from kit.clock import today
from kit.internal import Caller
from services.support.domain.numbers import Number, numbers_for
from services.support.speaking import Speaking
from tests.support.asking import NOBODYS, pointers, written
from tests.support.desk import MINE, OTHER, Desk, a_ticket, client

JSON = {"content-type": "application/json"}


class TestWrite:
    @pytest.mark.feature("SUP-14", "SUP-16")
    async def test_opens_a_ticket_that_can_be_read_again(self, desk: Desk):
        opened = await written(desk)

        assert opened["state"] == "open"
        assert opened["number"].startswith("CPROCS")
        read = await desk.by().get(f"/v1/tickets/{opened['id']}")
        assert read.json() == opened
        assert read.headers["etag"] == '"1"'
        assert await desk.told() == ["support.ticket-opened.v1"]

    async def test_is_done_once_however_often_it_is_asked(self, desk: Desk):
        async with desk.by() as ana:
            key = {"idempotency-key": "the-same"}
            first = await ana.post("/v1/tickets", json=a_ticket(), headers=key)
            again = await ana.post("/v1/tickets", json=a_ticket(), headers=key)

        assert again.json() == first.json()
        assert await desk.told() == ["support.ticket-opened.v1"]
        assert await desk.service.mongo["numbers"].count_documents({}) == 1

    async def test_what_is_kept_is_answered_even_if_rights_are_too_old_from_then_on(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        tell = desk.service.committer._tell

        def told_as_rights_grow_old(draft: Any) -> None:
            monkeypatch.setattr(desk.service.heard, "_max_age", -1)
            tell(draft)

        monkeypatch.setattr(desk.service.committer, "_tell", told_as_rights_grow_old)
        first = await desk.by().post("/v1/tickets", json=a_ticket())
        later = await desk.by().post("/v1/tickets", json=a_ticket())

        assert (first.status_code, later.status_code) == (201, 503)
        assert await desk.service.mongo["tickets"].count_documents({}) == 1

    @pytest.mark.feature("SUP-16")
    async def test_never_gives_a_number_twice(self, desk: Desk, monkeypatch: pytest.MonkeyPatch):
        few = numbers_for("any")[:3]
        monkeypatch.setattr("services.support.domain.numbers.numbers_for", lambda _: few)

        given = [(await written(desk))["number"] for _ in few]
        refused = await desk.by().post("/v1/tickets", json=a_ticket())

        assert sorted(given) == sorted(few)
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/no-number-free"

    @pytest.mark.feature("CRM-03")
    async def test_is_refused_to_a_client_to_whom_the_support_is_closed(self, desk: Desk):
        business = a_ticket(
            category="PAIEMENT",
            subcategory="M_QUESTION_DEMANDE_REJETEE",
            recipient_structure_id=OTHER,
        )
        await desk.hear_features(MINE, OTHER, "invoices")

        async with desk.by() as ana:
            named = await ana.post("/v1/tickets", json=business)
            unnamed = await ana.post("/v1/tickets", json=business | {"structure_id": None})
            drafted = await ana.post("/v1/tickets", json=business | {"draft": True})
            elsewhere = await ana.post("/v1/tickets", json=a_ticket())
            await desk.hear_features(MINE, OTHER, "invoices", "support")
            opened = await ana.post("/v1/tickets", json=business)
            await desk.hear_features(MINE, OTHER)
            closed = await ana.put(f"/v1/tickets/{opened.json()['id']}/submission")

        for refused in (named, unnamed, drafted, closed):
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/support-not-open"
        assert (elsewhere.status_code, opened.status_code) == (201, 201)

    async def test_is_refused_to_one_user_of_a_client_to_whom_it_is_closed(self, desk: Desk):
        business = a_ticket(
            category="PAIEMENT",
            subcategory="M_QUESTION_DEMANDE_REJETEE",
            recipient_structure_id=OTHER,
        )

        async def answers(user: str) -> tuple[int, int]:
            async with desk.by(user) as calls:
                named = await calls.post("/v1/tickets", json=business)
                unnamed = await calls.post("/v1/tickets", json=business | {"structure_id": None})
            return named.status_code, unnamed.status_code

        await desk.hear_switches("ana", MINE, OTHER, "invoices", version=2)
        await desk.hear_switches("ana", MINE, OTHER, "invoices", "support", version=1)
        await desk.hear_features(MINE, OTHER, "invoices", "support")

        assert (await answers("ana"), await answers("bob")) == ((403, 403), (201, 201))
        await desk.hear_switches("ana", MINE, OTHER, "support", version=3)
        assert await answers("ana") == (201, 201)

    @pytest.mark.feature("SUP-05", "SUP-13")
    async def test_names_what_is_missing(self, desk: Desk):
        answer = await desk.by().post("/v1/tickets", json={})
        assert pointers(answer) == ["/body/category", "/body/subcategory", "/body/title"]

    async def test_takes_a_title_of_blanks_for_none(self, desk: Desk):
        answer = await desk.by().post("/v1/tickets", json=a_ticket(title=" \t\n "))
        assert pointers(answer) == ["/body/title"]

    @pytest.mark.feature("SUP-06")
    async def test_asks_for_the_recipient_of_a_business_question(self, desk: Desk):
        question = {"subcategory": "M_QUESTION_DESTINATAIRE_FACTURE"}
        answer = await desk.by().post("/v1/tickets", json=a_ticket(**question))

        assert pointers(answer) == ["/body/recipient_structure_id"]
        opened = await written(desk, **question, recipient_structure_id=OTHER)
        assert opened["recipient_structure_id"] == OTHER

    @pytest.mark.feature("SUP-45")
    @pytest.mark.parametrize("draft", [False, True])
    async def test_names_the_form_by_which_a_public_structure_is_asked_for(
        self, desk: Desk, draft: bool
    ):
        asked = {
            "category": "GESTION_STRUCTURES_UTILISATEURS",
            "subcategory": "CREATION_STRUCTURE_PUBLIQUE",
            "object_number": "",
            "draft": draft,
        }
        answer = await desk.by().post("/v1/tickets", json=a_ticket(**asked))
        assert pointers(answer) == ["/body/subcategory"]
        assert answer.json()["form"] == "/v1/structure-requests"

    @pytest.mark.feature("SUP-10")
    async def test_is_refused_for_a_structure_of_others(self, desk: Desk):
        answer = await desk.by().post("/v1/tickets", json=a_ticket(structure_id=OTHER))
        assert pointers(answer) == ["/body/structure_id"]

    async def test_is_refused_once_the_rattachement_has_ended(self, desk: Desk):
        await desk.hear_rights("ana", MINE, until=today() - timedelta(days=1))
        answer = await desk.by().post("/v1/tickets", json=a_ticket())
        assert pointers(answer) == ["/body/structure_id"]

    async def test_is_refused_once_the_emitter_is_detached(self, desk: Desk):
        await desk.hear_rights("ana", MINE, role=None)
        answer = await desk.by().post("/v1/tickets", json=a_ticket())
        assert pointers(answer) == ["/body/structure_id"]

    async def test_is_refused_while_what_is_told_of_the_rights_cannot_be_read(self, desk: Desk):
        await desk.hear_rights("ana", MINE, unreadable=True)
        answer = await desk.by().post("/v1/tickets", json=a_ticket())
        assert pointers(answer) == ["/body/structure_id"]

    async def test_waits_until_rights_are_known_again(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(desk.service.heard, "_max_age", -1)

        answer = await desk.by().post("/v1/tickets", json=a_ticket())
        without = await desk.by().post("/v1/tickets", json=a_ticket(structure_id=None))

        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert without.status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "x" * 201),
            ("description", "x" * 20_001),
            ("category", "X" * 65),
            ("structure_id", "../other"),
            ("structure_id", {"$ne": ""}),
            ("recipient_structure_id", "A" * 32),
            ("title", 7),
            ("title", "two\nlines"),
            ("draft", "perhaps"),
            ("title", None),
        ],
    )
    async def test_names_a_field_that_is_wrong(self, desk: Desk, field: str, value: object):
        answer = await desk.by().post("/v1/tickets", json=a_ticket(**{field: value}))
        assert pointers(answer) == [f"/body/{field}"]

    async def test_names_a_title_that_is_no_text(self, desk: Desk):
        answer = await desk.by().post("/v1/tickets", content=b'{"title": "\\ud800"}', headers=JSON)
        assert pointers(answer) == ["/body/title"]

    async def test_is_for_people_who_have_signed_in(self, desk: Desk):
        for nobody, status in ((Caller(), 401), (Caller(client_id="a-system"), 403)):
            async with client(desk.app, desk.service, nobody) as asking:
                for method, path in (
                    ("POST", "/v1/tickets"),
                    ("GET", "/v1/tickets"),
                    ("GET", "/v1/ticket-categories"),
                    ("GET", f"/v1/tickets/{NOBODYS}"),
                    ("PUT", f"/v1/tickets/{NOBODYS}"),
                    ("PUT", f"/v1/tickets/{NOBODYS}/submission"),
                    ("PUT", f"/v1/tickets/{NOBODYS}/closure"),
                ):
                    answer = await asking.request(method, path, json={})
                    assert answer.status_code == status, (method, path)


class TestDraft:
    @pytest.mark.feature("SUP-17")
    async def test_is_kept_however_incomplete_then_completed_and_sent(self, desk: Desk):
        answer = await desk.by().post("/v1/tickets", json={"draft": True})
        draft = answer.json()
        path = f"/v1/tickets/{draft['id']}"
        assert (answer.status_code, draft["state"]) == (201, "draft")
        assert await desk.told() == []

        early = await desk.by().put(f"{path}/submission")
        assert pointers(early) == ["/body/category", "/body/subcategory", "/body/title"]

        rewritten = await desk.by().put(path, json=a_ticket())
        assert (rewritten.status_code, rewritten.json()["state"]) == (200, "draft")

        sent = await desk.by().put(f"{path}/submission")
        again = await desk.by().put(f"{path}/submission")
        assert sent.json()["state"] == "open"
        assert again.json() == sent.json()
        assert sent.json()["number"] == draft["number"]
        assert await desk.told() == ["support.ticket-opened.v1"]

    async def test_is_not_written_over_unseen(self, desk: Desk):
        draft = await written(desk, draft=True)
        path = f"/v1/tickets/{draft['id']}"

        first = await desk.by().put(path, json=a_ticket(title="1"), headers={"if-match": '"1"'})
        second = await desk.by().put(path, json=a_ticket(title="2"), headers={"if-match": '"1"'})

        assert first.headers["etag"] == '"2"'
        assert second.status_code == 412
        assert (await desk.by().get(path)).json()["title"] == "1"

    async def test_is_not_sent_unseen(self, desk: Desk):
        draft = await written(desk, draft=True)
        path = f"/v1/tickets/{draft['id']}"
        await desk.by().put(path, json=a_ticket(title="2"), headers={"if-match": '"1"'})

        unseen = await desk.by().put(f"{path}/submission", headers={"if-match": '"1"'})
        assert (unseen.status_code, await desk.told()) == (412, [])

        seen = await desk.by().put(f"{path}/submission", headers={"if-match": '"2"'})
        assert (seen.status_code, seen.json()["state"]) == (200, "open")

    @pytest.mark.parametrize(("times", "status"), [(2, 200), (3, 409)])
    async def test_is_sent_as_it_stands_though_it_is_rewritten_meanwhile(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int, status: int
    ):
        """What is known of those whom it names must be of those whom it names by then."""
        draft = await written(desk, draft=True, structure_id=None)
        path, ask, turns = f"/v1/tickets/{draft['id']}", Speaking.known, list[str]()

        async def rewritten_meanwhile(
            self: Speaking, caller: Any, content: Any, **said: Any
        ) -> Any:
            known = await ask(self, caller, content, **said)
            if len(turns) < times:
                turns.append(f"{len(turns)}")
                monkeypatch.setattr(Speaking, "known", ask)
                said = a_ticket(title=turns[-1], structure_id=MINE)
                assert (await desk.by().put(path, json=said)).status_code == 200
                monkeypatch.setattr(Speaking, "known", rewritten_meanwhile)
            return known

        monkeypatch.setattr(Speaking, "known", rewritten_meanwhile)
        answer = await desk.by().put(f"{path}/submission")

        assert answer.status_code == status
        if status == 200:
            sent = answer.json()
            assert (sent["state"], sent["title"], sent["structure_id"]) == ("open", "1", MINE)
        else:
            assert answer.json()["type"] == "/problems/rewritten"

    async def test_waits_while_a_structure_that_it_names_is_not_active(self, desk: Desk):
        named = {MINE: "structure_id", OTHER: "recipient_structure_id"}
        business = {
            "category": "PAIEMENT",
            "subcategory": "M_QUESTION_DEMANDE_REJETEE",
            "recipient_structure_id": OTHER,
        }
        for version, (structure, field) in enumerate(named.items(), 2):
            await desk.hear_structure(structure, "A", status="inactive", version=version)

            new = await desk.by().post("/v1/tickets", json=a_ticket(**business))
            draft = await written(desk, **business, draft=True)
            path = f"/v1/tickets/{draft['id']}"
            early = await desk.by().put(f"{path}/submission")
            for refused in (new, early):
                said = refused.json()
                assert (refused.status_code, said["type"]) == (409, "/problems/structure-inactive")
                assert [one["pointer"] for one in said["errors"]] == [f"/body/{field}"]

            await desk.hear_structure(structure, "A", version=version + 10)
            assert (await desk.by().put(f"{path}/submission")).status_code == 200

    async def test_is_fixed_once_sent(self, desk: Desk):
        opened = await written(desk)
        answer = await desk.by().put(f"/v1/tickets/{opened['id']}", json=a_ticket())
        assert (answer.status_code, answer.json()["state"]) == (409, "open")


async def test_a_number_is_claimed_by_its_ticket(desk: Desk):
    opened = await written(desk)
    numbers = next(one for one in desk.service.collections if one.name == "numbers")
    claim = await numbers.get(opened["number"])
    assert claim == Number(id=opened["number"], version=1, ticket_id=opened["id"])
