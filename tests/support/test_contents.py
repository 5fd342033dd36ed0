"""What the form of a ticket asks for, fills in and refuses."""

from dataclasses import replace
from typing import Any

import pytest

from services.support.domain.contents import (
    Content,
    Incomplete,
    Known,
    NotAboutThis,
    NotAttached,
    NotForAStructure,
    NotYourUnit,
    OtherRecipient,
    UnknownRecipient,
    check,
    complete,
    filled,
)
from tests.support.builders import CATALOGUE, KNOWN, a_content, fields


def about_an_invoice(**but: Any) -> Content:
    return a_content(**{"subcategory": "M_FACTURE", "object_number": "F-1"} | but)


class TestFilled:
    @pytest.mark.feature("SUP-09")
    def test_has_the_first_type_of_object_of_its_sub_category(self):
        assert filled(about_an_invoice(), KNOWN, CATALOGUE).object_type == "invoice"
        assert filled(a_content(), KNOWN, CATALOGUE).object_type is None

    @pytest.mark.feature("SUP-09")
    def test_keeps_another_type_that_was_chosen(self):
        chosen = about_an_invoice(object_type="refund_request")
        assert filled(chosen, KNOWN, CATALOGUE).object_type == "refund_request"

    @pytest.mark.feature("SUP-07")
    def test_has_whom_its_invoice_was_sent_to(self):
        known = replace(KNOWN, sent_to="s-9")

        assert filled(about_an_invoice(), known, CATALOGUE).recipient_structure_id == "s-9"
        assert filled(a_content(), known, CATALOGUE).recipient_structure_id is None

    @pytest.mark.feature("SUP-10", "SUP-12")
    def test_has_the_contact_address_unless_another_is_written(self):
        known = replace(KNOWN, email="ana@example.org")

        assert filled(a_content(), known, CATALOGUE).contact_email == "ana@example.org"
        other = a_content(contact_email="compta@example.org")
        assert filled(other, known, CATALOGUE).contact_email == "compta@example.org"


class TestCheck:
    @pytest.mark.parametrize(
        ("content", "known", "refusal", "field"),
        [
            (
                about_an_invoice(subcategory="DELAI", object_type="invoice"),
                KNOWN,
                NotAboutThis,
                "/body/object_type",
            ),
            (about_an_invoice(subcategory="DELAI"), KNOWN, NotAboutThis, "/body/object_number"),
            (a_content(unit="COMPTA"), replace(KNOWN, unit=False), NotYourUnit, "/body/unit"),
            (a_content(unit="COMPTA", structure_id=None), KNOWN, NotYourUnit, "/body/unit"),
            (
                a_content(recipient_structure_id="s-9"),
                KNOWN,
                NotForAStructure,
                "/body/recipient_structure_id",
            ),
            (
                about_an_invoice(recipient_structure_id="s-8"),
                replace(KNOWN, sent_to="s-9"),
                OtherRecipient,
                "/body/recipient_structure_id",
            ),
            (
                about_an_invoice(recipient_structure_id="s-8"),
                replace(KNOWN, recipient=False),
                UnknownRecipient,
                "/body/recipient_structure_id",
            ),
        ],
        ids=[
            *("another object", "no object", "another's unit", "a unit of nobody"),
            *("no business ticket", "not whom it was sent to", "nobody"),
        ],
    )
    @pytest.mark.feature("SUP-06", "SUP-07", "SUP-08", "SUP-11")
    def test_refuses_what_does_not_fit(
        self, content: Content, known: Known, refusal: type[Exception], field: str
    ):
        with pytest.raises(refusal) as refused:
            check(content, known, CATALOGUE)
        assert fields(refused) == [field]

    @pytest.mark.feature("SUP-10")
    def test_refuses_to_speak_for_a_structure_of_others_even_in_a_draft(self):
        for content in (a_content(), Content(structure_id="s-1")):
            with pytest.raises(NotAttached) as refused:
                check(content, replace(KNOWN, attached=False), CATALOGUE)
            assert fields(refused) == ["/body/structure_id"]

    def test_lets_a_draft_say_anything_that_may_still_become_right(self):
        check(Content(object_type="invoice", object_number="F-1"), Known(), CATALOGUE)
        check(Content(recipient_structure_id="s-9"), KNOWN, CATALOGUE)


class TestComplete:
    @pytest.mark.feature("SUP-08", "SUP-06")
    def test_names_the_object_and_the_recipient_where_they_are_asked_for(self):
        with pytest.raises(Incomplete) as refused:
            complete(Content(category="PAIEMENT", subcategory="M_FACTURE"), CATALOGUE)
        assert fields(refused) == [
            "/body/object_type",
            "/body/object_number",
            "/body/recipient_structure_id",
            "/body/title",
        ]

    @pytest.mark.feature("SUP-11", "SUP-12", "SUP-14")
    def test_needs_no_unit_no_contact_and_no_long_description(self):
        complete(a_content(), CATALOGUE)
