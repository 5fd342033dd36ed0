"""The command ``chorale``: run the platform, or do one of the works around it."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.trouble import Trouble

# Each command imports what it needs: `chorale up` is asked to start fast, `--help` faster.

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
imports = typer.Typer(no_args_is_help=True)
app.add_typer(imports, name="import", help="Bring in what is known elsewhere.")


@app.command()
def up(
    each: Annotated[bool, typer.Option(help="One process for each service.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of all data.")] = None,
    embedded: Annotated[
        bool,
        typer.Option(
            help="Start a MongoDB, a Kafka broker (unless CHORALE_KAFKA names one), "
            "a mail catcher and a Sirene."
        ),
    ] = True,
    demo: Annotated[
        bool | None, typer.Option(help="Load a few people to try with (default: if embedded).")
    ] = None,
) -> None:
    """Run the whole platform on this machine until Ctrl-C."""
    from deploy.installation import Installation
    from deploy.up import up as run_up

    here = Installation() if data is None else Installation(data=data)
    _run(
        run_up(
            here,
            each=each,
            embedded=embedded,
            demo=embedded if demo is None else demo,
            say=lambda line: print(line, flush=True),
        )
    )


@app.command()
def serve(service: str) -> None:
    """Run one service, on the port its setting names, until told to stop."""
    from deploy import installation
    from deploy.serving import serve_alone

    here = installation.Installation()
    serve_alone(_known(service), host=here.host, port=here.port_of(service))


@app.command()
def kafka(
    data: Annotated[Path | None, typer.Option(help="Folder of all data.")] = None,
    brokers: Annotated[int, typer.Option(min=1, max=5)] = 1,
) -> None:
    """Run Apache Kafka on this machine until Ctrl-C, with our topics (needs a JDK and Maven)."""
    from deploy.installation import Installation
    from deploy.kafka.running import run

    here = Installation() if data is None else Installation(data=data)
    _run(run(here, brokers=brokers, say=lambda line: print(line, flush=True)))


@app.command()
def topics(
    brokers: Annotated[
        int | None, typer.Option(min=1, help="Fewer than topics.yaml has copies for.")
    ] = None,
) -> None:
    """Create the topics that are missing, and give the others the settings of topics.yaml."""
    from deploy.topics import make
    from kit.settings import Connections, read

    _tell(_run(make(read(Connections), brokers=brokers)), "The topics are as declared")


@app.command()
def access(
    passwords: Annotated[Path, typer.Argument(help="The folder of `chorale secrets`.")],
    database: Annotated[bool, typer.Option(help="MongoDB too.")] = True,
) -> None:
    """Let each service into its own topic, group and database, and into nothing else."""
    from deploy import access as rules
    from kit.settings import Connections, read

    settings = read(Connections)
    known = rules.passwords(passwords, "kafka")
    changed = _run(rules.apply_to_kafka(settings, known))
    if database:
        changed += _run(rules.apply_to_mongo(settings, rules.passwords(passwords, "mongo")))
    _tell(changed, "Who may do what is as declared")


@app.command("mongo-set")
def mongo_set(
    members: Annotated[list[str], typer.Argument(help="HOST:PORT of each, this one first.")],
    at: Annotated[str, typer.Option(help="Where this one is, on its own machine.")] = (
        "127.0.0.1:27017"
    ),
) -> None:
    """Make a replica set of MongoDBs that know nobody yet, and its operator."""
    from deploy.replicas import make_set
    from kit.settings import Connections, read

    _run(make_set(at, members, read(Connections)))


@imports.command("structures")
def import_structures(
    file: Annotated[str, typer.Argument(help="CSV with a column siret, or - ; may be gzipped.")],
    report: Annotated[Path | None, typer.Option(help="Where refused lines are listed.")] = None,
) -> None:
    """Bring in public structures. Repeat it at will: it goes on where it stopped."""
    from deploy import importing
    from deploy.installation import Installation

    here = Installation()
    here.join()
    name = "stdin" if file == "-" else Path(file).name
    _run(importing.structures(file, report or here.data / "imports" / f"{name}.refused.csv"))


@app.command()
def receive() -> None:
    """Bring the letter on standard input to the support desk, for a mail server that pipes it."""
    from deploy.receiving import receive

    raise typer.Exit(receive(sys.stdin.buffer))


@app.command()
def replay(service: str) -> None:
    """Have a service tell its whole journal again; hearers skip what they know."""
    from deploy.installation import Installation
    from deploy.replaying import replay

    Installation().join()
    print(f"{_run(replay(_known(service))):,} events are told again")


@app.command()
def derive(service: str) -> None:
    """Derive again what a service finds its entities by: once, after a release that says so."""
    from deploy.installation import Installation
    from deploy.serving import create
    from kit.deriving import derive

    Installation().join()
    differed = _run(derive(create(_known(service)).state.service))
    print(f"{differed:,} entities of {service} were derived again")


@app.command()
def backup(service: str, file: Path) -> None:
    """Keep all that one service has, as it is at one moment; the service works meanwhile."""
    from deploy import backup as saving
    from deploy.installation import Installation
    from kit.settings import Connections, read

    Installation().join()
    try:
        counts = saving.backup(_known(service), file, read(Connections))
    except Trouble as problem:
        raise _told(problem) from problem
    print(f"{sum(counts.values()):,} documents of {service} are in {file}")


@app.command()
def restore(
    service: str,
    file: Path,
    accept_loss: Annotated[
        bool, typer.Option(help="Go on without events that nobody has any more.")
    ] = False,
) -> None:
    """Bring a service back from a backup, and from Kafka what it has told since; it is stopped."""
    from deploy.installation import Installation
    from deploy.restoring import restore

    Installation().join()
    for line in _run(restore(_known(service), file, accept_loss=accept_loss)):
        print(line)


@app.command()
def settings() -> None:
    """Print every setting of every part with its default."""
    from deploy.env import example

    print(example(), end="")


@app.command()
def secrets(folder: Path) -> None:
    """Make the keys of an installation in a folder; those that are there stay."""
    from deploy import installation, keys

    keys.make(folder)
    keys.make_passwords(folder, installation.service_names())
    for given in ("sirene_key", "smtp_password"):  # Theirs to give; empty means none.
        (folder / f"chorale_{given}").touch(mode=0o600)
    print(f"The secrets are in {folder}")


def _tell(changed: list[str], otherwise: str) -> None:
    print("\n".join(changed) or otherwise)


def _known(service: str) -> str:
    from deploy.installation import service_names

    if service not in service_names():
        raise typer.BadParameter(f"not one of {', '.join(service_names())}")
    return service


def _run(doing: Coroutine[Any, Any, Any]) -> Any:
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(doing)
    except asyncio.CancelledError:
        return None  # Ctrl-C is how it is meant to end.
    except Trouble as problem:
        raise _told(problem) from problem


def _told(problem: Trouble) -> typer.Exit:
    print(problem, file=sys.stderr)
    return typer.Exit(1)


if __name__ == "__main__":
    app()
