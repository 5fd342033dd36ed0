"""People to act on, for the tests of the account side."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kit.attempts import Limit
from services.users.domain.accounts import Account, Registration, SentLink
from services.users.domain.sessions import RefreshHashes, Session

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ACCESS = timedelta(minutes=5)
FIVE_AN_HOUR = Limit(5, timedelta(hours=1))


def a_registration(**but: Any) -> Registration:
    asked = {"first_name": "Léa", "last_name": "Martin", "password_hash": "hash-of-lea"}
    return Registration(**asked | but)


def a_link(**but: Any) -> SentLink:
    sent = {"nonce": "n-1", "purpose": "activation", "expires_at": NOW + timedelta(minutes=60)}
    return SentLink(**sent | but)


def an_account(**but: Any) -> Account:
    lea = {
        "id": "u-lea",
        "version": 3,
        "status": "active",
        "email": "lea@example.org",
        "first_name": "Léa",
        "last_name": "Martin",
        "password_hash": "hash-of-lea",
        "created_at": NOW,
    }
    return Account(**lea | but)


def a_pending_account(**but: Any) -> Account:
    link = a_link(registration=a_registration())
    return an_account(**{"status": "pending", "password_hash": "", "links": (link,)} | but)


def a_session(**but: Any) -> Session:
    phone = {
        "id": "s-1",
        "user_id": "u-lea",
        "device": "a telephone",
        "family_hash": "family",
        "secret_hash": "secret-1",
        "created_at": NOW,
        "last_used_at": NOW,
        "expires_at": NOW + timedelta(days=30),
    }
    return Session(**phone | but)


def a_token(**but: Any) -> RefreshHashes:
    return RefreshHashes(**{"family": "family", "secret": "secret-1"} | but)
