"""What operators watch of letters."""

from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge

from kit.clock import now
from kit.collection import Collection
from kit.measures import MOST, Measure
from services.notifications.domain.letters import Letter, Status
from services.notifications.domain.suppressions import SuppressedAddress

attempts = Counter(
    "chorale_letter_attempts_total",
    "Attempts at letters, by outcome: sent, postponed, gathered, failed or suppressed",
    ["service", "outcome"],
)
letters_kept = Gauge(
    "chorale_letters",
    "Letters waiting, failed or suppressed (counted up to 100,000; max over replicas)",
    ["service", "state"],
)
oldest_waiting = Gauge(
    "chorale_letters_oldest_waiting_age_seconds",
    "Age of the oldest letter that waits, 0 when none does (max over replicas)",
    ["service"],
)
addresses_suppressed = Gauge(
    "chorale_addresses_suppressed",
    "Addresses that no letter goes to, since they were refused for good (up to 100,000)",
    ["service"],
)

OUTCOMES = ("sent", "postponed", "gathered", "failed", "suppressed")
NOT_LEFT: tuple[Status, ...] = ("waiting", "failed", "suppressed")


def attempted(letter: Letter) -> None:
    outcome = "postponed" if letter.status == "waiting" else letter.status
    attempts.labels("notifications", outcome).inc()


def measuring(letters: Collection[Letter], addresses: Collection[SuppressedAddress]) -> Measure:
    """Those sent are not counted: there are too many, and ``attempts`` says how many more."""
    for outcome in OUTCOMES:
        attempts.labels("notifications", outcome)

    async def measure() -> None:
        for state in NOT_LEFT:
            where: dict[str, Any] = {"status": state}
            count = await letters.documents.count_documents(where, limit=MOST)
            letters_kept.labels("notifications", state).set(count)
        refused = await addresses.documents.count_documents({"restored_at": None}, limit=MOST)
        addresses_suppressed.labels("notifications").set(refused)
        at = now()
        # Not those that wait for their hour: a digest, and what came in quiet hours.
        tried = [{"attempts": {"$gt": 0}}, {"last_error": {"$gt": ""}}]
        in_time = {"$or": [*tried, {"wake_at": {"$lte": at}}]}
        first = await letters.documents.find_one(
            {"status": "waiting", "created_at": {"$lte": at}} | in_time,
            {"created_at": 1},
            sort=[("created_at", 1), ("_id", 1)],
        )
        since: datetime | None = first and first["created_at"]
        age = (at - since).total_seconds() if since else 0
        oldest_waiting.labels("notifications").set(age)

    return measure
