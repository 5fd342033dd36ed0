"""What is written to and fro about a question that waits."""

from typing import Any

import pytest

from contracts.approvals import InformationGiven, InformationRequested
from kit.change import Change
from kit.problems import NotFound
from services.approvals.domain.approvals import AlreadyDecided, Approval
from services.approvals.domain.comments import (
    MOST_EACH,
    Comment,
    NothingToAsk,
    TooManyComments,
    comment,
    without_text,
)
from tests.approvals.builders import (
    LADDER,
    NOW,
    a_delegate_s_seat,
    a_seat,
    an_approval,
    some_approvers,
    types,
)


def write(
    approval: Approval | None, current: Comment | None = None, **but: Any
) -> tuple[Change[Approval], Change[Comment]]:
    said = {"id": "c-1", "text": "Pour quel service ?", "asks": False, "by": "u-omar"}
    said |= {"ladder": LADDER, "now": NOW}
    approvers = but.pop("approvers", some_approvers(a_seat()))
    about, written, _ = comment(approval, current, approvers, **said | but)
    return about, written


HERS: dict[str, Any] = {"by": "u-lea", "id": "c-2", "text": "La comptabilité."}


class TestComment:
    @pytest.mark.feature("APP-12")
    def test_is_dated_and_signed(self):
        about, written = write(an_approval())

        assert (written.state.by, written.state.at) == ("u-omar", NOW)
        assert written.state.text == "Pour quel service ?"
        assert (about.state.comments, types(written)) == (1, [])

    def test_asks_the_requester_for_more_and_hears_the_answer_once(self):
        asked, question = write(an_approval(units=("COMPTA",)), asks=True)
        answered, answer = write(asked.state, **HERS)
        _, more = write(answered.state, **HERS | {"id": "c-3"})

        [asking] = question.events
        assert isinstance(asking, InformationRequested)
        assert asking.asked_by == "u-omar"
        assert asked.state.asked_by == "u-omar"
        assert asked.state.state == "requested"
        [told] = answer.events
        assert isinstance(told, InformationGiven)
        assert (told.asked_by, told.text) == ("u-omar", "La comptabilité.")
        assert (told.approver_ids, told.units) == (("u-omar",), ("COMPTA",))
        assert (answered.state.asked_by, types(more)) == (None, [])

    def test_of_an_approver_does_not_answer_for_the_requester(self):
        about, written = write(an_approval(asked_by="u-ada"))

        assert (about.state.asked_by, types(written)) == ("u-ada", [])

    @pytest.mark.parametrize(
        ("seats", "heard_by"),
        [
            ((a_delegate_s_seat(), a_delegate_s_seat(user_id="u-zoe")), ("u-ada", "u-zoe")),
            ((a_delegate_s_seat(), a_seat(user_id="u-new")), ("u-new",)),
        ],
        ids=["all delegates", "the principal manager first"],
    )
    def test_answers_whoever_decides_now_where_who_asked_no_longer_does(
        self, seats: tuple[Any, ...], heard_by: tuple[str, ...]
    ):
        asked = an_approval(asked_by="u-omar")

        about, answer = write(asked, **HERS, approvers=some_approvers(*seats))

        [told] = answer.events
        assert (told.asked_by, told.approver_ids) == ("u-omar", heard_by)
        assert about.state.asked_by is None

    def test_answers_nobody_where_nobody_decides(self):
        about, answer = write(an_approval(asked_by="u-omar"), **HERS, approvers=None)

        assert (types(answer), about.state.asked_by) == ([], None)

    def test_of_the_requester_leaves_room_for_those_who_decide(self):
        full = an_approval(comments=MOST_EACH, requester_comments=MOST_EACH)
        theirs = an_approval(comments=MOST_EACH)

        with pytest.raises(TooManyComments):
            write(full, **HERS)
        assert write(full)[0].state.comments == MOST_EACH + 1
        with pytest.raises(TooManyComments):
            write(theirs)
        assert write(theirs, **HERS)[0].state.requester_comments == 1

    def test_is_written_once_however_often_it_is_repeated(self):
        about, written = write(an_approval(), asks=True)

        assert write(about.state, written.state, asks=True) == (
            Change(about.state),
            Change(written.state),
        )

    def test_is_for_those_it_concerns_while_it_waits(self):
        with pytest.raises(NotFound):
            write(an_approval(), by="u-eve")
        with pytest.raises(NotFound):
            write(None)
        with pytest.raises(AlreadyDecided):
            write(an_approval(state="approved"))
        with pytest.raises(NothingToAsk):
            write(an_approval(), **HERS, asks=True)

    def test_loses_its_words_with_an_erasure_and_stays_signed(self):
        _, written = write(an_approval())

        kept = without_text(written.state).state
        assert (kept.text, kept.by) == ("", "u-omar")
        assert without_text(kept) == Change(kept)
