"""Subscribers can install the contracts alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import contracts


def test_the_contracts_are_a_wheel_that_needs_nothing_else_of_ours(tmp_path: Path) -> None:
    source = tmp_path / "contracts"
    shutil.copytree(Path(contracts.__file__).parent, source)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source)
    subprocess.run([*pip, *build], check=True)
    [wheel] = tmp_path.glob("chorale_contracts-*.whl")
    # A wheel of pure Python can be read where it is; -I keeps our own tree out of sight.
    read = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); import contracts.users as users;"
        "assert users.__file__.startswith(sys.path[0]);"
        "assert not {'kit', 'services'} & set(sys.modules);"
        "print(users.RightsChanged.type)"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-c", read], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert told.stdout.strip() == "users.rights-changed.v1"
