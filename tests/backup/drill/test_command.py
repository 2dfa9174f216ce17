"""`berrypod backup drill`, with the exporters that are installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from berrypod_backup import plugin
from click.testing import CliRunner, Result

from berrypod.errors import BerrypodError
from berrypod.settings import Settings
from tests.backup.drill.conftest import Rendering
from tests.backup.drill.making import changed, flip
from tests.support.server import environment


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, quick_rendering: Rendering) -> Any:
    """Run a command as the command line would; a refusal is there as `exception`."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    cli = click.Group()
    plugin.berrypod_register_commands(cli)
    return lambda *arguments: CliRunner().invoke(cli, ["backup", *map(str, arguments)])


def kept(run: Any) -> str:
    """Make a backup, kept on this machine. Returns its id."""
    result: Result = run("create", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["id"]


def test_the_newest_backup_of_each_archive_is_drilled(run: Any) -> None:
    kept(run)
    newest = kept(run)
    result = run("drill", "--json")
    (drill,) = json.loads(result.stdout)["drills"]

    assert result.exit_code == 0
    assert (drill["exporter"], drill["backup_id"], drill["proven"]) == ("keep", newest, True)
    assert drill["proof"]["by"] == "cli"
    assert f"{newest} (keep): proven" in run("drill", newest).stdout


def test_one_that_is_not_proven_ends_with_status_1_and_what_to_do(run: Any, settings: Settings) -> None:
    backup = kept(run)
    folder = Path(f"{settings.database_path}-backups")
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".json":
            changed(path, flip)
    result = run("drill", backup, "--exporter", "keep")

    assert result.exit_code == 1
    assert "NOT proven" in result.stderr
    assert len(result.stderr.splitlines()) == 2


def test_what_is_not_there_is_refused_with_a_hint(run: Any) -> None:
    for arguments in ((), ("20260314-120000-00000000",), ("x", "--exporter", "nobody"), ("--exporter", "nobody")):
        result = run("drill", *arguments)
        assert result.exit_code == 1
        assert isinstance(result.exception, BerrypodError), result.exception
        assert result.exception.hint
