"""Why a file cannot be opened: told apart, in words, and without harm to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import PAGE_BYTES
from tests.conftest import KEY

OTHER_KEY = Secret("another key, as long as the first one is")


@dataclass(frozen=True)
class Shops:
    """What the cases are made of: an empty shop, plain and encrypted, and a folder."""

    plain: Path
    encrypted: Path
    folder: Path


@pytest.fixture
def shops(empty_shop_file: Path, empty_encrypted_file: Path, tmp_path: Path) -> Shops:
    return Shops(empty_shop_file, empty_encrypted_file, tmp_path)


Make = Callable[[Shops, Path], object]


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def truncated(shops: Shops, path: Path, size: int) -> None:
    shutil.copyfile(shops.encrypted, path)
    os.truncate(path, size)


def damaged(shops: Shops, path: Path, page: int, *, source: Path | None = None) -> None:
    shutil.copyfile(source or shops.encrypted, path)
    overwrite(path, (page - 1) * PAGE_BYTES + 100, os.urandom(600))


def stray_log(shops: Shops, path: Path) -> None:
    """The log of another shop, with another salt, and without the first page: SQLite would open it and believe it."""
    other = shops.folder / "other.db"
    schema.create(other, KEY)
    writer = open_connection(other, find_key(other, KEY))
    writer.execute("INSERT INTO settings VALUES ('x', '1', '2026-01-01')")
    shutil.copyfile(shops.encrypted, path)
    shutil.copyfile(f"{other}-wal", f"{path}-wal")
    writer.close()


def foreign(_: Shops, path: Path, key: Secret | None = None, journal: str = "WAL") -> None:
    connection = dbapi2.connect(str(path), isolation_level=None)
    if key:
        connection.execute(f"PRAGMA key = '{key.reveal()}'")
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("CREATE TABLE mails (id INTEGER PRIMARY KEY)")
    connection.close()


def with_revision(revision: str) -> Make:
    def make(shops: Shops, path: Path) -> None:
        shutil.copyfile(shops.encrypted, path)
        connection = open_connection(path, find_key(path, KEY))
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.close()

    return make


def copied(name: str) -> Make:
    return lambda shops, path: shutil.copyfile(getattr(shops, name), path)


CASES: dict[str, tuple[Make, Secret | None, type[errors.StorageError]]] = {
    "missing": (lambda _, __: None, KEY, errors.DatabaseMissing),
    "missing, with the folder": (lambda _, path: path.parent.rmdir(), KEY, errors.DatabaseMissing),
    "a folder": (lambda _, path: path.mkdir(), KEY, errors.NotADatabase),
    "empty": (lambda _, path: path.touch(), KEY, errors.DatabaseEmpty),
    "empty, no key": (lambda _, path: path.touch(), None, errors.DatabaseEmpty),
    "plain, with a key": (copied("plain"), KEY, errors.KeyNotNeeded),
    "encrypted, without a key": (copied("encrypted"), None, errors.KeyMissing),
    "encrypted, wrong key": (copied("encrypted"), OTHER_KEY, errors.WrongKey),
    "random bytes": (lambda _, path: path.write_bytes(os.urandom(8 * PAGE_BYTES)), KEY, errors.WrongKey),
    "text": (lambda _, path: path.write_text("Dear diary, " * 2000), KEY, errors.NotADatabase),
    "text, no key": (lambda _, path: path.write_text("Dear diary, " * 2000), None, errors.NotADatabase),
    "zeros, as after a power cut": (lambda _, path: path.write_bytes(bytes(8 * PAGE_BYTES)), KEY, errors.NotADatabase),
    "a few bytes": (lambda _, path: path.write_bytes(b"x" * 100), KEY, errors.NotADatabase),
    "first page damaged": (lambda shops, path: damaged(shops, path, 1), KEY, errors.DatabaseDamaged),
    "first page of zeros": (
        lambda shops, path: (copied("encrypted")(shops, path), overwrite(path, 16, bytes(4080))),
        KEY,
        errors.DatabaseDamaged,
    ),
    "cut off within a page": (lambda shops, path: truncated(shops, path, 20_000), KEY, errors.DatabaseDamaged),
    "cut off after a page": (lambda shops, path: truncated(shops, path, 5 * PAGE_BYTES), KEY, errors.DatabaseDamaged),
    "one page is left": (lambda shops, path: truncated(shops, path, PAGE_BYTES), KEY, errors.DatabaseDamaged),
    "plain, damaged": (lambda shops, path: damaged(shops, path, 1, source=shops.plain), None, errors.DatabaseDamaged),
    "log of another file": (stray_log, KEY, errors.StrayLog),
    "another program's, plain": (foreign, None, errors.ForeignDatabase),
    "another program's, no log": (lambda s, path: foreign(s, path, None, "DELETE"), None, errors.ForeignDatabase),
    "another program's, encrypted": (lambda shops, path: foreign(shops, path, KEY), KEY, errors.ForeignDatabase),
    "newer schema": (with_revision("9999"), KEY, errors.SchemaNewer),
    "older schema": (with_revision("0000"), KEY, errors.SchemaOlder),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_reason_is_its_own_error_and_the_file_is_left_as_it_is(
    shops: Shops, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, key, expected = CASES[case]
    monkeypatch.setattr(schema, "known_revisions", lambda: ("0000", "0001"))
    path = shops.folder / "data" / "shop.db"
    path.parent.mkdir()
    make(shops, path)
    before = _contents(path.parent)
    database = Database(Settings(environment="test", database_path=path, secret_key_db=key))

    with pytest.raises(errors.StorageError) as caught:
        await database.open()

    error = caught.value
    assert type(error) is expected
    assert error.hint
    assert str(path) in error.message or isinstance(
        error, errors.ForeignDatabase | errors.SchemaOlder | errors.SchemaNewer
    )
    assert not database.is_open
    assert not database.gate.held
    assert _contents(path.parent) == before, "something was changed, or made"


def _contents(folder: Path) -> dict[str, bytes | None]:
    """Everything in the folder but the gate's lock file, which is empty, and SQLite's shared memory."""
    if not folder.exists():
        return {}
    return {
        path.name: path.read_bytes() if path.is_file() else None
        for path in folder.iterdir()
        if not path.name.endswith(("-lock", "-shm"))
        # An empty log is none.
        and not (path.name.endswith("-wal") and path.stat().st_size == 0)
    }


def test_every_storage_error_has_a_code_and_a_hint_of_its_own() -> None:
    found = [error for error in errors.StorageError.__subclasses__() if error.__module__ == errors.__name__]
    assert len({error.code for error in found}) == len({error.default_hint for error in found}) == len(found) > 12
    assert {expected for _, _, expected in CASES.values()} <= set(found)
