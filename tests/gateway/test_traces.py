"""Where a trace begins: at the gate, whatever who asks from outside says of one."""

from tests.gateway.doors import Door, Upstream, an_access_token
from tests.spans import SAMPLED, collected

TOKEN = an_access_token()


class TestTraces:
    async def test_the_service_is_asked_under_a_span_of_the_gate(
        self, door: Door, upstream: Upstream
    ) -> None:
        with collected() as spans:
            await door.ask("GET", "/v1/rattachements/secret?state=x", token=TOKEN)
        asking, server = spans.all
        said = upstream.last.headers["traceparent"]
        assert (said[3:35], said[36:52]) == (
            f"{asking.context.trace_id:032x}",
            f"{asking.context.span_id:016x}",
        )
        assert spans.above(asking) == [("gateway", "GET /v1/rattachements")]
        assert "secret" not in str([dict(one.attributes or {}) for one in (asking, server)])

    async def test_who_asks_from_outside_is_linked_never_followed(
        self, door: Door, upstream: Upstream
    ) -> None:
        with collected() as spans:
            await door.ask("GET", "/v1/me", token=TOKEN, headers={"traceparent": SAMPLED})
        _, server = spans.all
        assert server.parent is None
        assert [f"{one.context.trace_id:032x}" for one in server.links] == [SAMPLED[3:35]]

    async def test_who_asks_from_outside_does_not_make_us_keep_a_trace(
        self, door: Door, upstream: Upstream
    ) -> None:
        with collected(ratio=0) as spans:
            await door.ask("GET", "/v1/me", token=TOKEN, headers={"traceparent": SAMPLED})
        assert spans.all == []
        assert upstream.last.headers["traceparent"][-2:] in ("00", "02")

    async def test_nothing_is_said_of_them_while_off(self, door: Door, upstream: Upstream) -> None:
        await door.ask("GET", "/v1/me", token=TOKEN, headers={"traceparent": SAMPLED})
        assert "traceparent" not in upstream.last.headers
