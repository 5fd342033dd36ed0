"""The keys and the tokens, without a database."""

import json
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OKPKey
from pydantic import SecretStr

from services.users.settings import UsersSettings
from services.users.tokens import RefreshToken, Signer
from tests.users.people import NOW

KEY = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "Ed25519"})
JWK = SecretStr(json.dumps(KEY.as_dict(private=True)))


class TestSigner:
    @pytest.mark.parametrize("written", [JWK, SecretStr(KEY.as_pem(private=True).decode())])
    def test_takes_its_key_as_jwk_or_pem(self, written: SecretStr):
        assert Signer(written).access_token({}, now=NOW, until=NOW).count(".") == 2

    @pytest.mark.parametrize(
        "written",
        [
            json.dumps(KEY.as_dict(private=False)),
            OKPKey.generate_key("X25519").as_pem(private=True).decode(),
            ECKey.generate_key("P-256").as_pem(private=True).decode(),
            "no key",
            "{",
        ],
    )
    def test_takes_no_other_key(self, written: str):
        with pytest.raises(Exception) as refused:
            Signer(SecretStr(written))

        assert written not in str(refused.value) or len(written) < 10


class TestRefreshToken:
    def test_reads_as_it_is_written(self):
        token = RefreshToken.first("0" * 32)

        assert RefreshToken.read(str(token)) == token

    def test_is_followed_by_the_same_one_each_time(self):
        token = RefreshToken.first("0" * 32)

        assert Signer(JWK).after(token) == Signer(JWK).after(token)
        assert Signer(JWK).after(token).family == token.family
        assert Signer(JWK).after(token).secret != token.secret

    def test_is_followed_by_one_that_only_the_key_tells(self):
        token = RefreshToken.first("0" * 32)
        other = OKPKey.generate_key("Ed25519").as_pem(private=True).decode()

        assert Signer(JWK).after(token) != Signer(SecretStr(other)).after(token)


class TestUsersSettings:
    @pytest.mark.parametrize("written", ["90", "90.0", "PT1M30S", "PT90S"])
    def test_reads_a_duration_in_seconds_or_iso_8601(
        self, written: str, monkeypatch: pytest.MonkeyPatch
    ):
        for name in ("INTERNAL_KEY", "LINK_KEY", "ACCESS_PRIVATE_KEY", "SECOND_FACTOR_KEYS"):
            monkeypatch.setenv(f"CHORALE_{name}", "x")
        monkeypatch.setenv("CHORALE_ACCESS_FOR", written)

        assert UsersSettings().access_for == timedelta(seconds=90)

    def test_gives_other_systems_no_token_longer_than_their_field(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        for name in ("INTERNAL_KEY", "LINK_KEY", "ACCESS_PRIVATE_KEY", "SECOND_FACTOR_KEYS"):
            monkeypatch.setenv(f"CHORALE_{name}", "x")
        monkeypatch.setenv("CHORALE_CLIENT_ACCESS_FOR", "32768")

        with pytest.raises(ValueError, match="client_access_for"):
            UsersSettings()
