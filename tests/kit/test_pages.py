"""Pages read by an index that holds something shorter in place of ids."""

import pytest

from kit.collection import Collection, Stored
from kit.mongo import IndexModel
from kit.pages import Along, Asked, page, page_along
from kit.problems import Invalid
from kit.service import Service
from tests.counters import Counter

WAY = Along("note_1_n_1", "n", lambda id: int(id[0]))
IDS = [f"{one}{other}" for one in "0112333333" for other in ("a", "b")]
EVERY = sorted({*IDS, *(f"3{n}" for n in range(9)), "9z"})
"""Many share their first letter: none, some, or all of a page."""


@pytest.fixture
async def kept(service: Service) -> Collection[Counter]:
    counters = service.collection("counters", Counter)
    await counters.documents.create_indexes([IndexModel([("note", 1), ("n", 1)])])
    # Backwards, so that those who share a place are not found in order by chance.
    every = [Counter(id=id, n=WAY.of(id), note="x") for id in reversed(EVERY)]
    rows = [{"_id": one.id} | counters.dump(Stored(one)) for one in every]
    await counters.documents.insert_many(rows)
    return counters


class TestPageAlong:
    async def test_is_the_page_that_is_sorted_by_id_whatever_its_size(self, kept):
        where = {"note": "x"}
        for size in range(1, len(EVERY) + 2):
            found, cursor = list[str](), ""
            while cursor is not None:
                asked = Asked(cursor, size)
                rows, cursor = await page_along(kept, where, asked, WAY)
                assert (rows, cursor) == await page(kept, where, asked, descending=False)
                found += [one.id for one in rows]
            assert found == EVERY

    async def test_refuses_the_cursor_of_another_list(self, kept):
        _, cursor = await page(kept, {}, Asked("", 1), by="n")
        with pytest.raises(Invalid):
            await page_along(kept, {}, Asked(cursor or "", 1), WAY)
