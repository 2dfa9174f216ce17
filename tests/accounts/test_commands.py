"""`berrypod admin` and `berrypod token`: the way in for whoever has the server, with the shop running or not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from berrypod.accounts import Accounts
from berrypod.accounts import passwords as passwords_module
from berrypod.cli import cli
from berrypod.settings import Settings
from berrypod.storage.database import Database
from tests.accounts.conftest import EMAIL, PASSWORD, cheap_hasher

T = TypeVar("T")

NEW_PASSWORD = "four plums on a plate"


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords_module, "default_hasher", cheap_hasher)
    for name in ("SECRET_KEY_DB", "SECRET_KEY_BASE", "BERRYPOD_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_PATH", str(settings.database_path))
    monkeypatch.setenv("BERRYPOD_ENV", "test")


def _run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, list(arguments), input=typed)


def _create(email: str = EMAIL, password: str = PASSWORD) -> Result:
    return _run("admin", "create", "--email", email, "--name", "Ana", "--password-stdin", typed=f"{password}\n")


def _ask(settings: Settings, job: Callable[[Accounts], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(settings)
        await database.open()
        try:
            return await job(Accounts(database, settings, hasher=cheap_hasher()))
        finally:
            await database.close()

    return asyncio.run(run())


def test_an_admin_is_made_who_can_sign_in(settings: Settings) -> None:
    result = _create()
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{EMAIL} can sign in at /admin/login.\n"
    assert _ask(settings, lambda accounts: accounts.admins.verify(EMAIL, PASSWORD))


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [(EMAIL, "short", "At least 12 characters"), ("nobody", PASSWORD, "That is no e-mail address")],
)
def test_what_cannot_be_accepted_is_told_on_stderr_with_status_1(email: str, password: str, words: str) -> None:
    result = _create(email, password)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_a_second_admin_with_one_address_is_refused_with_a_hint() -> None:
    _create()
    result = _create()
    assert result.exit_code == 1
    assert "Use another address" in result.stderr


def test_without_a_terminal_the_password_must_come_by_password_stdin() -> None:
    """Never as an argument: those are in the list of processes."""
    result = _run("admin", "create", "--email", EMAIL, typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 2
    assert "--password-stdin" in result.stderr
    for command in ("create", "reset-password"):
        assert not re.search(r"--password\b(?!-stdin)", _run("admin", command, "--help").output)


def test_a_new_password_ends_the_sessions_and_lifts_the_limits(settings: Settings) -> None:
    _create()

    async def start(accounts: Accounts) -> str:
        admin = await accounts.admins.by_email(EMAIL)
        return (await accounts.sessions.start(admin.id, stamp=admin.stamp, address="", user_agent="")).reveal()

    token = _ask(settings, start)
    result = _run("admin", "reset-password", EMAIL, "--password-stdin", typed=NEW_PASSWORD)
    assert result.exit_code == 0, result.output
    assert _ask(settings, lambda accounts: accounts.sessions.authenticate(token)) is None
    assert _ask(settings, lambda accounts: accounts.admins.verify(EMAIL, NEW_PASSWORD))


def test_admins_are_disabled_and_enabled_and_the_last_one_is_kept() -> None:
    _create()
    refused = _run("admin", "disable", EMAIL)
    assert refused.exit_code == 1
    assert "Create another one first" in refused.stderr
    _create("ben@example.com")
    assert _run("admin", "disable", EMAIL).exit_code == 0
    states = {one["email"]: one["disabled"] for one in json.loads(_run("admin", "list", "--json").stdout)}
    assert states == {EMAIL: True, "ben@example.com": False}
    assert _run("admin", "enable", EMAIL).exit_code == 0
    assert "disabled" not in _run("admin", "list").stdout


def test_the_second_factor_is_turned_off_for_whoever_lost_it(settings: Settings) -> None:
    _create()
    refused = _run("admin", "disable-totp", EMAIL)
    assert refused.exit_code == 1
    assert "has no second factor" in refused.stderr

    async def put_in_force(accounts: Accounts) -> None:
        from pyotp.totp import TOTP

        await accounts.totp.begin(1)
        setup = await accounts.totp.pending(1)
        assert setup
        await accounts.totp.confirm(1, TOTP(setup.secret.reveal()).now())

    _ask(settings, put_in_force)
    assert _run("admin", "disable-totp", EMAIL).exit_code == 0
    assert not json.loads(_run("admin", "list", "--json").stdout)[0]["second_factor"]


def test_an_unknown_admin_is_an_error_with_a_hint() -> None:
    for command in ("disable", "enable", "disable-totp"):
        result = _run("admin", command, "nobody@example.com")
        assert result.exit_code == 1
        assert "berrypod admin list" in result.stderr


def test_neither_passwords_nor_hashes_are_listed() -> None:
    _create()
    for arguments in (("admin", "list"), ("admin", "list", "--json")):
        assert "argon2" not in (output := _run(*arguments).output)
        assert PASSWORD not in output


def test_a_name_with_brackets_is_listed_as_it_is() -> None:
    """As markup, a closing bracket of nothing ended the command."""
    typed = f"{PASSWORD}\n"
    _run("admin", "create", "--email", EMAIL, "--name", "Ana [/b]", "--password-stdin", typed=typed)
    result = _run("admin", "list")
    assert result.exit_code == 0
    assert "[/b]" in result.output


def test_a_token_is_alone_on_standard_output_so_that_a_script_can_keep_it(settings: Settings) -> None:
    result = _run("token", "create", "Nightly", "--scope", "backup:read", "--scope", "stats:read", "--expires-in", "8w")
    assert result.exit_code == 0, result.output
    token = result.stdout.strip()
    assert re.fullmatch(r"bp_[a-z0-9]{8}_[A-Za-z0-9]{43}", token)
    found = _ask(settings, lambda accounts: accounts.tokens.authenticate(f"Bearer {token}"))
    assert found
    assert found.scopes == {"backup:read", "stats:read"}


def test_tokens_are_listed_without_their_secret_and_revoked_by_their_prefix(settings: Settings) -> None:
    made = json.loads(_run("token", "create", "Nightly", "--scope", "stats:read", "--json").stdout)
    assert made["expires_at"] is None
    listed = _run("token", "list", "--json").stdout
    assert made["token"] not in listed
    assert json.loads(listed)[0]["state"] == "active"
    assert _run("token", "revoke", f"bp_{made['prefix']}").exit_code == 0
    assert json.loads(_run("token", "list", "--json").stdout)[0]["state"] == "revoked"
    assert _ask(settings, lambda accounts: accounts.tokens.authenticate(f"Bearer {made['token']}")) is None
    assert _run("token", "revoke", "missing1").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("Job",),
        ("Job", "--scope", "everything"),
        ("Job", "--scope", "stats:read", "--expires-in", "0d"),
        ("Job", "--scope", "stats:read", "--expires-in", "soon"),
        ("Job", "--scope", "stats:read", "--expires-in", "99999y"),
    ],
)
def test_a_token_with_wrong_options_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert _run("token", "create", *arguments).exit_code == 2


def test_a_name_is_text_and_not_markup_of_the_terminal() -> None:
    _run("token", "create", "[bold]Job[/bold]", "--scope", "stats:read")
    assert "[bold]Job" in _run("token", "list").stdout.replace("\n", "")


def test_a_missing_database_is_told_and_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PATH", str(tmp_path / "none.db"))
    for arguments in (("admin", "list"), ("token", "list")):
        result = _run(*arguments)
        assert result.exit_code == 1
        assert "There is no database" in result.stderr
    assert not list(tmp_path.glob("none*"))


async def test_commands_work_beside_an_open_shop(accounts: Accounts, settings: Settings) -> None:
    """The fixture holds the database open, as a running server does."""
    assert (await asyncio.to_thread(_create)).exit_code == 0
    admin = await accounts.admins.by_email(EMAIL)
    token = await accounts.sessions.start(admin.id, stamp=admin.stamp, address="", user_agent="")
    assert await accounts.sessions.authenticate(token.reveal())
    await asyncio.to_thread(_run, "admin", "reset-password", EMAIL, "--password-stdin", typed=NEW_PASSWORD)
    assert await accounts.sessions.authenticate(token.reveal()) is None
