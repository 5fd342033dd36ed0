"""A journal can be told again where there is one."""

from typer.testing import CliRunner

from deploy import cli


def test_a_service_that_tells_nothing_has_nothing_to_tell_again() -> None:
    asked = CliRunner().invoke(cli.app, ["replay", "gateway"])
    assert asked.exit_code == 1
    assert asked.stderr == "gateway tells nothing: it has no journal to tell again\n"
