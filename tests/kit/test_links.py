"""Links that work once, for one purpose, until they expire."""

from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from kit.links import LONG_AGO, Link, LinkExpired, LinkInvalid, read_link, sign_link

KEY, NOW = "a key of the tests, long enough 0123", datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def a_token(**but) -> str:
    given = {"purpose": "activation", "user_id": "u", "nonce": "n"}
    return sign_link(KEY, **given | {"expires_at": NOW + timedelta(minutes=60)} | but)


def read(token: str, at: datetime = NOW, purpose: str = "activation") -> Link:
    return read_link(KEY, token, purpose=purpose, now=at)


class TestReadLink:
    def test_says_whom_it_is_for(self):
        assert read(a_token()) == Link("u", "n")

    def test_says_when_it_was_made_if_that_was_said(self):
        assert read(a_token(made_at=NOW)).made_at == NOW
        assert read(a_token()).made_at == LONG_AGO

    def test_is_good_for_sixty_minutes(self):
        assert read(a_token(), NOW + timedelta(minutes=59))
        with pytest.raises(LinkExpired):
            read(a_token(), NOW + timedelta(minutes=60))

    def test_serves_one_purpose(self):
        with pytest.raises(LinkInvalid):
            read(a_token(), purpose="password-reset")

    @pytest.mark.parametrize(
        "token", ["", "x", "a.b.c", "." * 50, "é", "{}", a_token()[:-2] + "xx"]
    )
    def test_refuses_what_we_did_not_sign(self, token):
        with pytest.raises(LinkInvalid):
            read(token)

    def test_refuses_other_keys_and_algorithms(self):
        claims = {
            "aud": "chorale-link",
            "use": "activation",
            "sub": "u",
            "nonce": "n",
            "exp": 2**40,
        }
        forged = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("another" * 6))
        unsigned = "eyJhbGciOiJub25lIn0." + forged.split(".")[1] + "."

        for token in (forged, unsigned):
            with pytest.raises(LinkInvalid):
                read(token)
