"""
Signing in with a provider that is certified by the OpenID Foundation, in a process of its own.

It is a program of npm, and so not among the project's own dependencies: ``make test-oidc``.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kit.service import Service
from kit.tasks import ended
from kit.workers import GRACE
from services.users import identity_providers
from services.users.main import build
from services.users.settings import UsersSettings
from tests.calling import Client
from tests.conftest import settings_for
from tests.ports import free_ports
from tests.stub_provider import CLIENT_SECRET, REDIRECT
from tests.users.conftest import KEY

pytestmark = pytest.mark.skipif(
    os.environ.get("CHORALE_TEST_OIDC") != "1", reason="make test-oidc runs it"
)
HERE = Path(__file__).parent


@contextmanager
def running(port: int, algorithm: str = "RS256") -> Iterator[None]:
    command = ("node", "provider.mjs", str(port), REDIRECT)
    env = os.environ | {"ALGORITHM": algorithm}
    with subprocess.Popen(
        command, cwd=HERE, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, env=env
    ) as process:
        assert process.stdout
        try:
            assert any(line == "ready\n" for line in process.stdout)
            yield
        finally:
            process.terminate()


class Browser:
    """Signs somebody in, as a person does with the pages that the provider shows."""

    async def comes_back_with(self, address: str, login: str) -> dict[str, str]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(address)
            for _ in range(20):
                if answer.is_redirect:
                    place = str(answer.headers["location"])
                    if place.startswith(REDIRECT):
                        return dict(httpx.URL(place).params)
                    answer = await client.get(httpx.URL(str(answer.url)).join(place))
                else:
                    where, fields = self._form(answer, login)
                    answer = await client.post(where, data=fields)
        raise AssertionError(answer.text)

    @staticmethod
    def _form(answer: httpx.Response, login: str) -> tuple[httpx.URL, dict[str, str]]:
        assert answer.status_code == 200, answer.text
        action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        assert action, answer.text
        assert prompt, answer.text
        fields = {"prompt": prompt[1], "login": login, "password": "any"}
        return answer.url.join(action[1]), fields


@pytest.fixture(scope="module")
async def port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="module")
async def users(mongo_url: str, port: int) -> AsyncIterator[Client]:
    provider = {
        "name": "certified",
        "label": "Certifié",
        "issuer": f"http://127.0.0.1:{port}",
        "client_id": "chorale",
        "client_secret": CLIENT_SECRET,
    }
    known = {"access_private_key": KEY, "oidc_providers": [provider]}
    settings = UsersSettings(**settings_for(mongo_url, oidc_redirect_uris=REDIRECT, **known))
    service = Service("users", settings)
    app = build(service)
    await service.prepare()
    keeping = asyncio.create_task(service.committer.run())
    yield Client(app)
    await ended([keeping], again=GRACE + 2)
    await service.mongo.drop()
    await service.mongo.close()


@pytest.fixture(autouse=True)
def _keys_rotate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts the provider anew, with new keys."""
    monkeypatch.setattr(identity_providers, "KEYS_AGAIN_AFTER", 0)


async def arrive(users: Client, login: str, **but: str) -> httpx.Response:
    asked = {"provider": "certified", "redirect_uri": REDIRECT}
    begun = await users("POST", "/v1/oidc/authorizations", json=asked)
    assert begun.status_code == 201, begun.text
    back = await Browser().comes_back_with(begun.json()["authorization_url"], login)
    assert back.keys() == {"code", "state", "iss"}
    body = {"sign_in": begun.json()["sign_in"]} | back | but
    return await users("POST", "/v1/oidc/sessions", json=body)


async def test_lets_somebody_in_and_knows_them_again(users: Client, port: int):
    with running(port):
        answers = [await arrive(users, "ada@example.org") for _ in range(2)]

    assert [one.status_code for one in answers] == [201, 201]


async def test_believes_no_address_that_is_not_verified(users: Client, port: int):
    with running(port):
        answer = await arrive(users, "unverified-omar@example.org")

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/email-not-verified")


async def test_reads_what_is_signed_with_new_keys(users: Client, port: int):
    for algorithm in ("RS256", "ES256"):
        with running(port, algorithm):
            answer = await arrive(users, "ada@example.org")
        assert answer.status_code == 201, answer.text


async def test_a_code_is_good_only_with_its_verifier_and_once(users: Client, port: int):
    asked = {"provider": "certified", "redirect_uri": REDIRECT}
    with running(port):
        mine, theirs = [
            (await users("POST", "/v1/oidc/authorizations", json=asked)).json() for _ in range(2)
        ]
        back = await Browser().comes_back_with(mine["authorization_url"], "ada@example.org")
        own = await Browser().comes_back_with(theirs["authorization_url"], "eve@example.org")

        stolen = {"sign_in": theirs["sign_in"]} | own | {"code": back["code"]}
        refused = await users("POST", "/v1/oidc/sessions", json=stolen)

        assert (refused.status_code, refused.json()["type"]) == (401, "/problems/provider-refused")


async def test_is_503_while_it_is_away(users: Client, port: int):
    asked = {"provider": "certified", "redirect_uri": REDIRECT}
    begun = (await users("POST", "/v1/oidc/authorizations", json=asked)).json()
    body = {"sign_in": begun["sign_in"], "code": "c", "state": "A" * 43}
    assert (await users("POST", "/v1/oidc/sessions", json=body)).status_code == 401
    state = dict(httpx.URL(begun["authorization_url"]).params)["state"]
    answer = await users("POST", "/v1/oidc/sessions", json=body | {"state": state})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/provider-unavailable")
