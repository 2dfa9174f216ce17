"""`berrypod stats` says the same in a terminal, with the server running or not, and fails in words."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from berrypod_stats.report import Stats
from click.testing import CliRunner, Result

from berrypod.cli import cli
from berrypod.settings import Settings
from berrypod.storage.database import Database

from .conftest import add_subscriber


def environment(settings: Settings, **environ: str) -> dict[str, str]:
    key = settings.secret_key_db
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SECRET_", "BERRYPOD_"))},
        "BERRYPOD_ENV": "test",
        "DATABASE_PATH": str(settings.database_path),
        **({"SECRET_KEY_DB": key.reveal()} if key else {}),
        "COLUMNS": "120",
        "BERRYPOD_DISABLED_PLUGINS": "backup,restore",  # each built-in plugin works without the others
        **environ,
    }


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command in this process: the shop is imported already."""

    def run(settings: Settings, *arguments: str, **environ: str) -> Result:
        values = environment(settings, **environ)
        with monkeypatch.context() as patched:
            for name in os.environ.keys() - values.keys():
                patched.delenv(name)
            for name, value in values.items():
                patched.setenv(name, value)
            return CliRunner().invoke(cli, ["stats", *arguments])

    return run


@pytest.mark.slow
async def test_beside_a_running_server(encrypted_settings: Settings, database: Database) -> None:
    """The real command line, and another process has the file open: JSON tells what is committed, in the log too."""
    await add_subscriber(database, "ada@example.org")

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "berrypod", "stats", "--json"],
        env=environment(encrypted_settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    stats = msgspec.json.decode(done.stdout, type=Stats)
    assert stats.state == "current"
    assert stats.facts is not None
    assert stats.facts.counts.newsletter_subscribers == 1
    assert stats.sizes is not None
    assert stats.sizes.encryption.verified
    assert [group.name for group in stats.providers][:2] == ["stats.shop", "stats.file"]


def test_without_a_server(run: Any, settings: Settings) -> None:
    """For people: figures, tables, indexes and sums; and nothing is left beside the file but what was there."""
    done = run(settings, "--indexes")

    assert done.exit_code == 0, done.stderr
    for words in ("The shop", "Newsletter subscribers", "Unencrypted", "products", "sqlite_autoindex", "whole file"):
        assert words in done.stdout
    left = {path.name for path in settings.database_path.parent.iterdir()}
    assert not {name for name in left if name.endswith(("-wal", "-shm", ".part"))}


def test_a_failure_is_told_in_words(run: Any, settings: Settings, tmp_path: Path) -> None:
    """Without the measuring library: what is known, the reason on standard error, status 1."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "apsw.py").write_text("raise ImportError('libsqlite3mc.so: no such file')")

    done = run(settings, "--json", PYTHONPATH=os.pathsep.join([str(broken), os.environ.get("PYTHONPATH", "")]))

    assert done.exit_code == 1
    assert "pip install apsw-sqlite3mc" in done.stderr
    assert "Traceback" not in done.stderr
    stats: dict[str, Any] = msgspec.json.decode(done.stdout)
    assert stats["error"]["code"] == "library_missing"
    assert stats["facts"]["counts"]["orders"] == 0


@pytest.mark.parametrize("environ", [{"SECRET_KEY_DB": "k" * 40}, {"DATABASE_PATH": "/nowhere/shop.db"}])
def test_a_shop_that_cannot_be_opened(run: Any, encrypted_settings: Settings, environ: dict[str, str]) -> None:
    """A wrong key or path is the core's own error, and nothing is made there."""
    done = run(encrypted_settings, **environ)

    assert done.exit_code == 1
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert not Path("/nowhere").exists()
