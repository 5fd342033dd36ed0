"""A service comes back from a backup: nobody is told two things by one position, nothing stays lost."""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from deploy import archive, backup, restoring
from deploy.restoring import LOST
from deploy.trouble import Trouble
from kit.change import Change
from kit.clock import now
from kit.journal import SLICES
from kit.record import HEARTBEAT, Record
from kit.service import HalfRestored, Service
from kit.settings import Connections
from kit.tasks import ended
from kit.workers import GRACE
from services.users.domain.rattachements import rights_of
from services.users.membership import Membership
from tests.journeys.conftest import a_town, sirene_url  # noqa: F401  # one is a fixture
from tests.journeys.town import Town
from tests.platform import until
from tests.world import BUILDERS, KEY, World, record

thorough = pytest.mark.skipif(
    not os.environ.get("CHORALE_TEST_RESTORE"),
    reason="make test-restore tries it with every service",
)


class LossyWorld(World):
    """Whose services can lose their database, beside a Kafka that keeps what it was told."""

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        self.settings = settings | {"access_private_key": KEY}
        self.kafka = defaultdict[str, list[Record]](list)
        self._tasks = dict[str, list[asyncio.Task[None]]]()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["LossyWorld"]:
        for name in BUILDERS:
            await self.start(name)
        try:
            yield self
        finally:
            for name, service in self.services.items():
                await service.mongo.drop()
                await self.stop(name)

    async def start(self, name: str) -> None:
        build, kind = BUILDERS[name]
        service: Service = Service(name, kind(**self.settings))
        self.services[name], self.apps[name] = service, build(service)
        await service.prepare()
        work = [service.committer.run(), *(job.run(service.committer) for job in service.jobs)]
        self._tasks[name] = [asyncio.create_task(one) for one in work]

    async def stop(self, name: str) -> None:
        await ended(self._tasks[name], again=GRACE + 2)
        await self.services[name].mongo.close()

    async def settle(self) -> None:
        await self._beat_all()
        while any([await self._carry(service) for service in self.services.values()]):
            await self._beat_all()

    async def _beat_all(self) -> None:
        for service in self.services.values():
            if service.tells:
                await self._beat(service)

    async def _carry(self, service: Service) -> bool:
        slices = await service.mongo["slices"].find().to_list(None)
        rows = await service.journal.position({one["_id"]: one["epoch"] for one in slices}, 1000)
        topic, log = f"{service.name}.events", self.kafka[service.name]
        for row in rows:
            log.append(record(row, topic=topic)._replace(offset=len(log)))
        await self._hear(service.name, [one for one in log[len(log) - len(rows) :] for _ in "12"])
        return bool(rows)

    async def _beat(self, service: Service) -> None:
        """As a relay does: whoever has not heard all reads again what there is."""
        last = {one["_id"]: one["last"] async for one in service.mongo["slices"].find()}
        beats = [
            Record(f"{service.name}.events", n, 0, "", {"ce_type": HEARTBEAT}, beat(last[n]))
            for n in range(SLICES)
        ]
        await self._hear(service.name, beats)
        for hearer in self.services.values():
            if beats[0].topic in hearer.topics:
                assert await hearer.bus.hear(beats) == set()

    async def _hear(self, teller: str, records: Sequence[Record]) -> None:
        for hearer in self.services.values():
            if f"{teller}.events" in hearer.topics and await hearer.bus.hear(records):
                assert await hearer.bus.hear(self.kafka[teller]) == set()
            assert await hearer.parking.list("", 10) == []

    async def told(self, name: str) -> AsyncIterator[Sequence[Record]]:
        for at in range(0, len(self.kafka[name]), 7):
            yield self.kafka[name][at : at + 7]

    async def replay(self, name: str) -> None:
        """Kafka has lost the topic, and the journal tells all of it again."""
        journal = self.services[name].journal.rows.find({"position": {"$exists": True}})
        rows = await journal.sort([("slice", 1), ("position", 1)]).to_list(None)
        topic = f"{name}.events"
        self.kafka[name] = [
            record(row, topic=topic)._replace(offset=n) for n, row in enumerate(rows)
        ]
        await self._hear(name, self.kafka[name])

    async def lose(self, name: str) -> None:
        await self.stop(name)
        service = Service(name, BUILDERS[name][1](**self.settings))
        await service.mongo.drop()
        await service.mongo.close()

    async def restore(self, name: str, file: Path, *, accept_loss: bool = False) -> restoring.Told:
        service = Service(name, BUILDERS[name][1](**self.settings))
        restoring.load(name, file, service.settings)
        slices = await restoring.adopt(name, self.told(name), service.settings)
        told = restoring.finish(name, slices, service.settings, accept_loss=accept_loss)
        await restoring.put_right(service, slices)
        await service.mongo.close()
        restoring.release(name, service.settings)
        restoring.stop_those_behind(name, service.settings)
        return told

    async def change_role(self, tie: str, role: str | None) -> None:
        kept = Membership.of(self.services["users"]).rattachements

        def decide(current):
            changed = replace(current, role=role, lines=current.lines if role else ())
            return Change(changed, (rights_of(changed),))

        await kept.change(tie, decide)

    def connections(self) -> Connections:
        return self.services["users"].settings

    async def check(self) -> None:
        """The law: one event for each position, no gap, all heard, the same rights everywhere."""
        heard = {n: await s.heard.positions() for n, s in self.services.items()}
        for name, service in self.services.items():
            ids = defaultdict[tuple[int, int], set[str]](set)
            for one in self.kafka[name]:
                ids[one.partition, one.position or 0].add(one.id)
            assert all(len(some) == 1 for some in ids.values())
            rows = await service.journal.rows.find({"position": {"$exists": True}}).to_list(None)
            assert {(r["slice"], r["position"]): {r["_id"]} for r in rows} == ids
            for n in range(SLICES):
                positions = sorted(r["position"] for r in rows if r["slice"] == n)
                assert positions == [*range(1, len(positions) + 1)]
                for hearer, known in heard.items():
                    if positions and f"{name}.events" in self.services[hearer].topics:
                        assert known[f"{name}.events/{n}"] == len(positions)
        ties = await self.services["users"].mongo["rattachements"].find().to_list(None)
        for name in ("structures", "approvals", "support"):
            copies = await self.services[name].mongo["rights"].find().to_list(None)
            roles = {one["_id"]: one["role"] for one in copies if one["role"]}
            assert roles == {one["_id"]: one["role"] for one in ties if one["role"]}


def beat(position: int) -> bytes:
    return json.dumps({"as_of": now().isoformat(), "position": position}).encode()


@pytest.fixture
async def town(mongo_url: str, sirene_url: str) -> AsyncIterator[Town]:  # noqa: F811
    async with a_town(LossyWorld, mongo_url, sirene_url) as town:
        yield town


@pytest.fixture
def world(town: Town) -> LossyWorld:
    assert isinstance(town.world, LossyWorld)
    return town.world


@thorough
class TestUsers:
    async def test_goes_on_behind_what_it_told(
        self, town: Town, world: LossyWorld, tmp_path: Path
    ) -> None:
        claire, lea, ana = [await town.person(name) for name in ("Claire", "Léa", "Ana")]
        structure = await town.structure(claire)
        before = await town.ask(lea, structure["id"])
        backup.backup("users", tmp_path / "users", world.connections())
        after = await town.ask(ana, structure["id"])
        await town.decide(claire, before.json()["id"], "approved")
        marc = await town.person("Marc")
        unheard = await town.structure(claire)

        await world.lose("users")
        told = await world.restore("users", tmp_path / "users")
        assert told.kinds["users.rattachement-requested.v1"] == 1
        assert ("users.person-changed.v1", marc.user_id) in told.keys
        await world.start("users")
        await town.settle()
        await world.check()
        assert [one["status"] for one in await town.mine(lea)] == ["granted"]
        assert [one["status"] for one in await town.mine(ana)] == ["requested"]
        assert {one["structure_id"] for one in await town.mine(claire)} == {
            structure["id"],
            unheard["id"],
        }

        await town.decide(claire, after.json()["id"], "approved")
        assert [one["status"] for one in await town.mine(ana)] == ["granted"]
        fresh = await town.person("Zoé")
        asked = await town.ask(fresh, structure["id"])
        await town.decide(claire, asked.json()["id"], "approved")
        assert [one["status"] for one in await town.mine(fresh)] == ["granted"]
        await world.check()
        for who in (lea, ana, fresh):
            await town.letter(who, "rattachement")  # one, and one alone

    async def test_ends_every_session(self, town: Town, world: LossyWorld, tmp_path: Path) -> None:
        """One that was ended after the backup would live again."""
        await town.person()
        backup.backup("users", tmp_path / "users", world.connections())
        await world.lose("users")
        await world.restore("users", tmp_path / "users")
        await world.start("users")
        sessions = await world.services["users"].mongo["sessions"].find().to_list(None)
        assert sessions
        assert all(one["revoked_at"] for one in sessions)

    async def test_is_newer_than_what_an_earlier_restore_told(
        self, town: Town, world: LossyWorld, tmp_path: Path
    ) -> None:
        """Or rights that end after the second restore would be taken for old."""
        claire = await town.person("Claire")
        structure = await town.structure(claire)
        tie = f"{claire.user_id}:{structure['id']}"
        backup.backup("users", tmp_path / "users", world.connections())
        for role in ("user", None):
            await world.lose("users")
            await world.restore("users", tmp_path / "users")
            await world.start("users")
            for _ in range(3):
                await world.change_role(tie, role)
            await town.settle()
            copy = await world.services["approvals"].mongo["rights"].find_one({"_id": tie})
            assert copy["role"] == role

    async def test_opens_no_link_that_was_used(
        self, town: Town, world: LossyWorld, tmp_path: Path
    ) -> None:
        lea = await town.person("Léa")
        new = {"token": await town.new_password(lea), "password": "a new and better password"}
        backup.backup("users", tmp_path / "users", world.connections())
        used = await world.call("users")("POST", "/v1/password-resets/confirmation", json=new)
        assert used.status_code == 200

        await world.lose("users")
        await world.restore("users", tmp_path / "users")
        await world.start("users")
        again = await world.call("users")("POST", "/v1/password-resets/confirmation", json=new)
        assert again.status_code == 422


@thorough
@pytest.mark.parametrize("name", ["structures", "approvals", "notifications", "support"])
async def test_another_service_hears_again_what_it_had_heard(
    town: Town, world: LossyWorld, tmp_path: Path, name: str
) -> None:
    claire, lea, ana = [await town.person(first) for first in ("Claire", "Léa", "Ana")]
    structure = await town.structure(claire)
    before = await town.ask(lea, structure["id"])
    backup.backup(name, tmp_path / "kept", world.connections())
    await town.decide(claire, before.json()["id"], "approved")
    after = await town.ask(ana, structure["id"])
    sent = {one["Message-ID"] for one in town.office.taken}

    await world.lose(name)
    await world.restore(name, tmp_path / "kept")
    await world.start(name)
    await town.settle()
    await world.check()
    await town.decide(claire, after.json()["id"], "approved")
    for who in (lea, ana):
        assert [one["status"] for one in await town.mine(who)] == ["granted"]
    await town.structure(claire)
    await world.check()
    approvals = await world.services["approvals"].mongo["approvals"].find().to_list(None)
    assert {one["state"] for one in approvals} == {"approved"}
    waiting = partial(
        world.services["notifications"].mongo["letters"].count_documents, {"status": "waiting"}
    )
    await until(waiting, lambda left: not left)
    again = [one["Message-ID"] for one in town.office.taken]
    if name != "notifications":  # A letter that left after its backup leaves again, as the same.
        assert len(again) == len(set(again))
    assert sent <= set(again)


@thorough
async def test_a_replay_brings_what_was_told_after_the_backup(
    town: Town, world: LossyWorld, tmp_path: Path
) -> None:
    """Kafka no longer has it: each teller is told to tell all again, and nothing is done twice."""
    claire, lea, ana = [await town.person(first) for first in ("Claire", "Léa", "Ana")]
    structure = await town.structure(claire)
    before = await town.ask(lea, structure["id"])
    backup.backup("approvals", tmp_path / "kept", world.connections())
    await town.decide(claire, before.json()["id"], "approved")
    after = await town.ask(ana, structure["id"])

    await world.lose("approvals")
    await world.restore("approvals", tmp_path / "kept")
    await world.start("approvals")
    world.kafka["users"].clear()
    with pytest.raises(AssertionError):  # Heartbeats name what was missed, and nobody has it.
        await world.settle()
    await world.replay("users")
    await town.settle()

    await world.check()
    await town.decide(claire, after.json()["id"], "approved")
    for who in (lea, ana):
        assert [one["status"] for one in await town.mine(who)] == ["granted"]
        await town.letter(who, "rattachement")  # one, and one alone
    await world.check()


@thorough
class TestPositions:
    async def test_of_what_nobody_has_any_more_are_never_given_again(
        self, town: Town, world: LossyWorld, tmp_path: Path
    ) -> None:
        """Kafka is gone as well, and approvals has heard what users can no longer tell."""
        claire, lea = await town.person("Claire"), await town.person("Léa")
        structure = await town.structure(claire)
        backup.backup("users", tmp_path / "users", world.connections())
        asked = await town.ask(lea, structure["id"])
        heard = await world.services["approvals"].heard.positions()
        await world.lose("users")
        world.kafka["users"].clear()
        with pytest.raises(Trouble, match="neither in Kafka nor in any journal"):
            await world.restore("users", tmp_path / "users")
        refused = Service("users", world.services["users"].settings)
        with pytest.raises(HalfRestored):
            await refused._prepare_patiently()
        await refused.mongo.drop()
        await refused.mongo.close()

        told = await world.restore("users", tmp_path / "users", accept_loss=True)
        assert told.filled >= 1
        await world.start("users")
        rows = world.services["users"].journal.rows
        for slice, last in heard.items():
            if slice.startswith("users."):
                n = int(slice.rpartition("/")[2])
                assert await rows.count_documents({"slice": n, "position": {"$lte": last}}) == last
        assert asked.json()["id"] not in {one["key"] async for one in rows.find()}
        assert LOST in {one["type"] async for one in rows.find()}

    async def test_stop_whoever_was_restored_before_those_who_heard_more(
        self, town: Town, world: LossyWorld, tmp_path: Path
    ) -> None:
        """Both are lost, and Kafka: users comes back knowing less than approvals has heard."""
        claire = await town.person("Claire")
        backup.backup("users", tmp_path / "users", world.connections())
        lea, structure = await town.person("Léa"), await town.structure(claire)
        await town.ask(lea, structure["id"])
        backup.backup("approvals", tmp_path / "approvals", world.connections())
        await asyncio.gather(*(world.lose(name) for name in BUILDERS if name != "approvals"))
        await world.lose("approvals")
        world.kafka.clear()
        await world.restore("users", tmp_path / "users")
        with pytest.raises(Trouble, match="drop and restore users again"):
            await world.restore("approvals", tmp_path / "approvals")
        early = Service("users", world.services["users"].settings)
        with pytest.raises(HalfRestored):
            await early._prepare_patiently()
        await early.mongo.drop()
        await early.mongo.close()
        await world.restore("users", tmp_path / "users", accept_loss=True)
        for name in BUILDERS:
            await world.start(name)


class TestArchive:
    def test_that_is_damaged_is_refused_before_anything_is_written(self, tmp_path: Path) -> None:
        file = tmp_path / "kept"
        writer = archive.Writer(file, {"service": "users"})
        writer.collection("things")
        writer.documents(b"\x05\0\0\0\0" * 100)
        writer.close()
        assert archive.verify(file) == {"things": 100}
        assert file.stat().st_mode & 0o777 == 0o600
        whole = file.read_bytes()
        for cut in (whole[:-30], whole[:40], b"", whole[:60] + b"\0" + whole[61:]):
            file.write_bytes(cut)
            with pytest.raises(Trouble):
                archive.verify(file)

    @thorough
    async def test_never_goes_into_a_database_that_is_there(
        self, town: Town, world: LossyWorld, tmp_path: Path
    ) -> None:
        backup.backup("users", tmp_path / "users", world.connections())
        with pytest.raises(Trouble, match="is not empty"):
            restoring.load("users", tmp_path / "users", world.connections())
        with pytest.raises(Trouble, match="is a backup of users"):
            restoring.load("support", tmp_path / "users", world.connections())
