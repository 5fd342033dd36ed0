"""The table says it all: one service for each path, the longest prefix first."""

import pytest

from kit.http import NoSuchPath
from services.gateway.routes import OPEN, route_for


class TestRouteFor:
    @pytest.mark.parametrize(
        ("path", "service"),
        [
            ("/v1/accounts", "users"),
            ("/v1/accounts/activation", "users"),
            ("/v1/structures/1/deep/er", "structures"),
            ("/v1/approvals/1/decision", "approvals"),
            ("/v1/tickets", "support"),
            ("/v1/ticket-categories", "support"),
            ("/v1/ops/health", "gateway"),
            ("/v1/ops/letters", "notifications"),
            ("/v1/ops/letters/1", "notifications"),
        ],
    )
    def test_finds_the_service_with_the_longest_prefix(self, path: str, service: str) -> None:
        assert route_for(path).service == service

    @pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/accountsX", "/v2/accounts", "/"])
    def test_refuses_what_no_service_answers(self, path: str) -> None:
        with pytest.raises(NoSuchPath):
            route_for(path)

    def test_every_open_path_has_its_service(self) -> None:
        assert {route_for(path).service for _, path in OPEN} == {"approvals", "support", "users"}
