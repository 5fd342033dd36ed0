"""Letters written and handed to an SMTP server, and digests of what many people are to be told."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from statistics import median
from typing import Any

from contracts.users import Habilitation
from kit.change import Entity
from kit.clock import now
from kit.rights import Rights
from kit.service import Service
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

WAITING, QUICK_WAITING = (1_000, 10_000, 100_000), (500, 2_000)
PEOPLE, QUICK_PEOPLE = (1_000, 10_000, 100_000), (500, 2_000)
FILED, QUICK_FILED = (10_000, 100_000, 1_000_000), (2_000,)
TOLD_EACH = (1, 10, 100)
ITEMS = 10
"""Of each person, where their number is not what is tried."""
FEW = 2_000
"""People whose digests tell more and more."""
STRUCTURES = 200
KINDS: tuple[Template, ...] = ("rattachement-granted", "rattachement-refused", "activation")
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
SENDER = Address("Chorale", "ne-pas-repondre", "chorale.example")
PATIENCE = 3_600

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


def _items(n: int, many: int, digest: str) -> Iterator[Letter]:
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
            created_at=AT + timedelta(seconds=item),
        )


def _digest(n: int, turn: str) -> Letter:
    return Letter(
        id=f"{turn}:{user(n)}",
        recipient_id=user(n),
        template="digest",
        params={"rhythm": "daily"},
        created_at=AT,
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
class _Pace:
    """How fast letters left, between the first tenth of them and the last."""

    each_second: float
    used: dict[str, float]
    """Microseconds of processor for each letter, by process."""


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
        turn = self._turn()
        ours = (item for n in range(people) for item in _items(n, each, f"{turn}:{user(n)}"))
        await seed(self.service, "letters", ours)
        return await self._leave(people, lambda n: _digest(n, turn))

    async def filed(self, many: int) -> _Pace:
        """Have invoices told of so that so many things are to be read, each in somebody's digest."""
        turn, each = self._turn(), self._people // STRUCTURES
        due = now() + timedelta(seconds=1)
        told = (replace(_notice(n, turn), wake_at=due) for n in range(many // each))
        await seed(self.service, "notices", told)
        notices = collection_of(self.service, "notices").documents

        async def all_spread() -> bool:
            return await notices.find_one({"wake_at": {"$ne": None}}) is None

        await asyncio.sleep(max((due - now()).total_seconds(), 0))
        began, before = time.perf_counter(), self._used()
        await until(all_spread, patience=PATIENCE)
        seconds, after = time.perf_counter() - began, self._used()
        of_turn = {"_id": {"$gte": f"{turn}:", "$lt": f"{turn};"}, "status": "gathered"}
        letters = collection_of(self.service, "letters").documents
        filed = await letters.count_documents(of_turn)
        if filed != many // each * each:
            raise RuntimeError(f"{filed:,} of {many:,} wait for a digest")
        used = {name: (after[name] - spent) / filed * 1e6 for name, spent in before.items()}
        return _Pace(filed / seconds, used)

    def _turn(self) -> str:
        self._turns += 1
        return f"t{self._turns}"

    async def _leave(self, many: int, written: Callable[[int], Letter]) -> _Pace:
        """Write so many letters, all due once the last is there, and see them off."""
        self.taken.clear()
        due = now() + timedelta(seconds=1 + many / 10_000)
        letters: Iterator[Entity] = (replace(written(n), wake_at=due) for n in range(many))
        await seed(self.service, "letters", letters)
        began = await self._seen(many // 10)
        ended = await self._seen(many * 9 // 10)
        await self._seen(many)
        await self._all_once()
        (first, before), (last, after) = began, ended
        counted = many * 9 // 10 - many // 10
        return _Pace(
            counted / (last - first),
            {name: (after[name] - used) / counted * 1e6 for name, used in before.items()},
        )

    async def _seen(self, many: int) -> tuple[float, dict[str, float]]:
        async def taken() -> bool:
            return len(self.taken) >= many

        await until(taken, patience=PATIENCE)
        return time.perf_counter(), self._used() | {"the SMTP server": own_cpu()}

    def _used(self) -> dict[str, float]:
        return {"notifications": self._process.cpu(), "mongod": cpu_of(self.here.mongod)}

    async def _all_once(self) -> None:
        """Nothing waits any more, and nothing was tried twice."""
        documents = collection_of(self.service, "letters").documents

        async def none_waits() -> bool:
            return await documents.find_one({"status": "waiting"}) is None

        await until(none_waits)
        if odd := await documents.find_one({"status": {"$ne": "gathered"}, "attempts": {"$ne": 1}}):
            raise RuntimeError(f"{odd['_id']}: {odd['status']}, {odd['attempts']} attempts")


async def letters(runs: int, *, quick: bool) -> Result:
    """Not a row: how fast letters and digests leave, and how that changes as they grow many."""
    waiting, people = (QUICK_WAITING, QUICK_PEOPLE) if quick else (WAITING, PEOPLE)
    few = people[0] if quick else FEW
    async with stand() as here:
        post = _Post(here)
        await post.start(max(*waiting, *people))
        await post.letters(waiting[0])
        alone = {n: [await post.letters(n) for _ in range(_often(n, runs))] for n in waiting}
        gathered = {
            n: [await post.digests(n, ITEMS) for _ in range(_often(n, runs))] for n in people
        }
        longer = {n: [await post.digests(few, n) for _ in range(runs)] for n in TOLD_EACH}
        # Last: what is filed leaves tomorrow.
        some = QUICK_FILED if quick else FILED
        filed = {n: [await post.filed(n) for _ in range(_often(n, runs))] for n in some}
        await post.stop()
    return _result(runs, few, alone, gathered, longer, filed)


def _often(many: int, runs: int) -> int:
    """The largest takes minutes."""
    return runs if many <= 10_000 else 1


def _rendered(runs: int) -> Measured:
    """Templates filled and the e-mail made, on one core, with nothing beside it."""
    renderer = Renderer("https://chorale.example")
    secrets = Secrets(renderer, "k" * 32)
    person, found = _person(1), list[float]()
    one_of_each = [_letter(n, "t") for n in range(len(KINDS))]
    for _ in range(runs):
        began = time.perf_counter()
        for n in range(1_000):
            letter = one_of_each[n % len(KINDS)]
            shown = secrets.of(letter)
            written = renderer.render(letter, person, None, shown.link, stop=shown.stop_page)
            compose(
                written,
                message_id=secrets.message_id(letter.id, SENDER.domain),
                sender=SENDER,
                to=person.email,
                now=AT,
                stop=shown.stop,
            ).as_bytes()
        found.append((time.perf_counter() - began) * 1_000)
    return Measured("processor for each letter: rendered alone", "µs", tuple(found))


def _result(
    runs: int,
    few: int,
    alone: dict[int, list[_Pace]],
    gathered: dict[int, list[_Pace]],
    longer: dict[int, list[_Pace]],
    filed: dict[int, list[_Pace]],
) -> Result:
    some = sorted(alone)[-2], sorted(gathered)[-2]
    most = max(gathered)
    return Result(
        title="Letters and digests",
        claims=(
            Claim(_growth("a letter: {:,} waiting / {:,}", alone), at_most=1.5),
            Claim(_growth("a digest: {:,} people / {:,}", gathered), at_most=1.5),
        ),
        parts=(
            Measured(f"letters, {some[0]:,} waiting", "/s", _paces(alone[some[0]])),
            Measured(f"digests of {ITEMS}, {some[1]:,} people", "/s", _paces(gathered[some[1]])),
            Measured(
                f"{most:,} digests that tell of {most * ITEMS:,} things",
                "s",
                tuple(most / one.each_second for one in gathered[most]),
            ),
            Measured(f"{max(filed):,} things filed for digests", "/s", _paces(filed[max(filed)])),
            _rendered(runs),
            *_used("letter", alone[some[0]]),
            *_used(f"digest of {ITEMS}", gathered[some[1]]),
            *_used("thing filed", filed[max(filed)]),
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
                "The largest of each was measured once."
            ),
        ),
    )


def _paces(found: list[_Pace]) -> tuple[float, ...]:
    return tuple(one.each_second for one in found)


def _growth(what: str, found: dict[int, list[_Pace]]) -> Measured:
    """How much longer one takes among the most than among the fewest."""
    fewest, most = min(found), max(found)
    slower = median(_paces(found[fewest])) / median(_paces(found[most]))
    return Measured(what.format(most, fewest), "x", (slower,))


def _used(what: str, found: list[_Pace]) -> list[Measured]:
    return [
        Measured(f"processor for each {what}: {name}", "µs", tuple(one.used[name] for one in found))
        for name in found[0].used
    ]


def _curve(name: str, title: str, across: str, left: str, found: dict[int, list[_Pace]]) -> Curve:
    points: Points = [(n, _paces(paces)) for n, paces in found.items()]
    return Curve(name, title, across, f"{left} a second", {left: points}, stretched=True)
