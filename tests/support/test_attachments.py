"""Whose files a ticket takes, and when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.support import TicketAttachmentAdded
from kit.file import FileCount, Looked
from kit.formats import Described, FileTooLarge
from kit.problems import NotFound
from services.support.domain.activity import without_text
from services.support.domain.attachments import (
    FilesChanged,
    NobodyToRead,
    TicketAttachment,
    TooManyFiles,
    add,
    described,
    discard,
    remove,
    without_emitter,
)
from services.support.domain.table import (
    EmitterOnly,
    NotInThisState,
    NotTaken,
    ReadsOnly,
    TakenByAnother,
    TreatedElsewhere,
)
from services.support.domain.tickets import Ticket
from tests.support.builders import LATER, a_ticket
from tests.support.people import (
    ANA,
    COLLEAGUE,
    COLLEAGUE_WHO_READS,
    OLGA,
    RENE,
    ROSA,
    STRANGER,
    WHO_CONSULTS,
    business,
    sent,
    transferred,
)

NONE = Looked(frozenset(), frozenset())


def having(*files: str) -> Looked:
    return Looked(frozenset(), frozenset(files))


def adding(ticket: Ticket | None, reach: Any, **but: Any) -> Any:
    said: dict[str, Any] = {
        "id": "f" * 32,
        "described": Described("facture", "pdf", 9),
        "content": "c-1",
        "scan": "pending",
        "reach": reach,
        "looked": having(),
        "most": 2,
        "now": LATER,
    }
    return add(None, ticket, None, None, **said | but)


def added(ticket: Ticket | None, reach: Any, **but: Any) -> TicketAttachment:
    file: TicketAttachment = adding(ticket, reach, **but)[0].state
    return file


class TestAdd:
    def test_is_refused_where_nobody_could_read_it(self):
        with pytest.raises(NobodyToRead):
            added(sent(emitter_id="", assignee_id="olga"), OLGA)

    @pytest.mark.feature("SUP-15", "SUP-38")
    def test_is_for_both_sides_until_the_ticket_is_closed(self):
        assert added(a_ticket(), ANA).side == "emitter"
        for state in ("open", "waiting", "resolved"):
            for reach, side, ticket in (
                (ANA, "emitter", sent(state=state)),
                (COLLEAGUE, "emitter", sent(state=state)),
                (OLGA, "desk", sent(state=state, assignee_id="olga")),
                (RENE, "recipient", business(state=state, assignee_id="rene")),
                (OLGA, "desk", transferred(state=state, assignee_id="olga")),
            ):
                assert added(ticket, reach).side == side
        with pytest.raises(NotInThisState):
            added(sent(state="closed"), ANA)

    @pytest.mark.parametrize(
        ("reach", "ticket", "refusal"),
        [
            (COLLEAGUE, a_ticket(), NotFound),
            (STRANGER, sent(), NotFound),
            (COLLEAGUE_WHO_READS, sent(), ReadsOnly),
            (WHO_CONSULTS, business(), ReadsOnly),
            (OLGA, business(), TreatedElsewhere),
            (OLGA, sent(), NotTaken),
            (ROSA, business(assignee_id="rene"), TakenByAnother),
            (RENE, transferred(assignee_id="olga"), TreatedElsewhere),
            (ANA, None, NotFound),
        ],
    )
    def test_is_refused_to_others(self, reach: Any, ticket: Any, refusal: type[Exception]):
        with pytest.raises(refusal):
            added(ticket, reach)

    def test_is_done_once_however_often_it_is_asked(self):
        first = added(sent(), ANA)
        again, *_ = add(
            first,
            sent(state="closed"),
            None,
            None,
            id=first.id,
            described=Described("facture", "pdf", 9),
            content="c-2",
            scan="pending",
            reach=ANA,
            looked=having(*"abcdefghi"),
            most=2,
            now=LATER + timedelta(hours=1),
        )
        assert again.state == first

    @pytest.mark.feature("SUP-37", "SUP-38")
    def test_is_an_entry_of_a_ticket_that_was_sent_and_told_without_its_name(self):
        for ticket, reach, side in (
            (sent(state="waiting"), ANA, "emitter"),
            (business(assignee_id="rene"), RENE, "recipient"),
        ):
            _, kept, _, entry = adding(ticket, reach)

            assert entry.state
            assert (entry.state.kind, entry.state.side, entry.state.became) == (
                *("attachment-added", side),
                "facture.pdf",
            )
            assert kept.state == replace(ticket, entries=entry.state.rank)
            [told] = kept.events
            assert isinstance(told, TicketAttachmentAdded)
            assert (told.side, told.attachment_id, told.rank) == (side, "f" * 32, 2)
            assert "facture" not in told.model_dump_json()
            assert without_text(entry.state).state == replace(entry.state, became="")

    def test_leaves_no_entry_in_a_draft(self):
        _, kept, _, entry = adding(a_ticket(), ANA)
        assert (kept.state, kept.events, entry.state) == (a_ticket(), (), None)

    def test_ends_at_so_many_files(self):
        assert added(sent(), ANA, looked=having("a"))
        with pytest.raises(TooManyFiles):
            added(sent(), ANA, looked=having("a", "b"))

    @pytest.mark.feature("SUP-15")
    def test_takes_no_file_that_is_too_large(self):
        asked: dict[str, Any] = {"declared": "application/pdf", "content": b"%PDF-1.7\n"}
        assert described("a.pdf", **asked, most=9).size == 9
        with pytest.raises(FileTooLarge) as refusal:
            described("a.pdf", **asked, most=8)
        assert refusal.value.members["limit"] == 8


class TestRemove:
    def test_is_the_authors_while_nobody_else_has_seen_it(self):
        file = added(a_ticket(), ANA)
        gone, _ = remove(file, a_ticket(), reach=ANA)
        assert gone.state is None

        for ticket, reach, refusal in (
            (sent(), ANA, NotInThisState),
            (sent(), OLGA, EmitterOnly),
            (a_ticket(), COLLEAGUE, NotFound),
            (a_ticket(id="0190" + "b" * 28), ANA, NotFound),
        ):
            with pytest.raises(refusal):
                remove(file, ticket, reach=reach)


class TestWithoutEmitter:
    def test_takes_out_what_they_brought_and_leaves_what_they_were_sent(self):
        theirs = added(sent(), ANA)
        ours = added(sent(assignee_id="olga"), OLGA)

        assert without_emitter(theirs).state is None
        assert without_emitter(ours).state == ours


class TestDiscard:
    def discard(self, ticket: Ticket, reach: Any, *counted: str, looked: Looked = NONE) -> Any:
        count = FileCount(id="t-1", files=counted)
        kept = added(ticket, ANA) if ticket.state == "draft" else None
        ids = frozenset({"f" * 32})
        return discard(ticket, count, kept, ids=ids, looked=looked, reach=reach)

    def test_takes_draft_count_and_files_of_its_author_alone(self):
        draft = a_ticket()
        assert [one.state for one in self.discard(draft, ANA, "f" * 32)] == [None] * 3
        for stranger in (COLLEAGUE, OLGA, STRANGER):
            with pytest.raises(NotFound):
                self.discard(draft, stranger)
        with pytest.raises(NotInThisState):
            self.discard(sent(), ANA)

    def test_is_refused_where_a_file_has_come_since(self):
        gone = Looked(frozenset({"gone"}), frozenset())
        assert self.discard(a_ticket(), ANA, "f" * 32, "gone", looked=gone)
        with pytest.raises(FilesChanged):
            self.discard(a_ticket(), ANA, "f" * 32, "new")
