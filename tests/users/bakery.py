"""The bakery on a real database, with what a test needs of the users service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from fastapi import FastAPI

from contracts.event import Event
from kit.change import Change
from kit.service import Service
from kit.settings import Settings
from services.users.domain.accounts import Account
from services.users.domain.rattachements import Rattachement
from services.users.membership import Membership
from tests.approvals.stage import Stage
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.users.people import an_account
from tests.users.rattaching import a_creation


class OpenBakery(Stage):
    """Omar's. Each kind says what it serves, and who is attached when it opens."""

    def __init__(self, service: Service) -> None:
        self.of, self.accounts = Membership.of(service), service.collection("accounts", Account)
        super().__init__(service, self.serve(service))

    def serve(self, service: Service) -> FastAPI:
        raise NotImplementedError

    async def begin(self, *units: Event) -> None:
        """Empty but for Omar and Lea, who have accounts, the bakery and its units."""
        await self.forget()
        for account in (an_account(), an_account(id="u-omar", first_name="Omar")):
            await self.accounts.change(account.id, lambda _, one=account: Change(one))
        await self.hear(a_creation(), *units)

    async def attach(self, *ties: Rattachement) -> None:
        for tie in ties:
            new = replace(tie, version=0)
            await self.of.rattachements.change(tie.id, lambda _, one=new: Change(one))


Kind = TypeVar("Kind", bound=OpenBakery)


@asynccontextmanager
async def at_work(kind: type[Kind], mongo_url: str) -> AsyncIterator[Kind]:
    service = Service("users", Settings(**settings_for(mongo_url, database_prefix="kept-")))
    async with kind(service).at_work() as bakery:
        yield bakery
    await forget_whole(service)
    await service.mongo.close()
