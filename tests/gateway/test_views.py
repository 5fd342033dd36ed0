"""What is known of revoked sessions while the database does not answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest

from kit.clock import now
from kit.collection import Collection
from kit.problems import Unavailable
from services.gateway import views
from services.gateway.domain import Revocation
from services.gateway.views import RevokedSessions


class Database:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.asked, self.hangs, self.documents = 0, False, self

    async def find(self, *_: Any) -> AsyncIterator[dict[str, Any]]:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(60)
        for nothing in list[dict[str, Any]]():
            yield nothing


def sessions(database: Database, *, max_age: float) -> RevokedSessions:
    return RevokedSessions(cast("Collection[Revocation]", database), max_age)


class TestKnown:
    async def test_reads_once_for_all_who_ask(self) -> None:
        database = Database()
        revoked = sessions(database, max_age=5)
        assert not any(await asyncio.gather(*(revoked.known("s1") for _ in range(50))))
        assert database.asked == 1

    async def test_refuses_all_while_nothing_was_ever_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(views, "PATIENCE", 0.1)
        database = Database()
        database.hangs = True
        revoked = sessions(database, max_age=5)
        asked = (revoked.known("s1") for _ in range(50))
        async with asyncio.timeout(30):  # it hangs for a minute
            answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(one) for one in answers} == {Unavailable}
        assert database.asked == 1  # one tries for all: none waits for another's turn

    async def test_trusts_what_it_read_for_a_while(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "PATIENCE", 0.1)
        at = now()
        monkeypatch.setattr(views.clock, "now", lambda: at)
        database = Database()
        revoked = sessions(database, max_age=10)
        assert not await revoked.known("s1")
        database.hangs = True
        at += timedelta(seconds=9)
        assert not await revoked.known("s1")
        at += timedelta(seconds=2)
        with pytest.raises(Unavailable):
            await revoked.known("s1")
