"""The file is an ordinary passphrase database, and the key is nowhere but in memory."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.dialect import create_engine
from berrypod.storage.keys import PAGE_BYTES, SALT_BYTES, DatabaseKey, passphrase_fingerprint, read_salt
from tests.conftest import KEY
from tests.storage.making import keys_of, put

PASSPHRASES = ["plain words and 123, long enough for a shop", "quo'te\"s; -- and %, 🫐 ümläuts of a careful admin"]

# Another implementation of the format, on another SQLite. In a process of its own: two in one break each other's locks.
OPEN_WITH_APSW = """
import json, sys
import apsw
path, passphrase = json.loads(sys.stdin.read())
connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
connection.pragma("cipher", "sqlcipher")
connection.pragma("legacy", 4)
connection.pragma("key", passphrase)
print(json.dumps({
    "keys": [key for (key,) in connection.execute("SELECT key FROM settings ORDER BY rowid")],
    "check": connection.pragma("integrity_check"),
    "revision": next(iter(connection.execute("SELECT version_num FROM alembic_version")))[0],
}))
"""


def ask_apsw(path: Path, passphrase: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", OPEN_WITH_APSW],
        input=json.dumps([str(path), passphrase]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shop(tmp_path: Path, passphrase: str) -> Path:
    path = tmp_path / "shop.db"
    schema.create(path, Secret(passphrase))
    connection = open_connection(path, find_key(path, Secret(passphrase)))
    connection.execute("INSERT INTO settings VALUES ('a', '1', '2026-01-01')")
    connection.close()
    return path


@pytest.mark.parametrize("passphrase", PASSPHRASES)
def test_our_file_opens_with_the_passphrase_alone(tmp_path: Path, passphrase: str) -> None:
    """As the `sqlcipher` command line opens it: nothing but PRAGMA key."""
    connection = dbapi2.connect(str(shop(tmp_path, passphrase)))
    quoted = passphrase.replace("'", "''")
    connection.execute(f"PRAGMA key = '{quoted}'")
    assert keys_of(connection) == ["a"]
    assert connection.execute("PRAGMA cipher_integrity_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("passphrase", PASSPHRASES)
def test_our_file_opens_in_another_implementation(tmp_path: Path, passphrase: str) -> None:
    assert ask_apsw(shop(tmp_path, passphrase), passphrase) == {"keys": ["a"], "check": "ok", "revision": schema.head()}


def test_a_backup_opens_in_another_implementation(tmp_path: Path) -> None:
    path, copy = shop(tmp_path, PASSPHRASES[0]), tmp_path / "copy.db"
    connection = open_connection(path, find_key(path, Secret(PASSPHRASES[0])))
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    assert ask_apsw(copy, PASSPHRASES[0])["keys"] == ["a"]


@pytest.mark.parametrize("passphrase", PASSPHRASES)
def test_a_file_of_another_program_with_the_same_passphrase_is_ours_to_open(tmp_path: Path, passphrase: str) -> None:
    path = tmp_path / "theirs.db"
    quoted = passphrase.replace("'", "''")
    theirs = dbapi2.connect(str(path))
    theirs.execute(f"PRAGMA key = '{quoted}'")
    theirs.execute("CREATE TABLE t (a)")
    theirs.close()
    connection = open_connection(path, find_key(path, Secret(passphrase)))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    connection.close()


def test_the_salt_is_kept_in_the_files_first_bytes(tmp_path: Path) -> None:
    path = shop(tmp_path, PASSPHRASES[0])
    key = find_key(path, Secret(PASSPHRASES[0]))
    assert key is not None
    assert path.read_bytes()[:SALT_BYTES] == key.salt == read_salt(path)
    assert key.derived == hashlib.pbkdf2_hmac("sha512", PASSPHRASES[0].encode(), key.salt, 256_000, 32)


def test_each_page_is_authenticated_by_its_key_and_its_number(empty_encrypted_file: Path) -> None:
    data = empty_encrypted_file.read_bytes()
    key = DatabaseKey.derive(KEY, data[:SALT_BYTES])
    other = DatabaseKey.derive(Secret("another passphrase"), data[:SALT_BYTES])
    pages = [data[start : start + PAGE_BYTES] for start in range(0, len(data), PAGE_BYTES)]
    assert len(pages) > 10
    for number, page in enumerate(pages, start=1):
        assert key.authenticates(page, number)
        assert not key.authenticates(page, number + 1)
        assert not other.authenticates(page, number)
        for place in (SALT_BYTES, 2000, 4031, 4095):  # Content, initialisation vector, HMAC.
            damaged = bytearray(page)
            damaged[place] ^= 1
            assert not key.authenticates(bytes(damaged), number)
    assert not key.authenticates(pages[0][:-1], 1)


def test_an_empty_passphrase_is_no_key() -> None:
    """SQLCipher takes it for "not encrypted": the shop would lie there in plain text."""
    with pytest.raises(ValueError, match="empty"):
        DatabaseKey.for_new_file(Secret(""))


def test_fingerprints_tell_keys_apart_and_nothing_more() -> None:
    salt = bytes(SALT_BYTES)
    key = DatabaseKey.derive(KEY, salt)
    assert key.fingerprint() == DatabaseKey.derive(KEY, salt).fingerprint()
    assert key.fingerprint() != DatabaseKey.derive(Secret("another"), salt).fingerprint()
    assert key.fingerprint() not in key.raw()
    assert passphrase_fingerprint(KEY) != passphrase_fingerprint(Secret("another"))


class TestSecrecy:
    """Where the key must not be seen."""

    @staticmethod
    def spellings(key: DatabaseKey) -> list[str]:
        return [KEY.reveal(), key.derived.hex(), key.derived.hex().upper(), repr(key.derived)]

    async def test_no_repr_shows_it(self, encrypted_database: Database, encrypted_settings: Settings) -> None:
        key = encrypted_database.key
        assert key is not None
        engine = create_engine("x", lambda: None, read_only=True, pool_size=1)  # pyright: ignore[reportArgumentType]
        things = [
            key,
            encrypted_database,
            encrypted_settings,
            KEY,
            engine,
            engine.url,
            engine.pool,
            vars(encrypted_database),
        ]
        for thing in things:
            for text in (repr(thing), str(thing)):
                assert not any(spelling in text for spelling in self.spellings(key)), text

    async def test_no_log_shows_it(self, encrypted_settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
        """All loggers at DEBUG, SQLAlchemy's echo included, from opening to closing and through a failure."""
        caplog.set_level(logging.DEBUG)
        for name in ("sqlalchemy.engine", "sqlalchemy.pool", "aiosqlite"):
            caplog.set_level(logging.DEBUG, logger=name)
        database = Database(encrypted_settings)
        await database.open()
        key = database.key
        assert key is not None
        await put(database, "a")
        async with database.read():
            pass
        await database.fetch(keys_of)
        await database.run_in_thread(keys_of)
        with pytest.raises(dbapi2.OperationalError):
            await database.run_in_thread(lambda driver: driver.execute("SELECT * FROM nowhere"))
        await database.close()
        assert {"aiosqlite", "sqlalchemy.engine.Engine"} <= {record.name for record in caplog.records}
        assert not any(spelling in caplog.text for spelling in self.spellings(key))

    def test_a_trace_does_not_show_it(self, encrypted_settings: Settings) -> None:
        """`set_key` and not PRAGMA key: SQLite's trace shows every statement."""
        path = encrypted_settings.database_path
        key = find_key(path, KEY)
        seen: list[str] = []
        original = dbapi2.connect

        def traced(*arguments: object, **keywords: object) -> dbapi2.Connection:
            connection = original(*arguments, **keywords)  # pyright: ignore[reportArgumentType]
            connection.set_trace_callback(seen.append)
            return connection

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dbapi2, "connect", traced)
            open_connection(path, key).close()
        assert seen
        assert key is not None
        assert not any(spelling in text for text in seen for spelling in self.spellings(key))

    def test_an_error_does_not_show_it(self, encrypted_settings: Settings) -> None:
        wrong = Secret("a wrong passphrase, long enough as well")
        with pytest.raises(Exception) as caught:  # noqa: PT011
            find_key(encrypted_settings.database_path, wrong)
        assert wrong.reveal() not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


async def test_a_key_is_derived_once_however_often_the_file_is_closed_and_replaced(
    encrypted_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a shop is reopened after a restore, customers wait."""
    path = encrypted_settings.database_path
    backup, other = tmp_path / "backup.db", tmp_path / "other.db"
    shutil.copyfile(path, backup)
    schema.create(other, KEY)
    derived: list[bytes] = []
    derive = DatabaseKey.derive

    def count(passphrase: Secret, salt: bytes) -> DatabaseKey:
        derived.append(salt)
        return derive(passphrase, salt)

    monkeypatch.setattr(DatabaseKey, "derive", count)
    database = Database(encrypted_settings)
    for _ in range(2):
        await database.open()
        await database.close()
        backup.replace(path)
        shutil.copyfile(path, backup)
    assert derived == [read_salt(path)]
    for _ in range(2):
        shutil.copyfile(other, path)
        await database.open()
        await database.close()
    assert derived == [read_salt(backup), read_salt(other)]
    shutil.copyfile(backup, path)
    with pytest.raises(errors.WrongKey):
        await Database(replace(encrypted_settings, secret_key_db=Secret("a wrong key, as long as a right one"))).open()


async def test_a_known_key_is_no_answer_for_a_file_that_only_begins_as_its_own(encrypted_settings: Settings) -> None:
    """The salt is not authenticated: with another one, nobody who has the passphrase alone could open the file."""
    database = Database(encrypted_settings)
    await database.open()
    await database.close()
    content = bytearray(encrypted_settings.database_path.read_bytes())
    content[3] ^= 1
    encrypted_settings.database_path.write_bytes(content)
    with pytest.raises(errors.WrongKey):
        await database.open()
