"""Whoever takes files has them looked at: taken out of a service, nothing else would be missed."""

import pytest

from kit.contents import Sweeper
from kit.scanner import Scanner
from tests.conftest import settings_for
from tests.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World(**settings_for("mongodb://127.0.0.1:1"), clamd="127.0.0.1:1")


class TestJobs:
    @pytest.mark.feature("SUP-15", "SUP-38", "PJS-05")
    @pytest.mark.parametrize("service", ["users", "structures", "support"])
    def test_scan_and_sweep_all_that_is_brought(self, world: World, service: str):
        jobs = [type(job) for job in world.services[service].jobs]
        assert {Scanner, Sweeper} <= {*jobs}
