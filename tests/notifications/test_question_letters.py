"""The letters about a question: the link that answers it, and asking back."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import (
    ApprovalDecided,
    ApprovalDecidedV2,
    ApprovalExpired,
    ApprovalOpened,
    ApprovalOpenedV2,
    InformationGiven,
    InformationRequested,
)
from kit.clock import now
from services.notifications.domain.request_letters import (
    on_approval_opened,
    on_information_given,
    on_information_requested,
    on_settled,
)
from services.notifications.rendering import Rendered, Renderer
from tests.notifications.builders import a_person

AT = now()
END = AT + timedelta(days=30)
OPENED: dict[str, Any] = {
    "approval_id": "r-1",
    "kind": "rattachement",
    "subject_id": "r-1",
    "structure_id": "s-9",
    "structure_name": "Menuiserie Petit",
    "requester_id": "u-lea",
    "principal_manager_id": "u-omar",
    "approver_ids": ("u-omar",),
    "opened_at": AT,
    "number": "RITM0000007",
    "title": "Demande de rattachement à la structure",
    "expires_at": END,
}
ASKED: dict[str, Any] = {
    "comment_id": "c-1",
    "approval_id": "r-1",
    "number": "RITM0000007",
    "title": "Demande de rattachement à la structure",
    "structure_id": "s-9",
    "structure_name": "Menuiserie Petit",
    "requester_id": "u-lea",
    "text": "Pour quel service ?",
}

MANDATE: dict[str, Any] = {
    "approval_id": "m-1",
    "kind": "mandate",
    "subject_id": "m-1",
    "structure_id": "s-9",
    "requester_id": "u-lea",
    "number": "RITM0000007",
    "title": "Souscrire un mandat de facturation",
    "structure_name": "Menuiserie Petit",
}
DECIDED: dict[str, Any] = {"verdict": "approved", "decided_by": "u-omar", "decided_at": AT}
EXPIRED: dict[str, Any] = {"opened_at": AT, "expired_at": END}


def rendered(letter: Any, language: str = "fr") -> Rendered:
    reader = a_person(language=language)
    return Renderer("https://chorale.example").render(letter, reader, a_person(first_name="Omar"))


@pytest.mark.feature("NOT-09")
def test_an_approver_s_letter_brings_a_link_that_is_good_while_the_question_waits():
    [letter] = on_approval_opened(ApprovalOpened(**OPENED))

    assert letter.link
    assert (letter.link.purpose, letter.link.nonce) == ("approval", "r-1")
    assert letter.link.expires_at == END


def test_a_question_is_written_of_once_each_time_it_is_told():
    first, again, anew = (
        on_approval_opened(ApprovalOpened(**OPENED, told_at=at, telling=telling))[0]
        for at, telling in ((AT, 1), (AT, 1), (AT + timedelta(days=2), 2))
    )

    assert first.id == again.id != anew.id
    assert anew.created_at == AT + timedelta(days=2)


def test_a_list_of_questions_is_written_of_once_each_time():
    ids = [
        on_approval_opened(ApprovalOpened(**OPENED | said, list_id="l-1", telling=telling))[0].id
        for telling in (1, 2)
        for said in ({"approval_id": "r-1"}, {"approval_id": "r-2"})
    ]

    assert [ids.index(one) for one in ids] == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("but", "links"),
    [({"list_id": "l-1"}, True), ({"expires_at": None}, True), ({}, False)],
    ids=["of a whole list", "told before questions expired", "as the installation wishes"],
)
def test_others_bring_none(but: dict[str, Any], links: bool):
    [letter] = on_approval_opened(ApprovalOpened(**OPENED | but), links=links)

    assert letter.link is None


@pytest.mark.feature("APP-04")
def test_a_question_of_any_kind_is_written_about_with_its_title():
    asked = {"kind": "mandate", "title": "Souscrire un mandat de facturation"}

    [letter] = on_approval_opened(ApprovalOpenedV2(**OPENED | asked))

    assert letter.params["title"] == "Souscrire un mandat de facturation"
    assert letter.params["kind"] == "mandate"


def test_asking_back_is_written_to_who_asked_and_the_answer_to_who_waits_for_it():
    asked = InformationRequested(**ASKED, asked_by="u-omar", asked_at=AT)
    question = on_information_requested(asked)
    [answer] = on_information_given(InformationGiven(**ASKED, asked_by="u-omar", given_at=AT))

    assert (question.recipient_id, answer.recipient_id) == ("u-lea", "u-omar")
    assert (question.about_id, answer.about_id) == ("u-omar", "u-lea")
    assert question.reason == answer.reason == "Pour quel service ?"


def test_the_answer_is_written_to_whoever_decides_by_then():
    said = {"asked_by": "u-omar", "approver_ids": ("u-ada", "u-zoe"), "given_at": AT}

    letters = on_information_given(InformationGiven(**ASKED, **said))

    assert [one.recipient_id for one in letters] == ["u-ada", "u-zoe"]
    assert len({one.id for one in letters}) == 2


@pytest.mark.parametrize(("units", "kept"), [(("COMPTA",), {"r-1": ("COMPTA",)}), (None, {})])
def test_keep_which_units_are_asked_about_if_that_was_told(units: Any, kept: Any):
    [opened] = on_approval_opened(ApprovalOpened(**OPENED, units=units))
    [answer] = on_information_given(
        InformationGiven(**ASKED, asked_by="u-omar", given_at=AT, units=units)
    )

    assert opened.asked_about == answer.asked_about == kept


class TestOnSettled:
    @pytest.mark.feature("APP-04", "NOT-10")
    @pytest.mark.parametrize(
        ("event", "subject", "said"),
        [
            (ApprovalDecidedV2(**MANDATE | DECIDED), "est acceptée", "a été acceptée"),
            (
                ApprovalDecidedV2(**MANDATE | DECIDED | {"verdict": "refused", "reason": "Non."}),
                "est refusée",
                "> Non.",
            ),
            (ApprovalExpired(**MANDATE | EXPIRED), "a expiré", "reste sans effet"),
        ],
        ids=["approved", "refused", "expired"],
    )
    def test_tells_whoever_asked_how_it_ended(self, event: Any, subject: str, said: str):
        letter = on_settled(event)

        assert letter
        assert letter.recipient_id == "u-lea"
        shown = rendered(letter)
        assert shown.subject == f"Votre demande RITM0000007 {subject} (Menuiserie Petit)"
        assert "« Souscrire un mandat de facturation »" in shown.text
        assert said in shown.text
        # Whoever asks does not learn who has decided.
        assert "Omar" not in shown.text + shown.html
        assert "RITM0000007" in rendered(letter, "en").subject

    def test_brings_words_that_go_with_whoever_wrote_them(self):
        said = DECIDED | {"verdict": "refused", "reason": "Non."}

        letter = on_settled(ApprovalDecidedV2(**MANDATE | said))

        assert letter
        assert letter.about_id == "u-omar"

    @pytest.mark.parametrize(
        "event",
        [
            ApprovalDecided(
                **{name: MANDATE[name] for name in ("approval_id", "subject_id", "structure_id")},
                requester_id="u-lea",
                kind="rattachement",
                **DECIDED,
            ),
            ApprovalExpired(**MANDATE | EXPIRED | {"kind": "habilitation"}),
        ],
        ids=["decided", "expired"],
    )
    def test_leaves_to_users_what_users_tells_by_itself(self, event: Any):
        assert on_settled(event) is None
