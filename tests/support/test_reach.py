"""As whom somebody may know of a ticket."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.users import Habilitation, Level, Line, RightsChanged
from kit.problems import NotFound
from kit.rights import Rights
from services.support.domain.reach import EMITTED, RECEIVED, Reach, reach_of, standing, visible
from services.support.domain.tickets import Ticket
from tests.support.builders import a_content, a_ticket
from tests.support.people import (
    ANA,
    COLLEAGUE,
    COLLEAGUE_WHO_READS,
    COLLEAGUE_WITHOUT,
    EVERYBODY,
    OLGA,
    RENE,
    STRANGER,
    WHO_CONSULTS,
    business,
    sent,
    transferred,
)

TODAY = date(2026, 3, 2)


def held(*habilitations: Habilitation, unit: str | None = None) -> RightsChanged:
    return RightsChanged(
        rattachement_id="u:s-1",
        user_id="u",
        structure_id="s-1",
        role="user",
        lines=(Line(unit=unit, valid_from=date(2026, 1, 1), valid_until=date(2026, 3, 2)),),
        habilitations=habilitations,
        version=1,
    )


def reach(*given: Habilitation, unit: str | None = None, on: date = TODAY) -> Reach:
    return reach_of("u", [("s-1", held(*given, unit=unit))], on, desk=False)


EMITS = Habilitation(application="sollicitations-emises", level="modification")
RECEIVES = Habilitation(application="sollicitations-recues", level="modification")


class TestReachOf:
    @pytest.mark.feature("SUP-39", "SUP-42")
    def test_reads_at_either_level_and_acts_at_modification_alone(self):
        acts = reach(EMITS, RECEIVES)
        assert acts.emitted_read == acts.emitted_act == {("s-1", None)}
        assert acts.received_read == acts.received_act == {"s-1"}

        reads = reach(
            EMITS.model_copy(update={"level": "consultation"}),
            RECEIVES.model_copy(update={"level": "consultation"}),
        )
        assert (reads.emitted_read, reads.emitted_act) == ({("s-1", None)}, frozenset())
        assert (reads.received_read, reads.received_act) == ({"s-1"}, frozenset())

    def test_ends_with_the_rattachement(self):
        after = reach(EMITS, RECEIVES, on=date(2026, 3, 3))
        assert after == Reach(user_id="u")

    def test_keeps_to_the_units_of_whoever_is_limited(self):
        for limited in (reach(EMITS, unit="U"), reach(EMITS.model_copy(update={"unit": "U"}))):
            assert limited.emitted_act == {("s-1", "U")}
            assert limited.attached == {"s-1"}

    def test_lets_nobody_treat_who_is_limited_to_a_unit(self):
        assert reach(RECEIVES, unit="U").received_act == frozenset()


class TestStanding:
    @pytest.mark.feature("SUP-42")
    @pytest.mark.parametrize(
        ("ticket", "known_to"),
        [
            (a_ticket(), {"ana"}),
            (sent(), {"ana", "cleo", "ray", "olga", "oscar"}),
            (business(), {"ana", "cleo", "ray", "rene", "rosa", "carl", "olga", "oscar"}),
            (transferred(), {"ana", "cleo", "ray", "rene", "rosa", "carl", "olga", "oscar"}),
            (sent(content=a_content(structure_id=None)), {"ana", "olga", "oscar"}),
        ],
        ids=["draft", "sent to the desk", "business", "transferred", "for no structure"],
    )
    def test_is_of_those_whom_it_concerns_alone(self, ticket: Ticket, known_to: set[str]):
        for somebody in EVERYBODY:
            if somebody.user_id in known_to:
                assert visible(ticket, somebody) is ticket
            else:
                with pytest.raises(NotFound):
                    visible(ticket, somebody)

    def test_is_nobody_s_of_a_ticket_that_is_not(self):
        with pytest.raises(NotFound):
            visible(None, OLGA)

    @pytest.mark.feature("SUP-42")
    def test_ends_for_its_author_with_their_rattachement(self):
        assert standing(sent(), ANA).acts == {"emitter"}
        assert standing(sent(), Reach(user_id="ana")).reads == frozenset()
        assert standing(a_ticket(), Reach(user_id="ana")).acts == {"emitter"}

    def test_is_to_read_for_whoever_only_consults(self):
        assert standing(sent(), COLLEAGUE_WHO_READS)[1:] == ({"emitter"}, frozenset())
        assert standing(business(), WHO_CONSULTS)[1:] == ({"recipient"}, frozenset())

    def test_keeps_to_the_unit_that_a_ticket_is_written_for(self):
        of_a_unit = sent(content=a_content(unit="U"))
        limited = Reach(user_id="u", emitted_read=frozenset({("s-1", "U")}))
        elsewhere = Reach(user_id="u", emitted_read=frozenset({("s-1", "V")}))

        assert standing(of_a_unit, COLLEAGUE).reads == {"emitter"}
        assert standing(of_a_unit, limited).reads == {"emitter"}
        assert standing(of_a_unit, elsewhere).reads == frozenset()
        assert standing(sent(), limited).reads == frozenset()

    def test_gives_nothing_to_a_recipient_it_was_only_once_written_for(self):
        content = a_content(recipient_structure_id="r-1")
        assert standing(sent(content=content), RENE).reads == frozenset()

    def test_is_nobody_s_of_a_ticket_without_an_author(self):
        unsigned = sent(emitter_id="", content=a_content(structure_id=None))
        assert standing(unsigned, Reach(user_id="")).reads == frozenset()

    def test_may_be_of_several_sides(self):
        both = replace(RENE, desk=True)
        assert standing(business(), both).reads == {"recipient", "desk"}
        assert standing(sent(), COLLEAGUE_WITHOUT).reads == frozenset()
        assert standing(sent(), STRANGER).reads == frozenset()


UNITS = st.sampled_from([None, "U", "V"])
DAYS = st.sampled_from([None, date(2026, 3, 1), TODAY, date(2026, 3, 3)])
LINES = st.builds(
    Line, unit=UNITS, valid_from=DAYS.filter(lambda day: day is not None), valid_until=DAYS
)
GIVEN = st.builds(
    Habilitation,
    application=st.sampled_from([EMITTED, RECEIVED, "organisation"]),
    level=st.sampled_from(["consultation", "modification"]),
    unit=UNITS,
    valid_from=DAYS,
    valid_until=DAYS,
)


class TestAgainstTheRights:
    """Of one ticket and of all: what a reach says is what rights say when asked one by one."""

    @settings(max_examples=200, deadline=None)
    @given(st.lists(LINES, max_size=3), st.lists(GIVEN, max_size=4), UNITS)
    def test_gives_no_more_and_no_less(
        self, lines: list[Line], given_to_them: list[Habilitation], unit: str | None
    ):
        rights = Rights(
            id="u:s-1",
            user_id="u",
            structure_id="s-1",
            role="user",
            lines=tuple(lines),
            habilitations=tuple(given_to_them),
        )
        reach = reach_of("u", [("s-1", rights)], TODAY, desk=False)
        found = standing(sent(content=a_content(unit=unit)), reach)
        asked = standing(sent(content=a_content(structure_id="s-2"), recipient_id="s-1"), reach)

        def may(application: str, level: Level, unit: str | None = None) -> bool:
            return rights.may(application, level, TODAY, unit=unit)

        emits = may(EMITTED, "modification", unit)
        treats = may(RECEIVED, "modification")
        assert ("emitter" in found.acts) == emits
        assert ("emitter" in found.reads) == (emits or may(EMITTED, "consultation", unit))
        assert ("recipient" in asked.acts) == treats
        assert ("recipient" in asked.reads) == (treats or may(RECEIVED, "consultation"))
        assert ("s-1" in reach.attached) == rights.valid(TODAY)
