"""docs/metrics.md names every figure and every code, and its configuration is one that Prometheus would take."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from berrypod_backup.schedule.state import Outcome
from berrypod_backup.watching import conditions as words
from berrypod_backup.watching.metrics import exposition
from prometheus_client.parser import text_string_to_metric_families

from berrypod.scopes import SCOPES
from tests.backup.watching.test_conditions import NOW, WELL, Schedule
from tests.backup.watching.test_metrics import TALLY

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_every_figure_is_in_the_table_with_its_labels_and_no_other_is() -> None:
    outcome = Outcome(due=NOW, at=NOW, attempts=1, exporters=("keep",))
    schedule = Schedule(overdue_since=NOW - timedelta(hours=2), last_failure=outcome, last_success=outcome)
    seen = replace(WELL, schedule=schedule, tallies={"keep": TALLY})
    content, _ = exposition(seen, words.conditions(seen), "")
    shown = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(content.decode())
        for sample in family.samples
    }
    rows = re.findall(r"^\| `(berrypod_\w+)` \| (.*?) \|", PAGE.read_text(), re.MULTILINE)

    assert {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == shown


def test_every_code_is_in_the_table() -> None:
    source = Path(words.__file__).read_text()
    codes = set(re.findall(r'"((?:backup|archive|drill|check|disk|off_site)_[a-z_]+)"', source)) - {"backup_id"}
    told = set(re.findall(r"`([a-z_]+)(?:\.<exporter>)?`", PAGE.read_text().partition("## For Prometheus")[0]))

    assert codes
    assert codes <= told


def test_the_configuration_asks_for_what_there_is() -> None:
    scrape, rules = (yaml.safe_load(block) for block in blocks("yaml"))
    (job,) = scrape["scrape_configs"]

    assert (job["metrics_path"], job["authorization"]["type"]) == ("/metrics", "Bearer")
    (command,) = blocks("sh")
    assert command.split("--scope ")[1].strip() in SCOPES
    expressions: list[Any] = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    names = {name for expression in expressions for name in re.findall(r"berrypod_\w+", expression)}
    assert all(f"| `{name}` |" in PAGE.read_text() for name in names)
