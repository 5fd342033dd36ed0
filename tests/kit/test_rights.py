"""What a service may rest on its copy of the rights."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.users import Habilitation, Line, RightsChanged
from kit import entitled
from kit.clock import now, today
from kit.days import within
from kit.heard import TooStale
from kit.journal import SLICES
from kit.pages import Asked
from kit.rights import ORGANISATION, Rights, RightsCopy, applied, blocked
from kit.service import Service
from tests.kit.conftest import keeping

TODAY = date(2026, 1, 5)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def told(**but) -> RightsChanged:
    given = {"rattachement_id": "u:s", "user_id": "u", "structure_id": "s"}
    return RightsChanged(**given | {"role": "user", "version": 1} | but)


def rights(**but) -> Rights:
    state = applied(told(**but), None).state
    assert state
    return state


def organisation(**but) -> Habilitation:
    return Habilitation(application=ORGANISATION, level="modification", **but)


class TestApplied:
    def test_takes_the_whole_answer(self):
        lines = (Line(unit="ACCUEIL", valid_from=TODAY, valid_until=TOMORROW),)

        copy = rights(role="user", lines=lines)

        assert (copy.role, copy.lines) == ("user", lines)

    def test_reads_what_was_told_and_kept_before_there_were_lines(self):
        before = {"units": ["ACCUEIL"], "valid_from": "2026-01-05", "valid_until": None}
        kept = {"id": "u:s", "user_id": "u", "structure_id": "s", "role": "user", "told": 1}

        read = TypeAdapter(Rights).validate_python(kept | before)

        assert read == rights(lines=(Line(unit="ACCUEIL", valid_from=TODAY),))
        assert read == rights(units=("ACCUEIL",), valid_from=TODAY)

    def test_changes_nothing_when_repeated(self):
        assert applied(told(), rights()).state == rights()

    def test_lets_nothing_older_undo_what_is_newer_even_when_in_doubt(self):
        doubtful = blocked("u:s", rights(role=None, version=6)).state

        kept = applied(told(version=5, role="principal_manager"), doubtful).state

        assert (kept.role, kept.blocked) == (None, False)

    def test_lets_nothing_older_undo_what_is_newer(self):
        newer = rights(role=None, version=2)

        assert applied(told(role="user", version=1), newer).state == newer

    def test_is_trusted_again_once_the_unreadable_fact_was_heard(self):
        doubtful = blocked("u:s", rights()).state

        assert applied(told(version=1), doubtful).state.blocked is False

    def test_says_since_when_the_user_has_been_attached(self):
        first, then = now(), now() + timedelta(hours=1)
        here = applied(told(), None, at=first).state

        changed = applied(told(role="principal_manager", version=2), here, at=then).state
        gone = applied(told(role=None, version=2), here, at=then).state

        assert (here.since, changed.since, gone.since) == (first, first, None)
        assert applied(told(version=3), gone, at=then).state.since == then


class TestValid:
    @pytest.mark.parametrize(
        ("window", "valid"),
        [
            ({}, True),
            ({"valid_from": TODAY, "valid_until": TODAY}, True),
            ({"valid_from": TOMORROW}, False),
            ({"valid_until": YESTERDAY}, False),
        ],
    )
    def test_includes_both_days(self, window, valid):
        assert rights(**window).valid(TODAY) is valid

    def test_needs_one_line_of_that_day(self):
        past = Line(unit="A", valid_from=YESTERDAY, valid_until=YESTERDAY)
        to_come = Line(unit="B", valid_from=TOMORROW)

        held = rights(role="principal_manager", lines=(past, to_come))

        assert [held.valid(day) for day in (YESTERDAY, TODAY, TOMORROW)] == [True, False, True]

    def test_is_nobody_without_a_role(self):
        assert not rights(role=None).valid(TODAY)

    def test_is_nobody_while_a_newer_fact_cannot_be_read(self):
        doubtful = blocked("u:s", rights(role="principal_manager")).state

        assert not doubtful.valid(TODAY)
        assert not doubtful.approves(TODAY)

    def test_is_nobody_of_whom_only_an_unreadable_fact_is_known(self):
        assert not blocked("u:s", None).state.valid(TODAY)


class TestCovers:
    UNIT, WHOLE = Line(unit="A", valid_from=TODAY), Line(valid_from=TOMORROW)

    @pytest.mark.feature("RAT-15")
    def test_is_of_the_unit_alone(self):
        held = rights(lines=(self.UNIT,))

        assert held.covers("A", TODAY)
        assert not held.covers("B", TODAY)
        assert not held.covers(None, TODAY)
        assert not held.covers("A", YESTERDAY)

    def test_is_of_every_unit_once_it_is_of_the_whole(self):
        held = rights(role="principal_manager", lines=(self.UNIT, self.WHOLE))

        assert held.covers("B", TOMORROW)
        assert held.covers(None, TOMORROW)
        assert (held.limited_to(TODAY), held.limited_to(TOMORROW)) == (("A",), ())

    def test_is_of_nothing_while_a_newer_fact_cannot_be_read(self):
        assert not blocked("u:s", rights(lines=(self.UNIT,))).state.covers("A", TODAY)


class TestApproves:
    @pytest.mark.feature("APP-15")
    @pytest.mark.parametrize(
        ("but", "approves"),
        [
            ({"role": "principal_manager"}, True),
            ({"role": "user"}, False),
            ({"role": "user", "habilitations": (organisation(),)}, True),
            ({"role": "user", "habilitations": (organisation(unit="ACCUEIL"),)}, True),
            ({"role": "user", "habilitations": (organisation(valid_until=YESTERDAY),)}, False),
            ({"role": "user", "habilitations": (organisation(valid_from=TOMORROW),)}, False),
            ({"role": "user", "habilitations": (organisation(),), "may_approve": False}, False),
            ({"role": "principal_manager", "may_approve": False}, True),
            ({"role": "principal_manager", "valid_until": YESTERDAY}, False),
        ],
    )
    def test_is_for_the_manager_and_whom_he_delegated(self, but, approves):
        assert rights(**but).approves(TODAY) is approves

    def test_is_for_the_units_one_was_delegated(self):
        of_a_unit = rights(role="user", habilitations=(organisation(unit="ACCUEIL"),))
        limited = rights(role="user", units=("COMPTA",), habilitations=(organisation(),))
        elsewhere = rights(
            role="user", units=("COMPTA",), habilitations=(organisation(unit="ACCUEIL"),)
        )

        assert of_a_unit.limited_to(TODAY) == ("ACCUEIL",)
        assert limited.limited_to(TODAY) == ("COMPTA",)
        assert not elsewhere.approves(TODAY)
        assert not any(one.manages(TODAY) for one in (of_a_unit, limited, elsewhere))

    def test_needs_modification_of_the_organisation(self):
        reading = Habilitation(application=ORGANISATION, level="consultation")
        other = Habilitation(application="engagements", level="modification")

        assert not rights(habilitations=(reading, other)).approves(TODAY)


class TestRightsCopy:
    @pytest.fixture
    async def copy(self, service: Service):
        copy = RightsCopy(service)
        async with keeping(service):
            await service.committer.keep(copy.hear(told()))
            yield copy

    async def beat(self, service: Service, age: float, slices=range(SLICES)) -> None:
        for slice in slices:
            service.heard.beat(f"users.events/{slice}", now() - timedelta(seconds=age))

    async def test_answers_while_users_is_heard(self, service, copy):
        await self.beat(service, age=1)

        assert (await copy.of("u", "s")).valid(TODAY)
        assert [one.structure_id for one in await copy.of_user("u")] == ["s"]
        assert await copy.of("u", "other") is None

    @pytest.mark.parametrize("age", [6, 3600])
    async def test_answers_nothing_once_it_is_too_old(self, service, copy, age):
        await self.beat(service, age)

        with pytest.raises(TooStale):
            await copy.of("u", "s")
        with pytest.raises(TooStale):
            await copy.of_user("u")
        with pytest.raises(TooStale):
            await copy.principal_manager("s", today())
        with pytest.raises(TooStale):
            await copy.attached_to("s", Asked("", 10))

    async def test_reads_anew_what_has_changed_of_somebody_in_many(
        self, service, copy, monkeypatch
    ):
        monkeypatch.setattr("kit.rights.MANY", 1)
        monkeypatch.setattr("kit.rights.AT_ONCE", 2)
        await self.beat(service, age=1)
        reading = Habilitation(application="engagements", level="consultation")

        def of(structure: str, **but) -> RightsChanged:
            return told(rattachement_id=f"u:{structure}", structure_id=structure, **but)

        for ask in (
            copy.hear(of("s", version=2, habilitations=(reading, organisation()))),
            copy.hear(of("s2", habilitations=(reading, organisation(unit="A")))),
            copy.hear(of("s2", version=2, role=None)),
            copy.otherwise("u:s"),
            copy.hear(of("s", version=3, lines=(Line(valid_from=TODAY, valid_until=TODAY),))),
            copy.otherwise("u:s3"),
            copy.hear(of("s3")),
            copy.hear(of("s4", habilitations=(reading,))),
            copy.hear(of("s5", habilitations=(reading,))),
        ):
            await service.committer.keep(ask)
            held = await copy.of_user("u")
            assert held == tuple(await copy.entities.select({"user_id": "u"}))
            assert await copy.of_user("u") is held
        assert [one.role for one in held] == ["user", None, *["user"] * 3]

        await self.beat(service, age=6)
        monkeypatch.setattr("kit.heard.now", lambda: now() + timedelta(seconds=6))
        with pytest.raises(TooStale):
            await copy.of_user("u")

    @pytest.mark.parametrize("many", [1, 2])
    async def test_makes_something_anew_of_what_has_changed_and_of_another_day(
        self, service, copy, many, monkeypatch
    ):
        monkeypatch.setattr("kit.rights.MANY", many)
        await self.beat(service, age=1)
        made = list[tuple[int, date]]()

        def make(held: tuple[Rights, ...], on: date) -> int:
            made.append((sum(one.valid(on) for one in held), on))
            return made[-1][0]

        async def ask(on: date) -> int:
            return await copy.made_of_user("u", make, on)

        assert [await ask(today()), await ask(today())] == [1, 1]
        until = Line(valid_from=TODAY, valid_until=today())
        await service.committer.keep(copy.hear(told(version=2, lines=(until,))))
        assert [await ask(today()), await ask(today() + timedelta(days=1))] == [1, 0]
        await service.committer.keep(copy.hear(told(version=3, role=None)))
        assert await ask(today()) == 0
        assert len(made) == {1: 4, 2: 5}[many]

        monkeypatch.setattr("kit.heard.now", lambda: now() + timedelta(seconds=6))
        with pytest.raises(TooStale):
            await ask(today())

    async def test_remembers_no_more_than_so_many(self, service, copy, monkeypatch):
        monkeypatch.setattr("kit.rights.MANY", 1)
        monkeypatch.setattr("kit.rights.REMEMBERED", 2)
        await self.beat(service, age=1)
        for user in ("a", "b"):
            event = told(rattachement_id=f"{user}:s", user_id=user)
            await service.committer.keep(copy.hear(event))

        first = await copy.of_user("u")
        for user in ("a", "b", "a"):
            assert [one.user_id for one in await copy.of_user(user)] == [user]

        again = await copy.of_user("u")
        assert again == first
        assert again is not first

    async def test_lists_those_attached_today(self, service, copy):
        await self.beat(service, age=1)
        for user, but in (
            ("a", {"role": "principal_manager"}),
            ("b", {"valid_until": today() - timedelta(days=1)}),
            ("c", {"valid_from": today() + timedelta(days=1)}),
            ("d", {"valid_from": today(), "valid_until": today()}),
            ("e", {"role": None}),
        ):
            event = told(rattachement_id=f"{user}:s", user_id=user, **but)
            await service.committer.keep(copy.hear(event))
        await service.committer.keep(copy.otherwise("f:s"))

        first, following = await copy.attached_to("s", Asked("", 2))
        rest, end = await copy.attached_to("s", Asked(following, 2))

        assert [one.user_id for one in (*first, *rest)] == ["a", "d", "u"]
        assert end is None
        assert await copy.principal_manager("s", today()) == "a"

    async def test_answers_nothing_when_one_slice_is_silent(self, service, copy):
        await self.beat(service, age=1, slices=range(1, SLICES))

        with pytest.raises(TooStale):
            await copy.of("u", "s")

    async def test_answers_by_what_another_process_heard(self, service, copy):
        moments = {str(slice): now() - timedelta(seconds=1) for slice in range(SLICES)}
        row = {"_id": "users.events", "as_of": moments}
        await service.mongo["heartbeats"].insert_one(row)

        assert await copy.of("u", "s")


units = st.none() | st.sampled_from(("A", "B"))
days = st.none() | st.dates(TODAY - timedelta(days=2), TODAY + timedelta(days=2))
lines = st.builds(
    Line, unit=units, valid_from=days.map(lambda day: day or date.min), valid_until=days
)
habilitations = st.builds(
    Habilitation,
    application=st.sampled_from(("a", "b")),
    level=st.sampled_from(("consultation", "modification")),
    unit=units,
    valid_from=days,
    valid_until=days,
)


class TestUses:
    @given(
        st.lists(lines, max_size=3),
        st.lists(habilitations, max_size=4),
        st.sampled_from((None, "user")),
        st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3)),
    )
    @settings(max_examples=150)
    def test_is_what_is_effective_that_day(self, held, profiles, role, on: date):
        state = Rights(
            id="u:s",
            role=role,
            lines=tuple(held) or (Line(valid_from=TODAY),),
            habilitations=tuple(profiles),
        )
        effective = {
            (one.application, one.level, one.unit)
            for one in entitled.effective(state)
            if within(one.valid_from, one.valid_until, on)
        }
        assert {*entitled.uses(state, on)} == effective
