"""What operators watch (Prometheus)."""

from prometheus_client import Counter, Gauge, Histogram

published = Counter("chorale_published_total", "Events published", ["service"])
log_lost = Counter("chorale_log_lost_total", "Slices found shorter in Kafka than told", ["service"])
heard = Counter(
    "chorale_heard_total", "Events heard, by what became of them", ["service", "outcome"]
)
gap = Counter("chorale_gap_total", "Events skipped because one before them is missing", ["slice"])
parked = Gauge("chorale_parked", "Events set aside", ["service"])
decisions = Counter("chorale_decisions_total", "Decisions kept or refused", ["service", "outcome"])
batch = Histogram(
    "chorale_batch_size",
    "Decisions in one transaction",
    ["service"],
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
)
aborted = Counter("chorale_transaction_retries_total", "Transactions tried again", ["service"])
requests = Histogram(
    "chorale_request_seconds",
    "HTTP requests",
    ["service", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
