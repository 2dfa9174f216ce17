"""`berrypod backup` makes and checks backups, with the server running or not; scripts can rely on what it prints."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from berrypod_backup import doing, plugin
from berrypod_backup.last import recall
from berrypod_backup.store import Store
from click.testing import CliRunner, Result

from berrypod.errors import BerrypodError
from berrypod.settings import Settings
from tests.backup.making import grow, holds, opened
from tests.backup.stranger import look
from tests.conftest import KEY
from tests.support.server import environment


@pytest.fixture
def run(encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command as the command line would; a refusal is there as `exception`."""
    for name, value in environment(encrypted_settings).items():
        monkeypatch.setenv(name, value)
    cli = click.Group()
    plugin.berrypod_register_commands(cli)
    return lambda *arguments: CliRunner().invoke(cli, ["backup", *map(str, arguments)])


def refusal(result: Result) -> BerrypodError:
    assert result.exit_code != 0
    assert isinstance(result.exception, BerrypodError), result.exception
    return result.exception


def test_a_backup_is_written_under_the_name_given_and_is_noted(
    run: Any, encrypted_settings: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "there" / "copy.db"
    target.parent.mkdir()
    result = run("create", "--output", target)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{target}\n")
    assert "encrypted with SECRET_KEY_DB, verified" in result.stdout
    assert look(target, KEY.reveal())["check"] == "ok"
    assert holds(target.parent) == ["copy.db"]

    async def last() -> Any:
        async with opened(encrypted_settings) as database:
            return await recall(database)

    noted = asyncio.run(last())
    assert (noted.exporter, noted.by, noted.size_bytes) == ("cli", "cli", target.stat().st_size)


def test_in_a_folder_it_gets_a_name_with_its_time(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    result = run("create", "--output", folder, "--json")
    told = json.loads(result.stdout)
    path = Path(told["path"])
    assert path.parent == folder
    assert path.name.startswith("berrypod-backup-20")
    assert told["size_bytes"] == path.stat().st_size
    assert told["encrypted"] is True
    assert set(told) >= {"sha256", "created_at", "method", "schema_revision", "row_counts", "seconds"}


def test_a_file_that_is_there_stays_unless_forced(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("somebody's diary")
    error = refusal(run("create", "--output", target))
    assert "There is a file already" in error.message
    assert "--force" in error.hint
    assert target.read_text() == "somebody's diary"
    assert run("create", "--output", target, "--force").exit_code == 0
    assert look(target, KEY.reveal())["check"] == "ok"


def test_a_folder_that_is_not_there_is_told(run: Any, tmp_path: Path) -> None:
    for output in (f"{tmp_path}/nowhere/", f"{tmp_path}/nowhere/copy.db"):
        assert "There is no folder" in refusal(run("create", "--output", output)).message


def test_it_waits_for_another_backup_and_says_so(
    run: Any, encrypted_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = encrypted_settings.database_path.with_name(encrypted_settings.database_path.name + "-work") / "backup"
    held = os.open(Store(lambda: folder).turn_file, os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    tell = doing._tell_of_waiting

    def told() -> None:
        tell()
        os.close(held)

    monkeypatch.setattr(doing, "_tell_of_waiting", told)
    result = run("create", "--output", tmp_path / "copy.db")
    assert result.exit_code == 0
    assert "Another backup is being made" in result.stderr


def test_what_a_killed_run_left_in_the_folder_goes_and_nothing_else(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "Downloads"
    folder.mkdir()
    stays = ["film.part", ".film.mkv.0123456789ab.part", "berrypod-backup-20260101-000000.db"]
    goes = [
        ".berrypod-backup-20260101-000000.db.0123456789ab.part",
        ".berrypod-backup-20260101-000000.db.0123456789ab.part-journal",
    ]
    for name in (*stays, *goes):
        (folder / name).write_bytes(b"x")
    result = run("create", "--output", folder, "--json")
    made = Path(json.loads(result.stdout)["path"]).name
    assert holds(folder) == sorted([*stays, made])


def test_a_good_backup_is_verified_by_the_file_and_the_key_alone(
    run: Any, tmp_path: Path, encrypted_settings: Settings
) -> None:
    target = tmp_path / "copy.db"
    run("create", "--output", target)
    encrypted_settings.database_path.unlink()
    result = run("verify", target)
    assert result.exit_code == 0, result.output
    assert "good. A shop can be restored from it." in result.stdout
    told = json.loads(run("verify", target, "--json").stdout)
    assert told["good"] is True
    assert told["row_counts"]["orders"] == 0
    assert len(told["key_fingerprint"]) == 8
    assert KEY.reveal() not in result.output


def test_a_bad_backup_is_refused_with_the_reason(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    run("create", "--output", target)
    content = bytearray(target.read_bytes())
    content[3 * 4096 + 99] ^= 1
    target.write_bytes(content)
    assert "page 4" in refusal(run("verify", target)).message
    result = run("verify", target, "--json")
    told = json.loads(result.stdout)
    assert (told["good"], told["code"]) == (False, "database_damaged")
    assert result.exit_code != 0


def test_one_of_a_later_version_is_refused(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "copy.db"
    run("create", "--output", target)
    monkeypatch.setattr(doing.schema, "known_revisions", lambda: ("0000",))
    assert refusal(run("verify", target)).code == "schema_newer"


@pytest.mark.parametrize("name", ["missing.db", "empty.db", "words.txt", "folder"])
def test_what_is_no_backup_is_told_of_as_one_and_not_as_the_shops_file(run: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "words.txt").write_text("not a backup")
    (tmp_path / "folder").mkdir()
    refused = refusal(run("verify", tmp_path / name))
    assert name in refused.message
    assert "backup list" in refused.hint
    assert "DATABASE_PATH" not in refused.hint


@pytest.mark.slow
def test_beside_a_running_server_and_with_the_exit_status_that_scripts_expect(
    serve: Any, encrypted_settings: Settings, tmp_path: Path
) -> None:
    """The real command line, the real server."""
    grow(encrypted_settings, 1)
    server = serve(encrypted_settings)
    assert server.url

    def berrypod(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "berrypod", "backup", *map(str, arguments)],
            env=environment(encrypted_settings) | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    target = tmp_path / "copy.db"
    done = berrypod("create", "--output", target, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["row_counts"]["images"] == 10
    again = berrypod("create", "--output", target)
    assert again.returncode == 1
    assert again.stderr.splitlines() == [
        f"Error: There is a file already: {target}",
        "It was left alone. Choose another name, or let it be overwritten (`--force`).",
    ]
    assert berrypod("verify", target).returncode == 0
    assert berrypod("verify", target, SECRET_KEY_DB="another key that is long enough for anybody").returncode == 1
    assert berrypod("create", "--output", target, "--note", "for archives").returncode == 2
    assert oct(target.stat().st_mode)[-3:] == "600"
