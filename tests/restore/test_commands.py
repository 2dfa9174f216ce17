"""`berrypod restore`: with the server stopped, running, or with a database that cannot be opened."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from berrypod_restore import on_terminal, plugin
from berrypod_restore.records import CONFIRMATION
from click.testing import CliRunner, Result

from berrypod.accounts import Accounts
from berrypod.errors import BerrypodError
from berrypod.plugins import Plugins
from berrypod.settings import Settings
from berrypod.storage import schema
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY
from tests.restore.making import ThirdParty, holds, orders_in, shop_with, sources
from tests.support.server import RunningServer, environment

Run = Callable[..., Result]


@pytest.fixture
def run(encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as the command line would; a refusal is there as `exception`."""
    for name, value in environment(encrypted_settings).items():
        monkeypatch.setenv(name, value)
    cli = click.Group()
    plugin.berrypod_register_commands(cli)
    plugins = Plugins.discover(encrypted_settings, sources(ThirdParty()), installed=False)
    return lambda *arguments, **more: CliRunner().invoke(cli, ["restore", *map(str, arguments)], obj=plugins, **more)


def refusal(result: Result) -> BerrypodError:
    assert result.exit_code != 0
    assert isinstance(result.exception, BerrypodError), result.output
    return result.exception


def backed_up(settings: Settings, before: list[str], after: list[str]) -> Path:
    """A backup with the orders `before`, of a shop that has those of `after`, too."""

    async def work() -> Path:
        async with shop_with(settings) as shop:
            await shop.order(*before)
            backup = await shop.backup()
            await shop.order(*after)
            return backup

    return asyncio.run(work())


def orders(settings: Settings) -> list[str]:
    return orders_in(settings.database_path, settings.secret_key_db)


def left(settings: Settings) -> list[str]:
    """The files that are staged still."""
    return holds(settings.database_path.with_name(settings.database_path.name + "-work") / "restore" / "data")


# --- check ---


def test_a_good_file_is_told_with_what_would_be_lost(run: Run, encrypted_settings: Settings) -> None:
    backup = backed_up(encrypted_settings, ["A"], ["B", "C"])
    result = run("check", backup)
    assert result.exit_code == 0, result.output
    assert "backup.db: A whole backup of a shop." in result.stdout
    assert re.search(r"2 orders would be lost \(.*48\.00.*; the newest of 2026-03-14 12:00 UTC\):\n", result.stdout)
    assert "C  Ada" in result.stdout
    assert orders(encrypted_settings) == ["A", "B", "C"]
    assert left(encrypted_settings) == []


def test_scripts_get_all_of_it(run: Run, encrypted_settings: Settings) -> None:
    backup = backed_up(encrypted_settings, ["A"], ["B"])
    told = json.loads(run("check", backup, "--json").stdout)
    assert (told["state"], told["verdict"]["code"], told["source"], told["by"]) == ("ready", "valid", "file", "cli")
    assert told["comparison"]["lost"][0]["count"] == 1


def test_a_bad_file_is_told_with_what_it_is(run: Run, encrypted_settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"")
    error = refusal(run("check", bad))
    assert "no bytes" in error.message
    assert error.hint
    told = run("check", bad, "--json")
    assert told.exit_code != 0
    assert json.loads(told.stdout)["verdict"]["code"] == "empty"
    assert refusal(run("check", tmp_path / "nowhere.db")).code == "not_found"
    assert "own database" in refusal(run("check", encrypted_settings.database_path)).message


# --- apply and undo ---


def test_apply_and_undo_with_the_server_stopped(run: Run, encrypted_settings: Settings) -> None:
    backup = backed_up(encrypted_settings, ["A"], ["B", "C"])
    before = backup.read_bytes()
    result = run("apply", backup, "--yes")
    assert result.exit_code == 0, result.output
    assert "2 orders would be lost" in result.stdout
    assert "berrypod restore undo --former" in result.stdout
    assert orders(encrypted_settings) == ["A"]
    assert backup.read_bytes() == before
    assert left(encrypted_settings) == []
    undone = json.loads(run("undo", "--yes", "--json").stdout)
    assert (undone["operation"], undone["state"]) == ("undo", "applied")
    assert orders(encrypted_settings) == ["A", "B", "C"]


def test_json_is_all_there_is_on_standard_output(run: Run, encrypted_settings: Settings) -> None:
    backup = backed_up(encrypted_settings, [], ["B"])
    told = json.loads(run("apply", backup, "--yes", "--json").stdout)
    assert (told["state"], told["outcome"]) == ("applied", "replaced")
    assert told["closed_seconds"] > 0


def test_somebody_has_to_type_the_words(
    run: Run, encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = backed_up(encrypted_settings, [], ["B"])
    result = run("apply", backup)
    assert result.exit_code == 2, "nobody is there to ask"
    assert "add --yes" in result.stderr
    monkeypatch.setattr(on_terminal, "_require_somebody", lambda: None)
    assert "do not match" in refusal(run("apply", backup, input="yes\n")).message
    assert orders(encrypted_settings) == ["B"]
    assert left(encrypted_settings) == []
    assert run("apply", backup, input=f"{CONFIRMATION}\n").exit_code == 0
    assert orders(encrypted_settings) == []
    assert "do not match" in refusal(run("undo", input="\n")).message


def test_a_refused_file_is_not_applied(run: Run, encrypted_settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.db"
    bad.write_bytes(os.urandom(100_000))
    assert "key" in refusal(run("apply", bad, "--yes")).message
    assert left(encrypted_settings) == []


def test_the_key_of_a_file_comes_by_standard_input_and_never_as_an_argument(
    run: Run, encrypted_settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "other.db"
    schema.create(path, OTHER_KEY)
    refused = refusal(run("check", path))
    assert ("key" in refused.message, "--key-stdin" in refused.hint) == (True, True)
    assert refusal(run("check", path, "--key-stdin", input="nonsense\n")).message.startswith("That key")
    assert run("check", path, "--key-stdin", input="").exit_code == 2
    result = run("apply", path, "--key-stdin", "--yes", input=f"{OTHER_KEY.reveal()}\n")
    assert result.exit_code == 0, result.output
    assert OTHER_KEY.reveal() not in result.output
    assert orders_in(encrypted_settings.database_path, KEY) == []


@pytest.mark.slow
def test_a_key_is_asked_for_on_a_terminal(
    run: Run, encrypted_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "other.db"
    schema.create(path, OTHER_KEY)
    asked: list[bool] = []

    def ask(*, again: bool) -> Any:
        asked.append(again)
        return OTHER_KEY if again else type(OTHER_KEY)("nonsense")

    monkeypatch.setattr(on_terminal, "ask_key", ask)
    assert run("check", path).exit_code == 0
    assert asked == [False, True]


def test_a_plain_file_is_encrypted_for_an_encrypted_shop(
    run: Run, encrypted_settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "plain.db"
    schema.create(path, None)
    assert "not encrypted" in run("check", path).stdout
    assert run("apply", path, "--yes").exit_code == 0
    assert orders_in(encrypted_settings.database_path, KEY) == []


def test_restores_and_former_databases_are_listed(
    run: Run, encrypted_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a narrow terminal, too: with ids that can be typed in again."""
    monkeypatch.setenv("COLUMNS", "60")
    assert "nothing is staged" in run("list").stdout
    made = backed_up(encrypted_settings, [], [])
    backup = made.rename(made.with_name("a[old].db"))
    applied = json.loads(run("apply", backup, "--yes", "--json").stdout)
    result = run("list")
    assert applied["id"] in result.stdout
    assert applied["former"] in result.stdout
    monkeypatch.setenv("COLUMNS", "200")
    assert "a[old].db" in run("list").stdout, "a file's name is no markup"
    told = json.loads(run("list", "--json").stdout)
    assert [one["id"] for one in told["restores"]] == [applied["id"]]
    assert [one["id"] for one in told["formers"]] == [applied["former"]]
    assert refusal(run("undo", "--former", "20000101-000000", "--yes")).code == "former_unknown"


# --- a database that cannot be opened ---


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:3000] = os.urandom(2900)
    path.write_bytes(content)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 3 * 4096 + 77])


def gone(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def other_key(path: Path) -> None:
    path.unlink()
    schema.create(path, OTHER_KEY)


@pytest.mark.parametrize("spoil", [damaged, truncated, gone, emptied, other_key])
def test_a_database_that_cannot_be_opened_is_replaced(
    run: Run, encrypted_settings: Settings, spoil: Callable[[Path], None]
) -> None:
    """The very case in which a restore is needed."""
    backup = backed_up(encrypted_settings, ["A"], ["B"])
    path = encrypted_settings.database_path
    spoil(path)
    spoilt = path.read_bytes() if path.exists() else None
    checked = run("check", backup)
    assert checked.exit_code == 0, checked.output
    assert ("There is no database" if spoilt is None else "cannot be read") in checked.stdout
    result = run("apply", backup, "--yes")
    assert result.exit_code == 0, result.output
    assert orders(encrypted_settings) == ["A"]
    formers = json.loads(run("list", "--json").stdout)["formers"]
    if spoilt is None:
        assert formers == []
    else:
        (former,) = formers
        kept = path.with_name(f"{path.name}-former") / former["filename"]
        assert kept.read_bytes() == spoilt, "as it was: somebody may still make something of it"
        assert not former["openable"], "an undo is not offered"
        assert "could not be opened" in result.stdout
        error = refusal(run("undo", "--yes"))
        assert (error.code, error.hint != "") == ("former_unusable", True)
    assert orders(encrypted_settings) == ["A"]


# --- the real command line, the real server ---


def berrypod(settings: Settings, *arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "berrypod", "restore", *map(str, arguments)],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **more,
    )


@pytest.mark.slow
def test_beside_a_running_server_with_the_exit_status_that_scripts_expect(
    serve: Callable[..., RunningServer], encrypted_settings: Settings, tmp_path: Path
) -> None:
    token = asyncio.run(_token(encrypted_settings))
    backup = backed_up(encrypted_settings, ["A"], ["B", "C"])
    server = serve(encrypted_settings, workers=2)
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=120) as client:

        def numbers() -> list[str]:
            return sorted(order["number"] for order in client.get("/api/orders").json()["items"])

        assert numbers() == ["A", "B", "C"]
        done = berrypod(encrypted_settings, "apply", backup, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        # Each worker closed the former file before the command went on.
        assert {tuple(numbers()) for _ in range(20)} == {("A",)}
        undone = berrypod(encrypted_settings, "undo", "--yes", "--json")
        assert undone.returncode == 0, undone.stderr
        assert numbers() == ["A", "B", "C"]
    (tmp_path / "bad.db").write_text("nonsense")
    refused = berrypod(encrypted_settings, "apply", tmp_path / "bad.db", "--yes")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert berrypod(encrypted_settings, "apply").returncode == 2
    assert berrypod(encrypted_settings, "apply", backup, stdin=subprocess.DEVNULL).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [damaged, gone])
def test_beside_a_running_server_whose_database_cannot_be_opened_any_more(
    serve: Callable[..., RunningServer], encrypted_settings: Settings, spoil: Callable[[Path], None]
) -> None:
    """Whatever the server still has in memory: afterwards it runs on the backup, and nobody has started it anew."""
    token = asyncio.run(_token(encrypted_settings))
    backup = backed_up(encrypted_settings, ["A"], ["B"])
    server = serve(encrypted_settings, workers=2)
    spoil(encrypted_settings.database_path)
    done = berrypod(encrypted_settings, "apply", backup, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "replaced"
    with httpx.Client(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=120) as client:
        for _ in range(20):
            assert [order["number"] for order in client.get("/api/orders").json()["items"]] == ["A"]
        assert client.get("/health").json()["ready"]


async def _token(settings: Settings) -> str:
    async with shop_with(settings) as shop:
        accounts: Accounts = shop.parts.accounts
        made = await accounts.tokens.create(name="orders", scopes=["shop:read"])
        return made.token.reveal()
