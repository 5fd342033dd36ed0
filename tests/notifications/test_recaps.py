"""The weekly recap of movements, for those attached to the structures they happened in."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.structures import StructureCreated, UnitCreated
from contracts.users import (
    Line,
    ManagementTransferred,
    NotificationPreferences,
    PersonChanged,
    QuietHours,
    RattachementMade,
    RattachementRemoved,
)
from kit.change import Change
from kit.clock import now, today
from services.notifications.domain import recaps
from services.notifications.domain.letters import Moved
from services.notifications.domain.movements import movement_of, note
from services.notifications.domain.times import week_began
from services.notifications.rendering import Renderer
from tests.approvals.stage import soon
from tests.notifications.builders import NOW, a_person
from tests.notifications.conftest import World
from tests.notifications.telling import collection, deciding, forced, letter, somebody
from tests.notifications.test_facts import STRUCTURE, rights

SEVEN = time(7)
MONDAY = datetime(2026, 1, 12, 6, 0, tzinfo=UTC)
"""The next one after NOW, at seven in Paris."""
NO_RECAP = NotificationPreferences(weekly_recap=False)


def made(n: int = 1, **but: Any) -> RattachementMade:
    said = {
        "rattachement_id": f"u-{n}:{STRUCTURE}",
        "user_id": f"u-{n}",
        "structure_id": STRUCTURE,
        "structure_name": "Menuiserie Petit",
        "valid_from": today(),
        "made_by": "u-omar",
        "made_at": now(),
    }
    return RattachementMade(**said | but)


TRANSFERRED = ManagementTransferred(
    transfer_id="t-1",
    structure_ids=("s-8", "s-9"),
    structure_name=None,
    former_manager_id="u-lea",
    principal_manager_id="u-omar",
    transferred_at=NOW,
)
UNIT = UnitCreated(
    unit_id="un-1",
    structure_id=STRUCTURE,
    code="COMPTA",
    name="Comptabilité",
    status="active",
    active=True,
    valid_from=today(),
    version=1,
    created_at=NOW,
)
REMOVED = RattachementRemoved(
    rattachement_id=f"u-9:{STRUCTURE}",
    user_id="u-9",
    structure_id=STRUCTURE,
    structure_name="Menuiserie Petit",
    removed_by="u-9",
    removed_at=NOW,
)


def told(**but: Any) -> PersonChanged:
    return somebody(**but)


class TestFollowPerson:
    def test_has_them_looked_at_on_monday(self):
        followed = recaps.follow_person(told(), None, now=NOW, at=SEVEN).state

        assert (followed.wake_at, followed.recapped_until) == (MONDAY, NOW)

    @pytest.mark.feature("NOT-03", "NOT-11", "NOT-07")
    @pytest.mark.parametrize(
        "but",
        [
            {"notifications": NO_RECAP},
            {"notifications": NotificationPreferences(rhythm="never")},
            {"active": False},
        ],
        ids=["switched off", "no letters wished for", "account deactivated"],
    )
    def test_has_nobody_looked_at_who_gets_none(self, but: Any):
        before = recaps.follow_person(told(), None, now=NOW, at=SEVEN).state

        followed = recaps.follow_person(told(version=2, **but), before, now=NOW, at=SEVEN).state

        assert (followed.wake_at, followed.recapped_until) == (None, None)

    def test_does_not_put_off_a_recap_that_is_due(self):
        due = a_person(wake_at=MONDAY, recapped_until=NOW)
        late = MONDAY + timedelta(minutes=5)

        followed = recaps.follow_person(told(version=2), due, now=late, at=SEVEN).state

        assert (followed.wake_at, followed.recapped_until) == (MONDAY, NOW)


class TestMovements:
    def test_are_noted_once(self):
        first, again = (movement_of(made(made_at=NOW), now=NOW) for _ in range(2))

        assert note(again, first).state == first
        assert movement_of(made(made_at=MONDAY), now=NOW).id != first.id

    def test_name_nobody(self):
        noted = movement_of(TRANSFERRED, now=NOW)

        assert (noted.structure_ids, noted.name) == (("s-8", "s-9"), "")
        assert "u-omar" not in repr(noted)


class TestRecap:
    def test_begins_where_the_last_one_ended(self):
        began = week_began(a_person(), MONDAY)
        person = a_person(wake_at=MONDAY, recapped_until=NOW)
        assert recaps.window(person, MONDAY) == (NOW, began)

        recapped = recaps.recapped(person, person, until=began, now=MONDAY, at=SEVEN).state

        assert recapped.wake_at == MONDAY + timedelta(days=7)
        assert recaps.window(recapped, recapped.wake_at)[0] == began

    def test_has_so_many_lines_at_most_and_says_how_many_more_there_are(self):
        many = [Moved(structure=str(n), kind="unit-created", count=1) for n in range(2000)]

        letter = recaps.recap(a_person(), many, since=NOW, until=MONDAY, now=MONDAY)
        few = recaps.recap(a_person(), many[:200], since=NOW, until=MONDAY, now=MONDAY)

        assert len(letter.movements) == recaps.MOST_LINES
        renderer = Renderer("https://chorale.example")
        assert "- et 1800 lignes de plus" in renderer.render(letter, a_person(), None).text
        assert "de plus" not in renderer.render(few, a_person(), None).text

    def test_is_another_one_for_whoever_goes_west_on_a_monday(self):
        """They hear of the hours between both midnights."""
        here = a_person(time_zone="Pacific/Noumea", recapped_until=NOW)
        until = week_began(here, MONDAY)
        there = a_person(recapped_until=until)
        windows = recaps.window(here, MONDAY), recaps.window(there, MONDAY)

        first, second = (
            recaps.recap(here, (), since=since, until=until, now=MONDAY) for since, until in windows
        )

        assert windows[0][1] == windows[1][0] < windows[1][1]
        assert first.id != second.id

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([0.5, 8, 30, 170, 400]),
                st.sampled_from(["Europe/Paris", "Indian/Reunion", "Pacific/Noumea"]),
                st.booleans(),
            ),
            max_size=12,
        )
    )
    def test_whatever_the_clock_each_moment_is_in_one_recap(self, history: Any):
        moment, windows = NOW, []
        person = recaps.follow_person(told(), None, now=NOW, at=SEVEN).state
        for version, (hours, zone, dies) in enumerate(history, 2):
            moment += timedelta(hours=hours)
            event = told(version=version, time_zone=zone)
            person = recaps.follow_person(event, person, now=moment, at=SEVEN).state
            if person.wake_at > moment:
                continue
            claimed = person = recaps.claim(person, moment).state
            if dies:
                continue
            since, until = recaps.window(claimed, moment)
            after = recaps.recapped(claimed, person, until=until, now=moment, at=SEVEN).state
            if since < until:
                windows.append((since, until))
            person = after

        assert all(first[1] == second[0] for first, second in pairwise(windows))
        assert not windows or windows[0][0] == NOW


async def monday(world: World) -> None:
    """As if all that was heard so far had been last week, and the week were over."""
    mongo = world.stage.service.mongo
    last_week = week_began(a_person(), now()) - timedelta(hours=1)
    await mongo["movements"].update_many({}, {"$set": {"heard_at": last_week}})
    due = {"recapped_until": last_week - timedelta(days=6), "wake_at": now()}
    people = collection(world, "people")
    for one in await people.select({"wake_at": {"$ne": None}}):
        await people.change(one.id, lambda current: Change(replace(current, **due)))


@pytest.mark.asyncio(loop_scope="module")
class TestRecapping:
    @pytest.mark.feature("NOT-03")
    async def test_tells_those_attached_how_much_happened(self, world: World):
        of_people = somebody(), somebody("u-omar"), rights("u-lea")
        await world.stage.hear(*of_people, made(1), made(2), UNIT, REMOVED, TRANSFERRED)
        assert len(await collection(world, "movements").select({})) == 5

        await monday(world)
        await letter(world, "sent", template="recap")

        [message] = [one for one in world.post.taken if "semaine" in one["Subject"]]
        assert message["To"] == "lea@example.org"
        text = message.get_body(("plain",)).get_content()
        assert "- Menuiserie Petit : 2 utilisateurs rattachés" in text
        assert "- Menuiserie Petit : 1 service créé" in text
        assert "- Menuiserie Petit : 1 utilisateur détaché" in text

    @pytest.mark.feature("NOT-03")
    async def test_writes_none_where_nothing_happened(self, world: World):
        imported = StructureCreated(
            structure_id=STRUCTURE,
            identifier_type="SIRET",
            identifier="73282932000074",
            kind="public",
            legal_name="Mairie",
            status="active",
            origin="import",
            created_at=now(),
        )
        await world.stage.hear(somebody(), rights("u-lea"), imported)

        await monday(world)

        await soon(lambda: _put_off(world))
        assert await world.stage.service.mongo["letters"].count_documents({}) == 0

    async def test_tells_nothing_to_who_is_attached_no_more(self, world: World):
        ended = Line(
            valid_from=today() - timedelta(days=9), valid_until=today() - timedelta(days=1)
        )
        await world.stage.hear(somebody(), rights("u-lea", lines=(ended,)), UNIT)

        await monday(world)

        await soon(lambda: _put_off(world))
        assert await world.stage.service.mongo["letters"].count_documents({}) == 0

    @pytest.mark.feature("NOT-03")
    async def test_that_was_put_off_tells_nothing_of_a_structure_that_its_reader_has_left(
        self, world: World
    ):
        await put_off_recap(world)
        await world.stage.hear(rights("u-lea", role=None, lines=(), version=2))

        [mine] = (await own_letters(world))["items"]
        await world.stage.hear(somebody(version=2))
        await forced(world)
        await letter(world, "sent", template="recap")

        [message] = world.post.taken
        for text in (mine["text"], message.get_body(("plain",)).get_content()):
            assert "- Mairie : 1 utilisateur rattaché" in text
            assert "Menuiserie" not in text

    @pytest.mark.feature("NOT-03")
    async def test_that_was_put_off_does_not_leave_once_its_reader_has_left_all(self, world: World):
        await put_off_recap(world)
        left = {"role": None, "lines": (), "version": 2}
        await world.stage.hear(rights("u-lea", **left), deciding("u-lea", "s-8", **left))
        await world.stage.hear(somebody(version=2))
        await forced(world)

        done = await letter(world, "suppressed", template="recap")
        mine = await own_letters(world)
        assert done["last_error"] == "Nothing is left to tell."
        assert (mine["items"], mine["unread"], world.post.taken) == ([], 0, [])

    async def test_of_before_it_said_where_goes_on_as_it_was(self, world: World):
        await put_off_recap(world)
        letters = world.stage.service.mongo["letters"]
        of_recap = {"template": "recap"}
        await letters.update_one(of_recap, {"$unset": {"movements.$[].structure_id": ""}})
        left = {"role": None, "lines": (), "version": 2}
        await world.stage.hear(rights("u-lea", **left), deciding("u-lea", "s-8", **left))
        await world.stage.hear(somebody(version=2))
        await forced(world)

        await letter(world, "sent", template="recap")
        mine = await own_letters(world)
        assert ("Menuiserie" in mine["items"][0]["text"], mine["unread"]) == (True, 1)


async def put_off_recap(world: World) -> None:
    """Of two structures, in the quiet hours of its reader."""
    at = datetime.now(UTC)
    quiet = QuietHours(
        begin=f"{at - timedelta(hours=1):%H:%M}", end=f"{at + timedelta(hours=1):%H:%M}"
    )
    wishes = NotificationPreferences(quiet_hours=quiet)
    elsewhere = made(2, rattachement_id="u-2:s-8", structure_id="s-8", structure_name="Mairie")
    attached = rights("u-lea"), deciding("u-lea", "s-8")
    reader = somebody(notifications=wishes, time_zone="UTC")
    await world.stage.hear(reader, *attached, made(), elsewhere)
    await monday(world)
    await letter(world, template="recap", held=True)


async def own_letters(world: World) -> dict[str, Any]:
    return dict((await world.stage.by("u-lea").get("/v1/me/letters")).json())


async def _put_off(world: World) -> bool:
    """Whether the recap of the only person has been looked at."""
    one = await world.stage.service.mongo["people"].find_one({"_id": "u-lea"})
    return bool(one["wake_at"] > now() + timedelta(hours=1))
