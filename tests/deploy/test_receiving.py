"""What a mail server is told of a letter that it hands over."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any

import pytest

from deploy.receiving import receive

LETTER = b"From: zoe@example.org\n\nBonjour"


class Gateway:
    """Answers tokens, and letters as it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.letters, self.tokens = 202, 200
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the library's name
                body = self.rfile.read(int(self.headers["content-length"]))
                gateway.asked.append((self.path, dict(self.headers), body))
                is_token = self.path == "/v1/tokens"
                self.send_response(gateway.tokens if is_token else gateway.letters)
                self.end_headers()
                self.wfile.write(json.dumps({"access_token": "word"}).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    one = Gateway()
    said = {"AT": one.url, "CLIENT": "mta", "SECRET": "open sesame"}
    for name, value in said.items():
        monkeypatch.setenv(f"CHORALE_RECEIVE_{name}", value)
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,))
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


@pytest.mark.feature("CRM-04")
def test_a_letter_is_brought_as_it_came(gateway: Gateway):
    assert receive(BytesIO(LETTER)) == os.EX_OK

    [(_, _, form), (path, headers, body)] = gateway.asked
    assert b"client_secret=open+sesame" in form
    assert (path, body) == ("/v1/incoming-letters", LETTER)
    said = {name.lower(): value for name, value in headers.items()}
    assert said["authorization"] == "Bearer word"
    assert said["content-type"] == "message/rfc822"


@pytest.mark.parametrize("status", [413, 422])
def test_one_that_is_refused_goes_back(gateway: Gateway, status: int):
    gateway.letters = status
    assert receive(BytesIO(LETTER)) == os.EX_DATAERR


@pytest.mark.feature("CRM-04")
@pytest.mark.parametrize("status", [401, 403, 404, 408, 415, 429, 500, 502, 503])
def test_whatever_else_is_answered_it_stays_with_the_mail_server(gateway: Gateway, status: int):
    gateway.letters = status
    assert receive(BytesIO(LETTER)) == os.EX_TEMPFAIL


@pytest.mark.parametrize("status", [400, 401, 422, 429, 503])
def test_it_stays_while_there_is_no_token(gateway: Gateway, status: int):
    gateway.tokens = status
    assert receive(BytesIO(LETTER)) == os.EX_TEMPFAIL
    assert len(gateway.asked) == 1


def test_it_stays_while_nobody_answers_and_while_settings_are_wrong(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CHORALE_RECEIVE_AT", "http://127.0.0.1:1")
    assert receive(BytesIO(LETTER)) == os.EX_TEMPFAIL
    monkeypatch.delenv("CHORALE_RECEIVE_CLIENT")
    assert receive(BytesIO(LETTER)) == os.EX_TEMPFAIL

    assert "sesame" not in capsys.readouterr().err
