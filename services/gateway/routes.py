"""Which service answers which path, and who may ask. A table, not code."""

from dataclasses import dataclass
from typing import Literal

from kit.frame import uploads
from kit.http import NoSuchPath

Audience = Literal["people", "people and systems", "operators", "systems"]


@dataclass(frozen=True, slots=True)
class Route:
    """Every path under ``prefix``; the longest prefix wins."""

    prefix: str
    service: str
    audience: Audience


ROUTES = (
    Route("/v1/accounts", "users", "people"),
    Route("/v1/sessions", "users", "people"),
    Route("/v1/tokens", "users", "people"),
    Route("/v1/password-resets", "users", "people"),
    Route("/v1/second-factor", "users", "people"),
    Route("/v1/me", "users", "people"),
    Route("/v1/effort", "users", "people"),
    Route("/v1/clients", "users", "operators"),
    Route("/v1/unsubscriptions", "users", "people"),
    Route("/v1/oidc", "users", "people"),
    Route("/v1/attachment-references", "users", "systems"),
    Route("/v1/ops/accounts", "users", "operators"),
    Route("/v1/rattachements", "users", "people"),
    Route("/v1/management-transfers", "users", "people"),
    Route("/v1/managed-structures", "users", "people"),
    Route("/v1/vacancy-claims", "users", "people"),
    Route("/v1/applications", "users", "people"),
    Route("/v1/habilitations", "users", "people"),
    Route("/v1/habilitation-requests", "users", "people"),
    Route("/v1/rattachement-imports", "users", "people"),
    Route("/v1/rights-checks", "users", "people and systems"),
    Route("/v1/structure-users", "users", "people and systems"),
    Route("/v1/structure-users.csv", "users", "people"),
    Route("/v1/espaces", "users", "people and systems"),
    Route("/v1/subscriptions", "users", "people"),
    Route("/v1/structures", "structures", "people and systems"),
    Route("/v1/structures.csv", "structures", "people and systems"),
    Route("/v1/attachment-types", "structures", "people"),
    Route("/v1/client-accounts", "structures", "people and systems"),
    Route("/v1/client-profiles", "structures", "people"),
    Route("/v1/facts", "structures", "systems"),
    Route("/v1/mandates", "structures", "systems"),
    Route("/v1/facts/invoices", "notifications", "systems"),
    Route("/v1/facts/deliveries", "notifications", "systems"),
    Route("/v1/facts/documents", "support", "systems"),
    Route("/v1/me/letters", "notifications", "people"),
    Route("/v1/approvals", "approvals", "people"),
    Route("/v1/approvals.csv", "approvals", "people"),
    Route("/v1/approval-link", "approvals", "people"),
    Route("/v1/ops/approvals", "approvals", "operators"),
    Route("/v1/tickets", "support", "people"),
    Route("/v1/tickets.csv", "support", "people"),
    Route("/v1/tickets.xlsx", "support", "people"),
    Route("/v1/ticket-categories", "support", "people"),
    Route("/v1/support", "support", "people"),
    Route("/v1/assistant", "support", "people"),
    Route("/v1/exchange-themes", "support", "people"),
    Route("/v1/exchanges", "support", "people"),
    Route("/v1/public-tickets", "support", "people"),
    Route("/v1/incoming-letters", "support", "systems"),
    Route("/v1/structure-requests", "support", "people"),
    Route("/v1/ops/exchanges", "support", "operators"),
    Route("/v1/ops/ticket-requests", "support", "operators"),
    Route("/v1/ops", "gateway", "operators"),
    Route("/v1/ops/structures", "structures", "operators"),
    Route("/v1/ops/letters", "notifications", "operators"),
    Route("/v1/ops/letter-templates", "notifications", "operators"),
    Route("/v1/ops/suppressed-addresses", "notifications", "operators"),
    Route("/v1/ops/vacancy-claims", "users", "operators"),
)

OPEN = frozenset(
    {
        ("POST", "/v1/accounts"),
        ("POST", "/v1/accounts/activation"),
        ("POST", "/v1/accounts/activation-links"),
        ("POST", "/v1/accounts/contact-confirmation"),
        ("POST", "/v1/accounts/login-cancellation"),
        ("POST", "/v1/accounts/login-confirmation"),
        ("POST", "/v1/accounts/reactivation"),
        ("POST", "/v1/accounts/reactivation-links"),
        ("GET", "/v1/effort"),
        ("POST", "/v1/accounts/invitation"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/sessions/challenge"),
        ("POST", "/v1/sessions/challenge/letters"),
        ("POST", "/v1/sessions/refresh"),
        ("POST", "/v1/password-resets"),
        ("POST", "/v1/password-resets/confirmation"),
        ("POST", "/v1/tokens"),
        ("GET", "/v1/oidc/providers"),
        ("POST", "/v1/oidc/authorizations"),
        ("POST", "/v1/oidc/sessions"),
        ("POST", "/v1/accounts/erasure-links"),
        ("POST", "/v1/accounts/erasure"),
        ("GET", "/v1/approval-link"),
        ("POST", "/v1/approval-link/decision"),
        ("GET", "/v1/unsubscriptions"),
        ("POST", "/v1/unsubscriptions"),
        ("GET", "/v1/public-tickets/categories"),
        ("POST", "/v1/public-tickets/questions"),
        ("GET", "/v1/public-tickets/effort"),
        ("POST", "/v1/public-tickets"),
        ("POST", "/v1/public-tickets/reactivations"),
        ("POST", "/v1/public-tickets/confirmation"),
        ("POST", "/v1/public-tickets/acceptance"),
        ("POST", "/v1/public-tickets/refusals"),
    }
)
"""What may be asked without an access token: how one gets one. Counted for each address."""

UPLOADS = uploads(
    "/v1/structures/{id}/attachments",
    "/v1/me/attachments",
    "/v1/tickets/{id}/attachments",
    "/v1/incoming-letters",
)
"""To which files are posted, larger than other bodies."""

SERVICES = tuple(sorted({route.service for route in ROUTES}))

_BY_PREFIX = {route.prefix: route for route in ROUTES}
_DEEPEST = max(prefix.count("/") for prefix in _BY_PREFIX)


def route_for(path: str) -> Route:
    """Raise NoSuchPath when no service answers this path."""
    words = path.split("/", _DEEPEST + 1)[: _DEEPEST + 1]
    while words:
        if route := _BY_PREFIX.get("/".join(words)):
            return route
        words.pop()
    raise NoSuchPath
