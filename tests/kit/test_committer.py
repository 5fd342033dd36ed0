"""What the committer promises to those who ask it for changes."""

import asyncio
from dataclasses import replace

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, WriteConcernError

from contracts.event import Event
from kit.change import Change
from kit.clock import now
from kit.collection import Collection
from kit.context import Asking, Once, asking
from kit.draft import IdempotencyKeyReused
from kit.journal import SLICES, EventTooLarge, slice_of
from kit.mongo import IndexModel
from kit.problems import PreconditionFailed, Unavailable
from kit.service import Service
from tests.counters import Counted, Counter, TooMuch, count
from tests.kit.conftest import keeping


class Said(Event, type="trial.said.v1", key="counter"):
    """A counter said something."""

    counter: str
    words: str


ALL = dict.fromkeys(range(SLICES), 0)


@pytest.fixture
def transactions(service: Service, monkeypatch: pytest.MonkeyPatch):
    """How many transactions there were."""
    done = []
    transaction = service.mongo.transaction

    async def counted(write):
        done.append(write)
        return await transaction(write)

    monkeypatch.setattr(service.mongo, "transaction", counted)
    return done


class TestChange:
    async def test_keeps_the_state_and_what_there_is_to_tell(self, service, counters):
        assert await counters.change("a", count("a")) == Counter(id="a", version=1, n=1)

        assert await counters.get("a") == Counter(id="a", version=1, n=1)
        [row] = await service.journal.position(ALL, 10)
        assert (row["key"], row["data"]) == ("a", b'{"counter":"a","n":1}')

    async def test_chains_decisions_that_wait_together(self, counters, transactions):
        await asyncio.gather(*(counters.change("a", count("a")) for _ in range(50)))

        assert (await counters.get("a")).n == 50
        assert len(transactions) <= 2  # the first may leave alone, the rest wait for it together

    async def test_refuses_only_those_it_must(self, counters):
        outcomes = await asyncio.gather(
            *(counters.change("a", count("a", most=3)) for _ in range(5)),
            counters.change("b", count("b")),
            return_exceptions=True,
        )

        assert [type(one) for one in outcomes] == [Counter] * 3 + [TooMuch] * 2 + [Counter]

    async def test_writes_nothing_when_nothing_changes(self, counters, transactions):
        await counters.change("a", count("a"))
        await counters.change("a", Change)

        assert len(transactions) == 1
        assert (await counters.get("a")).version == 1

    async def test_forgets_what_a_decision_leaves_without_state(self, counters):
        await counters.change("a", count("a"))
        await counters.change("a", lambda _: Change(None))

        assert await counters.find("a") is None

    async def test_leaves_nothing_behind_that_is_derived_no_more(self, service, counters):
        odd = service.collection(
            "counters", Counter, derived=lambda one: {"odd": True} if one.n % 2 else {}
        )
        for found in (["a"], [], ["a"]):
            await odd.change("a", count("a"))
            assert [one.id for one in await odd.select({"odd": True})] == found

    async def test_decides_again_when_another_process_was_first(self, service, counters):
        rival = Service("trial", service.settings)
        theirs = rival.collection("counters", Counter)
        async with keeping(rival):
            await asyncio.gather(
                *(each.change("a", count("a")) for each in (counters, theirs) for _ in range(200)),
            )
        await rival.mongo.close()

        assert (await counters.get("a")).n == 400
        rows = await service.journal.position(ALL, 1000)
        told = [row["data"] for row in rows]
        assert told == [b'{"counter":"a","n":%d}' % n for n in range(1, 401)]

    async def test_keeps_the_others_when_one_cannot_be_written(self, counters):
        *others, bad = await asyncio.gather(
            *(counters.change(f"c{i}", count(f"c{i}")) for i in range(20)),
            counters.change("bad", lambda _: Change(Counter(id="bad", n=2**70))),
            return_exceptions=True,
        )

        assert isinstance(bad, OverflowError)
        assert [one.n for one in others] == [1] * 20
        assert len(await counters.select({})) == 20

    async def test_refuses_what_breaks_a_unique_index(self, service, counters):
        unique = IndexModel("note", unique=True, partialFilterExpression={"note": {"$gt": ""}})
        await counters.documents.create_indexes([unique])
        await counters.change("a", count("a", note="same"))

        outcomes = await asyncio.gather(
            counters.change("b", count("b", note="same")),
            counters.change("c", count("c", note="other")),
            return_exceptions=True,
        )

        assert isinstance(outcomes[0], Exception)
        assert outcomes[1].n == 1

    async def test_tries_again_while_mongo_is_away(self, service, counters, monkeypatch):
        transaction, failures = service.mongo.transaction, [AutoReconnect(), AutoReconnect()]

        async def shaky(write):
            if failures:
                raise failures.pop()
            return await transaction(write)

        monkeypatch.setattr(service.mongo, "transaction", shaky)
        assert (await counters.change("a", count("a"))).n == 1

    async def test_asks_again_for_a_commit_that_was_cut_off(self, service, counters, monkeypatch):
        commit, failures = service.mongo._commit, [WriteConcernError("cut off", 290)]

        class CutOff:
            """It may have been kept all the same."""

            def __init__(self, session):
                self.session = session

            async def commit_transaction(self):
                await self.session.commit_transaction()
                if failures:
                    raise failures.pop()

        monkeypatch.setattr(service.mongo, "_commit", lambda session: commit(CutOff(session)))
        await counters.change("a", count("a"))

        assert (await counters.get("a")).n == 1
        assert not failures

    async def test_answers_that_it_is_busy_where_a_transaction_takes_too_long(
        self, service, counters, monkeypatch
    ):
        async def too_long(write):
            raise OperationFailure("cut off", 290)

        monkeypatch.setattr(service.mongo, "transaction", too_long)
        with pytest.raises(Unavailable):
            await counters.change("a", count("a"))

    async def test_goes_on_when_a_caller_left_before_its_change_failed(self, service, counters):
        """Nobody is told that it failed: telling whoever left would end the committer itself."""
        transaction, begun = service.mongo.transaction, asyncio.Event()

        async def slow(write):
            begun.set()
            await asyncio.sleep(0.05)
            return await transaction(write)

        service.mongo.transaction = slow
        bad = asyncio.create_task(counters.change("a", lambda _: Change(Counter(id="a", n=2**70))))
        await begun.wait()
        bad.cancel()

        async with asyncio.timeout(3):
            assert (await counters.change("b", count("b"))).n == 1

    async def test_is_not_done_again_when_what_follows_it_fails(self, service, counters):
        """The state is kept by then, whatever becomes of the bell."""
        service.committer.on_wake(counters, lambda _: 1 / 0)
        await counters.change("a", count("a", wake_at=now()))

        assert (await counters.change("a", count("a"))).n == 2

    async def test_lets_no_document_hold_up_the_others(self, service, counters, monkeypatch):
        """A document without its version is never as it was read, however often it is read."""
        monkeypatch.setattr("kit.committer.LOST_ALONE", 25)
        await counters.documents.insert_one({"_id": "bad", "n": 1, "clock": 1})

        bad, good = await asyncio.gather(
            counters.change("bad", count("bad")),
            counters.change("good", count("good")),
            return_exceptions=True,
        )
        assert isinstance(bad, Unavailable)
        assert good.n == 1

    async def test_remembers_nobody_who_gave_up(self, service, counters, monkeypatch):
        async def away(_):
            await asyncio.sleep(0.01)
            raise AutoReconnect

        monkeypatch.setattr("kit.committer.LEFT_MOST", 20)
        monkeypatch.setattr(service.mongo, "transaction", away)
        service.committer._patience = 0.1
        for _ in range(10):
            left = [counters.change(f"c{n}", count(f"c{n}")) for n in range(10)]
            await asyncio.gather(*left, return_exceptions=True)

        assert len(service.committer._waiting) <= 30

    async def test_wants_the_version_that_was_read(self, counters):
        await counters.change("a", count("a"))
        await counters.change("a", count("a"), if_match=1)

        with pytest.raises(PreconditionFailed):
            await counters.change("a", count("a"), if_match=1)
        assert (await counters.get("a")).n == 2

    async def test_wants_a_version_of_what_there_is(self, counters):
        with pytest.raises(PreconditionFailed):
            await counters.change("a", count("a"), if_match=1)
        with pytest.raises(TooMuch):
            await counters.change("a", count("a", most=0), if_match=1)

    async def test_may_want_that_nothing_is_kept_yet(self, counters):
        await counters.change("a", count("a"), if_match=0)

        with pytest.raises(PreconditionFailed):
            await counters.change("a", count("a"), if_match=0)

    async def test_refuses_before_it_looks_at_the_version(self, counters):
        await counters.change("a", count("a"))

        with pytest.raises(TooMuch):
            await counters.change("a", count("a", most=0), if_match=7)

    async def test_tells_facts_of_its_own_entity_only(self, counters):
        with pytest.raises(TypeError, match="keyed by"):
            await counters.change(
                "a", lambda _: Change(Counter(id="a"), (Counted(counter="b", n=1),))
            )

    async def test_refuses_what_is_too_large_to_be_told(self, service, counters):
        """Kafka would refuse it, and every fact of the service would wait behind it."""
        huge = Said(counter="a", words="x" * 1_000_000)
        with pytest.raises(EventTooLarge):
            await counters.change("a", lambda _: Change(Counter(id="a"), (huge,)))

        assert await counters.find("a") is None

    async def test_tells_in_order_whatever_the_clock_says(self, service, counters, monkeypatch):
        await counters.change("a", count("a"))
        monkeypatch.setattr("kit.committer.time.time_ns", lambda: 1)
        service.committer._clock = 0
        await counters.change("a", count("a"))

        rows = await service.journal.position(ALL, 10)
        assert [row["data"] for row in rows] == [b'{"counter":"a","n":1}', b'{"counter":"a","n":2}']


class TestChangeTogether:
    async def test_changes_all_or_none(self, service, counters):
        places = counters.at("a"), counters.at("b")

        def move(by, most):
            return lambda a, b: (count("a", by)(a), count("b", -by, most)(b))

        await service.committer.change_together(places, move(5, 10))
        with pytest.raises(TooMuch):
            await service.committer.change_together(places, move(5, -20))

        assert [(await counters.get(id)).n for id in "ab"] == [5, -5]

    async def test_decides_again_when_what_it_rested_on_has_changed(self, service, counters):
        """Two processes, each reading what the other writes: one of them must see the other."""
        rival = Service("trial", service.settings)
        theirs = rival.collection("counters", Counter)
        for id in "ab":
            await counters.change(id, count(id))

        def rise_unless(mine, other):
            """Goes up only while the other has not."""
            if other.n > 1:
                raise TooMuch
            return count(mine.id)(mine), Change(other)

        async with keeping(rival):
            for n in range(20):
                for id in "ab":
                    one = await counters.get(id)
                    await counters.change(id, count(id, 1 - one.n))
                outcomes = await asyncio.gather(
                    service.committer.change_together(
                        (counters.at("a"), counters.at("b")), rise_unless
                    ),
                    rival.committer.change_together((theirs.at("b"), theirs.at("a")), rise_unless),
                    return_exceptions=True,
                )
                assert [isinstance(one, TooMuch) for one in outcomes].count(True) == 1, n
        await rival.mongo.close()


class TestKeepAll:
    async def test_gives_each_its_own_outcome(self, service, counters):
        asks = [counters.ask(id, count(id, by, most=5)) for id, by in (("a", 1), ("b", 9))]
        [a], b = await service.committer.keep_all(asks)

        assert a.n == 1
        assert isinstance(b, TooMuch)


def named(key: str, body: str = "") -> Asking:
    return Asking(once=Once(key, body))


class TestOnce:
    async def again(self, counters: Collection[Counter], request: Asking) -> Counter:
        asking.set(request)
        return await counters.change("a", count("a"))

    async def test_does_nothing_twice_under_one_name(self, counters):
        first = await self.again(counters, named("r-1"))
        assert await self.again(counters, named("r-1")) == first
        both = (self.again(counters, named("r-2")) for _ in range(2))
        assert [one.n for one in await asyncio.gather(*map(asyncio.create_task, both))] == [2, 2]

    async def test_refuses_the_name_of_another_request(self, counters):
        await self.again(counters, named("r-1", "this"))

        with pytest.raises(IdempotencyKeyReused):
            await self.again(counters, named("r-1", "that"))

    async def test_leaves_a_refused_request_free_to_come_again(self, counters):
        asking.set(named("r-1"))
        with pytest.raises(TooMuch):
            await counters.change("a", count("a", most=0))

        assert (await self.again(counters, named("r-1"))).n == 1

    async def test_wants_one_change_for_a_request(self, counters):
        request = named("r-1")
        await self.again(counters, request)

        with pytest.raises(TypeError):
            await self.again(counters, request)

    async def test_names_the_rows_it_led_to(self, service, counters):
        request = replace(named("r-1"))
        await self.again(counters, request)

        [row] = await service.journal.position(ALL, 10)
        assert request.rows == {row["slice"]: row["_id"]}

    async def test_names_the_last_row_of_every_slice(self, service, counters):
        """However many facts a change leads to: a token that leaves some out would lie."""
        ids = [f"c{n}" for n in range(60)]
        asking.set(request := named("r-1"))
        await service.committer.change_together(
            tuple(map(counters.at, ids)), lambda *_: tuple(count(id)(None) for id in ids)
        )

        last = {row["slice"]: row["_id"] for row in await service.journal.position(ALL, 100)}
        assert request.rows == last

    async def test_names_the_same_rows_when_it_comes_again(self, counters):
        first, again = named("r-1"), named("r-1")
        await self.again(counters, first)
        await self.again(counters, again)

        assert again.rows == first.rows != {}

    async def test_names_what_was_told_before_when_it_changes_nothing(self, counters):
        """Who repeats a command whose answer was lost must still be able to read what it did."""
        asking.set(first := Asking())
        await counters.change("a", count("a"))
        asking.set(again := Asking())
        await counters.change("a", lambda current: Change(current))

        assert again.rows == first.rows != {}

    async def test_names_the_later_of_what_it_told_and_what_others_told(self, service, counters):
        """One entity changes, another of the same slice does not: the token covers both."""
        a, b, *_ = (f"c{n}" for n in range(100) if slice_of(f"c{n}") == 3)
        await counters.change(b, count(b))
        asking.set(request := Asking())
        await service.committer.change_together(
            (counters.at(a), counters.at(b)), lambda _, b: (count(a)(None), Change(b))
        )

        last = {row["slice"]: row["_id"] for row in await service.journal.position(ALL, 100)}
        assert request.rows == last

    async def test_gives_the_state_that_another_process_kept_meanwhile(self, service, counters):
        rival = Service("trial", service.settings)
        theirs = rival.collection("counters", Counter)
        seen = service.store._seen

        async def late(once):
            await asyncio.sleep(0.05)  # whatever else is read is read by now
            await asyncio.create_task(self.again(theirs, named("r-1")))
            return await seen(once)

        service.store._seen = late
        async with keeping(rival):
            state = await self.again(counters, named("r-1"))
        await rival.mongo.close()

        assert state == Counter(id="a", version=1, n=1)
