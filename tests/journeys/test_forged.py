"""Whoever says to be somebody, and is not: by a token that is none of ours, or by a header."""

import json
from base64 import urlsafe_b64encode
from functools import partial
from time import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from services.gateway.routes import OPEN
from tests.journeys.test_hostile import EVERY, PARAMETER, at_once, every, is_clear
from tests.law import Action
from tests.platform import answered, refused
from tests.scenes import Cast


class TestAToken:
    @every(lambda action: (action.method, action.path) not in OPEN)
    async def test_that_is_none_of_ours_opens_nothing(self, action: Action, cast: Cast) -> None:
        forged = forgeries(cast)
        ask = partial(cast.platform.ask, action.method, action.example)
        answers = await at_once(ask(headers={"authorization": one}) for one in forged.values())
        for name, answer in zip(forged, answers, strict=True):
            assert answer.status_code == 401, name
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("token", ["x", "", "e30", "W10", "é", "a" * 3_000, "bnVsbA"])
    async def test_of_consistency_is_read_with_care(self, token: str, cast: Cast) -> None:
        for path in ("/v1/structures", "/v1/approvals", "/v1/me"):
            answer = await cast.platform.ask(
                "GET",
                path,
                by=cast.people["self"],
                headers={"consistency-token": token.encode()},
            )
            refused(answer, 422, field="header/consistency-token") if token else is_clear(answer)


def forgeries(cast: Cast) -> dict[str, bytes]:
    """Authorization headers of somebody who would like to be the operator."""
    secrets = cast.platform.data / "secrets"
    private = json.loads((secrets / "chorale_access_private_key").read_text())
    public = (secrets / "chorale_access_public_key").read_text()
    own = OKPKey.import_key(private)
    claims = {
        "iss": "chorale",
        "aud": "chorale",
        "sub": cast.operator.id,
        "sid": "0" * 32,
        "roles": ["operator"],
        "exp": int(time()) + 300,
    }

    def signed(key: Any = own, alg: str = "Ed25519", **but: Any) -> bytes:
        known = {name: value for name, value in (claims | but).items() if value is not None}
        return f"Bearer {jwt.encode({'alg': alg}, known, key, algorithms=[alg])}".encode()

    assert cast.people["self"]
    header, _, signature = cast.people["self"].access_token.split(".")
    return {
        "none at all": b"",
        "another scheme": b"Basic b3BzOm9wcw==",
        "no token": b"Bearer",
        "bytes": b"Bearer \xff\xfe",
        "very long": b"Bearer " + b"a" * 30_000,
        "of another key": signed(OKPKey.generate_key("Ed25519")),
        "signed with the public key": signed(OctKey.import_key(public), "HS256"),
        "unsigned": f"Bearer {unsigned(claims)}".encode(),
        "its claims exchanged": f"Bearer {header}.{part(claims)}.{signature}".encode(),
        "expired": signed(exp=int(time()) - 60),
        "of no end": signed(exp=None),
        "of another issuer": signed(iss="somebody"),
        "for another audience": signed(aud="chorale-internal"),
        "without a session": signed(sid=None),
        "of a list of people": signed(sub=[cast.operator.id]),
        "a refresh token": f"Bearer {cast.operator.refresh_token}".encode(),
        "deep": f"Bearer {part_of(b'[' * 2_000)}.{part(claims)}.x".encode(),
    }


def unsigned(claims: dict[str, Any]) -> str:
    return f"{part({'alg': 'none'})}.{part(claims)}."


def part(value: Any) -> str:
    return part_of(json.dumps(value).encode())


def part_of(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class TestHeaders:
    async def test_of_identity_are_not_believed(self, cast: Cast) -> None:
        said = {
            "x-user": cast.operator.id,
            "x-client-address": "10.0.0.1",
            "x-client-authorization": "Basic eDp4",
            "consistency-positions": "users.events/1=99999999",
            "x-forwarded-for": "10.0.0.1",
        }
        stranger = cast.people["signed_in"]
        me = await cast.platform.ask("GET", "/v1/me", by=stranger, headers=said)
        assert stranger
        assert answered(me, 200)["id"] == stranger.id
        refused(await cast.platform.ask("GET", "/v1/ops/health", by=stranger, headers=said), 403)

    @every(lambda _: True)
    async def test_of_another_method_are_refused(self, action: Action, cast: Cast) -> None:
        path = PARAMETER.sub("0" * 32, action.path)
        known = {one.method for one in EVERY if one.path == action.path}
        others = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - known
        asking = (cast.platform.ask(method, path, by=cast.operator) for method in others)
        for answer in await at_once(asking):
            is_clear(answer)
            assert answer.status_code >= 400
