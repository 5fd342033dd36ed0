"""Writing to a structure itself."""

import pytest

from contracts.structures import ContactTold
from contracts.users import VacancyCodeRequested
from kit.change import Change
from services.structures.domain.contacts import Contact, tell
from tests.structures.builders import NOW, a_structure

ASKED = VacancyCodeRequested(claim_id="c-1", structure_id="s-1", nonce="n-1", expires_at=NOW)


class TestTell:
    def test_tells_the_address_that_the_structure_has_given(self):
        structure = a_structure(id="s-1", email="contact@example.org")

        change = tell(ASKED, None, structure)

        assert change.state == Contact(id="c-1", structure_id="s-1", reached=True)
        [told] = change.events
        assert isinstance(told, ContactTold)
        assert (told.key, told.email, told.nonce) == ("c-1", "contact@example.org", "n-1")

    @pytest.mark.parametrize("structure", [None, a_structure(email=None)])
    def test_tells_nothing_of_one_that_has_given_none(self, structure):
        assert tell(ASKED, None, structure) == Change(
            Contact(id="c-1", structure_id="s-1", reached=False)
        )

    def test_tells_it_once(self):
        known = Contact(id="c-1", structure_id="s-1", reached=True)

        assert tell(ASKED, known, a_structure(email="contact@example.org")) == Change(known)
