"""What may happen to the files of a structure."""

from typing import Any

import pytest

from contracts.structures import AttachmentAdded, AttachmentInfected, AttachmentRemoved
from kit.file import ArchiveTooLarge, FileInfected, FileUnscannable, NotScannedYet, Verdict
from kit.formats import ContentContradicted, ExtensionNotAllowed
from kit.problems import NotFound
from services.structures.domain.attachments import (
    TYPES,
    AttachmentInUse,
    add,
    described,
    remove,
    scanned,
    seen,
    to_archive,
)
from services.structures.domain.structures import ManagersOnly, StructureInactive
from tests.structures.builders import NOW, a_structure
from tests.structures.keeping import (
    LEA,
    OMAR,
    PDF,
    STRANGER,
    STRUCTURE,
    a_described,
    a_register,
    an_attachment,
    an_entry,
    pointer,
)


def added(current: Any = None, structure: Any = None, **but: Any) -> Any:
    given = {"id": "a1", "type": "RIB", "described": a_described(), "content": "c1"}
    given |= {"scan": "pending", "to": LEA, "now": NOW}
    return add(current, structure or a_structure(), **given | but)


def removed(current: Any = None, structure: Any = None, register: Any = None, **but: Any) -> Any:
    found = current or an_attachment()
    return remove(found, structure or a_structure(), register, **{"to": LEA, "now": NOW} | but)


class TestDescribed:
    @pytest.mark.feature("PJS-05", "PJS-06")
    def test_has_a_designation_an_extension_and_a_size(self):
        known = described("Mon RIB.PDF", "RIB", declared="application/pdf", content=PDF)
        assert (known.designation, known.extension, known.size) == ("Mon RIB", "pdf", len(PDF))

    @pytest.mark.feature("PJS-05")
    def test_is_refused_with_an_extension_that_its_type_does_not_take(self):
        assert described("a.txt", "AUTRE", declared="text/plain", content=b"ok")
        with pytest.raises(ExtensionNotAllowed) as it:
            described("a.txt", "RIB", declared="text/plain", content=b"ok")
        assert pointer(it) == "/query/name"

    def test_is_refused_when_its_bytes_say_something_else(self):
        with pytest.raises(ContentContradicted) as it:
            described("a.pdf", "RIB", declared="application/pdf", content=b"MZ\x90\0")
        assert pointer(it) == "/body"

    @pytest.mark.feature("PJS-06")
    def test_there_is_a_type_for_bank_details_and_several_for_structures(self):
        assert [one.code for one in TYPES if "bank_details" in one.about] == ["RIB"]
        assert len([one for one in TYPES if "structure" in one.about]) > 1


class TestAdd:
    @pytest.mark.feature("PJS-01")
    def test_keeps_it_with_the_structure_and_tells_no_name(self):
        attachment, structure = added()

        kept = attachment.state
        assert (kept.name, kept.type, kept.structure_id) == ("rib.pdf", "RIB", STRUCTURE)
        assert structure.state == a_structure()
        [event] = attachment.events
        assert isinstance(event, AttachmentAdded)
        assert "rib.pdf" not in event.model_dump_json()

    def test_waits_for_the_antivirus_unless_there_is_none(self):
        assert added()[0].state.wake_at == NOW
        assert added(scan="unscanned")[0].state.wake_at is None

    def test_repeated_changes_nothing_and_keeps_the_first_bytes(self):
        first, _ = added()
        again, _ = added(first.state, content="c2")
        assert (again.state, again.events) == (first.state, ())

    def test_is_for_managers(self):
        with pytest.raises(ManagersOnly):
            added(to=OMAR)
        with pytest.raises(NotFound):
            added(to=STRANGER)

    def test_is_refused_while_the_structure_is_inactive(self):
        with pytest.raises(StructureInactive):
            added(structure=a_structure(status="inactive"))


class TestSeen:
    @pytest.mark.feature("PJS-02")
    def test_by_all_who_are_attached_and_nobody_else(self):
        assert seen(an_attachment(), a_structure(), to=OMAR) == an_attachment()
        for current, structure, to in (
            (an_attachment(), a_structure(), STRANGER),
            (an_attachment(structure_id="another"), a_structure(), LEA),
            (None, a_structure(), LEA),
            (an_attachment(), None, LEA),
        ):
            with pytest.raises(NotFound):
                seen(current, structure, to=to)


class TestToArchive:
    def test_takes_what_may_be_read(self):
        some = [an_attachment(), an_attachment(id="a2", scan="unscanned")]
        to_archive(some, a_structure(), to=OMAR, most=1000)

    @pytest.mark.parametrize(
        ("scan", "problem"),
        [
            ("pending", NotScannedYet),
            ("infected", FileInfected),
            ("unscannable", FileUnscannable),
        ],
    )
    def test_is_refused_when_one_may_not(self, scan: str, problem: type[Exception]):
        some = [an_attachment(), an_attachment(id="a2", scan=scan)]
        with pytest.raises(problem):
            to_archive(some, a_structure(), to=OMAR, most=1000)

    def test_is_refused_when_it_is_too_much(self):
        with pytest.raises(ArchiveTooLarge) as it:
            to_archive([an_attachment(size=501)] * 2, a_structure(), to=OMAR, most=1000)
        assert pointer(it) == "/query/id"


class TestRemove:
    @pytest.mark.feature("PJS-04")
    def test_keeps_nothing_of_it(self):
        attachment, *_ = removed()
        assert attachment.state is None
        [event] = attachment.events
        assert isinstance(event, AttachmentRemoved)

    @pytest.mark.feature("BNK-10", "BNK-14")
    @pytest.mark.parametrize("active", [True, False])
    def test_is_refused_while_bank_details_rest_on_it(self, active: bool):
        with pytest.raises(AttachmentInUse):
            removed(register=a_register(an_entry(active=active)))
        assert removed(register=a_register(an_entry(document_id="a2")))

    def test_is_for_managers(self):
        with pytest.raises(ManagersOnly):
            removed(to=OMAR)
        with pytest.raises(NotFound):
            removed(to=STRANGER)


class TestScanned:
    WAITING = an_attachment(scan="pending", wake_at=NOW)

    def test_says_that_it_is_clean(self):
        change = scanned(self.WAITING, Verdict("clean"), NOW)
        assert (change.state, change.events) == (an_attachment(), ())

    def test_tells_what_was_found_once(self):
        verdict = Verdict("infected", "Eicar-Signature")
        change = scanned(self.WAITING, verdict, NOW)
        [event] = change.events
        assert isinstance(event, AttachmentInfected)
        assert event.signature == "Eicar-Signature"
        assert scanned(change.state, verdict, NOW).events == ()

    def test_says_nothing_of_what_is_gone(self):
        assert scanned(None, Verdict("clean"), NOW).state is None
