"""What was kept before is found by what is derived now."""

from typing import Any

from kit.deriving import derive
from kit.service import Service
from tests.counters import Counter


def parity(counter: Counter) -> dict[str, Any]:
    named = {"named": True} if counter.note else {}
    return {"even": counter.n % 2 == 0, "digits": tuple(str(counter.n))} | named


async def test_gives_what_was_kept_before_what_is_derived_now(service: Service) -> None:
    counters = service.collection("counters", Counter, derived=parity)
    service.collection("plain", Counter)
    before = [
        {"n": 1, "note": "", "even": False, "digits": ["1"], "relied_on": 2},  # as now
        {"n": 2, "note": "x"},
        {"n": 14, "note": "", "digits": ["4", "1"], "of_another_release": 1},
    ]
    kept = [
        {"_id": f"c-{n}", "version": 3, "wake_at": None, "clock": 7, "trace": "", "row": "r"} | one
        for n, one in enumerate(before)
    ]
    await counters.documents.insert_many(kept)

    assert await derive(service) == 2
    assert await derive(service) == 0

    found = await counters.documents.find({}).sort("_id", 1).to_list(None)
    assert found == [
        kept[0],
        kept[1] | {"even": True, "digits": ["2"], "named": True},
        kept[2] | {"even": True, "digits": ["1", "4"]},
    ]


async def test_reads_all_however_many(service: Service) -> None:
    counters = service.collection("counters", Counter, derived=parity)
    rows = [
        {"_id": f"c-{n:05}", "version": 1, "wake_at": None, "clock": 1, "trace": "", "row": ""}
        | {"n": n, "note": ""}
        for n in range(1_100)
    ]
    await counters.documents.insert_many(rows)

    assert await derive(service) == 1_100
    assert await counters.documents.count_documents({"even": True}) == 550


class Overtaken:
    """Documents of which one is changed between the reading and the writing."""

    def __init__(self, documents: Any) -> None:
        self._documents = documents

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def bulk_write(self, writes: Any, **how: Any) -> None:
        changed = {"n": 3, "version": 4, "even": False}
        await self._documents.update_one({"_id": "c-0"}, {"$set": changed})
        await self._documents.bulk_write(writes, **how)


async def test_leaves_what_was_changed_meanwhile_as_it_was_changed(service: Service) -> None:
    counters = service.collection("counters", Counter, derived=parity)
    beside = {"wake_at": None, "clock": 1, "trace": "", "row": ""}
    await counters.documents.insert_one({"_id": "c-0", "version": 3, "n": 2, "note": ""} | beside)
    counters.documents = Overtaken(counters.documents)

    await derive(service)

    found = await counters.documents.find_one({"_id": "c-0"})
    assert (found["n"], found["even"]) == (3, False)
