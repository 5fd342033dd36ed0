"""What is written about a question that waits, and to whom."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalEscalated, ApprovalReminded
from contracts.users import (
    HabilitationsRequestExpired,
    RattachementRequestExpired,
    RequestBlocked,
)
from services.notifications.domain.letters import Letter, write
from services.notifications.domain.waiting_letters import (
    on_escalated,
    on_reminded,
    on_request_blocked,
    on_request_expired,
)
from services.notifications.rendering import Rendered, Renderer
from tests.notifications.builders import NOW, a_person

LEA = a_person()
DAY = timedelta(days=1)


def rendered(letter: Letter, **but: Any) -> Rendered:
    given = {"recipient": a_person(id="u-omar", first_name="Omar", last_name="Sy"), "about": LEA}
    return Renderer("https://chorale.example").render(letter, **given | but)


def waiting(**but: Any) -> dict[str, Any]:
    return {
        "approval_id": "r-1",
        "kind": "rattachement",
        "subject_id": "r-1",
        "structure_id": "s-9",
        "structure_name": "Menuiserie Petit",
        "requester_id": "u-lea",
        "approver_ids": ("u-omar", "u-ada"),
        "opened_at": NOW,
        "expires_at": NOW + 40 * DAY,
    } | but


def reminded(**but: Any) -> ApprovalReminded:
    said = {"business_days": 3, "reminded_at": NOW + 3 * DAY}
    return ApprovalReminded(**waiting(**said) | but)


def escalated(**but: Any) -> ApprovalEscalated:
    return ApprovalEscalated(**waiting(escalated_at=NOW + 7 * DAY) | but)


def expired(kind: Any) -> Any:
    return kind(
        request_id="r-1",
        user_id="u-lea",
        structure_id="s-9",
        structure_name="Menuiserie Petit",
        requested_at=NOW,
        expired_at=NOW + 40 * DAY,
    )


class TestOnReminded:
    def test_goes_to_each_who_was_asked_and_says_until_when(self):
        letters = on_reminded(reminded())

        assert [one.recipient_id for one in letters] == ["u-omar", "u-ada"]
        text = rendered(letters[0]).text
        assert "Léa Martin" in text
        assert "Menuiserie Petit" in text
        assert "5 janvier 2026" in text
        assert "14 février 2026" in text

    def test_keeps_which_units_are_asked_about(self):
        both = (
            *on_reminded(reminded(units=("COMPTA",))),
            *on_escalated(escalated(units=("COMPTA",))),
        )

        assert [one.asked_about for one in both] == [{"r-1": ("COMPTA",)}] * 4

    def test_is_one_letter_a_day_however_many_questions_wait(self):
        [first, _], [another, _] = on_reminded(reminded()), on_reminded(reminded(approval_id="r-2"))
        later = on_reminded(reminded(reminded_at=NOW + 10 * DAY))

        assert first.id == another.id
        assert write(another, first).state.subjects == ("r-1", "r-2")
        assert first.id != later[0].id

    def test_of_somebody_who_is_forgotten_reads_well(self):
        for letter in (on_reminded(reminded())[0], on_escalated(escalated())[0]):
            said = rendered(letter, about=None)

            assert "celle d’un utilisateur, présentée" in said.text
            assert "celle d’un utilisateur, présentée" in said.html

    def test_of_a_structure_without_a_name_reads_well(self):
        [letter, _] = on_reminded(reminded(structure_name=None))

        assert "None" not in rendered(letter).text
        assert "()" not in rendered(letter).subject


class TestOnEscalated:
    def test_asks_those_who_may_answer_in_the_principal_manager_s_place(self):
        [letter] = on_escalated(escalated(approver_ids=("u-ada",)))

        assert letter.recipient_id == "u-ada"
        assert "gestionnaire principal" in rendered(letter).text


class TestOnRequestExpired:
    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            (RattachementRequestExpired, "demande de rattachement"),
            (HabilitationsRequestExpired, "demande d’habilitation"),
        ],
    )
    def test_tells_whoever_asked_that_nothing_came_of_it(self, kind: Any, words: str):
        letter = on_request_expired(expired(kind))

        said = rendered(letter, recipient=LEA, about=None)
        assert letter.recipient_id == "u-lea"
        assert words in said.subject
        assert "expiré" in said.text
        assert "sans effet" in said.text


class TestOnRequestBlocked:
    @pytest.mark.feature("APP-16")
    def test_tells_each_who_asked_that_the_structure_may_be_claimed(self):
        told = RequestBlocked(
            request_id="r-1",
            user_id="u-lea",
            structure_id="s-9",
            structure_name=None,
            noticed_at=NOW,
        )

        letter = on_request_blocked(told)

        assert letter.recipient_id == "u-lea"
        assert "revendiquer" in rendered(letter, recipient=LEA, about=None).text
