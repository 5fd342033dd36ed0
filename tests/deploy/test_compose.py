"""deploy/compose.yaml knows every service, and runs each of them with care."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from typer.testing import CliRunner

from deploy import env, installation, keys, topics
from deploy.cli import app
from deploy.embedded.mongod import TRANSACTIONS_LAST
from deploy.installation import Installation
from deploy.kafka import cluster, jars

DEPLOY = Path(installation.__file__).parent
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
BLOCKS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = installation.service_names()
BROKERS = [f"kafka-{n}" for n in (1, 2, 3)]
MEMBERS = [f"mongo-{n}" for n in (1, 2, 3)]
JOBS = ["mongo-set", "topics", "access"]
SETTINGS = {f"CHORALE_{name.upper()}" for _, kind in env.kinds() for name in kind.model_fields}


def sources(block: dict[str, Any]) -> dict[str, str]:
    """The secrets a container is given: under which name it reads each."""
    asked = [one if isinstance(one, dict) else {"source": one} for one in block.get("secrets", ())]
    return {one.get("target", one["source"]): one["source"] for one in asked}


def test_each_service_has_its_block_and_each_block_its_service() -> None:
    assert set(BLOCKS) == {*OURS, *BROKERS, *MEMBERS, *JOBS}


def test_each_topic_is_that_of_a_service() -> None:
    assert {name.removesuffix(".events") for name in topics.declared().names} <= set(OURS)


def test_there_are_brokers_and_members_for_every_copy() -> None:
    assert topics.declared().replicas == len(BROKERS) == len(MEMBERS)


@pytest.mark.parametrize("name", OURS)
class TestService:
    def test_is_the_service_it_is_named_after(self, name: str) -> None:
        assert BLOCKS[name]["command"] == ["serve", name]

    def test_is_checked_on_the_port_it_listens_on(self, name: str) -> None:
        port = Installation.model_fields[f"{name}_port"].default
        assert BLOCKS[name]["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/livez"

    def test_is_given_its_own_passwords_and_those_of_nobody_else(self, name: str) -> None:
        given = sources(BLOCKS[name])
        mine = {f"chorale_{of}_password": f"{name}_{of}_password" for of in ("kafka", "mongo")}
        assert mine.items() <= given.items()
        others = set(given.values()) - set(mine.values())
        assert not [one for one in others if one.endswith(("kafka_password", "mongo_password"))]
        assert {"chorale_internal_key", "chorale_link_key"} <= set(given)

    def test_signs_in_under_its_own_name(self, name: str) -> None:
        said = BLOCKS[name]["environment"]
        assert (said["CHORALE_KAFKA_USER"], said["CHORALE_MONGO_USER"]) == (name, name)

    def test_waits_until_it_is_let_in(self, name: str) -> None:
        assert BLOCKS[name]["depends_on"]["access"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", sorted(BLOCKS))
class TestContainer:
    def test_is_not_root(self, name: str) -> None:
        user = str(BLOCKS[name]["user"])
        assert re.fullmatch(r"\$\{CHORALE_UID:-[1-9]\d+\}:\$\{CHORALE_GID:-[1-9]\d+\}", user)

    def test_may_write_nothing_and_gain_nothing(self, name: str) -> None:
        block = BLOCKS[name]
        assert (block["read_only"], block["cap_drop"]) == (True, ["ALL"])
        assert block["security_opt"] == ["no-new-privileges:true"]

    def test_names_the_version_of_its_image(self, name: str) -> None:
        _, _, tag = BLOCKS[name]["image"].rpartition(":")
        assert re.fullmatch(r"\d+\.\d+\.\d+", tag)

    def test_is_watched_unless_it_ends(self, name: str) -> None:
        assert BLOCKS[name]["healthcheck"].get("disable", False) == (name in JOBS)

    def test_is_reached_from_outside_only_if_it_is_the_gateway(self, name: str) -> None:
        assert ("ports" in BLOCKS[name]) == (name == "gateway")
        if name in {*BROKERS, *MEMBERS}:
            assert BLOCKS[name]["networks"] == ["inside"]

    def test_is_told_settings_that_exist(self, name: str) -> None:
        said = {one for one in BLOCKS[name]["environment"] if one.startswith("CHORALE_")}
        assert said - {"CHORALE_SECRETS"} <= SETTINGS

    def test_waits_for_what_there_is(self, name: str) -> None:
        for other, how in BLOCKS[name].get("depends_on", {}).items():
            ends = other in JOBS
            wanted = "service_completed_successfully" if ends else "service_healthy"
            assert how["condition"] == wanted
            assert other in BLOCKS

    def test_asks_for_secrets_that_are_declared(self, name: str) -> None:
        assert set(sources(BLOCKS[name]).values()) <= set(COMPOSE["secrets"])


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_a_command_that_there_is(name: str) -> None:
    command, *arguments = BLOCKS[name]["command"]
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0, arguments


def test_no_secret_is_written_down() -> None:
    assert all(set(one) == {"file"} for one in COMPOSE["secrets"].values())
    for block in BLOCKS.values():
        for variable in block.get("environment", {}):
            assert not variable.endswith(("_KEY", "_PASSWORD"))


def test_every_secret_is_made_by_our_command(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["secrets", str(tmp_path)]).exit_code == 0
    for one in COMPOSE["secrets"].values():
        made = tmp_path / one["file"].removeprefix("secrets/")
        assert made.stat().st_mode & 0o777 == 0o600
    before = {file: file.read_text() for file in tmp_path.rglob("*") if file.is_file()}
    keys.make_passwords(tmp_path, OURS)
    assert {file: file.read_text() for file in before} == before


def test_whoever_asks_somebody_outside_reaches_them() -> None:
    """Whoever comes in, Sirene, the mail server and identity providers."""
    outside = {name for name in OURS if "outside" in BLOCKS[name]["networks"]}
    assert outside == {"gateway", "structures", "notifications", "users"}
    assert "chorale_oidc_providers" in sources(BLOCKS["users"])


@pytest.mark.parametrize("name", MEMBERS)
def test_members_share_the_memory_of_one_machine(name: str) -> None:
    assert "--wiredTigerCacheSizeGB=1" in BLOCKS[name]["command"]


def test_only_users_can_sign_access_tokens() -> None:
    signers = {n for n, one in BLOCKS.items() if "chorale_access_private_key" in sources(one)}
    assert signers == {"users"}


@pytest.mark.parametrize("name", MEMBERS)
def test_members_soon_give_up_what_a_dead_process_held(name: str) -> None:
    limit = f"--setParameter=transactionLifetimeLimitSeconds={TRANSACTIONS_LAST}"
    assert limit in BLOCKS[name]["command"]


class TestKafka:
    properties: ClassVar = dict(
        line.partition("=")[::2]
        for line in cluster.SECURED.read_text().replace("\\\n", "").splitlines()
        if line and not line.startswith("#")
    )

    def test_is_of_the_same_release_everywhere(self) -> None:
        said = {BLOCKS[name]["image"].rpartition(":")[2] for name in BROKERS}
        assert said == {jars.version()}

    def test_keeps_what_the_brokers_of_development_keep(self, tmp_path: Path) -> None:
        """But where it listens and keeps its log, which its environment says."""
        ours = cluster.settings(tmp_path, [1, 2, 3, 4, 5, 6])[0]
        own = {"node.id", "listeners", "advertised.listeners", "log.dirs"}
        own |= {"controller.quorum.voters", "listener.security.protocol.map"}
        own |= {"log.cleaner.dedupe.buffer.size"}  # memory that a developer's machine spares
        same = {name: str(value) for name, value in ours.items() if name not in own}
        assert same.items() <= self.properties.items()

    def test_is_told_all_that_its_properties_ask_for(self) -> None:
        asked = set(re.findall(r"\$\{env:(\w+)\}", "".join(self.properties.values())))
        for n, name in enumerate(BROKERS, 1):
            said = BLOCKS[name]["environment"]
            assert asked <= said.keys()
            assert said["BROKER_ID"] == n
            assert f"{n}@{name}:9093" in said["BROKER_VOTERS"]
            assert said["BROKER_ADVERTISED"] == f"CLIENTS://{name}:9092"
        read = set(re.findall(r"\$\{file:/run/secrets:(\w+)\}", "".join(self.properties.values())))
        assert read <= set(sources(BLOCKS["kafka-1"]))

    def test_is_given_no_password_as_an_argument(self) -> None:
        [told] = BLOCKS["kafka-1"]["command"]
        [given] = [part for part in told.split("(umask") if "admin_kafka_password" in part]
        assert given.startswith(" 077 && echo ")
        assert given.partition("> /tmp/format)")[0].count("$$(cat ") == told.count("$$(cat ") == 1

    def test_lets_nobody_do_what_was_not_granted(self) -> None:
        assert self.properties["allow.everyone.if.no.acl.found"] == "false"
        assert self.properties["super.users"] == "User:broker;User:admin"
        assert "PLAINTEXT:" not in self.properties["listener.security.protocol.map"]


def test_docker_compose_reads_it() -> None:
    asked = ["docker", "compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--format=json"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("there is no docker here")
    if "unknown" in done.stderr:
        pytest.skip("docker has no compose plugin here")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["services"]) == set(BLOCKS)


class TestImage:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]

    def test_ends_as_somebody_who_is_not_root(self) -> None:
        [user] = [line for line in self.lines if line.startswith("USER")]
        assert user == "USER 10001:10001"
        after = self.last[self.last.index(user) :]
        assert not [line for line in after if line.startswith(("RUN", "COPY"))]

    def test_installs_only_what_is_locked(self) -> None:
        installs = [line for line in self.lines if " install " in line]
        assert installs
        assert all("--require-hashes" in line for line in installs)

    def test_starts_from_a_named_version(self) -> None:
        images = [line.split()[1] for line in self.lines if line.startswith("FROM")]
        assert len(images) == 2
        assert all(re.fullmatch(r"\S+:\d+\.\d+\.\d+-\S+", image) for image in images)

    def test_has_no_tools_to_build_with(self) -> None:
        runs = [line for line in self.last if line.startswith("RUN")]
        assert runs == ["RUN python -m pip uninstall --yes --no-cache-dir setuptools wheel pip"]

    def test_copies_what_it_needs_by_name(self) -> None:
        copies = [shlex.split(line) for line in self.lines if line.startswith("COPY")]
        assert not [words for words in copies if "." in words[1:-1]]
        assert not [line for line in self.lines if line.startswith("ADD")]

    def test_is_checked_by_whoever_runs_it(self) -> None:
        assert [line for line in self.last if line.startswith("HEALTHCHECK")]

    def test_has_each_container_keep_its_name_in_its_group(self) -> None:
        """As compose.yaml starts it again: as the same container, of the same name."""
        assert any("CHORALE_KAFKA_MEMBER={host}" in line.split() for line in self.last)
        assert {BLOCKS[name]["restart"] for name in OURS} == {"unless-stopped"}

    def test_leaves_secrets_and_data_behind(self) -> None:
        ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
        assert {"deploy/secrets", "deploy/volumes", "deploy/.env"} <= set(ignored)
        assert not [line for line in self.lines if re.match("(ENV|ARG).*(KEY|PASSWORD)", line)]
