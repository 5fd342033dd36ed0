"""The letters about a question: the link that answers it, and asking back."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import (
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
)

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
    question = on_information_requested(InformationRequested(**ASKED, asked_at=AT))
    [answer] = on_information_given(InformationGiven(**ASKED, asked_by="u-omar", given_at=AT))

    assert (question.recipient_id, answer.recipient_id) == ("u-lea", "u-omar")
    # Whoever asks does not learn which approver it is.
    assert (question.about_id, answer.about_id) == (None, "u-lea")
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
