"""What is deployed beside the program names only what there is: metrics and their labels, settings, commands."""

import json
import re
import shlex
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from api.prometheus import Telemetry, families
from api.settings import ApiSettings
from command_line import hold_to_their_helps
from pgqueue import Distribution, Gauges, Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((DEPLOY / "grafana" / "backtest-queue.json").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in RULES},
    **{panel["title"]: " ".join(target["expr"] for target in panel["targets"]) for panel in DASHBOARD["panels"]},
}
FROM_THE_SCRAPER = {"instance", "job"}


@pytest.fixture(scope="module")
def exposed() -> dict[str, set[str]]:
    """The labels of every sample there is to scrape, by name."""
    telemetry = Telemetry()
    telemetry.requests.labels("/", "GET", "200").inc()
    telemetry.answer_seconds.labels("/", "GET").observe(0.1)
    telemetry.streams_closed.labels("client").inc()
    spread = Distribution([(0.1, 1)], 0.05)
    seen = Gauges(
        ready=1, parked=1, processing=1, oldest_run_at=None, paused=False, workers=1, draining=0, slots=2, beat_at=1.0,
        notifications=0.0, now=2.0, counts=defaultdict(int), waits=spread, runs=spread,
    )  # fmt: skip
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for family in [*families("backtest", seen), *telemetry.collect()]:
        for sample in family.samples:
            labels[sample.name] |= sample.labels.keys()
    return labels


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_an_expression_names_only_metrics_and_labels_that_exist(place: str, exposed: dict[str, set[str]]) -> None:
    expression = EXPRESSIONS[place]
    named = re.findall(r"\b((?:backtest|process)_\w+)(\{[^}]*\})?", expression)
    assert named
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}
    known = FROM_THE_SCRAPER | {label for name, _ in named for label in exposed.get(name, ())}

    for name, selector in named:
        assert name in exposed, f"{place}: there is no {name}"
        for label in re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector):
            assert label in exposed[name], f"{place}: {name} has no label {label}"
    assert grouped <= known, f"{place}: groups by {grouped - known}"


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "action"}


def test_panels_do_not_lie_upon_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_files_for_the_system_set_only_settings_that_exist() -> None:
    known = {f"PGQUEUE_{name.upper()}" for name in Settings.model_fields}
    known |= {f"PGQUEUE_API_{name.upper()}" for name in ApiSettings.model_fields}
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    named = {name for path in files for name in re.findall(r"\bPGQUEUE_[A-Z_]+", path.read_text(encoding="utf-8"))}

    assert named
    assert named <= known


def test_every_command_that_files_for_operators_name_exists() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    # In backticks or brackets, or to the end of a comment or unit line.
    pattern = r"(?<=[`(#/])\s*(?:opt/pgqueue/bin/)?pgqueue ([a-z][^`)\n]*)"
    commands = [shlex.split(command) for text in texts for command in re.findall(pattern, text)]

    assert len(commands) >= 10
    hold_to_their_helps(commands)
