"""What a page of tickets costs the database, and that all pages together are complete."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any, Self

import pytest

from kit.collection import Collection, Stored
from kit.days import beginning_of
from kit.pages import Asked
from kit.service import Service
from kit.settings import Settings
from services.support.domain.listing import HOLDS, found_by
from services.support.domain.reach import Reach
from services.support.domain.tickets import Ticket
from services.support.records import Records
from services.support.sought import KEPT_AS, Sought
from services.support.views import listing
from services.support.views.listing import Listing
from tests.conftest import settings_for
from tests.support.builders import NOW, a_content, a_ticket

MANY = 1_200
STATES = ("open", "waiting", "resolved", "closed", "draft")
WORDS = ("facture", "dépôt", "rejet", "structure", "accès", "virement", "mandat")
DESK = Reach(user_id="desk", desk=True)
ANA = Reach(user_id="ana", attached=frozenset({"s-1"}), emitted_read=frozenset({("s-1", None)}))
WIDE = Reach(
    user_id="ben",
    emitted_read=frozenset((f"s-{n}", None) for n in range(1, 400)),
    received_read=frozenset({"s-3", "s-4"}),
)
OWN = Reach(user_id="u-6", attached=frozenset({"s-16"}))
"""Who reads nothing but their own."""


def nth(n: int) -> Ticket:
    recipient = f"s-{n % 30 + 3}" if n % 3 == 0 else None
    return a_ticket(
        id=f"{n:032x}",
        number=f"CPROCS{n * 7919 % 10_000_000:07}",
        emitter_id=f"u-{n % 50}",
        state=STATES[n % 5],
        created_at=NOW + timedelta(hours=n // 2),
        content=a_content(
            structure_id=f"s-{n % 40}",
            title=f"{WORDS[n % 7]} {n % 90}",
            description=f"<p>{WORDS[n % 6]} {WORDS[n % 5]}</p>",
            category=("PAIEMENT", "SAISIE")[n % 2],
            recipient_structure_id=recipient,
        ),
        recipient_id=recipient,
        treated_by="recipient" if recipient else "desk",
        overdue=n % 11 == 0,
    )


@pytest.fixture(scope="module")
async def tickets(mongo_url: str) -> AsyncIterator[Collection[Ticket]]:
    service = Service("support", Settings(**settings_for(mongo_url)))
    kept = Records(service).tickets
    await service.mongo.create("tickets")
    await kept.documents.create_indexes([*kept.indexes])
    rows = [{"_id": one.id, **kept.dump(Stored(one, 1))} for one in map(nth, range(MANY))]
    # Not in the order of their ids, by which those of the same moment are sorted.
    Random(7).shuffle(rows)
    await kept.documents.insert_many(rows)
    yield kept
    await service.mongo.drop()
    await service.mongo.close()


async def read_all(tickets: Collection[Ticket], reach: Reach, sought: Sought, size: int = 150):
    found, cursor = list[Ticket](), ""
    while cursor is not None:
        page, cursor, _ = await Listing(tickets).page(reach, sought, Asked(cursor, size))
        found += page
    return found


def look_through(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "FEW", few)
    monkeypatch.setattr(listing, "LOOKED_THROUGH", few)


class Profile:
    """What the database says of its own reads of the tickets."""

    def __init__(self, tickets: Collection[Ticket]) -> None:
        self._database = tickets.documents.database

    async def __aenter__(self) -> Self:
        await self._database["system.profile"].drop()
        await self._database.command({"profile": 2})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.command({"profile": 0})
        ns = f"{self._database.name}.tickets"
        self.reads = [
            one
            for one in await self._database["system.profile"].find({"ns": ns}).to_list(None)
            if one["op"] == "query" or "aggregate" in one["command"]
        ]

    @property
    def page(self) -> dict[str, Any]:
        return next(one for one in self.reads if "find" in one["command"])


@cache
def every() -> list[tuple[Ticket, dict[str, Any]]]:
    """All of them, and what they are listed by."""
    return [(one, found_by(one)) for one in map(nth, range(MANY))]


def by_hand(reach: Reach, sought: Sought) -> list[str]:
    """The ids, in order, without any index."""
    shelves, words, key = {*sought.shelves(reach)}, {*sought.words}, KEPT_AS[sought.sort]
    began = beginning_of(sought.created_from) if sought.created_from else NOW
    held = [
        (found.get(key, one.created_at if key == "created_at" else one.number), one.id)
        for one, found in every()
        if shelves & {*found["shelves"]}
        and words <= {*found["stems"]}
        and sought.category in (None, one.content.category)
        and one.created_at >= began
    ]
    return [id for _, id in sorted(held, reverse=sought.descending)]


class TestPages:
    @pytest.mark.feature("SUP-34")
    @pytest.mark.parametrize("sort", [*KEPT_AS])
    @pytest.mark.parametrize("direction", ["ascending", "descending"])
    async def test_are_complete_in_each_order(self, tickets, sort: Any, direction: Any):
        sought = Sought(tab="not_closed", sort=sort, direction=direction)
        for reach in (DESK, ANA):
            found = [one.id for one in await read_all(tickets, reach, sought)]
            assert found == by_hand(reach, sought)
            assert found

    @pytest.mark.parametrize("few", [5_000, 10])
    async def test_are_complete_for_somebody_of_hundreds_of_structures(
        self, tickets, few: int, monkeypatch: pytest.MonkeyPatch
    ):
        look_through(few, monkeypatch)
        sought = Sought(tab="not_closed", sort="title")

        first, following, _ = await Listing(tickets).page(WIDE, sought, Asked("", 150))
        found = [one.id for one in await read_all(tickets, WIDE, sought)]

        assert found == by_hand(WIDE, sought)
        assert len(first) == 150
        assert following

    @pytest.mark.feature("SUP-31")
    @pytest.mark.parametrize("few", [5_000, 60])
    @pytest.mark.parametrize("direction", ["ascending", "descending"])
    @pytest.mark.parametrize("reach", [DESK, ANA, WIDE], ids=["desk", "one", "hundreds"])
    async def test_of_a_search_are_complete_and_in_order(
        self, tickets, reach, direction: Any, few: int, monkeypatch: pytest.MonkeyPatch
    ):
        look_through(few, monkeypatch)
        for asked in (
            {"q": "facture depot"},
            {"q": "facture", "category": "SAISIE"},
            {"category": "SAISIE"},
            {"category": "SAISIE", "created_from": (NOW + timedelta(days=2)).date()},
            {"created_from": (NOW + timedelta(days=20)).date(), "sort": "title"},
        ):
            sought = Sought(**asked, direction=direction)
            # An odd number: most pages end between two that were created at the same moment.
            found = [one.id for one in await read_all(tickets, reach, sought, size=51)]
            assert found == by_hand(reach, sought), asked
            assert found

    @pytest.mark.feature("SUP-31")
    @pytest.mark.parametrize("few", [5_000, 10])
    @pytest.mark.parametrize(
        ("asked", "fits"),
        [
            ({"q": "Factures"}, lambda n: n % 7 == 0 or n % 6 == 0 or n % 5 == 0),
            ({"category": "SAISIE"}, lambda n: n % 2 == 1),
            ({"number": str(7919 * 3)}, lambda n: n == 3),
            ({"overdue": True}, lambda n: n % 11 == 0),
            ({"structure_id": "s-5"}, lambda n: n % 40 == 5 or (n % 3 == 0 and n % 30 == 2)),
            ({"created_until": (NOW + timedelta(days=2)).date()}, lambda n: n // 2 + 10 < 72),
            ({"state": "resolved", "tab": "not_closed"}, lambda n: n % 5 == 2),
        ],
    )
    async def test_hold_all_that_was_looked_for(
        self, tickets, asked: dict[str, Any], fits: Any, few: int, monkeypatch: pytest.MonkeyPatch
    ):
        look_through(few, monkeypatch)
        found = await read_all(tickets, DESK, Sought(**asked), size=200)

        expected = [n for n in range(MANY) if fits(n) and STATES[n % 5] != "draft"]
        assert sorted(int(one.id, 16) for one in found) == expected


class TestReads:
    @pytest.mark.parametrize("sort", [*KEPT_AS])
    @pytest.mark.parametrize("reach", [DESK, ANA], ids=["the desk", "one structure"])
    async def test_a_tab_enters_an_index_where_the_page_begins(self, tickets, sort, reach):
        sought = Sought(tab="not_closed", sort=sort)
        _, cursor, _ = await Listing(tickets).page(reach, sought, Asked("", 20))
        assert cursor
        for at in ("", cursor):
            async with Profile(tickets) as profile:
                await Listing(tickets).page(reach, sought, Asked(at, 20))
            [read] = profile.reads
            assert "COLLSCAN" not in read["planSummary"]
            assert not read.get("hasSortStage")
            assert read["docsExamined"] <= 20 + 6
            assert read["keysExamined"] <= 20 + 6 + 3 * 3

    async def test_of_one_structure_only_its_own_are_looked_at(self, tickets, monkeypatch):
        look_through(10, monkeypatch)
        async with Profile(tickets) as profile:
            await Listing(tickets).page(DESK, Sought(structure_id="s-5"), Asked("", 20))
        assert not profile.page.get("hasSortStage")
        assert profile.page["docsExamined"] <= 21 + 8

    async def test_what_is_rare_leads_to_what_is_looked_for(self, tickets, monkeypatch):
        look_through(100, monkeypatch)
        for asked, most in (({"q": "89"}, 20), ({"number": "21"}, 1), ({"q": "facture 89"}, 20)):
            async with Profile(tickets) as profile:
                await Listing(tickets).page(DESK, Sought(**asked), Asked("", 20))
            assert profile.page["docsExamined"] <= most
            assert not any("COLLSCAN" in one["planSummary"] for one in profile.reads)

    async def test_of_what_is_frequent_an_order_is_read_until_a_page_is_full(
        self, tickets, monkeypatch
    ):
        look_through(100, monkeypatch)
        async with Profile(tickets) as profile:
            await Listing(tickets).page(WIDE, Sought(q="facture", sort="title"), Asked("", 20))
        assert not profile.page.get("hasSortStage")
        assert profile.page["docsExamined"] < 250

    async def test_of_two_words_the_rarer_is_followed_in_the_order_of_time(
        self, tickets, monkeypatch
    ):
        look_through(10, monkeypatch)
        # Half of all tickets have the first, a seventh the second.
        for reach, most in ((DESK, 21 * 4), (WIDE, 21 * 6)):
            for q in ("facture mandat", "mandat facture"):
                async with Profile(tickets) as profile:
                    await Listing(tickets).page(reach, Sought(q=q), Asked("", 20))
                assert not profile.page.get("hasSortStage")
                assert profile.page["docsExamined"] <= most

    @pytest.mark.parametrize("reach", [DESK, WIDE], ids=["desk", "hundreds"])
    @pytest.mark.parametrize("direction", ["ascending", "descending"])
    @pytest.mark.parametrize("sort", ["created_at", "number"])
    async def test_a_page_looks_through_so_many_and_the_next_goes_on_there(
        self, tickets, reach, sort: Any, direction: Any, monkeypatch
    ):
        look_through(40, monkeypatch)
        # Of each seven tickets with the rarer word, hardly any has both others too.
        sought = Sought(q="mandat depot rejet", sort=sort, direction=direction)
        pages, cursor = list[list[str]](), ""
        async with Profile(tickets) as profile:
            while cursor is not None:
                page, cursor, _ = await Listing(tickets).page(reach, sought, Asked(cursor, 20))
                pages.append([one.id for one in page])

        assert [id for page in pages for id in page] == by_hand(reach, sought)
        assert len(pages) > 3
        assert any(len(one) < 20 for one in pages[:-1])
        assert max(one["docsExamined"] for one in profile.reads) <= 40 + 1

    async def test_no_page_looks_outside_the_days_that_are_asked_for(self, tickets, monkeypatch):
        look_through(40, monkeypatch)
        sought = Sought(q="facture", created_until=(NOW + timedelta(days=3)).date())

        found, _, _ = await Listing(tickets).page(DESK, sought, Asked("", 5))

        assert [one.id for one in found] == [
            id
            for id in by_hand(DESK, Sought(q="facture"))
            if nth(int(id, 16)).created_at < beginning_of((NOW + timedelta(days=4)).date())
        ][:5]

    async def test_of_many_structures_each_is_looked_for_once(self, tickets):
        async with Profile(tickets) as profile:
            sought = Sought(tab="closed")
            found, _, way = await Listing(tickets).page(WIDE, sought, Asked("", 500))
        assert way.index == "owners"
        for read in profile.reads:
            assert read["keysExamined"] <= 400 + 40 * 5 + 2 * len(found)
        assert profile.page["docsExamined"] == len(found)


class TestGroups:
    @pytest.mark.feature("SUP-34")
    @pytest.mark.parametrize("few", [5_000, 200, 90])
    @pytest.mark.parametrize("sort", [*KEPT_AS])
    async def test_are_counted_over_the_whole_list_or_said_to_be_more(
        self, tickets, sort: Any, few: int, monkeypatch: pytest.MonkeyPatch
    ):
        look_through(few, monkeypatch)
        sought = Sought(tab="not_closed", sort=sort, q="facture")
        reader = Listing(tickets)
        found, _, way = await reader.page(DESK, sought, Asked("", 20))
        assert way.narrow == (few == 5_000)

        groups = await reader.groups(way, sought, found)

        every = [nth(int(id, 16)) for id in by_hand(DESK, sought)]
        held = Counter(listing._group(one, sort) for one in every)
        assert [one.value for one in groups] == [
            *dict.fromkeys(listing._group(one, sort) for one in found)
        ]
        for one in groups:
            assert one.count < held[one.value] if one.more else one.count == held[one.value]
        if sort == "category":
            assert any(one.more for one in groups) == (few < 5_000)

    @pytest.mark.feature("SUP-34")
    @pytest.mark.parametrize("sort", ["category", "subcategory", "state"])
    async def test_of_hundreds_of_structures_are_counted_without_reading_a_ticket(
        self, tickets, sort: Any, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(listing, "FEW", 10)
        sought = Sought(tab="not_closed", sort=sort)
        reader = Listing(tickets)
        found, _, way = await reader.page(WIDE, sought, Asked("", 1_000))
        async with Profile(tickets) as profile:
            groups = await reader.groups(way, sought, found)

        every = by_hand(WIDE, sought)
        assert sum(one.count for one in groups) == len(every) == len(found)
        assert len(groups) == {"category": 2, "subcategory": 1, "state": 3}[sort]
        assert sum(one["docsExamined"] for one in profile.reads) == 0


class TestCounts:
    @pytest.mark.feature("SUP-26")
    async def test_say_how_many_each_tab_holds_and_no_further(self, tickets, monkeypatch):
        monkeypatch.setattr(listing, "COUNTED", 200)
        counts = await Listing(tickets).counts(DESK)

        assert counts["not_closed"].model_dump() == {"count": 200, "more": True}
        assert counts["drafts"].model_dump() == {"count": 0, "more": False}
        assert (
            counts["to_treat"].count
            == len([n for n in range(MANY) if STATES[n % 5] == "open" and n % 3])
            or counts["to_treat"].more
        )

    @pytest.mark.feature("SUP-26", "SUP-27", "SUP-29", "SUP-39")
    @pytest.mark.parametrize("reach", [DESK, ANA, WIDE, OWN], ids=["desk", "one", "many", "own"])
    @pytest.mark.parametrize("most", [50, 1_000])
    async def test_are_as_long_as_the_lists(self, tickets, reach, most: int, monkeypatch):
        monkeypatch.setattr(listing, "COUNTED", most)
        counts = await Listing(tickets).counts(reach)

        assert [*counts] == [*HOLDS]
        for tab, count in counts.items():
            long = len(await read_all(tickets, reach, Sought(tab=tab), 500))
            assert count.model_dump() == {"count": min(long, most), "more": long > most}, tab

    async def test_of_hundreds_of_structures_read_no_ticket(self, tickets, monkeypatch):
        monkeypatch.setattr(listing, "COUNTED", 50)
        async with Profile(tickets) as profile:
            await Listing(tickets).counts(WIDE)

        # What waits for others, but not for those who wrote it, has to be looked at.
        read = {one["docsExamined"] for one in profile.reads}
        assert sorted(read)[:-1] in ([], [0])
        assert len(profile.reads) == len(HOLDS) - 1
