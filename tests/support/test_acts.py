"""What is done to a ticket once it is sent."""

import pytest

from kit.problems import NotFound
from services.support.domain.acts import close
from services.support.domain.tickets import NotInThisState
from tests.support.builders import LATER, NOW, a_ticket


class TestClose:
    @pytest.mark.feature("SUP-24")
    def test_closes_an_open_ticket(self):
        change = close(a_ticket(state="open"), by="ana", now=LATER)
        assert (change.state.state, change.state.closed_at) == ("closed", LATER)

    def test_changes_nothing_the_second_time(self):
        closed = a_ticket(state="closed", closed_at=NOW)
        assert close(closed, by="ana", now=LATER).state is closed

    def test_is_refused_on_a_draft(self):
        with pytest.raises(NotInThisState) as refusal:
            close(a_ticket(), by="ana", now=LATER)
        assert refusal.value.members == {"state": "draft"}

    def test_is_for_the_emitter_alone(self):
        with pytest.raises(NotFound):
            close(a_ticket(state="open"), by="the desk", now=LATER)
