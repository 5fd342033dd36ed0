"""How the duplicate of a structure comes to have the rattachements of its model."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.structures import StructureDuplicated
from contracts.users import RightsChanged
from kit.change import Change
from kit.clock import now
from kit.collection import Collection, Stored
from kit.service import Service
from kit.settings import Settings
from kit.tasks import ended
from kit.workers import GRACE, Worker
from services.users import copying
from services.users.copying import Copying
from services.users.domain.accounts import Account
from services.users.domain.duplications import (
    LEASE,
    Duplication,
    begin,
    claim,
    copied_request_id,
    copy,
    dealt_with,
    end,
)
from services.users.domain.lines import units_of
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.units import Unit, known_unit_id
from services.users.handlers import handlers
from services.users.membership import Membership
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.users.rattaching import (
    DEFAULTS,
    LATER,
    NOW,
    READ,
    TODAY,
    a_creation,
    a_line,
    a_rattachement,
    a_request,
    a_structure,
    an_extent,
)

COPY = "s-bakery-2"
NEW = a_structure(id=COPY, identifier="73282932000124")


def told(**but: Any) -> StructureDuplicated:
    said = {
        "structure_id": COPY,
        "model_id": "s-bakery",
        "users": True,
        "duplicated_by": "u-omar",
        "duplicated_at": NOW,
    }
    return StructureDuplicated(**said | but)


def a_unit(code: str, *, over: bool = False) -> Unit:
    return Unit(id=known_unit_id(COPY, code), structure_id=COPY, code=code, over=over, told=1)


UNITS = {code: a_unit(code) for code in ("ovens", "shop")}


def copied(source: Rattachement, *current: Any, units: Any = UNITS) -> Any:
    request, tie = current or (None, None)
    return copy(source, request, tie, NEW, units, at=NOW, on=TODAY)


@pytest.mark.feature("DUP-01")
class TestBegin:
    def test_is_at_once(self):
        begun = begin(told(), None).state

        assert begun == Duplication(id=COPY, model_id="s-bakery", at=NOW, wake_at=NOW)

    def test_is_not_wanted_by_all(self):
        assert begin(told(users=False), None) == Change(None)

    def test_is_done_once(self):
        over = Duplication(id=COPY, model_id="s-bakery", at=NOW, after="u-z:s-bakery")

        assert begin(told(), over) == Change(over)


class TestProgress:
    begun = Duplication(id=COPY, model_id="s-bakery", at=NOW, wake_at=NOW)

    def test_is_made_by_one_at_a_time(self):
        claimed = claim(self.begun, LATER).state

        assert claimed == replace(self.begun, wake_at=LATER + LEASE)
        assert claim(claimed, LATER) == Change(claimed)
        assert claim(claimed, LATER + 2 * LEASE).state != claimed

    def test_goes_on_only(self):
        ahead = dealt_with(self.begun, after="m", now=LATER).state

        assert ahead == replace(self.begun, after="m", wake_at=LATER + LEASE)
        assert dealt_with(ahead, after="l", now=LATER) == Change(ahead)

    def test_ends(self):
        over = end(self.begun).state

        assert over
        assert over.wake_at is None
        assert claim(over, LATER) == Change(over)
        assert dealt_with(over, after="m", now=LATER) == Change(over)
        assert end(None) == Change(None)


@pytest.mark.feature("DUP-01")
class TestCopy:
    def test_gives_the_same_rights_on_the_new_one(self):
        limited = an_extent(units=("ovens",), valid_until=TODAY + timedelta(days=9))
        source = a_rattachement(lines=limited.lines(), may_approve=False)

        request, tie = copied(source)

        assert tie.state == a_rattachement(
            id=f"u-lea:{COPY}",
            structure_id=COPY,
            lines=limited.lines(),
            may_approve=False,
            noted=TODAY,
            version=0,
        )
        [rights] = tie.events
        assert isinstance(rights, RightsChanged)
        assert (rights.structure_id, rights.role, rights.version) == (COPY, "user", 1)
        assert (rights.units, rights.habilitations) == (("ovens",), (READ,))
        assert request == Change(
            a_request(
                id=copied_request_id(COPY, "u-lea"),
                structure_id=COPY,
                structure_identifier=NEW.identifier,
                extent=limited,
                status="granted",
                decided_at=NOW,
            )
        )

    def test_makes_a_user_of_another_principal_manager(self):
        _, tie = copied(a_rattachement(role="principal_manager"))

        assert tie.state.role == "user"
        assert tie.state.habilitations == (READ,)

    def test_changes_nothing_when_repeated(self):
        states = tuple(change.state for change in copied(a_rattachement()))

        assert copied(a_rattachement(), *states) == tuple(map(Change, states))

    def test_never_brings_back_who_was_detached_since(self):
        request, tie = (change.state for change in copied(a_rattachement()))
        detached = replace(tie, role=None, lines=())

        assert copied(a_rattachement(), request, detached) == (Change(request), Change(detached))

    def test_leaves_who_is_attached_already(self):
        manager = a_rattachement(id=f"u-lea:{COPY}", structure_id=COPY, role="principal_manager")

        assert copied(a_rattachement(), None, manager) == (Change(None), Change(manager))

    def test_keeps_a_request_that_waits(self):
        asking = a_rattachement(
            structure_id=COPY, id=f"u-lea:{COPY}", role=None, lines=(), pending_request_id="r-9"
        )

        assert copied(a_rattachement(), None, asking)[1].state.pending_request_id == "r-9"

    @pytest.mark.parametrize("shop", [None, a_unit("shop", over=True)], ids=["unknown", "over"])
    def test_gives_nothing_on_a_unit_that_the_new_one_has_not(self, shop: Unit | None):
        units = {"ovens": UNITS["ovens"], "shop": shop}
        here = READ.model_copy(update={"unit": "shop"})
        there = READ.model_copy(update={"unit": "ovens"})
        both = an_extent(units=("ovens", "shop"))

        request, tie = copied(
            a_rattachement(lines=both.lines(), habilitations=(here, there)), units=units
        )

        assert units_of(tie.state.lines) == request.state.extent.units == ("ovens",)
        assert tie.state.habilitations == (there,)
        [rights] = tie.events
        assert (rights.units, rights.habilitations) == (("ovens",), (there,))
        assert copied(a_rattachement(lines=(a_line("shop"),)), units=units) == (
            Change(None),
            Change(None),
        )

    @pytest.mark.parametrize(
        "but",
        [
            {"role": None, "lines": ()},
            {"lines": (a_line(valid_from=TODAY - timedelta(9), valid_until=TODAY - timedelta(1)),)},
        ],
        ids=["detached", "ended"],
    )
    def test_of_one_that_gives_nothing_is_none(self, but: dict[str, Any]):
        assert copied(a_rattachement(**but)) == (Change(None), Change(None))

    def test_waits_for_nothing_that_is_not_known(self):
        assert copy(a_rattachement(), None, None, None, {}, at=NOW, on=TODAY) == (
            Change(None),
            Change(None),
        )


class TestCopying:
    MANY = 450

    @pytest.fixture
    async def service(self, mongo_url: str) -> AsyncIterator[Service]:
        service = Service("users", Settings(**settings_for(mongo_url, database_prefix="kept-")))
        self.of = Membership.of(service)
        accounts = service.collection("accounts", Account)
        service.app(hears=handlers(self.of, accounts, DEFAULTS), jobs=[self.worker(accounts)])
        await service.prepare()
        keeping = asyncio.create_task(service.committer.run())
        yield service
        await ended([keeping], again=GRACE + 2)
        await forget_whole(service)
        await service.mongo.close()

    def worker(self, accounts: Collection[Account]) -> Worker[Duplication]:
        return Copying(self.of, accounts, DEFAULTS).worker()

    async def hear(self, service: Service, *events: Any) -> None:
        for event in (*events, *events):
            _, handler = service.subscriptions.handlers[event.type]
            await service.committer.keep(handler(event))

    @pytest.mark.feature("DUP-01", "DUP-07")
    async def test_attaches_all_once_a_few_at_a_time(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ):
        batches: list[int] = []
        keep_all = service.committer.keep_all

        async def counted(asks: Any, *rest: Any) -> Any:
            batches.append(len(asks))
            return await keep_all(asks, *rest)

        monkeypatch.setattr(service.committer, "keep_all", counted)
        monkeypatch.setattr(copying, "AT_ONCE", 100)
        ties = [
            a_rattachement(id=f"u-{n:04}:s-bakery", user_id=f"u-{n:04}") for n in range(self.MANY)
        ]
        await self.of.rattachements.documents.insert_many(
            {"_id": one.id} | self.of.rattachements.dump(Stored(one)) for one in ties
        )
        created = a_creation(structure_id=COPY, identifier="73282932000124", created_by="u-0000")
        await self.hear(service, created, told(duplicated_at=now(), duplicated_by="u-0000"))

        await self.runs(service)

        copies = await self.of.rattachements.select({"structure_id": COPY})
        assert len(copies) == self.MANY
        by_role = {one.user_id: one.role for one in copies}
        assert by_role.pop("u-0000") == "principal_manager"
        assert {*by_role.values()} == {"user"}
        assert sum(batches) == self.MANY
        assert max(batches) == 100
        rows = await service.journal.rows.find({"type": RightsChanged.type}).to_list(None)
        assert len(rows) == self.MANY
        assert len({row["key"] for row in rows}) == self.MANY

        await self.hear(service, told(duplicated_at=now(), duplicated_by="u-0000"))
        await self.runs(service)
        assert sum(batches) == self.MANY

    async def test_goes_on_where_another_stopped(self, service: Service):
        ties = [a_rattachement(id=f"u-{n}:s-bakery", user_id=f"u-{n}") for n in range(5)]
        await self.of.rattachements.documents.insert_many(
            {"_id": one.id} | self.of.rattachements.dump(Stored(one)) for one in ties
        )
        await self.hear(
            service,
            a_creation(structure_id=COPY, created_by="u-0"),
            told(duplicated_at=now(), duplicated_by="u-0"),
        )
        await self.of.duplications.change(
            COPY, lambda one: dealt_with(one, after="u-2:s-bakery", now=now() - 2 * LEASE)
        )

        await self.runs(service)

        found = await self.of.rattachements.many(
            [rattachement_id(f"u-{n}", COPY) for n in range(5)]
        )
        assert {one.user_id for one in found.values()} == {"u-0", "u-3", "u-4"}

    async def test_of_one_that_cannot_be_kept_goes_on_with_the_others(self, service: Service):
        many = tuple(READ.model_copy(update={"application": f"{n:064}"}) for n in range(9000))
        ties = [a_rattachement(id=f"u-{n}:s-bakery", user_id=f"u-{n}") for n in range(3)]
        ties[1] = replace(ties[1], habilitations=many)
        await self.of.rattachements.documents.insert_many(
            {"_id": one.id} | self.of.rattachements.dump(Stored(one)) for one in ties
        )
        await self.hear(service, a_creation(structure_id=COPY), told(duplicated_at=now()))

        await self.runs(service)

        copies = await self.of.rattachements.select({"structure_id": COPY, "role": "user"})
        assert {one.user_id for one in copies} == {"u-0", "u-2"}

    async def test_of_a_unit_waits_until_that_is_heard_of(self, service: Service):
        limited = a_rattachement(id="u-1:s-bakery", user_id="u-1", lines=(a_line("ovens"),))
        await self.of.rattachements.documents.insert_one(
            {"_id": limited.id} | self.of.rattachements.dump(Stored(limited))
        )
        await self.keep(replace(a_unit("ovens"), id="s-bakery:ovens", structure_id="s-bakery"))
        await self.hear(
            service, a_creation(structure_id=COPY, created_by="u-0"), told(duplicated_at=now())
        )
        copying = asyncio.create_task(self.runs(service))
        await asyncio.sleep(0.3)
        assert not copying.done()

        await self.keep(a_unit("ovens"))
        await copying

        [copy] = await self.of.rattachements.select({"structure_id": COPY, "user_id": "u-1"})
        assert units_of(copy.lines) == ("ovens",)

    async def keep(self, unit: Unit) -> None:
        await self.of.units.change(unit.id, lambda _: Change(unit))

    async def runs(self, service: Service) -> None:
        """Until nothing waits any more."""
        [job] = service.jobs
        working = asyncio.create_task(job.run(service.committer))
        try:
            async with asyncio.timeout(20):
                while True:
                    if not await self.of.duplications.select({"wake_at": {"$ne": None}}):
                        break
                    await asyncio.sleep(0.02)
        finally:
            await ended([working], again=GRACE + 2)
