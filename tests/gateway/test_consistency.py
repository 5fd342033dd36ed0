"""A consistency token is read with suspicion."""

import base64
import json

import pytest

from services.gateway.consistency import ROWS_MOST, UnknownToken, read

SERVICES = ("approvals", "users")


def a_token(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


class TestRead:
    def test_says_who_wrote_and_what(self) -> None:
        written = read(a_token({"s": "users", "r": ["a1", "b2"]}), SERVICES)
        assert written == ("users", ("a1", "b2"))

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "é",
            "not base64!",
            "////",
            a_token([]),
            a_token({"s": "users"}),
            a_token({"s": "nobody", "r": []}),
            a_token({"s": ["users"], "r": []}),
            a_token({"s": "users", "r": "a1"}),
            a_token({"s": "users", "r": [1]}),
            a_token({"s": "users", "r": [{"$ne": 1}]}),
            a_token({"s": "users", "r": ["a,b"]}),
            a_token({"s": "users", "r": ["a&x=1"]}),
            a_token({"s": "users", "r": ["a"] * (ROWS_MOST + 1)}),
            base64.urlsafe_b64encode(b"[" * 1_400).decode(),
            "A" * 100_000,
        ],
    )
    def test_refuses_what_no_service_made(self, token: str) -> None:
        with pytest.raises(UnknownToken):
            read(token, SERVICES)
