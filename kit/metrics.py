"""
What operators watch (Prometheus). docs/how-to/observe.md says what each is for.

Every value has the label ``service``. What is measured in the database is the same from each
replica of a service: take the highest, never the sum.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from kit.problems import Problem

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
RETRY_REASONS = ("lost_race", "unavailable", "failed")
OUTCOMES = ("applied", "repeated", "gap", "parked", "behind")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# Counted where it happens: each replica has its part.
published = Counter("chorale_events_published_total", "Events that Kafka took", ["service"])
heard = Counter(
    "chorale_events_heard_total", "Events heard, by what became of them", ["service", "outcome"]
)
gaps = Counter(
    "chorale_gaps_total", "Slices found to miss an event, each time", ["service", "topic"]
)
forgotten_slices = Counter(
    "chorale_forgotten_slices_total",
    "Slices whose teller no longer knows what was heard of it, each time it says so",
    ["service", "topic"],
)
lost_slices = Counter(
    "chorale_lost_slices_total", "Slices found shorter in Kafka than told", ["service"]
)
decisions = Counter("chorale_decisions_total", "Decisions kept or refused", ["service", "outcome"])
batch = Histogram(
    "chorale_batch_size",
    "Decisions and events in one transaction",
    ["service"],
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
transaction = Histogram(
    "chorale_transaction_duration_seconds",
    "Writing one batch",
    ["service"],
    buckets=SECONDS,
)
retries = Counter(
    "chorale_transaction_retries_total",
    "Batches begun again: lost_race, unavailable or failed",
    ["service", "reason"],
)
requests = Histogram(
    "chorale_request_duration_seconds",
    "HTTP requests, until their answer begins",
    ["service", "method", "status"],
    buckets=SECONDS,
)
problems = Counter(
    "chorale_problems_total", "Refusals and errors answered, by their type", ["service", "type"]
)
replays = Counter(
    "chorale_idempotent_replays_total",
    "Requests answered as the first time they came",
    ["service"],
)

# Measured in this process.
leases = Gauge("chorale_leases_held", "Slices this process publishes", ["service"])
partitions = Gauge("chorale_consumer_partitions", "Partitions this process hears", ["service"])
measured = Gauge(
    "chorale_measured_timestamp_seconds", "When the gauges were last measured", ["service"]
)

# Measured in the database: the same from each replica.
journal_waiting = Gauge(
    "chorale_journal_waiting_events",
    "Journal rows without a position (counted up to 100,000; take the max over replicas)",
    ["service"],
)
journal_age = Gauge(
    "chorale_journal_oldest_waiting_age_seconds",
    "Age of the oldest of them, 0 when there is none (max over replicas)",
    ["service"],
)
told = Gauge(
    "chorale_told_position",
    "Last position of a slice that Kafka has (max over replicas)",
    ["service", "topic", "slice"],
)
unacknowledged = Gauge(
    "chorale_journal_unacknowledged_events",
    "Events with a position that Kafka is not known to have (max over replicas)",
    ["service"],
)
heard_position = Gauge(
    "chorale_heard_position",
    "Last position of a slice heard here (max over replicas)",
    ["service", "topic", "slice"],
)
knowledge_age = Gauge(
    "chorale_knowledge_age_seconds",
    "Since when what a topic told may be unknown here; +Inf: never all known (max over replicas)",
    ["service", "topic"],
)
parked = Gauge(
    "chorale_parked_events",
    "Events set aside (counted up to 100,000; max over replicas)",
    ["service"],
)
parked_lanes = Gauge(
    "chorale_parked_lanes",
    "Keys of which an event is set aside (counted up to 100,000; max over replicas)",
    ["service"],
)
due = Gauge(
    "chorale_due_entities",
    "Entities whose time has come (counted up to 100,000; max over replicas)",
    ["service", "collection"],
)
due_age = Gauge(
    "chorale_due_oldest_age_seconds",
    "For how long the first of them has been due, 0 when none is (max over replicas)",
    ["service", "collection"],
)


def begin_at_zero(service: str, topics: Iterable[str]) -> None:
    """Rates see only what rises: the first of what must never happen would go unseen."""
    lost_slices.labels(service)
    replays.labels(service)
    for topic in topics:
        gaps.labels(service, topic)
        forgotten_slices.labels(service, topic)
    for reason in RETRY_REASONS:
        retries.labels(service, reason)
    for outcome in OUTCOMES:
        heard.labels(service, outcome)


def answered(service: str, method: str, status: int, seconds: float) -> None:
    """Count a request; methods that nobody answers to are one, whatever a caller makes up."""
    known = method if method in METHODS else "OTHER"
    requests.labels(service, known, status).observe(seconds)


def refused(service: str, problem: Problem) -> None:
    problems.labels(service, problem.type().removeprefix("/problems/")).inc()


class _Of:
    """What concerns one service: several in one process would else be counted several times."""

    def __init__(self, service: str) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        for metric in REGISTRY.collect():
            own = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            own.samples = [one for one in metric.samples if self._concerns(one)]
            yield own

    def _concerns(self, sample: Sample) -> bool:
        return bool(sample.labels.get("service", self._service) == self._service)


def shown(service: str) -> bytes:
    """The metrics of one service as Prometheus reads them."""
    return generate_latest(_Of(service))
