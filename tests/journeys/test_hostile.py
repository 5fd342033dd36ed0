"""Bad input on every path of the API: a clear 4xx, never a 5xx, and nothing is done of it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest
from httpx import Response

from services.gateway.openapi import committed, merged
from services.gateway.routes import OPEN
from services.users.identity import CREDENTIALS
from tests.law import Action, actions
from tests.platform import Platform, User, refused
from tests.scenes import SCENES, Asked, Cast

T = TypeVar("T")
EVERY = [*{(one.method, one.path): one for one in actions()}.values()]
DESCRIBED = merged(committed())["paths"]
JSON = {"content-type": "application/json"}
PARAMETER = re.compile(r"{\w+}")


def takes_json(action: Action) -> bool:
    body = DESCRIBED[action.path][action.method.lower()].get("requestBody", {})
    return "application/json" in body.get("content", ())


def takes_file(action: Action) -> bool:
    body = DESCRIBED[action.path][action.method.lower()].get("requestBody", {})
    return not {"application/octet-stream", "message/rfc822"}.isdisjoint(body.get("content", ()))


def every(good: Callable[[Action], object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("action", [one for one in EVERY if good(one)], ids=str)


UNREADABLE = (
    b"{",
    b'{"a":',
    b"\xff\xfe\x00",
    b'{"email": "\xff"}',
    b'{"a": "\xed\xa0\x80"}',
    b"{'a': 1}",
    b"<a/>",
    b"\x00",
)
NOT_AN_OBJECT = (
    b"",
    b"null",
    b"true",
    b"12",
    b'"text"',
    b"[]",
    b"[" * 50_000,
    b"[" * 900 + b"]" * 900,
    b'{"a":' * 50_000,
    b"1" * 10_000,
    b"NaN",
)
OF_NO_TYPE = ({"$ne": ""}, [[]], 12.5, {"a": {"$where": "sleep(1000)"}})
"""What no field of ours may be."""
STRANGE = (
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "un mot de passe \ud800 assez long",
    "\u202e\u2066",
    "x" * 20_000,
    "$where",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "0" * 32,
    None,
    True,
    -1,
    2**63,
    10**400,
    [],
    {},
    ["a"] * 10_000,
)
"""What may be right or wrong, but must be answered."""


Asking = Callable[[Action], Awaitable[Asked]]


@pytest.fixture(scope="module")
async def asked_of(cast: Cast) -> Asking:
    """
    The request, as somebody who may do it would make it.

    The same for all that is to do nothing; whoever does it in the end has nobody after them who
    would do it again.
    """
    made = dict[str, Asked]()

    async def asked(action: Action) -> Asked:
        if str(action) not in made:
            made[str(action)] = await another_asked(action, cast)
        return made[str(action)]

    return asked


async def another_asked(action: Action, cast: Cast) -> Asked:
    [scene, *_] = SCENES[action.method, action.path, action.about]
    return await scene(cast, action.role)


def is_clear(answer: Response) -> None:
    """Nothing failed; and a refusal is a problem, or an error in the words of OAuth."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and not (
        answer.request.url.path == "/v1/tokens" and "error_description" in answer.json()
    ):
        refused(answer, answer.status_code)


async def at_once(asking: Iterable[Awaitable[T]]) -> list[T]:
    """Some at a time: the answers do not depend on one another, and we need not wait for each."""
    places = asyncio.Semaphore(6)

    async def one(awaited: Awaitable[T]) -> T:
        async with places:
            return await awaited

    return await asyncio.gather(*map(one, asking))


class TestABody:
    @every(takes_json)
    async def test_that_is_none_of_ours_does_nothing(
        self, action: Action, cast: Cast, asked_of: Asking
    ) -> None:
        asked = await asked_of(action)
        send = sender(cast.platform, action, asked)
        contents = (*UNREADABLE, *NOT_AN_OBJECT)
        answers = await at_once(map(send, contents))
        for content, answer in zip(contents, answers, strict=True):
            is_clear(answer)
            assert answer.status_code in {400, 422}, (content[:40], answer.text)
        for wrong in OF_NO_TYPE if asked.body.get("json") else ():
            together, alone = await with_each_field(wrong, asked, send)
            refused(together, 422)
            for field, answer in alone.items():
                pointers = [one["pointer"] for one in refused(answer, 422)["errors"]]
                assert any(one.startswith(f"/body/{field}") for one in pointers), (wrong, pointers)
        refused(await send(b'"' + b"x" * 1_000_001 + b'"'), 413, "body-too-large")
        refused(await send(b"<a/>", {"content-type": "text/xml"}), 422)
        is_open = (action.method, action.path) in OPEN
        if action.method == "POST" and not is_open and not action.path.startswith(CREDENTIALS):
            for key in (b"a b", b"x" * 256):
                answer = await send(as_bytes(asked.body["json"]), JSON | {"idempotency-key": key})
                refused(answer, 422, field="header/idempotency-key")
        assert (await cast.ask(action.method, asked)).status_code < 300

    @every(takes_json)
    async def test_of_strange_values_is_answered(self, action: Action, cast: Cast) -> None:
        asked = await another_asked(action, cast)
        send = sender(cast.platform, action, asked)
        asking = (with_each_field(one, asked, send) for one in STRANGE)
        for together, alone in await at_once(asking):
            for answer in (together, *alone.values()):
                is_clear(answer)
        body = asked.body["json"]
        less = [{name: body[name] for name in body if name != left_out} for left_out in body]
        for answer in await at_once(send(as_bytes(one)) for one in less):
            is_clear(answer)

    @every(takes_file)
    async def test_that_is_not_the_file_it_says_does_nothing(
        self, action: Action, cast: Cast, asked_of: Asking
    ) -> None:
        asked = await asked_of(action)
        for content in (b"", b"\xff", b"<html>", b"MZ\x90\x00", b"[" * 10_000):
            body = asked.body | {"content": content}
            refused(await cast.ask(action.method, replace(asked, body=body)), 422, field="body")
        large = replace(asked, body=asked.body | {"content": bytes(10_000_001)})
        refused(await cast.ask(action.method, large), 413, "body-too-large")
        assert (await cast.ask(action.method, asked)).status_code < 300

    @every(
        lambda action: action.method != "GET" and not takes_json(action) and not takes_file(action)
    )
    async def test_where_no_json_is_wanted_is_answered(
        self, action: Action, cast: Cast, asked_of: Asking
    ) -> None:
        send = sender(cast.platform, action, await asked_of(action))
        refused(await send(b'"' + b"x" * 1_000_001 + b'"'), 413, "body-too-large")
        refused(await send(b'"\xff"'), 400, "not-utf8")
        is_clear(await send(b"[" * 10_000))

    @pytest.mark.parametrize(
        "form",
        [
            b"",
            b"%",
            b"grant_type",
            b"grant_type=password",
            b"grant_type=client_credentials",
            b"grant_type=client_credentials&grant_type=client_credentials",
            b"grant_type=client_credentials&client_id[$ne]=&client_secret[$ne]=",
            b"grant_type=client_credentials&client_id=%00&client_secret=%FF",
            b"grant_type=client_credentials&client_id=\xff&client_secret=x",
            b"grant_type=client_credentials&client_id=" + b"x" * 100_000,
            b"&".join(b"a%d=1" % n for n in range(1_000)),
        ],
        ids=lambda form: repr(form[:60]),
    )
    async def test_of_another_system_is_refused_in_its_words(
        self, platform: Platform, form: bytes
    ) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await platform.ask("POST", "/v1/tokens", content=form, headers=headers)
        assert answer.status_code in {400, 401}
        assert answer.json().keys() == {"error", "error_description"}


def as_bytes(body: Any) -> bytes:
    """Half of a surrogate pair passes too, as its escape."""
    return json.dumps(body).encode()


def sender(platform: Platform, action: Action, asked: Asked) -> Callable[..., Awaitable[Response]]:
    async def send(content: bytes, headers: dict[str, Any] = JSON) -> Response:
        return await platform.ask(
            action.method,
            asked.path,
            by=asked.by,
            after=asked.after,
            content=content,
            headers=headers,
        )

    return send


async def with_each_field(
    value: Any, asked: Asked, send: Callable[..., Awaitable[Response]]
) -> tuple[Response, dict[str, Response]]:
    """
    What is answered where all fields have this value, and where one alone has it.

    A body is read field by field: what is refused for its kind beside others is so alone, and not
    asked again.
    """
    body = asked.body.get("json", {})
    together = await send(as_bytes(dict.fromkeys(body, value)))
    left = body.keys() - refused_fields(together)
    return together, {field: await send(as_bytes(body | {field: value})) for field in left}


def refused_fields(answer: Response) -> set[str]:
    """Those that the reading of the body names: no decision was taken on the others."""
    if answer.status_code != 422 or answer.json().get("detail") != "Some fields are wrong.":
        return set()
    pointers = [one["pointer"].split("/") for one in answer.json()["errors"]]
    return {pointer[2] for pointer in pointers if pointer[:2] == ["", "body"] and pointer[2:]}


IDS_OF_NOTHING = (
    "0" * 32,
    "x",
    "..",
    ".",
    "%00",
    "a%00b",
    "%ff",
    "%C3%28",
    "%ED%A0%80",
    "a%2Fb",
    "a%5Cb",
    "$ne",
    "%7B%22$ne%22:%22%22%7D",
    "[$ne]",
    "é",
    "%E2%80%AE",
    "a b",
    "%",
    "%zz",
    "%252e%252e",
    "users:%00",
    "nobody:1",
    "users:../../lag",
    "users:..~..~lag",
    "a" * 1_900,
    "a" * 5_000,
    "a" * 60_000,
)


class TestAPath:
    @every(lambda action: "{id}" in action.path)
    async def test_of_no_thing_leads_nowhere(
        self, action: Action, cast: Cast, asked_of: Asking
    ) -> None:
        body = as_bytes((await asked_of(action)).body.get("json", {}))
        by = cast.people[action.role]
        paths = [PARAMETER.sub(lambda _, id=id: id, action.path) for id in IDS_OF_NOTHING]
        asking = (raw(cast.platform, action.method, path, by=by, body=body) for path in paths)
        answers = await at_once(asking)
        for id, (status, headers, said) in zip(IDS_OF_NOTHING, answers, strict=True):
            assert status in {400, 404, 414, 422}, (id[:40], status, said)
            if b"Invalid HTTP request" not in said:  # What is no HTTP has no media type.
                assert headers["content-type"] == "application/problem+json"
                assert json.loads(said)["status"] == status


class TestAParameter:
    @every(lambda action: True)
    async def test_that_there_is_not_is_refused_by_its_name(
        self, action: Action, cast: Cast
    ) -> None:
        asked = await another_asked(action, cast)
        path, _, query = asked.path.partition("?")
        params = asked.body.get("params", dict(parse_qsl(query))) | {"there_is_none": "1"}
        slip = replace(asked, path=path, body=asked.body | {"params": params})
        answer = await cast.ask(action.method, slip)
        refused(answer, 422, field="query/there_is_none")


async def raw(
    platform: Platform, method: str, target: str, *, by: User | None, body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """A request as no client library would send it."""
    head = [
        f"{method} {target} HTTP/1.1",
        "host: chorale",
        "connection: close",
        f"content-length: {len(body)}",
        "content-type: application/json",
        *([f"authorization: Bearer {by.access_token}"] if by else []),
    ]
    host, port = platform.gateway.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        answer = await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
    top, _, said = answer.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split(" ")[1]), headers, said


LISTS = {
    "/v1/structures/{id}/attachments",
    "/v1/structures/{id}/bank-details",
    "/v1/structures",
    "/v1/client-accounts/portals",
    "/v1/clients",
    "/v1/rattachements",
    "/v1/approvals",
    "/v1/tickets",
    "/v1/tickets/{id}/attachments",
    "/v1/ops/letters",
    "/v1/ops/parked",
}
ABSURD = {
    "size": ("0", "-1", "501", "1000000000", "9" * 40, "1.5", "many", "", "%00", "1%20or%201"),
    "cursor": ("x", "%00", "e30", "W10", "bnVsbA", "x" * 600, "%ED%A0%80"),
}
NAMES = ("q", "identifier", "postcode", "city", "state", "status", "cursor", "size", "anything")
HOSTILE_QUERIES = [
    *(f"{name}[$ne]=" for name in NAMES),
    *(f"{name}[$regex]=.*&{name}=" for name in NAMES),
    *(f"{name}=%00" for name in NAMES),
    *(f"{name}=%FF" for name in NAMES),
    *(f"{name}=%7B%22$gt%22:%22%22%7D" for name in NAMES),
    *(f"{name}=" + "x" * 1_000 for name in NAMES),
    *(f"{name}=1&{name}=2" for name in NAMES),
    "q=" + "*" * 100,
    "q=*",
    "q=(((((((((((",
    "q=" + "(a%2B)" * 16,
    "q=*" + "a*" * 45,
    "q=" + "%F0%9F%98%80" * 30,
    "q=" + "x" * 7_900,
    "&".join(f"a{n}=1" for n in range(1_000)),
    "&&&===",
    "%00",
    "q",
]


def also(asked: Asked, query: str) -> Asked:
    """The same request, with this in its query as well."""
    joined = "&" if "?" in asked.path else "?"
    return replace(asked, path=f"{asked.path}{joined}{query}")


class TestAQuery:
    @every(lambda action: action.method == "GET")
    async def test_of_hostile_values_is_answered(
        self, action: Action, cast: Cast, asked_of: Asking
    ) -> None:
        asked = await asked_of(action)
        queries = HOSTILE_QUERIES if action.path in LISTS else HOSTILE_QUERIES[::7]
        for answer in await at_once(cast.ask("GET", also(asked, one)) for one in queries):
            is_clear(answer)

    @every(lambda action: action.path in LISTS and action.method == "GET")
    async def test_of_absurd_pages_is_refused(
        self, action: Action, cast: Cast, asked_of: Asking
    ) -> None:
        asked = await asked_of(action)
        for name, values in ABSURD.items():
            asking = (cast.ask("GET", also(asked, f"{name}={value}")) for value in values)
            for answer in await at_once(asking):
                refused(answer, 422, field=f"query/{name}")
