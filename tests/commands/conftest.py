"""Runs `berrypod` in this process, with an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from berrypod.cli import cli
from berrypod.settings import Settings
from tests.support.server import environment

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("db", "create", settings=...)`: without settings the environment names a file that is not there."""
    monkeypatch.chdir(tmp_path)

    def run(
        *arguments: str,
        settings: Settings | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,  # noqa: A002 - click's own name
        color: bool = False,
    ) -> Result:
        with monkeypatch.context() as patched:
            for name in ("SECRET_KEY_BASE", "SECRET_KEY_DB", "BERRYPOD_ENV", "BERRYPOD_ENV_FILE", "DATABASE_PATH"):
                patched.delenv(name, raising=False)
            values = environment(settings) if settings else {"DATABASE_PATH": str(tmp_path / "absent.db")}
            for name, value in {**values, **(env or {})}.items():
                patched.setenv(name, value)
            return CliRunner().invoke(cli, list(arguments), input=input, color=color)

    return run
