"""Who may know of a ticket."""

import pytest

from kit.problems import NotFound
from services.support.domain.tickets import readable
from tests.support.builders import a_ticket


class TestReadable:
    def test_shows_a_ticket_to_its_emitter_and_to_operators_only(self):
        ticket = a_ticket()

        assert readable(ticket, by="ana", operator=False) is ticket
        assert readable(ticket, by="an operator", operator=True) is ticket
        with pytest.raises(NotFound):
            readable(ticket, by="bob", operator=False)
        with pytest.raises(NotFound):
            readable(None, by="an operator", operator=True)
