"""`berrypod doctor`: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from berrypod.cli import cli
from berrypod.plugins import Plugins
from tests.doctor.conftest import Shop

pytestmark = pytest.mark.usefixtures("without_routes")


@pytest.fixture(autouse=True)
def plugins_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugins that come with Berrypod have a test of their own, and take their time."""
    monkeypatch.setattr("berrypod.plugins.installed_sources", list)


def run(shop: Shop, *arguments: str, **environ: str) -> Result:
    """In a process without secrets of its own."""
    kept = {name: None for name in os.environ if name.startswith(("SECRET_", "BERRYPOD_", "DATABASE_"))}
    return CliRunner().invoke(cli, list(arguments) or ["doctor"], env={**kept, **shop.environ, **environ})


def test_a_healthy_shop_ends_with_0(shop: Shop) -> None:
    result = run(shop)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert " pass  Without the key, the file does not open: tried, and refused" in lines
    passed = sum(line.startswith(" pass  ") for line in lines)
    assert lines[-2] == f"{passed} passed."
    assert passed > 20
    assert "WARN" not in result.stdout
    assert "\x1b" not in result.stdout, "colours are for terminals"


def test_warnings_end_with_0_and_say_why_and_what_to_do(shop: Shop) -> None:
    shop.path.chmod(0o644)
    result = run(shop)
    assert result.exit_code == 0
    _, _, after = result.stdout.partition(" WARN  Others can read shop.db\n")
    assert "has the mode 0644" in " ".join(after.split())
    assert f"> chmod 600 {shop.path}" in " ".join(after.split())
    assert "1 warning." in result.stdout


def test_what_is_wrong_ends_with_1(shop: Shop) -> None:
    shop.path.unlink()
    result = run(shop)
    assert result.exit_code == 1
    assert " FAIL  There is no database at DATABASE_PATH\n" in result.stdout
    assert "1 failed" in result.stdout
    assert result.stdout.count("create it with `berrypod db create`") == 1, "what stops other checks is told once"
    assert " WARN  Not checked: the schema\n       As above.\n" in result.stdout


def test_no_line_is_longer_than_a_mail_or_the_terminal_but_paths_stay_whole(shop: Shop) -> None:
    shop.path.chmod(0o644)
    for line in run(shop).stdout.splitlines():
        assert len(line) <= 100 or str(shop.path) in line


def test_colours_on_a_terminal(shop: Shop) -> None:
    shop.path.chmod(0o644)
    result = run(shop, FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[32m pass" in result.stdout
    assert "\x1b[1;33m WARN" in result.stdout


def test_for_programs(shop: Shop) -> None:
    shop.path.chmod(0o666)
    result = run(shop, "doctor", "--json", "--thorough")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["level"], told["database"], told["thorough"]) == ("fail", str(shop.path), True)
    findings = {one["check"]: one for group in told["groups"] for one in group["findings"]}
    assert findings["integrity"]["level"] == "pass"
    assert findings["modes"] == {
        "check": "modes",
        "level": "fail",
        "title": "Others can write shop.db",
        "why": f"{shop.path} has the mode 0666.",
        "what_to_do": f"chmod 600 {shop.path}",
        "plugin": None,
    }


@pytest.mark.parametrize(
    "environ",
    [
        {"BERRYPOD_ENV": "production"},
        {"SECRET_KEY_DB": ""},
        {"SECRET_KEY_BASE": "short"},
        {"SECRET_KEY_DB": "short"},
        {"BERRYPOD_MAINTENANCE_WAIT": "soon"},
        {"DATABASE_PATH": "/"},
    ],
)
def test_settings_with_which_nothing_else_starts(shop: Shop, environ: dict[str, str]) -> None:
    result = run(shop, "doctor", **environ)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert " FAIL  " in result.stdout
    assert " pass  SQLCipher is linked" in result.stdout


def test_plugins_that_cannot_be_loaded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from berrypod.errors import SettingsError

    def discover(*_: object, **__: object) -> Plugins:
        raise SettingsError("Two plugins declare RUNGS", hint="Remove one of them.")

    monkeypatch.setattr(Plugins, "discover", discover)
    result = run(shop)
    assert result.exit_code == 1
    assert "Two plugins declare RUNGS" in result.stdout


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_settings_of_a_file(shop: Shop, tmp_path: Path, mode: int) -> None:
    env_file = tmp_path / "shop.env"
    env_file.write_text("".join(f"{name}='{value}'\n" for name, value in shop.environ.items()))
    env_file.chmod(mode)
    empty = Shop(shop.path, {})
    result = run(empty, "--env-file", str(env_file), "doctor")
    assert result.exit_code == (1 if mode == 0o644 else 0), result.stdout
    assert f"{env_file} has the mode {mode:04o}" in " ".join(result.stdout.split())


def test_a_file_of_settings_that_is_not_there(shop: Shop, tmp_path: Path) -> None:
    result = run(shop, "--env-file", str(tmp_path / "nowhere.env"), "doctor")
    assert result.exit_code == 1
    assert "The file with the settings cannot be read" in result.stdout
