"""Whether all that was accepted is there, once and in order. Pure: from what was read."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.faults.evidence import Evidence, Told
from tests.faults.ledger import Ledger

Kind = Literal["lost", "doubled", "disordered", "parked", "wrong"]
OUTCOME = {"approved": "granted", "refused": "refused"}
LETTERS = {"approval-opened", "rattachement-granted", "rattachement-refused", "ticket-opened"}


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    what: str


def judged(evidence: Evidence, ledger: Ledger, *, log_lost: bool = False) -> list[Finding]:
    """
    All that is wrong in what the services kept and told.

    ``log_lost``: Kafka lost all it had. The first that it is told then is what came next: by where
    it is put, the loss shows. All is told again behind it.
    """
    found = [*parked(evidence.parked), *hearers(evidence.heard, evidence.last, evidence.hears)]
    for service, rows in evidence.journals.items():
        found += positions(service, rows, evidence.last[service])
        if evidence.topics:
            found += topic(service, rows, evidence.topics[service], log_lost=log_lost)
    found += requests(ledger, evidence)
    found += tickets(ledger, evidence)
    found += structures(ledger, evidence)
    found += letters(ledger, evidence)
    found += rights(evidence)
    return found


def parked(aside: Mapping[str, list[str]]) -> list[Finding]:
    return [
        Finding("parked", f"{service}: {id} was set aside")
        for service, ids in aside.items()
        for id in ids
    ]


def positions(service: str, rows: Iterable[Told], last: Mapping[int, int]) -> list[Finding]:
    """Every row has its position, and those of a slice are 1, 2, 3, ... up to the last given."""
    found, given = [], defaultdict[int, list[Told]](list)
    for row in rows:
        if row.position:
            given[row.slice].append(row)
        else:
            found.append(Finding("lost", f"{service}: {row.id} waits to be told"))
    for slice, some in given.items():
        some.sort(key=lambda row: row.position)
        if [row.position for row in some] != [*range(1, last.get(slice, 0) + 1)]:
            found.append(Finding("lost", f"{service}: positions of slice {slice} have gaps"))
        found += _ordered(f"the journal of {service}", some)
    return found


def _ordered(where: str, events: Iterable[Told]) -> list[Finding]:
    """The facts of each entity in the order in which they were decided."""
    before: dict[str, int] = {}
    found = []
    for one in events:
        if one.clock <= before.get(one.key, 0):
            found.append(Finding("disordered", f"{where}: {one.id} of {one.key} came too late"))
        before[one.key] = one.clock
    return found


def topic(
    service: str, rows: Iterable[Told], partitions: list[list[Told]], *, log_lost: bool = False
) -> list[Finding]:
    """What Kafka has, repeats removed, is the journal: in the order of its positions."""
    found = []
    journal = defaultdict[int, dict[int, Told]](dict)
    for row in rows:
        journal[row.slice][row.position] = row
    for number, events in enumerate(partitions):
        heard: list[Told] = []
        for one in events:
            kept = journal[number].get(one.position)
            if kept != one:
                found.append(Finding("wrong", f"{service}/{number}: {one} is not what was kept"))
            elif one.position == len(heard) + 1:
                heard.append(one)
            elif one.position > len(heard) + 1 and not log_lost:
                what = f"{service}/{number}: {one.position} comes before {len(heard) + 1}"
                found.append(Finding("disordered", what))
        if len(heard) < len(journal[number]):
            what = f"{service}/{number}: {len(heard)} of {len(journal[number])} are in Kafka"
            found.append(Finding("lost", what))
        found += _ordered(f"{service}/{number} in Kafka", heard)
    return found


def hearers(
    heard: Mapping[str, Mapping[str, int]],
    last: Mapping[str, Mapping[int, int]],
    hears: Mapping[str, Collection[str]],
) -> list[Finding]:
    """Whoever hears a topic has heard it up to its end, and not past it."""
    told = {f"{s}.events/{n}": end for s, ends in last.items() for n, end in ends.items()}
    found = []
    for hearer, reached in heard.items():
        for slice, end in told.items():
            if slice.partition("/")[0] in hears[hearer] and reached.get(slice, 0) != end:
                kind: Kind = "lost" if reached.get(slice, 0) < end else "wrong"
                what = f"{hearer} has heard {reached.get(slice, 0)} of {end} in {slice}"
                found.append(Finding(kind, what))
    return found


def requests(ledger: Ledger, evidence: Evidence) -> list[Finding]:
    """Each accepted request has one approval, one decision, one outcome, each told once."""
    found, created = [], evidence.structures_known
    asked = {id: one for id, one in evidence.requests.items() if id not in created}
    found += _same("request", ledger.requests, asked)
    found += _same("approval", ledger.requests, evidence.approvals)
    told = Counter(
        (one.type, one.key) for name in ("users", "approvals") for one in evidence.journals[name]
    )
    for id, wanted in ledger.requests.items():
        kept, approval = asked.get(id), evidence.approvals.get(id)
        if not kept or not approval:
            continue
        if wanted.verdict is None:
            found.append(Finding("lost", f"the decision on {id} never had an outcome"))
            continue
        outcome = OUTCOME[wanted.verdict]
        if (kept["user_id"], kept["structure_id"]) != (wanted.user_id, wanted.structure_id):
            found.append(Finding("wrong", f"request {id} is not what was asked"))
        if (approval["state"], approval["decided_by"]) != (wanted.verdict, wanted.decided_by):
            found.append(Finding("wrong", f"approval {id}: {approval['state']}"))
        if kept["status"] != outcome:
            found.append(Finding("wrong", f"request {id}: {kept['status']}, not {outcome}"))
        for type in (
            "users.rattachement-requested.v1",
            "approvals.approval-opened.v1",
            "approvals.approval-decided.v1",
            f"users.rattachement-{outcome}.v1",
        ):
            found += _times(told[type, id], 1, f"{type} of {id}")
    return found


def _times(times: int, wanted: int, what: str) -> list[Finding]:
    if times == wanted:
        return []
    kind: Kind = "doubled" if times > wanted else "lost"
    return [Finding(kind, f"{what} was told {times} times")]


def _same(what: str, wanted: Iterable[str], there: Iterable[str]) -> list[Finding]:
    wanted, there = set(wanted), set(there)
    return [
        *(Finding("lost", f"{what} {id} was accepted and is not there") for id in wanted - there),
        *(Finding("doubled", f"{what} {id} is there, and nobody asked") for id in there - wanted),
    ]


def tickets(ledger: Ledger, evidence: Evidence) -> list[Finding]:
    """Each ticket is as its last command left it, changed as often as it was changed."""
    found = _same("ticket", ledger.tickets, evidence.tickets)
    told = Counter((one.type, one.key) for one in evidence.journals["support"])
    for id, wanted in ledger.tickets.items():
        if not (kept := evidence.tickets.get(id)):
            continue
        if kept["version"] != wanted.version:
            kind: Kind = "lost" if kept["version"] < wanted.version else "doubled"
            what = f"ticket {id} was changed {kept['version']} times, not {wanted.version}"
            found.append(Finding(kind, what))
        elif (kept["state"], kept["content"]["title"]) != (wanted.state, wanted.title):
            found.append(Finding("wrong", f"ticket {id} is not as it was left"))
        for type, told_once in (
            ("support.ticket-opened.v1", wanted.told),
            ("support.ticket-closed.v1", wanted.state == "closed"),
        ):
            found += _times(told[type, id], int(told_once), f"{type} of {id}")
    return found


def structures(ledger: Ledger, evidence: Evidence) -> list[Finding]:
    """Each structure is there, known to users, and managed by whoever created it."""
    found = _same("structure", ledger.structures, evidence.structures)
    found += _same("structure known to users", ledger.structures, evidence.structures_known)
    told = Counter((one.type, one.key) for one in evidence.journals["structures"])
    for id, creator in ledger.structures.items():
        created = "structures.structure-created.v1"
        found += _times(told[created, id], 1, f"{created} of {id}")
        tie = evidence.rattachements.get(f"{creator}:{id}")
        if not tie or tie["role"] != "principal_manager":
            found.append(Finding("lost", f"structure {id} is not managed by {creator}"))
    return found


def expected_letters(ledger: Ledger) -> set[str]:
    wanted = {f"{id}:ticket-opened" for id, one in ledger.tickets.items() if one.told}
    for id, one in ledger.requests.items():
        wanted.add(f"{id}:approval-opened:{ledger.structures[one.structure_id]}")
        if one.verdict:
            wanted.add(f"{id}:{OUTCOME[one.verdict]}")
    return wanted


def letters(ledger: Ledger, evidence: Evidence) -> list[Finding]:
    """One row for each letter that is due, and none besides."""
    written = [id for id, one in evidence.letters.items() if one["template"] in LETTERS]
    return _same("letter", expected_letters(ledger), written)


def rights(evidence: Evidence) -> list[Finding]:
    """Each copy says what users says, as it was told last."""
    found = []
    if not evidence.rights_ascend:
        found.append(Finding("disordered", "rights were told with a version that went back"))
    for service, copies in evidence.rights.items():
        found += _same(f"rights in {service}", evidence.rights_told, copies)
        for id, version in evidence.rights_told.items():
            copy, source = copies.get(id), evidence.rattachements.get(id)
            if copy and (not source or _copied(copy) != _sourced(source)):
                found.append(Finding("wrong", f"{service} has other rights of {id}"))
            if copy and copy["told"] != version:
                what = f"{service} has version {copy['told']} of {id}, not {version}"
                found.append(Finding("wrong", what))
    return found


def _copied(copy: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("user_id", "structure_id", "role", "lines", "may_approve", "blocked")
    return tuple(copy[name] for name in names)


def _sourced(source: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("user_id", "structure_id", "role", "lines", "may_approve")
    return *(source[name] for name in names), False
