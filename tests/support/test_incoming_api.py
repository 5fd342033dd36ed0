"""Letters to the support desk, as a mail server brings them, over HTTP."""

from typing import Any

import pytest

from kit.internal import Caller
from tests.support.asking import pointers
from tests.support.desk import MINE, OTHER, Desk, client
from tests.support.outside import answered, confirmed, facts

LETTERS = "/v1/incoming-letters"
LETTER = b"""From: Ana Roux <ana@example.org>
Message-ID: <1@example.org>
Subject: Rien n'arrive

<b>Bonjour</b>, je ne recois rien.
"""
MESSAGE = {"content-type": "message/rfc822"}


def mta(desk: Desk, *structures: str, scope: str = "letters:write") -> Any:
    who = Caller(client_id="mta", scopes=frozenset({scope}), structures=frozenset(structures))
    return client(desk.app, desk.service, who)


async def brought(desk: Desk, letter: bytes = LETTER, *, headers: Any = MESSAGE) -> Any:
    async with mta(desk) as bringing:
        return await bringing.post(LETTERS, content=letter, headers=headers)


class TestLetters:
    @pytest.mark.feature("CRM-04")
    async def test_make_a_ticket_though_the_support_of_a_supplier_is_closed_to_their_sender(
        self, desk: Desk
    ):
        await desk.hear_person("ana", "Ana")
        await desk.hear_features(MINE, OTHER)
        await desk.hear_switches("ana", MINE, OTHER, version=1)

        answer = await brought(desk)
        id = await confirmed(desk)

        assert (answer.status_code, answer.json()["passed_over"]) == (202, None)
        read = (await desk.by("olga", operator=True).get(f"/v1/tickets/{id}")).json()
        assert (read["number"], read["state"]) == (answer.json()["number"], "open")
        assert (read["title"], read["contact_email"]) == ("Rien n'arrive", "ana@example.org")
        assert (read["category"], read["subcategory"]) == (
            "UTILISATION_PLATEFORME",
            "AUTRE_QUESTION",
        )
        assert "<b>" not in read["description"]

    @pytest.mark.feature("CRM-04")
    async def test_are_nobody_s_until_their_address_is_confirmed_and_nobody_s_account_s_then(
        self, desk: Desk
    ):
        await desk.hear_person("ana", "Ana")
        await brought(desk)
        assert await desk.service.mongo["tickets"].count_documents({}) == 0

        id = await confirmed(desk)
        await answered(desk, id, "Voici.")

        assert (await desk.by("ana").get(f"/v1/tickets/{id}")).status_code == 404
        [told] = await facts(desk, "support.correspondent-answered.v1")
        assert told["email"] == "ana@example.org"

    @pytest.mark.feature("CRM-04")
    async def test_that_come_again_are_one_and_are_asked_of_once(self, desk: Desk):
        first = await brought(desk)
        again = await brought(desk, b"Received: by mx2\n" + LETTER)
        await confirmed(desk)
        late = await brought(desk)

        assert first.json() == again.json() == late.json()
        assert len(await facts(desk, "support.form-sent.v1")) == 1
        assert await desk.service.mongo["tickets"].count_documents({}) == 1

    async def test_of_one_address_are_asked_of_five_times_a_day(self, desk: Desk):
        for n in range(7):
            answer = await brought(desk, LETTER.replace(b"<1@", b"<%d@" % n))
            assert answer.status_code == 202

        assert len(await facts(desk, "support.form-sent.v1")) == 5

    @pytest.mark.feature("CRM-04")
    async def test_that_no_person_wrote_make_none(self, desk: Desk):
        answer = await brought(desk, b"Auto-Submitted: auto-replied\n" + LETTER)

        assert (answer.status_code, answer.json()) == (
            202,
            {"number": None, "passed_over": "automatic"},
        )
        assert await desk.told() == []
        assert await desk.service.mongo["forms"].count_documents({}) == 0

    async def test_may_be_as_large_as_a_file(self, desk: Desk):
        base64 = b"QUJD" * 19 + b"\n"
        large = (
            b"Content-Type: multipart/mixed; boundary=b\n"
            + LETTER.replace(b"\n\n", b"\n\n--b\n\n", 1)
            + b"\n--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\n"
            + base64 * 30_000
            + b"--b--\n"
        )
        assert (await brought(desk, large)).status_code == 202
        assert (await brought(desk, bytes(10_000_001))).status_code == 413

    async def test_that_cannot_be_taken_are_refused_by_name(self, desk: Desk):
        nobody = await brought(desk, b"Subject: Bonjour\n\nBonjour")
        wrong = await brought(desk, headers={"content-type": "application/json"})

        assert (nobody.status_code, nobody.json()["type"]) == (422, "/problems/no-sender")
        assert pointers(nobody) == ["/body"]
        assert (wrong.status_code, wrong.json()["type"]) == (415, "/problems/not-a-letter")

    @pytest.mark.parametrize(
        ("structures", "scope", "problem"),
        [
            ((), "facts:write", "scope-missing"),
            ((MINE,), "letters:write", "whole-platform-only"),
        ],
    )
    async def test_are_brought_by_a_system_of_the_whole_platform_with_the_scope(
        self, desk: Desk, structures: tuple[str, ...], scope: str, problem: str
    ):
        async with mta(desk, *structures, scope=scope) as bringing:
            answer = await bringing.post(LETTERS, content=LETTER, headers=MESSAGE)
        assert (answer.status_code, answer.json()["type"]) == (403, f"/problems/{problem}")
