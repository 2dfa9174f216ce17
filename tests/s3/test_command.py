"""`berrypod s3 test`."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest
from berrypod_s3 import plugin
from berrypod_s3.config import S3Config
from click.testing import CliRunner, Result

from berrypod.errors import BerrypodError
from berrypod.plugins import Plugins, PluginSource
from berrypod.settings import Settings
from tests.s3.making import ID, SECRET, Raw
from tests.support.server import environment

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, config: S3Config, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it, with the bucket's settings in the environment."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BERRYPOD_S3_BUCKET", config.bucket)
    monkeypatch.setenv("BERRYPOD_S3_ENDPOINT", config.endpoint or "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    def invoke(*arguments: str, **variables: str) -> Result:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        cli = click.Group()
        plugin.berrypod_register_commands(cli)
        plugins = Plugins.discover(Settings.from_env(), [PluginSource.of(plugin, "s3")], installed=False)
        return CliRunner().invoke(cli, ["s3", "test", *arguments], obj=plugins)

    return invoke


def test_each_step_is_told(run: Run, raw: Raw) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert result.stdout.count(": ok (") == 4
    assert f"s3://{raw.config.bucket}/berrypod-" in result.stdout
    assert raw.names() == []


def test_scripts_get_all_of_it(run: Run) -> None:
    told = json.loads(run("--json").stdout)
    assert told["good"]
    assert [step["name"] for step in told["steps"]] == ["write", "list", "read", "delete"]


def test_what_fails_is_named(run: Run) -> None:
    result = run("--json", BERRYPOD_S3_BUCKET="there-is-none")
    assert isinstance(result.exception, BerrypodError)
    assert "Write a small object" in result.exception.message
    told = json.loads(result.stdout)
    assert (told["good"], told["error"]["code"]) == (False, "bucket_missing")


def test_without_settings_it_says_where_to_enter_them(run: Run) -> None:
    result = run(BERRYPOD_S3_BUCKET="")
    assert isinstance(result.exception, BerrypodError)
    assert result.exception.code == "not_configured"
