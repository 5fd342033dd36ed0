"""HTTP as a stubborn client speaks it: an outcome that is not known is asked for until it is."""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from kit.clock import now
from kit.internal import Caller, sign
from tests.faults.tally import Tally, clock
from tests.platform import User

PATIENCE = 20
"""Seconds for one answer: more than the platform gives itself."""
STUBBORNNESS = 600
"""Seconds until an outcome that is still unknown is called lost."""
LATER = frozenset({401, 408, 429, 502, 503})
"""Ask again. 401 too: to a process whose clock is wrong, a good token may seem too old."""
WORD_KEPT = 20


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: Any
    token: str


class NeverAnswered(Exception):
    """No outcome came of a command, however often it was asked for."""


class Client:
    """Asks through the gateway, or a service itself with the gateway's word."""

    def __init__(self, urls: dict[str, str], internal_key: str, tally: Tally) -> None:
        self._urls, self._key, self.tally = urls, internal_key, tally
        self._words: dict[str, tuple[float, str]] = {}
        self.began: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3),
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        by: User,
        to: str = "gateway",
        body: object = None,
        key: str = "",
        after: str = "",
    ) -> Answered | None:
        """None when there was no answer at all."""
        word = by.access_token if to == "gateway" else self._word(by)
        headers = {"authorization": f"Bearer {word}"}
        if key:
            headers["idempotency-key"] = key
        if after:
            headers["consistency-token"] = after
        try:
            async with self._session.request(
                method, self._urls[to] + path, json=body, headers=headers
            ) as answer:
                said = await answer.read()
                status, token = answer.status, answer.headers.get("consistency-token", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            self.tally.answered(kind, type(lost).__name__, well=False)
            return None
        self.tally.answered(kind, str(status), well=status not in LATER)
        if status >= 500 and status != 503:
            self.tally.wrong.append(f"{kind}: {method} {path} {status} {said[:200]!r}")
        return Answered(status, json.loads(said) if said[:1] in b"{[" and said else None, token)

    async def insist(self, kind: str, method: str, path: str, *good: int, **asked: Any) -> Answered:
        """Until it is answered as it must be; anything else is noted as wrong."""
        end, delay = clock() + STUBBORNNESS, 0.15
        while clock() < end:
            answer = await self.ask(kind, method, path, **asked)
            if answer and answer.status in good:
                return answer
            if answer and answer.status not in LATER and answer.status < 500:
                self.tally.wrong.append(
                    f"{kind}: {method} {path} {answer.status} {answer.body} at {now()}"
                )
                delay = 1
            await asyncio.sleep(delay * random.uniform(0.7, 1.3))
            delay = min(delay * 1.6, 1.0)
        raise NeverAnswered(f"{kind}: {method} {path}")

    def _word(self, by: User) -> str:
        kept, word = self._words.get(by.id, (0.0, ""))
        if clock() - kept > WORD_KEPT:
            caller = Caller(user_id=by.id, session_id="faults")
            word = sign(caller, self._key, at=now())
            self._words[by.id] = clock(), word
        return word
