"""What a plugin is set to: one record in the shop's file, and its secrets under a second key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from berrypod.doctor.content import encrypted_fields
from berrypod.doctor.subject import Subject
from berrypod.keys.base_key import renew
from berrypod.settings import Secret, Settings
from berrypod.shop import Shop
from berrypod.shop.settings import SET_BY_PEOPLE, carry_about_the_file
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.fields import FieldUnreadable
from berrypod.stored import Stored

OLD, NEW = (Secret(f"{name} base key of the tests, as long as it has to be") for name in ("old", "new"))
KEY = "notify.settings"
NOW = datetime(2026, 3, 14, tzinfo=UTC)


class Mail(msgspec.Struct, frozen=True):
    host: str = ""
    password: str = ""


MAIL = Mail(host="mail.example.com", password="open sesame")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Database]:
    database = Database(settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def database(settings: Settings) -> AsyncGenerator[Database]:
    async with opened(replace(settings, secret_key_base=OLD)) as found:
        yield found


def sealed(database: Database) -> Stored[Mail]:
    return Stored(database, KEY, Mail, Mail(), encrypted=True)


def plain(database: Database) -> Stored[Mail]:
    return Stored(database, KEY, Mail, Mail())


def raw(path: Path, key: str = KEY) -> str:
    with closing(open_connection(path, None)) as connection:
        return str(connection.execute("SELECT CAST(value AS TEXT) FROM settings WHERE key = ?", (key,)).fetchone()[0])


@pytest.mark.parametrize("make", [plain, sealed])
async def test_a_record_is_its_default_until_it_is_put_and_after_it_is_reset(database: Database, make) -> None:
    stored = make(database)
    assert await stored.get() == Mail()
    await stored.put(MAIL)
    assert await make(database).get() == MAIL
    await stored.put(Mail(host="other"))
    assert await stored.get() == Mail(host="other")
    await stored.reset()
    assert await stored.get() == Mail()


@pytest.mark.parametrize("content", ['"text"', "17", "{", '{"host": 1}', '{"encrypted": 1}', "null"])
@pytest.mark.parametrize("make", [plain, sealed])
async def test_a_value_that_makes_no_sense_counts_as_the_default(database: Database, make, content: str) -> None:
    await make(database).put(MAIL)
    with closing(open_connection(database.path, None)) as connection:
        connection.execute("UPDATE settings SET value = ? WHERE key = ?", (content, KEY))
        connection.commit()

    assert await make(database).get() == Mail()


async def test_secrets_lie_encrypted_in_the_file_and_no_list_shows_them(database: Database) -> None:
    await sealed(database).put(MAIL)
    await Stored(database, "backup.last", Mail, Mail()).put(Mail(host="seen"))

    assert "sesame" not in raw(database.path)
    assert "mail.example" not in raw(database.path)
    listed = [record.key for record in await Shop(database).settings.list()]
    assert KEY not in listed
    assert "backup.last" in listed


async def test_what_a_client_writes_is_never_taken_for_a_record_of_secrets(database: Database) -> None:
    settings = Shop(database).settings
    await settings.put_as_client("theme.colours", {"encrypted": "no"})

    assert await settings.get("theme.colours") == {"encrypted": "no"}
    assert (await renew(database)).unreadable == 0


async def test_a_change_of_the_base_key_brings_records_of_secrets_along(settings: Settings) -> None:
    before = replace(settings, secret_key_base=OLD)
    between = replace(settings, secret_key_base=NEW, secret_key_base_former=(OLD,))
    after = replace(settings, secret_key_base=NEW)
    async with opened(before) as database:
        await sealed(database).put(MAIL)
    async with opened(after) as database:
        with pytest.raises(FieldUnreadable):
            await sealed(database).get()
        assert (await renew(database)).unreadable == 1
    async with opened(between) as database:
        assert await sealed(database).get() == MAIL
        assert (await renew(database)).renewed == 1
        assert (await renew(database)).already == 1
    async with opened(after) as database:
        assert await sealed(database).get() == MAIL


async def test_another_value_that_is_no_json_stops_no_change_of_the_key(database: Database) -> None:
    await sealed(database).put(MAIL)
    await Stored(database, "other.record", Mail, Mail()).put(MAIL)
    with closing(open_connection(database.path, None)) as connection:
        connection.execute("UPDATE settings SET value = '{' WHERE key = 'other.record'")
        connection.commit()

    assert (await renew(database)).already == 1


async def test_the_doctor_tells_of_records_of_secrets_that_no_key_opens(settings: Settings) -> None:
    async with opened(replace(settings, secret_key_base=OLD)) as database:
        await sealed(database).put(MAIL)

    (fine,) = encrypted_fields(Subject(settings=replace(settings, secret_key_base=OLD), now=NOW))
    (lost,) = encrypted_fields(Subject(settings=replace(settings, secret_key_base=NEW), now=NOW))
    assert (fine.level, lost.level) == ("pass", "fail")


@pytest.mark.parametrize("key", [KEY, "backup.schedule"])
async def test_who_looks_after_the_shop_stays_over_a_restore_and_is_not_compared(
    database: Database, tmp_path: Path, empty_shop_file: Path, key: str
) -> None:
    staged = tmp_path / "staged.db"
    staged.write_bytes(empty_shop_file.read_bytes())
    await Stored(database, key, Mail, Mail(), encrypted=True).put(MAIL)
    with (
        closing(open_connection(database.path, None)) as live,
        closing(open_connection(staged, None)) as connection,
    ):
        carry_about_the_file(live, connection)
        connection.commit()
        query = f"SELECT count(*) FROM settings WHERE {SET_BY_PEOPLE} AND key = ?"
        assert live.execute(query, (key,)).fetchone() == (0,)
    async with opened(replace(database.settings, database_path=staged)) as restored:
        assert await Stored(restored, key, Mail, Mail(), encrypted=True).get() == MAIL
