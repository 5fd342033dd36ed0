"""What operators watch says what is so, wherever it is measured."""

import asyncio
from datetime import timedelta
from math import inf

import pytest
from fastapi import APIRouter
from prometheus_client.parser import text_string_to_metric_families

from kit import metrics
from kit.bus import Subscriptions
from kit.clock import now
from kit.journal import SLICES
from kit.measures import measure
from kit.problems import Conflict
from kit.service import Service
from tests.calling import Client
from tests.counters import Counted, Counter, Told, a_row, count
from tests.kit.conftest import keeping

ALL = dict.fromkeys(range(SLICES), 0)


class OutOfOrder(Conflict):
    """Something here is out of order."""


def value(name: str, service: str = "trial", **labels: str) -> float | None:
    """What a scrape of this service would read."""
    families = text_string_to_metric_families(metrics.shown(service).decode())
    wanted = {"service": service} | labels
    found = [
        one.value
        for family in families
        for one in family.samples
        if one.name == name and wanted.items() <= one.labels.items()
    ]
    return found[0] if found else None


class TestShown:
    def test_is_of_one_service_though_several_share_the_process(self):
        metrics.leases.labels("trial").set(3)
        metrics.leases.labels("other").set(4)
        assert value("chorale_leases_held") == 3
        assert b'service="other"' not in metrics.shown("trial")

    def test_has_what_concerns_the_process(self):
        assert b"process_cpu_seconds_total" in metrics.shown("trial")


class TestAnswered:
    def test_takes_methods_that_somebody_made_up_for_one(self):
        for method in ("BREW", "PROPFIND"):
            metrics.answered("methods", method, 405, 0.1)
        name = "chorale_request_duration_seconds_count"
        assert value(name, "methods", method="OTHER") == 2
        assert value(name, "methods", method="BREW") is None


@pytest.fixture
async def trial(service: Service):
    counters = service.collection("counters", Counter)
    routes, on = APIRouter(), Subscriptions()

    @on(Counted)
    def hear(event: Counted):
        return counters.ask(event.counter, count(event.counter, event.n))

    @routes.get("/refused")
    async def refused() -> None:
        raise OutOfOrder

    service.call = Client(service.app(routes, hears=on))
    async with keeping(service):
        yield service


class TestMeasure:
    async def test_says_how_much_waits_to_be_told_and_since_when(
        self, trial: Service, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(Service, "tells", True)
        rows = [a_row(f"c{n}", n, clock=n) for n in range(5)]
        for n, row in enumerate(rows):
            row["at"] = now() - timedelta(seconds=60 - n)
        await trial.journal.rows.insert_many(rows)
        await measure(trial)
        assert value("chorale_journal_waiting_events") == 5
        age = value("chorale_journal_oldest_waiting_age_seconds")
        assert age == pytest.approx(60, abs=20)

        await trial.journal.position(ALL, 10)
        await measure(trial)
        assert value("chorale_journal_waiting_events") == 0
        assert value("chorale_journal_oldest_waiting_age_seconds") == 0
        assert value("chorale_journal_unacknowledged_events") == 5

    async def test_says_up_to_where_each_slice_was_heard(self, trial: Service):
        told = Told()
        event = told("a", 1)
        await trial.bus.hear([event, told("a", 2)])
        await measure(trial)
        place = {"topic": "trial.events", "slice": str(event.partition)}
        assert value("chorale_heard_position", **place) == 2
        other = place | {"slice": str((event.partition + 1) % SLICES)}
        assert value("chorale_heard_position", **other) == 0
        assert value("chorale_knowledge_age_seconds", topic="trial.events") == inf

    async def test_says_how_old_what_is_known_is(self, trial: Service):
        for slice in range(SLICES):
            trial.heard.beat(f"trial.events/{slice}", now() - timedelta(seconds=2))
        await measure(trial)
        age = value("chorale_knowledge_age_seconds", topic="trial.events")
        assert age is not None
        assert 2 <= age < 60

    async def test_counts_events_set_aside_and_the_keys_they_hold_up(self, trial: Service):
        told = Told()
        bad = [told(id, n) for id, n in (("a", 1), ("a", 2), ("b", 1))]
        await trial.bus.hear([one._replace(value=b"{") for one in bad])
        await measure(trial)
        assert value("chorale_parked_events") == 3
        assert value("chorale_parked_lanes") == 2

    async def test_says_what_is_due_and_for_how_long(self, trial: Service):
        [counters] = trial.collections
        since = now() - timedelta(seconds=90)
        await counters.change("a", count("a", wake_at=since))
        await counters.change("b", count("b", wake_at=now() + timedelta(hours=1)))

        class Job:
            collection = counters

        trial.jobs = [Job()]
        await measure(trial)
        assert value("chorale_due_entities", collection="counters") == 1
        age = value("chorale_due_oldest_age_seconds", collection="counters")
        assert age == pytest.approx(90, abs=20)


class TestCounts:
    async def test_a_refusal_by_its_type(self, trial: Service):
        before = value("chorale_problems_total", type="out-of-order") or 0
        assert (await trial.call("GET", "/refused")).status_code == 409
        assert value("chorale_problems_total", type="out-of-order") == before + 1

    async def test_no_probe(self, trial: Service):
        name = "chorale_request_duration_seconds_count"
        before = value(name, method="GET", status="200")
        await trial.call("GET", "/livez")
        assert value(name, method="GET", status="200") == before

    async def test_transactions_and_what_is_in_them(self, trial: Service):
        [counters] = trial.collections
        before = value("chorale_batch_size_sum") or 0
        await asyncio.gather(*(counters.change(f"c{n}", count(f"c{n}")) for n in range(3)))
        assert value("chorale_batch_size_sum") == before + 3
        assert value("chorale_transaction_duration_seconds_count")
