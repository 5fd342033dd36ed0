"""A journal can be told again where there is one."""

import pytest
from typer.testing import CliRunner

from deploy import cli


@pytest.mark.parametrize("service", ["gateway", "notifications"])
def test_a_service_that_tells_nothing_has_nothing_to_tell_again(service: str) -> None:
    asked = CliRunner().invoke(cli.app, ["replay", service])
    assert asked.exit_code == 1
    assert asked.stderr == f"{service} tells nothing: it has no journal to tell again\n"
