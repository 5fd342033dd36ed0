"""Only what users signed, for us, and not yet ended, opens the door."""

import base64
import hmac
import json
from time import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.gateway.tokens import TOKEN_LIMIT, InvalidToken, Tokens
from tests.gateway.doors import KEY, PUBLIC_KEY, a_system_token, an_access_token


def b64(said: Any) -> str:
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(header: Any) -> str:
    claims = {"iss": "chorale", "aud": "chorale", "exp": 9_999_999_999, "sub": "u", "sid": "s"}
    return f"{b64(header)}.{b64(claims)}."


def confused() -> str:
    """Signed with the public key, as if it were a secret that is shared."""
    said = unsigned({"alg": "HS256"}).rstrip(".")
    return f"{said}.{b64(hmac.digest(PUBLIC_KEY.encode(), said.encode(), 'sha256'))}"


HOSTILE = {
    "nothing": "",
    "garbage": "garbage",
    "dots": "..",
    "many dots": "." * 3_000,
    "not ascii": "é.é.é",
    "null bytes": "a\0b.c.d",
    "alg none": unsigned({"alg": "none"}),
    "alg NONE": unsigned({"alg": "NoNe", "typ": "JWT"}),
    "no alg": unsigned({}),
    "alg not a word": unsigned({"alg": ["Ed25519"]}),
    "header a list": unsigned([]),
    "header a number": unsigned(1),
    "header null": unsigned(None),
    "header very deep": f"{b64(b'[' * 2_500)}.e30.",
    "header not UTF-8": f"{b64(bytes([0xFF, 0xFE]))}.e30.",
    "header with crit": unsigned({"alg": "Ed25519", "crit": ["x"], "x": 1}),
    "its own key": unsigned({"alg": "Ed25519", "jwk": KEY.as_dict(private=False)}),
    "HS256 with the public key": confused(),
    "another's key": an_access_token(key=OKPKey.generate_key("Ed25519")),
    "expired": an_access_token(exp=int(time()) - 60),
    "without end": an_access_token(exp=None),
    "end not a number": an_access_token(exp="tomorrow"),
    "not yet": an_access_token(nbf=int(time()) + 600),
    "another issuer": an_access_token(iss="elsewhere"),
    "another audience": an_access_token(aud="chorale-internal"),
    "no audience": an_access_token(aud=None),
    "nobody": an_access_token(sub=None),
    "subject a number": an_access_token(sub=1),
    "no session": an_access_token(sid=None),
    "session a list": an_access_token(sid=["s1"]),
    "roles a number": an_access_token(roles=1),
    "roles a word": an_access_token(roles="not-an-operator"),
    "client a list": a_system_token(client_id=["c1"]),
    "structures a number": a_system_token(structures=3),
    "structures of numbers": a_system_token(structures=[3]),
    "scope a list": a_system_token(scope=["structures:read"]),
    "huge": an_access_token(padding="x" * TOKEN_LIMIT),
    "claims not an object": jwt.encode({"alg": "Ed25519"}, {}, KEY, algorithms=["Ed25519"]),
}


class TestVerify:
    @pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE.keys())
    def test_refuses(self, token: str) -> None:
        with pytest.raises(InvalidToken):
            Tokens(PUBLIC_KEY).verify(token, time())

    def test_knows_the_person_and_the_session(self) -> None:
        caller = Tokens(PUBLIC_KEY).verify(an_access_token(), time()).caller
        assert (caller.user_id, caller.session_id, caller.operator) == ("u1", "s1", False)

    def test_knows_an_operator(self) -> None:
        token = an_access_token(roles=["operator"])
        assert Tokens(PUBLIC_KEY).verify(token, time()).caller.operator

    def test_a_role_that_only_contains_the_word_is_another(self) -> None:
        token = an_access_token(roles=["operators", "not-an-operator"])
        assert not Tokens(PUBLIC_KEY).verify(token, time()).caller.operator

    def test_knows_a_system_its_scopes_and_its_structures(self) -> None:
        caller = Tokens(PUBLIC_KEY).verify(a_system_token(), time()).caller
        assert (caller.user_id, caller.client_id) == ("", "c1")
        assert ({*caller.scopes}, {*caller.structures}) == ({"structures:read"}, {"st1"})

    def test_a_system_is_never_an_operator(self) -> None:
        token = a_system_token(roles=["operator"])
        assert not Tokens(PUBLIC_KEY).verify(token, time()).caller.operator

    def test_reads_its_key_as_jwk_too(self) -> None:
        key = json.dumps(KEY.as_dict(private=False))
        assert Tokens(key).verify(an_access_token(), time())

    def test_remembers_what_it_verified_until_it_ends(self) -> None:
        tokens, token = Tokens(PUBLIC_KEY), an_access_token(exp=int(time()) + 1)
        first = tokens.verify(token, time())
        assert tokens.verify(token, time()) is first
        with pytest.raises(InvalidToken):
            tokens.verify(token[:-4] + "AAAA", time())

    def test_its_memory_is_bounded(self) -> None:
        tokens = Tokens(PUBLIC_KEY, remembered=3)
        for n in range(10):
            tokens.verify(an_access_token(sid=str(n)), time())
        assert len(tokens) == 3
