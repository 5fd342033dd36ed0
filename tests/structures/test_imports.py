"""Bringing the public directory in."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kit.service import Service
from services.structures import imports
from services.structures.directory import COLUMNS, UnknownHeader
from services.structures.imports import LINE_MOST, ImportReport, fingerprint, import_structures
from services.structures.settings import StructuresSettings
from tests.conftest import settings_for
from tests.forgetting import forget_whole
from tests.structures.builders import SIRET


class Stopped(Exception):
    """Somebody pulled the plug."""


@pytest.fixture
async def service(mongo_url: str) -> AsyncIterator[Service]:
    service = Service(
        "structures", StructuresSettings(**settings_for(mongo_url, database_prefix="kept-"))
    )
    yield service
    await forget_whole(service)
    await service.mongo.close()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "refused.csv"


def a_file(*sirets: str) -> io.BytesIO:
    return io.BytesIO("\n".join(("siret", *sirets)).encode())


def sirets(n: int) -> list[str]:
    return [f"{number:014}" for number in range(1, n + 1)]


def refusals(report: Path) -> list[list[str]]:
    with report.open(newline="") as lines:
        return list(csv.reader(lines))


async def documents(service: Service, name: str) -> list[dict[str, Any]]:
    return list(await service.mongo[name].find({}).to_list(None))


async def test_makes_public_structures_of_nobody_and_tells_each(service: Service, report: Path):
    done = await import_structures(service, a_file(SIRET.value, *sirets(1)), report=report)

    assert done == ImportReport(line=3, created=2)
    kept = {one["_id"]: one for one in await documents(service, "structures")}
    assert kept[SIRET.structure_id]["kind"] == "public"
    assert kept[SIRET.structure_id]["status"] == "active"
    assert kept[SIRET.structure_id]["origin"] == "import"
    assert kept[SIRET.structure_id]["created_by"] is None
    told = await documents(service, "journal")
    assert {one["key"] for one in told} == {*kept}


async def test_again_changes_nothing(service: Service, report: Path):
    lines = [*sirets(3), "000 000 000 00001"]
    first = await import_structures(service, a_file(*lines), report=report)
    again = await import_structures(service, a_file(*lines), report=report)

    assert first == ImportReport(line=5, created=3, known=1)
    assert again == ImportReport(line=5, known=4)
    assert len(await documents(service, "journal")) == 3
    assert {one["version"] for one in await documents(service, "structures")} == {1}


async def test_reports_what_it_refuses(service: Service, report: Path):
    source = io.BytesIO(b"siret\n00000000000001\n123\n\xff\xfe\n00000000000002\n=1+1\n")

    done = await import_structures(service, source, report=report)

    assert done == ImportReport(line=6, created=2, refused=3)
    header, *refused = refusals(report)
    assert header == ["line", "value", "reason"]
    assert [(one[0], one[1]) for one in refused] == [
        ("3", "123"),
        ("4", "\\udcff\\udcfe"),
        ("6", "'=1+1"),
    ]


async def test_refuses_a_file_that_is_something_else(service: Service, report: Path):
    with pytest.raises(UnknownHeader):
        await import_structures(service, io.BytesIO(b"\x89PNG\r\n\x1a\n"), report=report)
    assert await documents(service, "structures") == []


DIRECTORY = ";".join(COLUMNS)


async def test_keeps_all_that_the_public_directory_says(service: Service, report: Path):
    line = (
        "SIRET;21440109300015;MAIRIE;true;false;false;true;false;false;true;false;true;"
        "1 PLACE DU MARCHE;BP 1;;44000;NANTES;+33 2 40 00 00 00;mairie@example.org;FR;France"
    )

    await import_structures(service, io.BytesIO(f"{DIRECTORY}\n{line}\n".encode()), report=report)

    [kept] = await documents(service, "structures")
    assert (kept["phone"], kept["email"]) == ("+33 2 40 00 00 00", "mairie@example.org")
    assert (kept["edi"]["sends_flows"], kept["flags"]["moa"]) == (True, True)
    assert kept["flags"]["payment_status_withheld"]


@pytest.mark.parametrize(
    "hostile",
    [
        "SIRET;00000000000009;MAIRIE D'ÉVRY".encode("latin-1"),
        b"SIRET;00000000000009;" + b"x" * 10_000_000,
        b"SIRET;00000000000009;" + b";x" * 5_000_000,
        b"SIRET;00000000000009;".ljust(LINE_MOST, b"x") + b"SIRET;21750001600019;SMUGGLED",
        b'SIRET;00000000000009;"' + b"x" * 1_000_000 + b'"',
        b'SIRET;00000000000009;"MAIRIE',
        b"SIRET;00000000000009;=HYPERLINK(1)",
        b"SIRET;00000000000009;MAI\x00RIE",
        b"SIRET",
        b";;MAIRIE",
        b"\xff\xfeS\x00I\x00R\x00E\x00T\x00",
    ],
    ids=[
        "latin-1",
        "long",
        "wide",
        "hiding another",
        "quoted",
        "never closed",
        "formula",
        "nul",
        "short",
        "nameless",
        "utf-16",
    ],
)
async def test_takes_the_good_lines_beside_a_hostile_one(
    service: Service, report: Path, hostile: bytes
):
    good = [f"SIRET;{siret};MAIRIE".encode() for siret in sirets(2)]
    source = io.BytesIO(b"\n".join([DIRECTORY.encode(), good[0], hostile, good[1]]) + b"\n")

    done = await import_structures(service, source, report=report)

    assert done.created == 2
    assert done.refused == 1
    assert [row[0] for row in refusals(report)] == ["line", "3"]
    kept = {one["identifier"]["value"] for one in await documents(service, "structures")}
    assert kept == {*sirets(2)}
    assert sum(len(one) for row in refusals(report) for one in row) < 50_000


@pytest.mark.parametrize(
    "source",
    [
        DIRECTORY.encode("utf-16"),
        b"",
        b"\x00" * 1_000_000,
        b"TypeIdentifiant;RaisonSociale\n",
        f"{DIRECTORY}\rSIRET;21750001600019;PARIS\r".encode(),
    ],
    ids=["utf-16", "nothing", "zeros", "a column short", "other ends of lines"],
)
async def test_refuses_a_file_whose_columns_it_cannot_tell(
    service: Service, report: Path, source: bytes
):
    with pytest.raises(UnknownHeader):
        await import_structures(service, io.BytesIO(source), report=report)


async def test_is_taken_up_where_it_was_stopped(
    service: Service, report: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imports, "BATCH", 10)
    lines = sirets(95)
    lines[5] = lines[60] = "refused"

    def pull_the_plug(so_far: ImportReport) -> None:
        if so_far.line >= 50:
            raise Stopped

    with pytest.raises(Stopped):
        await import_structures(
            service, a_file(*lines), report=report, of="f", on_progress=pull_the_plug
        )
    seen = list[ImportReport]()
    done = await import_structures(
        service, a_file(*lines), report=report, of="f", on_progress=seen.append
    )

    assert seen[0].line == 61
    assert done.created + done.known == 93
    assert (done.line, done.refused) == (96, 2)
    assert [one[0] for one in refusals(report)] == ["line", "7", "62"]
    assert len(await documents(service, "journal")) == 93
    assert [*report.parent.iterdir()] == [report]


async def test_of_another_file_begins_anew(
    service: Service, report: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imports, "BATCH", 10)

    def pull_the_plug(_: ImportReport) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        await import_structures(
            service, a_file(*sirets(30)), report=report, of="f", on_progress=pull_the_plug
        )
    done = await import_structures(service, a_file(*sirets(40)[30:]), report=report, of="g")

    assert done == ImportReport(line=11, created=10)


async def test_of_two_lines_about_one_structure_takes_the_first(service: Service, report: Path):
    [siret] = sirets(1)
    lines = f"{DIRECTORY}\nSIRET;{siret};MAIRIE\nSIRET;{siret};\n"
    done = await import_structures(service, io.BytesIO(lines.encode()), report=report)
    assert (done.created, done.known) == (1, 1)
    [kept] = await documents(service, "structures")
    assert kept["legal_name"] == "MAIRIE"


def test_a_file_is_known_by_all_that_is_in_it(tmp_path: Path):
    one, other = tmp_path / "one", tmp_path / "other"
    beginning = "x" * 1_000_000
    one.write_text(f"{beginning}1")
    other.write_text(f"{beginning}2")

    assert fingerprint(one) == fingerprint(one)
    assert fingerprint(one) != fingerprint(other)
