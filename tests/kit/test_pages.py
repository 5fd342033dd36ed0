"""Pages read by an index that lacks ids."""

from functools import partial

import pytest

from kit.collection import Collection, Stored
from kit.mongo import IndexModel
from kit.pages import Asked, page
from kit.service import Service
from tests.counters import Counter

IDS = [f"{one}{other}" for one in "0112333333" for other in ("a", "b")]
EVERY = sorted({*IDS, *(f"3{n}" for n in range(9)), "9z"})
"""Many share their first letter: none, some, or all of a page."""


@pytest.fixture
async def kept(service: Service) -> Collection[Counter]:
    counters = service.collection("counters", Counter)
    await counters.documents.create_indexes([IndexModel([("note", 1), ("n", 1)])])
    # Backwards, so that those who share a place are not found in order by chance.
    every = [Counter(id=id, n=int(id[0]), note="x") for id in reversed(EVERY)]
    rows = [{"_id": one.id} | counters.dump(Stored(one)) for one in every]
    await counters.documents.insert_many(rows)
    return counters


class TestPage:
    @pytest.mark.parametrize("descending", [False, True])
    async def test_is_complete_and_in_order_though_many_are_alike(
        self, kept: Collection[Counter], descending: bool
    ) -> None:
        loosely = partial(page, kept, {"note": "x"}, by="n", by_index="note_1_n_1", loosely=True)
        for size in range(1, len(EVERY) + 2):
            found, cursor = list[str](), ""
            while cursor is not None:
                rows, cursor = await loosely(Asked(cursor, size), descending=descending)
                assert len(rows) <= size
                found += [one.id for one in rows]
            assert found == sorted(EVERY, reverse=descending)

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("loosely", [False, True])
    async def test_that_looks_so_far_and_no_further_is_continued_behind_that(
        self, kept: Collection[Counter], descending: bool, loosely: bool
    ) -> None:
        places = sorted({int(id[0]) for id in EVERY}, reverse=descending)
        index = "note_1_n_1" if loosely else None
        asked = partial(page, kept, {"note": "x"}, by="n", by_index=index, loosely=loosely)
        for size in (2, 5, len(EVERY)):
            found, cursor = list[str](), ""
            for until in places:
                further = True
                while further:
                    rows, cursor = await asked(
                        Asked(cursor, size), descending=descending, until=until
                    )
                    assert cursor is not None
                    assert all(one.n == until for one in rows)
                    found += [one.id for one in rows]
                    further = len(rows) == size
            assert found == sorted(EVERY, reverse=descending)
            assert await asked(Asked(cursor, size), descending=descending) == ([], None)
