"""deploy/compose.yaml knows every service, and runs each of them with care."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import installation, topics
from deploy.installation import Installation

DEPLOY = Path(installation.__file__).parent
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
BLOCKS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = installation.service_names()
PARTS = {"kafka", "mongo", "topics"}


def test_each_service_has_its_block_and_each_block_its_service() -> None:
    assert set(BLOCKS) - PARTS == set(OURS) or not OURS


def test_each_topic_is_that_of_a_service() -> None:
    assert {name.removesuffix(".events") for name in topics.asked_for().names} <= set(BLOCKS)


@pytest.mark.parametrize("name", sorted(set(BLOCKS) - PARTS))
class TestService:
    def test_is_the_service_it_is_named_after(self, name: str) -> None:
        assert BLOCKS[name]["command"] == ["serve", name]

    def test_is_checked_on_the_port_it_listens_on(self, name: str) -> None:
        port = Installation.model_fields[f"{name}_port"].default
        assert BLOCKS[name]["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/livez"

    def test_may_write_nothing_and_gain_nothing(self, name: str) -> None:
        block = BLOCKS[name]
        assert (block["read_only"], block["cap_drop"]) == (True, ["ALL"])
        assert block["security_opt"] == ["no-new-privileges:true"]

    def test_is_given_the_secrets_of_every_service_as_files(self, name: str) -> None:
        secrets = set(BLOCKS[name]["secrets"])
        assert {"chorale_internal_key", "chorale_link_key"} <= secrets <= set(COMPOSE["secrets"])

    def test_waits_for_the_topics(self, name: str) -> None:
        assert BLOCKS[name]["depends_on"]["topics"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", sorted(BLOCKS))
class TestContainer:
    def test_is_not_root(self, name: str) -> None:
        user = str(BLOCKS[name]["user"])
        assert user
        assert not user.startswith(("0", "root"))

    def test_names_the_version_of_its_image(self, name: str) -> None:
        _, _, tag = BLOCKS[name]["image"].rpartition(":")
        assert tag[0].isdigit()

    def test_is_watched(self, name: str) -> None:
        assert "healthcheck" in BLOCKS[name]


def test_no_secret_is_written_down() -> None:
    assert all(set(one) == {"file"} for one in COMPOSE["secrets"].values())
    for block in BLOCKS.values():
        for variable in block.get("environment", {}):
            assert not variable.endswith(("_KEY", "_PASSWORD"))


def test_only_users_can_sign_access_tokens() -> None:
    signers = {
        name
        for name, one in BLOCKS.items()
        if "chorale_access_private_key" in one.get("secrets", [])
    }
    assert signers == {"users"}


class TestImage:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()

    def test_ends_as_somebody_who_is_not_root(self) -> None:
        [user] = [line for line in self.lines if line.startswith("USER")]
        assert user == "USER 10001:10001"

    def test_installs_only_what_is_locked(self) -> None:
        installs = [line for line in self.lines if "pip install" in line]
        assert installs
        assert all("--require-hashes" in line for line in installs)

    def test_starts_from_a_named_version(self) -> None:
        images = [line.split()[1] for line in self.lines if line.startswith("FROM")]
        assert all(image.partition(":")[2][:1].isdigit() for image in images)
