"""Making a staged file ready to become the database: at this program's schema, in the mode in which it is opened."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.cancelling import in_thread
from berrypod.settings import Secret
from berrypod.storage import integrity, schema, structure
from berrypod.storage.connection import open_connection, open_immutable
from berrypod.storage.failures import explain
from berrypod.storage.faults import reach
from berrypod.storage.files import PRIVATE_FILE, FileMark, file_mark, fsync_folder, translate_os_error
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.log import log_path
from berrypod.storage.verification import told, unlock_backup
from berrypod.storage.wholeness import require_alone


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """`mark` is of the bytes that were checked: the file is not swapped in if it has changed since.

    `key` opens it, and is None for a plain one.
    """

    key: DatabaseKey | None = field(repr=False)
    mark: FileMark
    schema_revision: str


async def prepare(path: Path, passphrase: Secret | None) -> Prepared:
    """Make a file that `inspect` found acceptable ready to be renamed over the database.

    An earlier schema is migrated, and what came of it is checked. The file is switched to write-ahead logging, so that
    opening it later takes no time; no log is left beside it. It is on the disk, and readable by its owner alone. The
    bytes of its first page change, and so does its digest.

    A cancellation waits for its end. What a kill leaves is a staged file that `inspect` refuses, or the one that it
    was, or the one that it was to be.

    :raises SchemaNewer: (and ForeignDatabase) `inspect` would not have accepted it.
    :raises DatabaseDamaged: what the migration made of it is not as it should be.
    :raises StorageError: the subclass that says why it cannot be written.
    """
    return await in_thread(lambda: _prepare(path, passphrase))


def _prepare(path: Path, passphrase: Secret | None) -> Prepared:
    try:
        path.chmod(PRIVATE_FILE)
        key = unlock_backup(path, passphrase)
        before = _revision(path, key)
        reach("prepare.begun")
        if before != schema.head():
            schema.require_known(before)
            schema.migrate(path, key)
            reach("prepare.migrated")
        _switch(path, key)
        reach("prepare.switched")
        _sync(path)
        reach("prepare.synced")
        mark = file_mark(path)
        if before != schema.head():
            _check(path, key)
        return Prepared(key=key, mark=mark, schema_revision=schema.head())
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


def _revision(path: Path, key: DatabaseKey | None) -> str:
    with closing(open_immutable(path, key)) as connection:
        return schema.revision_of(connection)


def _switch(path: Path, key: DatabaseKey | None) -> None:
    """To write-ahead logging, and fold the log into the file: closing the last connection removes it."""
    with closing(open_connection(path, key)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    # A log would be taken for that of the database of which this file gets the name.
    require_alone(path)
    for beside in (log_path(path), path.with_name(path.name + "-shm")):
        beside.unlink(missing_ok=True)
    fsync_folder(path.parent)


def _check(path: Path, key: DatabaseKey | None) -> None:
    """After a migration: no SQL of it may have left anything behind that a shop should not have.

    :raises DatabaseDamaged: it did.
    """
    with closing(open_immutable(path, key)) as connection:
        found = (
            integrity.structural_problems(connection, thorough=False)
            or integrity.broken_references(connection)
            or structure.differences(connection)
        )
    if found:
        raise errors.DatabaseDamaged(
            f"Bringing the file up to date did not work: {told(found)}",
            hint="The shop was not changed. Restore the backup with the version of Berrypod that made it.",
        )
