"""What may happen to the bank details of a structure."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.structures import BankDetailsAdded, BankDetailsDeactivated, BankDetailsModified
from kit.problems import NotFound
from services.structures.domain.bank_copies import copied
from services.structures.domain.bank_details import (
    MOST,
    BankDetailsInactive,
    BankDetailsNameTaken,
    ConfirmationMissing,
    DocumentNotARib,
    DocumentNotScannedYet,
    DocumentUnknown,
    DocumentUnusable,
    Factor,
    LastBankDetails,
    TooManyBankDetails,
    add,
    deactivate,
    modify,
    seen,
)
from services.structures.domain.bank_register import has_valid
from services.structures.domain.changes import Asked
from services.structures.domain.changes import modify as change
from services.structures.domain.structures import ManagersOnly, StructureInactive
from tests.structures.builders import NOW, SIRET, a_structure
from tests.structures.keeping import (
    BBAN,
    LEA,
    OMAR,
    STRANGER,
    STRUCTURE,
    a_register,
    a_wanted_account,
    an_account,
    an_attachment,
    an_entry,
    pointer,
    some_details,
)

GERMAN = an_account(country="DE", bban="370400440532013000", iban_key="89")
FACTOR = Factor(name="Factofrance", identifier=SIRET)


def added(**but: Any) -> Any:
    given = {"current": None, "register": None, "structure": a_structure()}
    given |= {"document": an_attachment()} | but
    places = [given.pop(one) for one in ("current", "register", "structure", "document")]
    return add(*places, **{"id": "d1", "wanted": a_wanted_account(), "to": LEA, "now": NOW} | given)


def modified(**but: Any) -> Any:
    given = {"current": some_details(), "register": a_register(), "structure": a_structure()}
    given |= {"document": an_attachment()} | but
    places = [given.pop(one) for one in ("current", "register", "structure", "document")]
    return modify(*places, **{"wanted": a_wanted_account(), "to": LEA, "now": NOW} | given)


def deactivated(**but: Any) -> Any:
    given = {"current": some_details(), "register": a_register(), "structure": a_structure()} | but
    places = [given.pop(one) for one in ("current", "register", "structure")]
    return deactivate(*places, **{"confirmed": True, "to": LEA, "now": NOW} | given)


WAYS = pytest.mark.parametrize("way", [added, modified, deactivated])


class TestWho:
    @WAYS
    @pytest.mark.feature("BNK-17")
    def test_is_a_manager(self, way: Any):
        with pytest.raises(ManagersOnly):
            way(to=OMAR)

    @WAYS
    @pytest.mark.feature("BNK-17")
    def test_is_nobody_else_who_then_learns_nothing(self, way: Any):
        with pytest.raises(NotFound):
            way(to=STRANGER)
        with pytest.raises(NotFound):
            way(structure=None)

    @WAYS
    def test_is_nobody_while_the_structure_is_inactive(self, way: Any):
        with pytest.raises(StructureInactive):
            way(structure=a_structure(status="inactive"))

    @pytest.mark.feature("BNK-18")
    def test_may_give_them_before_the_activation_of_a_structure_that_must_have_some(self):
        details, *_ = added(structure=a_structure(status="inactive", agricultural=True))
        assert details.state.status == "active"

    @pytest.mark.feature("BNK-17")
    def test_reads_them_when_attached(self):
        assert seen(some_details(), a_structure(), to=OMAR) == some_details()
        for current, to in (
            (some_details(), STRANGER),
            (None, OMAR),
            (some_details(structure_id="another"), LEA),
        ):
            with pytest.raises(NotFound):
                seen(current, a_structure(), to=to)


class TestAdd:
    @pytest.mark.feature("BNK-01", "BNK-02", "BNK-11")
    def test_keeps_them_under_their_name_and_tells_it_without_the_number(self):
        details, register, structure, document = added()

        assert (details.state.name, details.state.status) == ("Principal", "active")
        assert details.state.account.iban.endswith(BBAN)
        assert register.state.entries == (an_entry(),)
        assert (structure.state, document.state) == (a_structure(), an_attachment())
        [event] = details.events
        assert isinstance(event, BankDetailsAdded)
        assert (event.key, event.structure_id, event.ending) == ("d1", STRUCTURE, "0189")

    @pytest.mark.feature("BNK-17")
    @WAYS
    def test_no_event_says_more_of_the_number_than_its_end(self, way: Any):
        for event in way(**({"wanted": a_wanted_account(name="b")} if way == modified else {}))[
            0
        ].events:
            said = event.model_dump_json()
            assert not any(BBAN[n : n + 5] in said for n in range(len(BBAN) - 4))

    @pytest.mark.feature("BNK-09")
    def test_may_be_those_of_a_factor(self):
        details, *_ = added(wanted=a_wanted_account(factor=FACTOR))
        assert details.state.factor == FACTOR
        assert details.events[0].factored

    def test_repeated_changes_nothing(self):
        details, register, _, _ = added()
        again = added(current=details.state, register=register.state)
        assert [(one.state, one.events) for one in again[:2]] == [
            (details.state, ()),
            (register.state, ()),
        ]

    @pytest.mark.feature("BNK-02")
    @pytest.mark.parametrize("name", ["Principal", "principal", " PRINCIPAL "])
    def test_is_refused_when_the_name_is_taken(self, name: str):
        with pytest.raises(BankDetailsNameTaken) as it:
            added(register=a_register(an_entry(details_id="d0", name=name)))
        assert pointer(it) == "/body/name"

    @pytest.mark.feature("BNK-02")
    @pytest.mark.parametrize("other", ["E\u0301te\u0301", "\u00a0Été", "\uff25\u0301TÉ"])
    def test_has_one_name_however_it_is_written(self, other: str):
        assert a_register(an_entry(details_id="d0", name="Été")).names(other) == "d0"

    @pytest.mark.feature("BNK-02")
    def test_may_have_the_name_of_those_deactivated(self):
        former = an_entry(details_id="d0", active=False)
        _, register, *_ = added(register=a_register(former))
        assert register.state.entries == (former, an_entry())

    @pytest.mark.feature("BNK-10")
    @pytest.mark.parametrize(
        ("document", "problem"),
        [
            (None, DocumentUnknown),
            (an_attachment(structure_id="another"), DocumentUnknown),
            (an_attachment(type="AUTRE"), DocumentNotARib),
            (an_attachment(scan="infected"), DocumentUnusable),
            (an_attachment(scan="unscannable"), DocumentUnusable),
            (an_attachment(scan="pending"), DocumentNotScannedYet),
        ],
    )
    def test_is_refused_without_a_good_document(self, document: Any, problem: type[Exception]):
        with pytest.raises(problem) as it:
            added(document=document)
        assert pointer(it) == "/body/document_id"

    def test_is_refused_when_there_are_too_many(self):
        full = tuple(an_entry(details_id=f"o{n}", active=False) for n in range(MOST))
        with pytest.raises(TooManyBankDetails):
            added(register=a_register(*full))


class TestModify:
    @pytest.mark.feature("BNK-12")
    def test_replaces_what_they_say(self):
        wanted = a_wanted_account(name="DE", account=GERMAN, document_id="a2", factor=FACTOR)
        details, register, *_ = modified(wanted=wanted, document=an_attachment(id="a2"))

        after = details.state
        assert (after.name, after.account, after.document_id) == ("DE", GERMAN, "a2")
        assert register.state.entries == (an_entry(name="DE", document_id="a2"),)
        [event] = details.events
        assert isinstance(event, BankDetailsModified)
        assert (event.country, event.ending, event.factored) == ("DE", "3000", True)

    def test_repeated_changes_nothing(self):
        details, register, *_ = modified()
        assert (details.state, details.events) == (some_details(), ())
        assert register.state == a_register()

    def test_may_keep_its_name(self):
        details, *_ = modified(wanted=a_wanted_account(account=GERMAN))
        assert details.state.account == GERMAN

    @pytest.mark.feature("BNK-02")
    def test_is_refused_when_others_have_the_name(self):
        register = a_register(an_entry(), an_entry(details_id="d2", name="Second"))
        with pytest.raises(BankDetailsNameTaken):
            modified(register=register, wanted=a_wanted_account(name="second"))

    def test_is_refused_without_a_good_document(self):
        wanted = a_wanted_account(document_id="a2")
        with pytest.raises(DocumentUnknown):
            modified(wanted=wanted, document=None)

    @pytest.mark.feature("BNK-14")
    def test_is_refused_once_they_are_inactive(self):
        with pytest.raises(BankDetailsInactive):
            modified(current=some_details(status="inactive"))


class TestDeactivate:
    @pytest.mark.feature("BNK-13", "BNK-14")
    def test_ends_them_and_frees_their_name(self):
        details, register, _ = deactivated()
        assert details.state == some_details(status="inactive")
        assert register.state.names("Principal") is None
        assert register.state.rests_on("a1")
        [event] = details.events
        assert isinstance(event, BankDetailsDeactivated)

    @pytest.mark.feature("BNK-13")
    def test_is_refused_until_it_is_confirmed(self):
        with pytest.raises(ConfirmationMissing) as it:
            deactivated(confirmed=False)
        assert pointer(it) == "/body/confirmed"

    def test_repeated_changes_nothing(self):
        details, register, _ = deactivated()
        again, kept, _ = deactivated(current=details.state, register=register.state)
        assert (again.state, again.events, kept.state) == (details.state, (), register.state)

    @pytest.mark.feature("BNK-18")
    @pytest.mark.parametrize("but", [{"agricultural": True}, {"justice_category": "aviation"}])
    def test_is_refused_for_the_last_of_a_structure_that_must_have_some(self, but: Any):
        structure = a_structure(**but)
        with pytest.raises(LastBankDetails):
            deactivated(structure=structure)
        others = a_register(an_entry(), an_entry(details_id="d2", name="Second"))
        assert deactivated(structure=structure, register=others)[0].state.status == "inactive"

    @pytest.mark.feature("BNK-18")
    def test_is_refused_for_the_last_of_a_structure_that_soon_must_have_some(self):
        asked = Asked(by="u-lea", at=NOW, waits=timedelta(minutes=30))
        said = {"agricultural": True}
        waiting = change(a_structure(), said=said, bank_details=True, asked=asked).state
        assert not waiting.agricultural
        with pytest.raises(LastBankDetails):
            deactivated(structure=waiting)


class TestHasValid:
    @pytest.mark.feature("BNK-18")
    def test_as_long_as_some_are_active(self):
        assert has_valid(a_register())
        assert has_valid(a_register(an_entry(active=False), an_entry(details_id="d2")))

    @pytest.mark.feature("BNK-18")
    def test_not_without_any(self):
        assert not has_valid(None)
        assert not has_valid(a_register(an_entry(active=False)))


class TestCopied:
    OTHER = "f" * 32

    def test_gives_a_duplicate_those_that_are_valid_with_their_documents(self):
        some = [
            some_details(),
            some_details(id="d2", name="Second"),
            some_details(id="d3", name="Former", status="inactive"),
        ]
        copies = copied(some, {"a1": an_attachment()}, to_structure=self.OTHER, by="u-zoe", now=NOW)

        assert [one.state.name for one in copies.details] == ["Principal", "Second"]
        [paper] = [one.state for one in copies.documents]
        assert (paper.structure_id, paper.content, paper.version) == (self.OTHER, "c1", 0)
        for one in copies.details:
            assert (one.state.structure_id, one.state.document_id) == (self.OTHER, paper.id)
            assert isinstance(one.events[0], BankDetailsAdded)
        register = copies.register.state
        assert register.id == self.OTHER
        assert [one.name for one in register.entries] == ["Principal", "Second"]
        assert register.rests_on(paper.id)

    def test_gives_the_same_again(self):
        once, again = (
            copied([some_details()], {"a1": an_attachment()}, to_structure=to, by="u", now=NOW)
            for to in (self.OTHER, self.OTHER)
        )
        assert once == again
        assert once.details[0].state.id != some_details().id


def test_a_document_may_be_used_twice():
    first, register, *_ = added()
    wanted = a_wanted_account(name="Second", account=GERMAN)
    _, register, *_ = added(id="d2", wanted=wanted, register=register.state)
    _, register, _ = deactivated(current=first.state, register=register.state)
    assert register.state.rests_on("a1")
    assert has_valid(register.state)
