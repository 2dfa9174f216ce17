"""A change of SECRET_KEY_BASE: nobody loses an authenticator, and sessions end or go on as chosen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import select

from berrypod.accounts.devices import Devices
from berrypod.errors import SettingsError
from berrypod.keys.base_key import Renewed, encrypted_columns, renew
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from berrypod.storage.fields import FieldUnreadable
from berrypod.storage.models import Admin
from tests.commands.conftest import Run, run

__all__ = ["run"]

OLD, NEW, OLDEST = (
    Secret(f"{name} base key of the tests, as long as it has to be") for name in ("old", "new", "oldest")
)
TOTP = "JBSWY3DPEHPK3PXP"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def add_admin(settings: Settings, email: str) -> None:
    async with opened(settings) as database, database.write() as session:
        session.add(Admin(email=email, name="", password_hash="", totp_secret=TOTP, recovery_codes=[]))


async def secrets_of(settings: Settings) -> list[str | None]:
    async with opened(settings) as database, database.read() as session:
        return [admin.totp_secret for admin in await session.scalars(select(Admin).order_by(Admin.id))]


@pytest.fixture
def before(settings: Settings) -> Settings:
    return replace(settings, secret_key_base=OLD)


@pytest.fixture
def between(before: Settings) -> Settings:
    return replace(before, secret_key_base=NEW, secret_key_base_former=(OLD,))


@pytest.fixture
def after(before: Settings) -> Settings:
    return replace(before, secret_key_base=NEW)


async def test_between_the_two_both_are_read_and_the_new_one_is_written(
    before: Settings, between: Settings, after: Settings
) -> None:
    await add_admin(before, "ana@example.com")
    await add_admin(between, "ben@example.com")

    assert await secrets_of(between) == [TOTP, TOTP]
    with pytest.raises(FieldUnreadable):
        await secrets_of(after)
    with pytest.raises(FieldUnreadable):
        await secrets_of(before)


async def test_afterwards_the_former_one_is_not_needed(before: Settings, between: Settings, after: Settings) -> None:
    await add_admin(before, "ana@example.com")
    await add_admin(between, "ben@example.com")

    async with opened(between) as database:
        assert await renew(database) == Renewed(renewed=1, already=1, unreadable=0, sessions_ended=0)
        assert await renew(database) == Renewed(renewed=0, already=2, unreadable=0, sessions_ended=0)

    assert await secrets_of(after) == [TOTP, TOTP]


async def test_several_former_ones(before: Settings, after: Settings) -> None:
    await add_admin(replace(before, secret_key_base=OLDEST), "ana@example.com")
    await add_admin(before, "ben@example.com")

    async with opened(replace(after, secret_key_base_former=(OLD, OLDEST))) as database:
        assert (await renew(database)).renewed == 2

    assert await secrets_of(after) == [TOTP, TOTP]


async def test_what_no_key_opens_stays_as_it_is(before: Settings, between: Settings) -> None:
    await add_admin(replace(before, secret_key_base=OLDEST), "ana@example.com")
    await add_admin(before, "ben@example.com")

    async with opened(between) as database:
        assert await renew(database) == Renewed(renewed=1, already=0, unreadable=1, sessions_ended=0)

    assert await secrets_of(replace(between, secret_key_base_former=(OLDEST,))) == [TOTP, TOTP]


async def test_an_error_on_the_way_changes_nothing(
    before: Settings, between: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is one transaction: a process that dies in it has done nothing, too."""
    await add_admin(before, "ana@example.com")
    await add_admin(before, "ben@example.com")
    looked_at: list[str] = []

    def fails_at_the_second(stored: str, keys: object) -> tuple[int, str]:
        looked_at.append(stored)
        if len(looked_at) == 2:
            raise OSError("the disk is gone")
        return 1, stored[::-1]

    async with opened(between) as database:
        with monkeypatch.context() as patched, pytest.raises(OSError, match="gone"):
            patched.setattr("berrypod.keys.base_key.reencrypted", fails_at_the_second)
            await renew(database)

    assert await secrets_of(before) == [TOTP, TOTP]


def test_each_encrypted_column_is_known() -> None:
    assert [(table.name, column.name) for table, column in encrypted_columns()] == [("admins", "totp_secret")]


class TestDeviceCookies:
    def test_of_the_former_key_are_known(self, before: Settings, between: Settings, after: Settings) -> None:
        cookie = Devices(before).issue("ana@example.com")

        assert Devices(between).recognise(cookie, "ana@example.com")
        assert not Devices(between).recognise(cookie, "ben@example.com")
        assert not Devices(after).recognise(cookie, "ana@example.com")

    def test_new_ones_are_of_the_present_key(self, between: Settings, after: Settings) -> None:
        assert Devices(after).recognise(Devices(between).issue("ana@example.com"), "ana@example.com")


class TestTheSetting:
    def test_several_with_white_space_between_them(self) -> None:
        environ = {"SECRET_KEY_BASE": NEW.reveal(), "SECRET_KEY_BASE_FORMER": "one-former-key\n  another-one "}
        settings = Settings.from_env(environ)

        assert [each.reveal() for each in settings.secret_key_base_former[:2]] == ["one-former-key", "another-one"]
        assert "one-former-key" not in repr(settings)

    def test_a_phrase_counts_as_a_whole_too(self) -> None:
        settings = Settings.from_env({"SECRET_KEY_BASE_FORMER": "correct horse battery"})

        assert "correct horse battery" in [each.reveal() for each in settings.secret_key_base_former]

    @pytest.mark.parametrize("value", ["", "  ", NEW.reveal().replace(" ", "-")])
    def test_nothing_and_the_present_one_are_none(self, value: str) -> None:
        environ = {"SECRET_KEY_BASE": value.strip(), "SECRET_KEY_BASE_FORMER": value}
        assert Settings.from_env(environ).secret_key_base_former == ()

    def test_a_zero_byte_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="SECRET_KEY_BASE_FORMER"):
            Settings.from_env({"SECRET_KEY_BASE_FORMER": "a\0b"})


class TestTheCommand:
    def test_it_says_how_many_and_what_to_do_next(self, before: Settings, between: Settings, run: Run) -> None:
        asyncio.run(add_admin(before, "ana@example.com"))
        env = {"SECRET_KEY_BASE_FORMER": OLD.reveal()}

        done = run("key", "rotate-base", "--json", settings=between, env=env)

        assert done.exit_code == 0, done.stderr
        assert json.loads(done.stdout) == {"renewed": 1, "already": 0, "unreadable": 0, "sessions_ended": 0}
        again = run("key", "rotate-base", settings=between, env=env).stdout
        assert "0 encrypted fields brought under the present SECRET_KEY_BASE; 1 was there already." in again
        assert "take SECRET_KEY_BASE_FORMER out" in again

    def test_a_former_key_that_is_missing_is_told(self, before: Settings, after: Settings, run: Run) -> None:
        asyncio.run(add_admin(before, "ana@example.com"))

        done = run("key", "rotate-base", settings=after)

        assert done.exit_code == 1
        assert "open with none of the keys" in done.stderr
        assert "SECRET_KEY_BASE_FORMER" in done.stderr
