"""What other systems may do."""

from typing import Any

import pytest

from services.users.domain.clients import (
    Client,
    NoSuchClient,
    granted,
    proves,
    revoke,
    secret_hash,
)
from tests.users.people import NOW


def a_client(**but: Any) -> Client:
    invoicing = {
        "id": "c-1",
        "name": "Invoicing",
        "secret_hash": secret_hash("s3cret"),
        "scopes": ("structures:read", "events:read"),
        "structures": (),
        "created_by": "u-op",
        "created_at": NOW,
    }
    return Client(**invoicing | but)


class TestProves:
    def test_takes_its_own_secret(self):
        assert proves(a_client(), "s3cret")

    @pytest.mark.parametrize("secret", ["", "other"])
    def test_takes_no_other(self, secret: str):
        assert not proves(a_client(), secret)

    def test_takes_nothing_of_a_revoked_or_unknown_client(self):
        assert not proves(revoke(a_client(), now=NOW).state, "s3cret")
        assert not proves(None, "")


class TestGranted:
    def test_is_all_it_has_when_it_names_none(self):
        assert granted(a_client(), "") == ("structures:read", "events:read")

    def test_is_what_it_asks_for(self):
        assert granted(a_client(), "events:read") == ("events:read",)

    @pytest.mark.parametrize("asked", ["rattachements:read", "events:read root", " "])
    def test_is_nothing_when_it_asks_for_more(self, asked: str):
        assert granted(a_client(), asked) is None


class TestRevoke:
    def test_changes_nothing_when_repeated(self):
        revoked = revoke(a_client(), now=NOW).state

        assert revoke(revoked, now=NOW.replace(hour=10)).state == revoked

    def test_needs_a_client(self):
        with pytest.raises(NoSuchClient):
            revoke(None, now=NOW)
