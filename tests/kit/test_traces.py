"""A request can be followed, through Kafka and through time; and while nobody follows, it is free."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import APIRouter

from kit import logs, traces
from kit.bus import Subscriptions
from kit.change import Change
from kit.collection import Ask
from kit.context import trace, traceparent
from kit.journal import headers
from kit.service import Service
from kit.tasks import ended
from kit.workers import Timer, Worker
from tests.calling import Client
from tests.counters import NOW, Counted, Counter, Told, TooMuch, a_row, count
from tests.kit.conftest import keeping
from tests.spans import SAMPLED, UNSAMPLED, Spans, collected


@pytest.fixture
def spans() -> Iterator[Spans]:
    with collected() as spans:
        yield spans


@pytest.fixture
def nowhere() -> Iterator[None]:
    before = trace.set("")
    yield
    trace.reset(before)


class TestTraceparent:
    def test_is_taken_as_it_is(self):
        assert traceparent(SAMPLED) == SAMPLED

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "00",
            SAMPLED + "0",
            SAMPLED.upper(),
            SAMPLED.replace("00-", "01-", 1),
            f"00-{'0' * 32}-{'b' * 16}-01",
            f"00-{'a' * 32}-{'0' * 16}-01",
            SAMPLED + "\n",
        ],
    )
    def test_that_is_none_is_nothing(self, given: str):
        assert traceparent(given) == ""


@pytest.mark.usefixtures("nowhere")
class TestSpan:
    def test_is_made_by_nobody_while_off(self):
        with traces.span("trial", "look", root=True) as span:
            assert span is None
            assert trace.get() == ""
        assert not traces.on()

    def test_hands_on_what_it_was_given_while_off(self):
        with traces.span("trial", "look", parent=SAMPLED):
            assert trace.get() == SAMPLED
        assert trace.get() == ""

    def test_is_under_the_one_around_it(self, spans: Spans):
        with traces.span("trial", "outer", root=True), traces.span("trial", "inner"):
            assert traces.sampled(trace.get())
        inner, outer = spans.all
        assert spans.above(inner) == [("trial", "outer")]
        assert outer.parent is None

    def test_begins_no_trace_where_none_is_asked_for(self, spans: Spans):
        with traces.span("trial", "commit"):
            pass
        assert spans.all == []

    def test_is_not_made_in_a_trace_that_is_not_kept(self, spans: Spans):
        with traces.span("trial", "look", parent=UNSAMPLED, root=True) as span:
            assert span is None
            assert trace.get() == UNSAMPLED

    def test_that_is_not_kept_is_known_to_all_under_it(self):
        with collected(ratio=0) as spans, traces.span("trial", "outer", root=True):
            assert not traces.sampled(trace.get())
            with traces.span("other", "inner", root=True) as inner:
                assert inner is None
        assert spans.all == []

    def test_says_what_went_wrong_by_its_name_alone(self, spans: Spans):
        with pytest.raises(ZeroDivisionError), traces.span("trial", "look", root=True):
            raise ZeroDivisionError("of Mrs Martin")
        [span] = spans.all
        assert span.attributes == {"error.type": "ZeroDivisionError"}
        assert span.events == ()
        assert (span.status.is_ok, span.status.description) == (False, None)

    def test_of_a_refusal_is_no_error(self, spans: Spans):
        with pytest.raises(TooMuch), traces.span("trial", "look", root=True):
            raise TooMuch
        [span] = spans.all
        assert span.attributes == {"error.type": "TooMuch"}
        assert span.status.is_unset

    def test_names_its_trace_in_the_logs(self, spans: Spans):
        with traces.span("trial", "look", root=True):
            entry = logs._journey(None, "", {})
        [span] = spans.all
        assert entry["trace_id"] == f"{span.context.trace_id:032x}"


class TestLink:
    def test_is_to_other_traces_that_are_kept(self, spans: Spans):
        with traces.span("trial", "look", root=True) as span:
            assert span
            traces.link(span, [SAMPLED, SAMPLED, UNSAMPLED, trace.get()])
        [span] = spans.all
        assert [f"{one.context.trace_id:032x}" for one in span.links] == ["c" * 32]


class TestRow:
    def test_tells_the_span_beside_its_attributes(self):
        row = a_row("a", 1) | {"position": 1, "trace": SAMPLED}
        assert dict(headers(row))["traceparent"] == SAMPLED.encode()

    def test_tells_of_none_when_there_is_none(self):
        assert "traceparent" not in dict(headers(a_row("a", 1) | {"position": 1}))


class Following:
    """A service that counts on request and on hearing, and hears of its own counting."""

    def __init__(self, service: Service) -> None:
        self.service, self.counters = service, service.collection("counters", Counter)
        routes, on = APIRouter(), Subscriptions()

        @routes.post("/counters/{id}")
        async def counted(id: str, x: str = "") -> dict[str, int]:
            return {"n": (await self.counters.change(id, count(id))).n}

        @on(Counted)
        def hear(event: Counted) -> Ask:
            return self.counters.ask("all", count("all", event.n))

        self.call = Client(service.app(routes, hears=on))
        self.told = Told()


@pytest.fixture
async def following(service: Service):
    following = Following(service)
    async with keeping(service):
        yield following


@pytest.mark.usefixtures("nowhere")
class TestFrame:
    async def test_puts_a_request_under_the_span_of_who_asks(
        self, following: Following, spans: Spans
    ):
        said = {"traceparent": SAMPLED}
        assert (await following.call("POST", "/counters/mine?x=y", headers=said)).status_code == 200
        commit, server = spans.all
        assert f"{server.context.trace_id:032x}" == "c" * 32
        assert (server.name, server.kind.name) == ("POST /counters/{id}", "SERVER")
        assert server.attributes["http.route"] == "/counters/{id}"
        assert server.attributes["http.response.status_code"] == 200
        assert "mine" not in str(dict(server.attributes))
        assert commit.parent.span_id == server.context.span_id

    async def test_keeps_the_span_in_the_row_and_with_the_state(
        self, following: Following, spans: Spans
    ):
        await following.call("POST", "/counters/a")
        commit, _ = spans.all
        [row] = await following.service.journal.rows.find().to_list(None)
        [kept] = await following.counters.documents.find().to_list(None)
        assert row["trace"] == kept["trace"] == traces.named(commit_of(commit))

    async def test_links_a_decision_to_what_it_is_about(self, following: Following, spans: Spans):
        await following.call("POST", "/counters/a")
        first, _ = spans.all
        await following.call("POST", "/counters/a")
        second = spans.named("commit")[1]
        assert [one.context.span_id for one in second.links] == [first.context.span_id]
        assert second.context.trace_id != first.context.trace_id

    async def test_hands_on_the_span_while_off(self, following: Following):
        await following.call("POST", "/counters/a", headers={"traceparent": SAMPLED})
        await following.call("POST", "/counters/b", headers={"traceparent": "nonsense"})
        rows = await following.service.journal.rows.find().sort("clock", 1).to_list(None)
        assert [row.get("trace") for row in rows] == [SAMPLED, None]

    async def test_does_not_follow_probes(self, following: Following, spans: Spans):
        await following.call("GET", "/livez")
        assert spans.all == []


class TestHearing:
    async def test_is_under_the_span_that_led_to_the_event(
        self, following: Following, spans: Spans
    ):
        await following.service.bus.hear([following.told("a", 1, traceparent=SAMPLED)])
        [span] = spans.all
        assert (span.name, span.kind.name) == ("process trial.events", "CONSUMER")
        assert f"{span.parent.span_id:016x}" == "d" * 16
        assert span.attributes["chorale.outcome"] == "applied"
        assert span.attributes["messaging.operation.type"] == "process"
        [row] = await following.service.journal.rows.find().to_list(None)
        assert row["trace"][36:52] == f"{span.context.span_id:016x}"

    async def test_of_what_was_heard_is_no_span(self, following: Following, spans: Spans):
        told = following.told("a", 1, traceparent=SAMPLED)
        await following.service.bus.hear([told, told])
        await following.service.bus.hear([told])
        assert len(spans.all) == 1

    async def test_of_one_event_of_many_is_its_own(self, following: Following, spans: Spans):
        other = SAMPLED.replace("c", "e")
        told = [
            following.told("a", 1, traceparent=SAMPLED),
            following.told("b", 1),
            following.told("c", 1, traceparent=UNSAMPLED),
            following.told("d", 1, traceparent=other),
        ]
        await following.service.bus.hear(told)
        assert [f"{one.context.trace_id:032x}" for one in spans.all] == ["c" * 32, "e" * 32]
        rows = await following.service.journal.rows.find().sort("clock", 1).to_list(None)
        assert [row.get("trace", "")[3:4] for row in rows] == ["c", "", "a", "e"]

    async def test_hands_on_the_span_while_off(self, following: Following):
        await following.service.bus.hear([following.told("a", 1, traceparent=SAMPLED)])
        [row] = await following.service.journal.rows.find().to_list(None)
        assert row["trace"] == SAMPLED


def done(current: Counter | None) -> Change[Counter]:
    assert current
    return Change(replace(current, wake_at=None, note="done"))


@pytest.mark.usefixtures("nowhere")
class TestWaking:
    async def test_by_a_worker_is_in_the_trace_that_set_the_time(
        self, service: Service, counters, spans: Spans
    ):
        with traces.span("trial", "ask", root=True):
            await counters.change("a", count("a", wake_at=NOW))

        async def work(one: Counter) -> None:
            await counters.change(one.id, done)

        def claim(current: Counter | None, at):
            due = current and current.wake_at and current.wake_at <= at
            return Change(replace(current, wake_at=at + timedelta(minutes=1)) if due else current)

        running = asyncio.create_task(Worker(counters, claim, work).run(service.committer))
        worked = await spans.one("work counters")
        await ended([running], again=1)
        assert spans.above(worked) == [("trial", "commit"), ("trial", "ask")]
        under = [one for one in spans.named("commit") if "work" in str(spans.above(one))]
        assert len(under) == 2

    async def test_by_a_timer_is_a_trace_of_its_own_linked_to_that_one(
        self, service: Service, counters, spans: Spans
    ):
        with traces.span("trial", "ask", root=True):
            await counters.change("a", count("a", wake_at=NOW))
        await counters.change("b", count("b", wake_at=NOW))
        asked = spans.named("commit")[0]

        def tell(current: Counter | None) -> Change[Counter]:
            assert current
            state = replace(current, wake_at=None)
            return Change(state, (Counted(counter=state.id, n=0),))

        timer = Timer(counters, wake=lambda one: counters.ask(one.id, tell))
        running = asyncio.create_task(timer.run(service.committer))
        woken = await spans.one("wake counters")
        await ended([running], again=1)
        assert woken.parent is None
        assert woken.context.trace_id != asked.context.trace_id
        assert [one.context.span_id for one in woken.links] == [asked.context.span_id]
        rows = await service.journal.rows.find().sort("clock", -1).limit(2).to_list(None)
        of = {row["key"]: row.get("trace", "") for row in rows}
        assert of["a"][36:52] == f"{woken.context.span_id:016x}"
        assert of["b"] == ""


def commit_of(span):
    """A finished span as ``named`` takes one."""
    from opentelemetry.trace import NonRecordingSpan

    return NonRecordingSpan(span.context)
