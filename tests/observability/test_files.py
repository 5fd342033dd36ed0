"""The dashboard, the alerts and their page speak of metrics that exist, and of all of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import services.approvals.metrics
import services.notifications.metrics
import services.structures.metrics  # noqa: F401  # they register their own beside the kit's
from services.gateway.routes import SERVICES

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy" / "observability"
PAGE = (ROOT / "docs" / "how-to" / "observe.md").read_text(encoding="utf-8")
ENDINGS = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}

known = [metric for metric in REGISTRY.collect() if metric.name.startswith("chorale_")]
series = {metric.name + ending for metric in known for ending in ENDINGS[metric.type]}


def expressions() -> dict[str, str]:
    """Each query of the dashboard, by its panel."""
    dashboard: Any = json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    }


def rules() -> dict[str, Any]:
    [group] = yaml.safe_load((FILES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bchorale_\w+", expression))


def anchors() -> set[str]:
    """The places of the page, as its readers link to them."""
    heads = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


class TestDashboard:
    @pytest.mark.parametrize("panel", expressions())
    def test_asks_for_what_exists(self, panel: str):
        assert named(expressions()[panel]) <= series

    def test_shows_every_metric(self):
        asked = " ".join(expressions().values())
        unseen = {m.name for m in known if not re.search(rf"\b{m.name}(_|\b)", asked)}
        assert unseen == set()


class TestAlerts:
    @pytest.mark.parametrize("alert", rules())
    def test_watches_what_exists(self, alert: str):
        assert named(rules()[alert]["expr"]) <= series

    @pytest.mark.parametrize("alert", rules())
    def test_says_for_how_long_how_bad_what_and_what_to_do(self, alert: str):
        rule = rules()[alert]
        assert re.fullmatch(r"\d+[sm]", rule["for"])
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) > 10
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/how-to/observe.md"
        assert anchor in anchors()

    @pytest.mark.parametrize("alert", rules())
    def test_is_tried(self, alert: str):
        tried = (Path(__file__).parent / "alerts_test.yaml").read_text(encoding="utf-8")
        assert f"alertname: {alert}\n" in tried


class TestScraping:
    def test_reads_every_service(self):
        config: Any = yaml.safe_load((FILES / "prometheus.yaml").read_text(encoding="utf-8"))
        [job] = config["scrape_configs"]
        assert sorted(one["names"][0] for one in job["dns_sd_configs"]) == sorted(SERVICES)


class TestPage:
    def test_names_what_exists(self):
        names = {name for name in named(PAGE) if not name.endswith("_")}
        assert names <= {metric.name + ending for metric in known for ending in ("", "_total")}

    def test_lists_every_metric_with_its_labels_and_no_other(self):
        listing = PAGE.partition("\n## Metrics\n")[2]
        rows = re.findall(r"^\| `(chorale_\w+)` \| ([^|]*) \|", listing, re.MULTILINE)
        listed = {name: re.findall(r"\w+", labels) for name, labels in rows}
        assert len(listed) == len(rows)
        assert listed == labels()


def labels() -> dict[str, list[str]]:
    """The full name of each metric of ours, and its labels."""
    collectors = {*REGISTRY._collector_to_names}
    ours = [one for one in collectors if getattr(one, "_name", "").startswith("chorale_")]
    return {
        one._name + ("_total" if one._type == "counter" else ""): list(one._labelnames)
        for one in ours
    }
