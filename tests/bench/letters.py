"""Letters written and handed to an SMTP server, and digests of what many people are to be told."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from statistics import median
from typing import Any

from contracts.users import Habilitation
from kit.change import Entity
from kit.clock import now
from kit.rights import Rights
from kit.service import Service
from kit.workers import DATED
from services.notifications.domain.letters import Letter, Link, Template
from services.notifications.domain.notices import Notice, Said
from services.notifications.domain.people import Person
from services.notifications.main import build
from services.notifications.rendering import Renderer, compose
from services.notifications.secrets import Secrets
from services.notifications.settings import NotificationsSettings
from services.users.domain.rattachements import rattachement_id
from tests.bench.results import Claim, Curve, Measured, Result
from tests.bench.stand import Stand, collection_of, cpu_of, own_cpu, seed, stand
from tests.bench.steady import Mailbox
from tests.bench.until import until
from tests.ports import free_ports

WAITING, QUICK_WAITING = (1_000, 10_000, 30_000), (500, 2_000)
PEOPLE, QUICK_PEOPLE = (1_000, 10_000, 100_000), (500, 2_000)
FILED, QUICK_FILED = (1_000, 10_000, 50_000), (1_000, 2_000)
TOLD_EACH = (1, 10, 100)
ITEMS = 10
"""Of each person, where their number is not what is tried."""
FEW = 2_000
"""People whose digests tell more and more."""
STRUCTURES = 200
KINDS: tuple[Template, ...] = ("rattachement-granted", "rattachement-refused", "activation")
CACHE = 3
"""Gigabytes, so that four million letters and their indexes fit, as in a database of this size."""
KEPT_EACH_SECOND = 2_000
"""At the very least, by the measuring process: what it writes falls due when all is there."""
SENDER = Address("Chorale", "ne-pas-repondre", "chorale.example")
PATIENCE = 4 * 3_600

Points = list[tuple[float, tuple[float, ...]]]


def user(n: int) -> str:
    return f"{n:032x}"


def _person(n: int) -> Person:
    return Person(
        id=user(n),
        first_name="Léa",
        last_name="Dupont",
        email=f"{user(n)}@example.org",
        language="en" if n % 4 == 0 else "fr",
        active=True,
        heard=1,
    )


def _rights(n: int) -> Rights:
    structure = user(n % STRUCTURES)
    opens = Habilitation(application="factures-emises", level="consultation")
    return Rights(
        id=rattachement_id(user(n), structure),
        user_id=user(n),
        structure_id=structure,
        role="user",
        habilitations=(opens,),
        told=1,
    )


def _letter(n: int, turn: str) -> Letter:
    template = KINDS[n % len(KINDS)]
    days = {"valid_from": "2026-01-05", "valid_until": ""}
    link = Link(purpose="activation", nonce=f"n-{n}", expires_at=now() + timedelta(days=1))
    return Letter(
        id=f"{turn}:{user(n)}",
        recipient_id=user(n),
        template=template,
        params={"structure_name": "Menuiserie Petit", "units": "COMPTA, VOIRIE", **days},
        reason="Inconnue ici.",
        link=link if template == "activation" else None,
        created_at=now(),
    )


def _items(n: int, many: int, digest: str, at: datetime) -> Iterator[Letter]:
    for item in range(many):
        yield Letter(
            id=f"{digest}:{item}",
            recipient_id=user(n),
            template="invoice-status",
            application="factures-emises",
            structure_id=user(n % STRUCTURES),
            subject_id=f"{digest}:{item}",
            params={"invoice": f"F-2026-{item:04}", "status": "Mise en paiement"},
            status="gathered",
            digest_id=digest,
            created_at=at + timedelta(seconds=item),
        )


def _digest(n: int, turn: str) -> Letter:
    return Letter(
        id=f"{turn}:{user(n)}",
        recipient_id=user(n),
        template="digest",
        params={"rhythm": "daily"},
        created_at=now(),
    )


def _notice(n: int, turn: str) -> Notice:
    said = Said(
        kind="invoice-status",
        structure_id=user(n % STRUCTURES),
        application="factures-emises",
        invoice=f"F-2026-{n:04}",
        status="Mise en paiement",
    )
    return Notice(id=f"{turn}:{n}", said=said, told_by="erp", told_at=now())


@dataclass(frozen=True, slots=True)
class _Seen:
    many: int
    at: float
    used: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Pace:
    """How fast it went; of letters that leave, between the first tenth of them and the last."""

    each_second: float
    seconds: float
    """All of it, from the moment it was due."""
    used: dict[str, float]
    """Microseconds of processor for each letter, by process."""


_Paces = dict[int, list[_Pace]]


class _Post:
    """Notifications at work in a process of its own; the SMTP server is this process."""

    def __init__(self, here: Stand) -> None:
        self.here, self.taken = here, dict[str, float]()
        self._turns, self._people = 0, 0
        self.service: Service[Any] = Service("notifications", here.settings(NotificationsSettings))
        build(self.service)

    async def start(self, people: int) -> None:
        self._people = people
        await self.service.prepare()
        await seed(self.service, "people", map(_person, range(people)))
        await seed(self.service, "rights", map(_rights, range(people)))
        [port] = free_ports(1)
        Mailbox.letters = self.taken
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(Mailbox, "127.0.0.1", port)
        # Its heartbeats say that the rights known here are those of the moment.
        users = await self.here.serve("users")
        self._process = await self.here.serve("notifications", smtp_port=port)
        for one in (users, self._process):
            await one.ready()

    async def stop(self) -> None:
        self._server.close()
        await self.service.mongo.close()

    async def letters(self, many: int) -> _Pace:
        turn = self._turn()
        return await self._leave(many, lambda n: _letter(n, turn))

    async def digests(self, people: int, each: int) -> _Pace:
        turn, at = self._turn(), now() - timedelta(days=1)
        ours = (item for n in range(people) for item in _items(n, each, f"{turn}:{user(n)}", at))
        await seed(self.service, "letters", ours)
        return await self._leave(people, lambda n: _digest(n, turn))

    async def filed(self, many: int) -> _Pace:
        """Have invoices told of so that so many things are to be read, each in somebody's digest."""
        turn, each, begun = self._turn(), self._people // STRUCTURES, now()
        due = begun + timedelta(seconds=1 + many / each / KEPT_EACH_SECOND)
        told = (replace(_notice(n, turn), wake_at=due) for n in range(many // each))
        await seed(self.service, "notices", told)
        notices = collection_of(self.service, "notices").documents

        async def all_spread() -> bool:
            return await notices.find_one(DATED) is None

        await asyncio.sleep(max((due - now()).total_seconds(), 0))
        began, before = time.perf_counter(), self._used()
        await until(all_spread, patience=PATIENCE)
        seconds, after = time.perf_counter() - began, self._used()
        letters = collection_of(self.service, "letters").documents
        filed = await letters.count_documents({"status": "gathered", "created_at": {"$gte": begun}})
        if filed != many // each * each:
            raise RuntimeError(f"{filed:,} of {many:,} wait for a digest")
        used = {name: (after[name] - spent) / filed * 1e6 for name, spent in before.items()}
        return _Pace(filed / seconds, seconds, used)

    def _turn(self) -> str:
        self._turns += 1
        return f"t{self._turns}"

    async def _leave(self, many: int, written: Callable[[int], Letter]) -> _Pace:
        """Write so many letters, all due once the last is there, and see them off."""
        self.taken.clear()
        begun, wait = now(), 1 + many / KEPT_EACH_SECOND
        began, due = time.perf_counter() + wait, begun + timedelta(seconds=wait)
        letters: Iterator[Entity] = (replace(written(n), wake_at=due) for n in range(many))
        await seed(self.service, "letters", letters)
        first, last = await self._seen(many // 10), await self._seen(many * 9 // 10)
        every = await self._seen(many)
        await self._all_once(begun)
        counted = last.many - first.many
        return _Pace(
            counted / (last.at - first.at),
            every.at - began,
            {name: (last.used[name] - used) / counted * 1e6 for name, used in first.used.items()},
        )

    async def _seen(self, many: int) -> _Seen:
        async def taken() -> bool:
            return len(self.taken) >= many

        await until(taken, patience=PATIENCE)
        used = self._used() | {"the SMTP server": own_cpu()}
        return _Seen(len(self.taken), time.perf_counter(), used)

    def _used(self) -> dict[str, float]:
        return {"notifications": self._process.cpu(), "mongod": cpu_of(self.here.mongod)}

    async def _all_once(self, begun: datetime) -> None:
        """None written since then waits any more, and none was tried twice."""
        documents = collection_of(self.service, "letters").documents

        async def none_waits() -> bool:
            return await documents.find_one({"status": "waiting"}) is None

        await until(none_waits)
        # By the index of states and times: seven in eight of all that is kept was gathered.
        left = {"status": {"$ne": "gathered"}, "created_at": {"$gte": begun}}
        if odd := await documents.find_one(left | {"attempts": {"$ne": 1}}):
            raise RuntimeError(f"{odd['_id']}: {odd['status']}, {odd['attempts']} attempts")


async def letters(runs: int, *, quick: bool) -> Result:
    """Not a row: how fast letters and digests leave, and how that changes as they grow many."""
    waiting, people = (QUICK_WAITING, QUICK_PEOPLE) if quick else (WAITING, PEOPLE)
    few = people[0] if quick else FEW
    async with stand(cache=CACHE) as here:
        post = _Post(here)
        await post.start(max(*waiting, *people))
        await post.letters(waiting[0])
        alone = await _each(waiting, runs, post.letters)
        gathered = await _each(people, runs, lambda n: post.digests(n, ITEMS))
        longer = await _each(TOLD_EACH, runs, lambda n: post.digests(few, n))
        # Last: what is filed leaves tomorrow.
        filed = await _each(QUICK_FILED if quick else FILED, runs, post.filed)
        await post.stop()
    return _result(runs, few, alone, gathered, longer, filed)


async def _each(
    sizes: Sequence[int], runs: int, measure: Callable[[int], Awaitable[_Pace]]
) -> _Paces:
    """The largest takes minutes, and is measured once."""
    found: _Paces = {}
    for n in sizes:
        found[n] = [await measure(n) for _ in range(runs if n <= 10_000 else 1)]
        print(f"  {n:,}: {median(_paces(found[n])):,.0f} a second", flush=True)
    return found


def _rendered(runs: int) -> Measured:
    """Templates filled and the e-mail made, on one core, with nothing beside it."""
    renderer = Renderer("https://chorale.example")
    secrets = Secrets(renderer, "k" * 32)
    person, found = _person(1), list[float]()
    one_of_each = [_letter(n, "t") for n in range(len(KINDS))]
    for _ in range(runs):
        began = time.process_time()
        for n in range(1_000):
            letter = one_of_each[n % len(KINDS)]
            shown = secrets.of(letter)
            written = renderer.render(letter, person, None, shown.link, stop=shown.stop_page)
            compose(
                written,
                message_id=secrets.message_id(letter.id, SENDER.domain),
                sender=SENDER,
                to=person.email,
                now=letter.created_at,
                stop=shown.stop,
            ).as_bytes()
        found.append((time.process_time() - began) * 1_000)
    return Measured("processor for each letter: rendered alone", "µs", tuple(found))


def _result(
    runs: int,
    few: int,
    alone: _Paces,
    gathered: _Paces,
    longer: _Paces,
    filed: _Paces,
) -> Result:
    return Result(
        title="Letters and digests",
        claims=(
            Claim(_growth("a letter: {:,} waiting / {:,}", alone), at_most=1.5),
            Claim(_growth("a digest: {:,} people / {:,}", gathered), at_most=1.5),
            Claim(_growth("a thing filed: {:,} / {:,}", filed), at_most=1.5),
        ),
        parts=(
            *_each_second("letters, {:,} waiting", alone),
            *_each_second(f"digests of {ITEMS}, {{:,}} people", gathered),
            *_each_second(f"digests of {{:,}}, {few:,} people", longer),
            *_each_second("things filed, {:,} of them", filed),
            _whole("all {:,} letters", alone),
            _whole(f"all digests of {{:,}} people, {ITEMS} things each", gathered),
            _whole("all {:,} things filed", filed),
            _rendered(runs),
            *_used_by_most("letter", alone),
            *_used_by_most(f"digest of {ITEMS}", gathered),
            *_used_by_most("thing filed", filed),
        ),
        curves=(
            _curve("letters", "Letters handed over", "letters that wait", "letters", alone),
            _curve("digests", f"Digests of {ITEMS} things", "people", "digests", gathered),
            _curve("longer", f"Digests of {few:,} people", "things in each", "digests", longer),
            _curve("filed", "Things filed for digests", "things", "things", filed),
        ),
        notes=(
            (
                "Notifications in one process, as `chorale serve` runs it; users beside it for its heartbeats; on "
                "the embedded broker. The SMTP server answers at once, and is the process that measures. Counted "
                "between the first tenth of the letters and the last. Three kinds of letters take turns, one in four "
                "is English. A digest looks through its letters, whether each still stands, and the rights "
                "of its reader. Every letter left once, at the first attempt. What is filed is told of invoices to all "
                "who see them in their structure, one decision for each thing and reader; counted from the moment it is due. "
                f"The largest of each was measured once. MongoDB has {CACHE} GB of cache, not what `chorale up` has."
            ),
        ),
    )


def _paces(found: list[_Pace]) -> tuple[float, ...]:
    return tuple(one.each_second for one in found)


def _each_second(what: str, found: _Paces) -> list[Measured]:
    return [Measured(what.format(n), "/s", _paces(paces)) for n, paces in found.items()]


def _whole(what: str, found: _Paces) -> Measured:
    """How long the most took, the first and the last of them too."""
    most = max(found)
    return Measured(what.format(most), "s", tuple(one.seconds for one in found[most]))


def _growth(what: str, found: _Paces) -> Measured:
    """How much longer one takes among the most than among the fewest."""
    fewest, most = min(found), max(found)
    slower = median(_paces(found[fewest])) / median(_paces(found[most]))
    return Measured(what.format(most, fewest), "x", (slower,))


def _used_by_most(what: str, found: _Paces) -> list[Measured]:
    """Of the fewest and of the most, so that it is seen whose work grows."""
    return [one for n in (min(found), max(found)) for one in _used(f"{what}, {n:,}", found[n])]


def _used(what: str, found: list[_Pace]) -> list[Measured]:
    return [
        Measured(f"processor for each {what}: {name}", "µs", tuple(one.used[name] for one in found))
        for name in found[0].used
    ]


def _curve(name: str, title: str, across: str, left: str, found: _Paces) -> Curve:
    points: Points = [(n, _paces(paces)) for n, paces in found.items()]
    return Curve(name, title, across, f"{left} a second", {left: points}, stretched=True)
