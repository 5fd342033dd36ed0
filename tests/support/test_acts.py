"""What is done to a ticket once it is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.problems import NotFound, Problem
from services.support.domain import acts
from services.support.domain.activity import place, without_text
from services.support.domain.acts import ClosedToEmitter, Doing, NobodySigned
from services.support.domain.contents import (
    HasItsOwnForm,
    Incomplete,
    NotAboutThis,
    NotForAStructure,
    OtherRecipient,
    OwnStructure,
    StructureInactive,
    UnknownCategory,
    UnknownRecipient,
)
from services.support.domain.reach import Reach
from services.support.domain.states import State
from services.support.domain.table import (
    Act,
    EmitterOnly,
    NotInThisState,
    NotTaken,
    NotYourOwn,
    ReadsOnly,
    TakenByAnother,
    TreatedElsewhere,
)
from services.support.domain.tickets import Ticket
from tests.support.builders import LATER, a_content, a_ticket, fields
from tests.support.doing import BUSINESS, CLOSED_TOWN, TOWN, do, told
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


class TestTake:
    @pytest.mark.feature("SUP-39")
    def test_assigns_a_ticket_to_whoever_takes_it(self):
        change, entry = do("take", business(), RENE)
        assert (change.state.assignee_id, change.state.state) == ("rene", "open")
        assert told((change, entry)) == ["support.ticket-taken.v1"]
        assert (entry.state.kind, entry.state.rank, entry.state.side) == ("taken", 2, "recipient")
        assert entry.state.structure_id == "r-1"

    def test_changes_nothing_the_second_time(self):
        mine = business(assignee_id="rene")
        change, entry = do("take", mine, RENE)
        assert (change.state, entry.state, told((change, entry))) == (mine, None, [])

    @pytest.mark.feature("SUP-39")
    def test_is_refused_once_a_colleague_has_it(self):
        with pytest.raises(TakenByAnother) as refusal:
            do("take", business(assignee_id="rosa"), RENE)
        assert refusal.value.members == {"assignee_id": "rosa"}

    def test_takes_over_from_the_colleague_who_is_named_and_from_no_other(self):
        change, _ = do("take", business(assignee_id="rosa"), RENE, instead_of="rosa")
        assert change.state.assignee_id == "rene"
        with pytest.raises(TakenByAnother):
            do("take", business(assignee_id="sven"), RENE, instead_of="rosa")

    @pytest.mark.parametrize(
        ("ticket", "by", "refusal"),
        [
            (business(), OLGA, TreatedElsewhere),
            (transferred(), RENE, TreatedElsewhere),
            (business(), WHO_CONSULTS, ReadsOnly),
            (business(), ANA, NotYourOwn),
            (sent(), replace(OLGA, emitted_read=frozenset({("s-1", None)})), NotYourOwn),
            (business(), STRANGER, NotFound),
            (business(state="closed"), RENE, NotInThisState),
            (a_ticket(), OLGA, NotFound),
        ],
        ids=[
            *("the recipient's", "the desk's", "to read only", "one's own"),
            *("an operator's own", "of others", "closed", "a draft"),
        ],
    )
    def test_is_for_those_who_treat_it(self, ticket: Ticket, by: Reach, refusal: type[Problem]):
        with pytest.raises(refusal):
            do("take", ticket, by)


class TestRelease:
    def test_leaves_a_ticket_to_the_next(self):
        changes = do("release", business(assignee_id="rene"), RENE)
        assert changes[0].state.assignee_id is None
        assert told(changes) == ["support.ticket-released.v1"]
        again = do("release", changes[0].state, RENE)
        assert (again[0].state, told(again)) == (changes[0].state, [])

    def test_is_refused_to_whoever_has_not_taken_it(self):
        with pytest.raises(TakenByAnother):
            do("release", business(assignee_id="rosa"), RENE)


class TestTreating:
    @pytest.mark.feature("SUP-20", "SUP-21", "SUP-40")
    @pytest.mark.parametrize(
        ("act", "state", "event"),
        [
            ("ask", "waiting", "support.ticket-information-asked.v1"),
            ("answer", "resolved", "support.ticket-solution-proposed.v1"),
        ],
    )
    def test_writes_to_the_emitter(self, act: Act, state: State, event: str):
        change, entry = changes = do(act, business(assignee_id="rene"), RENE)
        assert (change.state.state, change.state.entries) == (state, 2)
        assert (entry.state.text, entry.state.internal) == ("As said.", False)
        assert told(changes) == [event]
        assert entry.events[0].text == "As said."

        again = do(act, change.state, RENE, entry.state)
        assert (again[0].state, again[1].state, told(again)) == (change.state, entry.state, [])

    @pytest.mark.feature("SUP-39")
    @pytest.mark.parametrize("act", ["ask", "answer", "transfer"])
    def test_begins_with_taking_the_ticket(self, act: Act):
        with pytest.raises(NotTaken):
            do(act, business(), RENE)
        with pytest.raises(TakenByAnother):
            do(act, business(assignee_id="rosa"), RENE)

    def test_notes_what_no_event_tells(self):
        change, entry = changes = do("note", business(), ROSA)
        assert (change.state.state, entry.state.internal) == ("open", True)
        assert told(changes) == ["support.ticket-noted.v1"]
        assert "As said." not in entry.events[0].model_dump_json()

    def test_notes_nothing_that_its_emitter_could_notice(self):
        before = business()
        change, entry = do("note", before, RENE)
        assert change.state == before
        assert entry.state.rank == before.entries
        later = replace(entry.state, at=LATER + timedelta(seconds=1))
        following = replace(entry.state, rank=2, internal=False)
        assert place(entry.state) < place(later) < place(following)

    @pytest.mark.parametrize("state", ["waiting", "resolved", "closed"])
    def test_answers_only_what_is_open(self, state: State):
        ticket = business(assignee_id="rene", state=state)
        for act in ("ask", "answer", "transfer"):
            with pytest.raises(NotInThisState) as refusal:
                do(act, ticket, RENE)
            assert refusal.value.members == {"state": state}


class TestTransfer:
    @pytest.mark.feature("SUP-40")
    def test_hands_a_ticket_to_the_desk_once(self):
        change, entry = changes = do("transfer", business(assignee_id="rene"), RENE)
        assert (change.state.treated_by, change.state.assignee_id) == ("desk", None)
        assert (entry.state.side, entry.state.text) == ("recipient", "Not ours.")
        assert told(changes) == ["support.ticket-transferred.v1"]

        again = do("transfer", change.state, RENE, entry.state)
        assert (again[0].state, told(again)) == (change.state, [])
        for colleague in (RENE, ROSA, OLGA):
            # They would say why, and nobody would read it.
            with pytest.raises(TreatedElsewhere):
                do("transfer", change.state, colleague)
        assert do("take", change.state, OLGA)[0].state.assignee_id == "olga"

    @pytest.mark.feature("SUP-40")
    def test_may_be_the_desk_s_own_where_a_recipient_leaves_it_and_is_seen(self):
        change, entry = do("transfer", business(assignee_id="rene"), OLGA)
        assert (change.state.treated_by, change.state.assignee_id) == ("desk", None)
        assert (entry.state.side, entry.state.internal) == ("desk", False)

    @pytest.mark.parametrize(("taken_by", "side"), [("rene", "desk"), ("odette", "recipient")])
    def test_is_the_desk_s_of_whoever_is_of_both_and_has_not_taken_it(self, taken_by, side):
        both = replace(RENE, user_id="odette", desk=True)
        _, entry = do("transfer", business(assignee_id=taken_by), both)
        assert entry.state.side == side

    def test_is_refused_of_what_the_desk_has_anyway(self):
        with pytest.raises(TreatedElsewhere):
            do("transfer", sent(), OLGA)


class TestRefile:
    def test_is_an_act_of_the_desk_that_others_see(self):
        change, entry = changes = do("refile", sent(assignee_id="olga"), OLGA)
        assert change.state.content.subcategory == "DEPOT"
        assert (entry.state.was, entry.state.became) == ("PAIEMENT/DELAI", "SAISIE/DEPOT")
        assert not entry.state.internal
        assert told(changes) == ["support.ticket-refiled.v1"]
        again = do("refile", change.state, OLGA)
        assert (again[0].state, told(again)) == (change.state, [])

    def test_hands_a_business_question_to_its_recipient(self):
        taken = sent(assignee_id="olga")
        with pytest.raises(Incomplete) as refusal:
            do("refile", taken, OLGA, filed=BUSINESS)
        assert fields(refusal) == ["/body/recipient_structure_id"]
        with pytest.raises(UnknownRecipient):
            do("refile", taken, OLGA, filed=BUSINESS, named=True)
        moved = do("refile", taken, OLGA, filed=BUSINESS, recipient=TOWN)[0].state
        assert (moved.treated_by, moved.recipient_id, moved.assignee_id) == (
            *("recipient", "r-1"),
            None,
        )
        assert moved.content.recipient_structure_id == "r-1"

    @pytest.mark.feature("SUP-07")
    def test_hands_it_to_nobody_but_whom_its_object_was_sent_to(self):
        taken = sent(assignee_id="olga")
        with pytest.raises(OtherRecipient):
            do("refile", taken, OLGA, filed=BUSINESS, recipient=TOWN, sent_to="r-2")
        moved = do("refile", taken, OLGA, filed=BUSINESS, recipient=TOWN, sent_to="r-1")[0].state
        assert moved.recipient_id == "r-1"

    @pytest.mark.feature("SUP-08")
    def test_hands_nothing_over_without_the_object_that_it_is_about(self):
        taken, invoices = sent(assignee_id="olga"), ("PAIEMENT", "M_FACTURE")
        said = {"filed": invoices, "recipient": TOWN}
        with pytest.raises(Incomplete) as refusal:
            do("refile", taken, OLGA, **said)
        assert fields(refusal) == ["/body/object_type", "/body/object_number"]
        moved = do("refile", taken, OLGA, **said, object_type="invoice", object_number="F-1")
        assert moved[0].state.content.object_number == "F-1"
        with pytest.raises(NotAboutThis):
            do("refile", taken, OLGA, object_number="F-1")

    def test_hands_it_to_no_structure_that_it_is_written_for(self):
        theirs = replace(TOWN, id="s-1")
        with pytest.raises(OwnStructure):
            do("refile", sent(assignee_id="olga"), OLGA, filed=BUSINESS, recipient=theirs)

    def test_leaves_what_is_asked_for_with_a_form_where_it_is_decided(self):
        asked = sent(assignee_id="olga", content=a_content(subcategory="AVOIR"))
        with pytest.raises(HasItsOwnForm):
            do("refile", asked, OLGA)

    def test_takes_no_unknown_recipient_for_the_one_that_treats_it(self):
        with pytest.raises(TreatedElsewhere):
            do("refile", business(), OLGA, filed=BUSINESS, recipient=None, named=True)

    def test_refuses_a_recipient_where_the_desk_alone_treats(self):
        ticket = do("refile", sent(assignee_id="olga"), OLGA)[0].state
        for about in (sent(assignee_id="olga"), ticket):
            for recipient in (TOWN, None):
                with pytest.raises(NotForAStructure):
                    do("refile", about, OLGA, recipient=recipient, named=True)

    def test_hands_nothing_to_a_structure_that_is_not_active(self):
        with pytest.raises(StructureInactive):
            do("refile", sent(assignee_id="olga"), OLGA, filed=BUSINESS, recipient=CLOSED_TOWN)

    @pytest.mark.feature("CRM-03")
    def test_hands_nothing_to_a_supplier_that_has_closed_its_support_to_who_wrote(self):
        with pytest.raises(ClosedToEmitter):
            do(
                *("refile", sent(assignee_id="olga"), OLGA),
                filed=BUSINESS,
                recipient=TOWN,
                lets_in=False,
            )

    @pytest.mark.feature("SUP-08")
    def test_files_nothing_under_what_is_about_other_objects(self):
        about = a_content(object_type="refund_request", object_number="D-1")
        taken = sent(assignee_id="olga", content=about)
        invoices = ("SAISIE", "FACTURE")
        with pytest.raises(NotAboutThis) as refusal:
            do("refile", taken, OLGA, filed=invoices)
        assert fields(refusal) == ["/body/object_type"]
        kept = do("refile", taken, OLGA)[0].state.content
        assert (kept.object_type, kept.object_number) == ("refund_request", "D-1")
        moved, entry = do("refile", taken, OLGA, filed=invoices, object_type="invoice")
        assert moved.state.content.object_type == "invoice"
        assert (entry.state.was, entry.state.became) == (
            *("PAIEMENT/DELAI/refund_request", "SAISIE/FACTURE/invoice"),
        )
        again = do("refile", moved.state, OLGA, filed=invoices, object_type="invoice")
        assert (again[0].state, told(again)) == (moved.state, [])
        with pytest.raises(NotAboutThis):
            do("refile", taken, OLGA, object_type="invoice")

    def test_hands_it_to_another_recipient_under_the_same_sub_category(self):
        misled = transferred(assignee_id="olga", recipient_id="r-7")
        with pytest.raises(Incomplete):
            do("refile", misled, OLGA, filed=BUSINESS)
        moved = do("refile", misled, OLGA, filed=BUSINESS, recipient=TOWN)[0].state
        assert (moved.treated_by, moved.recipient_id) == ("recipient", "r-1")
        again = do("refile", moved, OLGA, filed=BUSINESS, recipient=TOWN)
        assert (again[0].state, told(again)) == (moved, [])

    def test_hands_to_nobody_else_what_nobody_has_signed(self):
        unsigned = sent(emitter_id="", assignee_id="olga")
        with pytest.raises(NobodySigned):
            do("refile", unsigned, OLGA, filed=BUSINESS, recipient=TOWN)
        assert do("refile", unsigned, OLGA)[0].state.treated_by == "desk"

    def test_refuses_what_is_not_in_the_catalogue_and_what_others_treat(self):
        with pytest.raises(UnknownCategory):
            do("refile", sent(assignee_id="olga"), OLGA, filed=("PAIEMENT", "ANCIEN"))
        with pytest.raises(HasItsOwnForm):
            do("refile", sent(assignee_id="olga"), OLGA, filed=("PAIEMENT", "AVOIR"))
        with pytest.raises(TreatedElsewhere):
            do("refile", business(assignee_id="rene"), RENE)


class TestInform:
    @pytest.mark.feature("SUP-20")
    def test_gives_the_ticket_back_to_whoever_asked(self):
        waiting = business(state="waiting", assignee_id="rene")
        change, entry = changes = do("inform", waiting, ANA)
        assert (change.state.state, change.state.assignee_id) == ("open", "rene")
        assert (entry.state.kind, entry.state.side) == ("information-given", "emitter")
        assert told(changes) == ["support.ticket-information-given.v1"]

    def test_is_refused_when_nothing_was_asked(self):
        with pytest.raises(NotInThisState):
            do("inform", business(), ANA)


class TestRefuse:
    @pytest.mark.feature("SUP-21", "SUP-23")
    def test_says_what_is_wrong_and_expects_another_answer(self):
        change, entry = changes = do("refuse", business(state="resolved"), COLLEAGUE)
        assert (change.state.state, entry.state.text) == ("open", "As said.")
        assert told(changes) == ["support.ticket-solution-refused.v1"]


class TestAccept:
    @pytest.mark.feature("SUP-22", "SUP-25")
    def test_closes_the_ticket(self):
        change, entry = changes = do("accept", business(state="resolved"), ANA)
        assert (change.state.state, change.state.closed_at) == ("closed", LATER)
        assert (change.state.accepted, entry.state.kind) == (True, "solution-accepted")
        assert told(changes) == ["support.ticket-closed.v1"]
        again = do("accept", change.state, ANA)
        assert (again[0].state, told(again)) == (change.state, [])

    def test_is_refused_of_a_ticket_that_was_given_up(self):
        with pytest.raises(NotInThisState):
            do("accept", business(state="closed"), ANA)


class TestClose:
    @pytest.mark.feature("SUP-24", "SUP-25")
    @pytest.mark.parametrize("state", ["open", "waiting", "resolved"])
    @pytest.mark.parametrize("by", [ANA, COLLEAGUE], ids=["author", "colleague"])
    def test_needs_no_answer(self, by: Reach, state: State):
        changes = do("close", sent(state=state), by)
        assert (changes[0].state.state, changes[0].state.closed_at) == ("closed", LATER)
        assert told(changes) == ["support.ticket-closed.v1"]
        again = do("close", changes[0].state, by)
        assert (again[0].state, told(again)) == (changes[0].state, [])

    def test_is_refused_on_a_draft(self):
        with pytest.raises(NotInThisState) as refusal:
            do("close", a_ticket(), ANA)
        assert refusal.value.members == {"state": "draft"}

    @pytest.mark.feature("SUP-25")
    @pytest.mark.parametrize(
        ("by", "refusal"),
        [(RENE, EmitterOnly), (OLGA, EmitterOnly), (COLLEAGUE_WHO_READS, ReadsOnly)],
    )
    def test_is_for_the_emitter_alone(self, by: Reach, refusal: type[Problem]):
        with pytest.raises(refusal):
            do("close", transferred(), by)


class TestAttachmentRead:
    def test_is_seen_when_it_was_the_desk(self):
        doing = Doing(entry_id="e-1", reach=OLGA, now=LATER)
        change, entry = acts.attachment_read(sent(), None, name="devis.pdf", by=doing)
        assert (entry.state.kind, entry.state.became, entry.state.side) == (
            *("attachment-read", "devis.pdf"),
            "desk",
        )
        again = acts.attachment_read(change.state, entry.state, name="devis.pdf", by=doing)
        assert [one.state for one in again] == [change.state, entry.state]

    def test_forgets_the_name_of_the_file_with_the_words(self):
        doing = Doing(entry_id="e-1", reach=OLGA, now=LATER)
        _, entry = acts.attachment_read(sent(), None, name="ana petit.pdf", by=doing)
        assert entry.state is not None
        assert without_text(entry.state).state == replace(entry.state, became="")

    @pytest.mark.parametrize("by", [ANA, RENE])
    def test_is_nobody_else_s_business(self, by: Reach):
        doing = Doing(entry_id="e-1", reach=by, now=LATER)
        _, entry = acts.attachment_read(business(), None, name="devis.pdf", by=doing)
        assert entry.state is None


class TestConsulted:
    def test_is_an_entry_that_leaves_the_ticket_as_it_was(self):
        ticket = business(entries=3)
        doing = Doing(entry_id="e-1", reach=OLGA, now=LATER)

        entry = acts.consulted(None, ticket=ticket, by=doing)

        assert entry.state
        assert (entry.state.kind, entry.state.side, entry.state.internal) == (
            *("consulted", "desk"),
            False,
        )
        before, following = replace(entry.state, kind="taken"), replace(entry.state, kind="taken")
        assert place(before) < place(entry.state) < place(replace(following, rank=4))
        assert acts.consulted(entry.state, ticket=ticket, by=doing) == entry

    def test_is_what_the_desk_reads_that_has_not_taken_it(self):
        both = replace(OLGA, received_read=frozenset({"r-1"}))
        for ticket, reach, consulted in (
            (business(), OLGA, True),
            (sent(assignee_id="oscar"), OLGA, True),
            (sent(assignee_id="olga"), OLGA, False),
            (business(), both, False),
            (business(), ANA, False),
            (business(), RENE, False),
        ):
            assert acts.is_consulted(ticket, reach) == consulted
