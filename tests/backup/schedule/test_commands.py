"""`berrypod backup schedule`, `retention` and `prune`: with the server running or not."""

from __future__ import annotations

import json
import shlex
from typing import Any

import click
import pytest
from berrypod_backup import plugin
from click.testing import CliRunner, Result

from berrypod.errors import Invalid
from berrypod.settings import Settings
from tests.support.server import environment


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    cli = click.Group()
    plugin.berrypod_register_commands(cli)
    return lambda line, **more: CliRunner().invoke(cli, ["backup", *shlex.split(line)], **more)


def refused(result: Result) -> Invalid:
    assert result.exit_code == 1
    assert isinstance(result.exception, Invalid), result.exception
    return result.exception


def test_it_is_set_shown_and_switched_off(run: Any) -> None:
    assert "not by themselves" in run("schedule show").stdout
    result = run("schedule set --daily 03:30 --zone Europe/Berlin --drill weekly")
    assert result.exit_code == 0, result.output
    assert "Backups are made every day at 03:30 (Europe/Berlin).\nTo: keep\nNext: " in result.stdout
    settings = json.loads(run("schedule show --json").stdout)["settings"]
    assert (settings["kind"], settings["at"], settings["drill"]) == ("daily", "03:30", "weekly")
    off = json.loads(run("schedule off --json").stdout)
    assert (off["settings"]["kind"], off["settings"]["at"]) == ("off", "03:30")
    assert off["next_runs"] == []


def test_every_minute_is_possible(run: Any) -> None:
    assert "Backups are made every minute.\n" in run("schedule set --every 0.0167").stdout
    assert "Backups are made every minute (UTC).\n" in run("schedule set --cron '* * * * *'").stdout


def test_what_is_not_named_stays(run: Any) -> None:
    run("schedule set --weekly sun 04:00 --jitter 30")
    settings = json.loads(run("schedule set --retries 2 --json").stdout)["settings"]
    assert (settings["kind"], settings["weekday"], settings["at"]) == ("weekly", "sun", "04:00")
    assert (settings["jitter_seconds"], settings["retries"]) == (30, 2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--retries 3", "Nothing says when"),
        ("--every 0.01", "The schedule cannot be saved like this"),
        ("--daily 3am", "The schedule cannot be saved like this"),
        ("--daily 03:00 --to moon", "The schedule cannot be saved like this"),
        ("--daily 03:00 --jitter -5", "The schedule cannot be like this"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Any, line: str, words: str) -> None:
    assert words in refused(run(f"schedule set {line}")).message


def test_two_ways_to_say_when_are_wrong_usage(run: Any) -> None:
    assert run("schedule set --daily 03:00 --every 6").exit_code == 2
    assert run("schedule set --weekly someday 03:00").exit_code == 2


def test_prune_shows_asks_and_deletes_what_the_retention_lets_go(run: Any) -> None:
    ids = [json.loads(run("create --json").stdout)["id"] for _ in range(3)]
    assert "No backup is removed in time" in run("retention show").stdout
    assert json.loads(run("prune --dry-run --json").stdout)["plans"][0]["go"] == []
    result = run("retention set --last 1 --daily 0 --weekly 0 --monthly 0 --manual")
    assert "What is kept: the last one." in result.stdout

    shown = run("prune --dry-run")
    assert shown.exit_code == 0
    assert [line for line in shown.stdout.splitlines() if "goes" in line and ids[0] in line]
    assert [line for line in shown.stdout.splitlines() if "stays" in line and ids[2] in line and "the newest" in line]
    assert run("prune", input="n\n").exit_code == 1
    assert len(json.loads(run("prune --dry-run --json").stdout)["plans"][0]["go"]) == 2, "nothing was deleted"

    pruned = json.loads(run("prune --yes --json").stdout)["pruned"]
    assert [(one["exporter"], one["deleted"]) for one in pruned] == [("keep", ids[:2])]
    assert "0 deleted" in run("prune").stdout


def test_a_retention_that_makes_no_sense_is_refused(run: Any) -> None:
    assert refused(run("retention set --last -1")).hint == "Nothing was changed."
    assert refused(run("retention set --max-gigabytes nan"))
    assert list(refused(run("retention set --zone Nowhere")).fields) == ["zone"]
    assert json.loads(run("retention set --max-gigabytes 0.5 --json").stdout)["max_bytes"] == 500_000_000
    assert json.loads(run("retention set --max-gigabytes 0 --json").stdout)["max_bytes"] is None
    assert json.loads(run("retention off --json").stdout)["enabled"] is False
