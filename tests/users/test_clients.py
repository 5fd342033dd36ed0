"""What other systems may do."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.users import ClientSecretExpiring
from kit.change import Change
from services.users.domain.clients import (
    Client,
    ClientRevoked,
    NoSuchClient,
    Term,
    give_secret,
    granted,
    proves,
    remind,
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


TERM = Term(
    valid_for=timedelta(days=365), overlap=timedelta(days=1), reminded_before=timedelta(days=15)
)


def renewed(client: Client, secret: str = "n3w", now: datetime = NOW) -> Client:
    given = give_secret(client, hash=secret_hash(secret), by="u-ada", term=TERM, now=now).state
    assert given
    return given


class TestProves:
    def test_takes_its_own_secret(self):
        assert proves(a_client(), "s3cret", now=NOW)

    @pytest.mark.parametrize("secret", ["", "other"])
    def test_takes_no_other(self, secret: str):
        assert not proves(a_client(), secret, now=NOW)

    def test_takes_nothing_of_a_revoked_or_unknown_client(self):
        assert not proves(revoke(a_client(), now=NOW).state, "s3cret", now=NOW)
        assert not proves(None, "", now=NOW)

    def test_takes_a_secret_until_it_ends(self):
        client = a_client(expires_at=NOW)

        assert proves(client, "s3cret", now=NOW - timedelta(seconds=1))
        assert not proves(client, "s3cret", now=NOW)


class TestGiveSecret:
    def test_leaves_the_one_in_use_good_for_a_day(self):
        client = renewed(a_client())

        for at, taken in ((NOW, True), (NOW + timedelta(days=1), False)):
            assert proves(client, "s3cret", now=at) is taken
            assert proves(client, "n3w", now=at)

    def test_never_makes_an_old_one_last_longer(self):
        client = renewed(a_client(expires_at=NOW))

        assert not proves(client, "s3cret", now=NOW)

    def test_locks_nobody_out_whose_answer_was_lost(self):
        twice = renewed(renewed(a_client(), "lost"), "n3w")

        assert [proves(twice, one, now=NOW) for one in ("s3cret", "lost", "n3w")] == [
            True,
            False,
            True,
        ]

    def test_is_refused_for_a_revoked_or_unknown_client(self):
        revoked = revoke(a_client(), now=NOW).state

        for client, refusal in ((revoked, ClientRevoked), (None, NoSuchClient)):
            with pytest.raises(refusal):
                give_secret(client, hash="", by="u-op", term=TERM, now=NOW)


class TestRemind:
    ends = NOW + timedelta(days=365)

    @pytest.mark.feature("NOT-13")
    def test_tells_whoever_had_the_secret_made_fifteen_days_before_it_ends(self):
        client, at = renewed(a_client()), self.ends - timedelta(days=15)

        assert remind(client, now=at - timedelta(seconds=1)) == Change(client)
        told = remind(client, now=at)

        assert told.events == (
            ClientSecretExpiring(
                client_id="c-1",
                name="Invoicing",
                user_id="u-ada",
                expires_at=self.ends,
                told_at=at,
            ),
        )
        assert remind(told.state, now=at) == Change(told.state)

    @pytest.mark.feature("NOT-13")
    def test_tells_nobody_of_what_was_replaced_or_revoked(self):
        client, at = renewed(a_client()), self.ends - timedelta(days=15)

        assert not remind(renewed(client, "newer", at), now=at).events
        assert not remind(revoke(client, now=NOW).state, now=at).events


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
