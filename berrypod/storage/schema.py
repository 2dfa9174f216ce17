"""Creating a shop's file, checking the revision of its schema, and upgrading it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import origin
from berrypod.storage.connection import open_connection, open_in_memory
from berrypod.storage.diagnosis import check_folder, require_file, unlocked
from berrypod.storage.facts import VERSION_TABLE, revision_of
from berrypod.storage.failures import explain
from berrypod.storage.files import (
    claimed,
    fsync_folder,
    make_private_folder,
    rename_to_new,
    temporary_path,
    translate_os_error,
)
from berrypod.storage.gate import Gate
from berrypod.storage.journals import remove_database
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.log import log_path
from berrypod.storage.swap_journal import is_cut_short

MIGRATIONS = Path(__file__).with_name("migrations")

T = TypeVar("T")


@cache
def known_revisions() -> tuple[str, ...]:
    """The revisions of the schema, oldest first.

    The files of the migrations begin with them: to ask Alembic would cost each start of a process a third of a second.
    """
    return tuple(sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def head() -> str:
    """The revision that this program works with."""
    return known_revisions()[-1]


def check(connection: dbapi2.Connection) -> None:
    """Check that the database has the schema that this program works with.

    :raises ForeignDatabase: it is not a shop's.
    :raises SchemaOlder: it needs an upgrade.
    :raises SchemaNewer: a later version made it.
    """
    revision = revision_of(connection)
    if revision == head():
        return
    require_known(revision)
    raise errors.SchemaOlder(f"The database has schema {revision}; this version of Berrypod works with {head()}")


def require_known(revision: str) -> None:
    """:raises SchemaNewer: a later version made it."""
    if revision not in known_revisions():
        raise errors.SchemaNewer(f"The database has schema {revision}, which this version of Berrypod does not know")


def create(path: Path, passphrase: Secret | None) -> None:
    """Create an empty shop at `path`: whole, or not at all.

    :raises Conflict: there is a file already. It is left alone.
    :raises StrayLog: the log of a former database is there, which SQLite would take for the new one's.
    :raises ReplacementCutShort: there was a shop, and is one as soon as that is settled.
    :raises StorageError: the folder cannot be written, or the disk is full.
    """
    path = path.resolve()
    make_private_folder(path.parent)
    check_folder(path)
    _require_settled(path)
    _refuse_existing(path)
    key = DatabaseKey.for_new_file(passphrase) if passphrase is not None else None
    temporary = temporary_path(path)
    with claimed(temporary):
        try:
            os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            _migrate(temporary, key, new=True)
            rename_to_new(temporary, path)
            fsync_folder(path.parent)
        except FileExistsError:
            _refuse_existing(path)
        except OSError as error:
            raise translate_os_error(error, path.parent) from error
        except dbapi2.Error as error:
            raise explain(error, path) from error
        finally:
            remove_database(temporary)


def upgrade(path: Path, passphrase: Secret | None, *, timeout: float = 10.0) -> tuple[str, str]:
    """Bring the schema of `path` to this program's revision, alone with the file.

    Returns the former and the new revision.

    :param timeout: seconds to wait for other processes to close the file.
    :raises DatabaseLocked: they did not.
    :raises SchemaNewer: a later version made it.
    :raises ReplacementCutShort: it must be settled first which file the shop's is.
    :raises StorageError: the subclass that says why it cannot be opened or written. It is as it was then.
    """
    path = path.resolve()
    _require_settled(path)
    require_file(path)
    with Gate(path).alone(timeout=timeout), unlocked(path, passphrase) as key:
        try:
            before = _upgradable_revision(path, key)
            if before != head():
                _migrate(path, key)
        except (dbapi2.Error, MemoryError) as error:
            raise explain(error, path) from error
    return before, head()


def _upgradable_revision(path: Path, key: DatabaseKey | None) -> str:
    connection = open_connection(path, key, read_only=True)
    try:
        with suppress(errors.SchemaOlder):
            check(connection)
        return revision_of(connection)
    finally:
        connection.close()


def _require_settled(path: Path) -> None:
    """On a disk without links, a crash may leave no file of that name: it is elsewhere, and not lost."""
    if is_cut_short(path):
        raise errors.ReplacementCutShort(f"A replacement of {path} was cut short")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise errors.Conflict(
            f"There is a file already: {path}",
            hint="Start the shop with it (`berrypod serve`), or choose another DATABASE_PATH.",
        )
    if log_path(path).exists():
        raise errors.StrayLog(f"There is no database at {path}, but the log of a former one: {log_path(path)}")


def migrate(path: Path, key: DatabaseKey | None) -> None:
    """As `upgrade`, for a file that nobody else can have open, a staged backup say. Blocks for as long as it takes.

    :raises StorageError: the subclass that says why it could not be done. The file is as it was then.
    """
    try:
        _migrate(path, key)
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error


def made_anew(revision: str, look: Callable[[dbapi2.Connection], T]) -> T:
    """What `look` says of an empty shop of that revision, made in memory. Takes a tenth of a second."""
    from berrypod.storage import migrating  # noqa: PLC0415 - slow to import: Alembic

    return migrating.migrate(open_in_memory, MIGRATIONS, VERSION_TABLE, revision=revision, then=look)


def _migrate(path: Path, key: DatabaseKey | None, *, new: bool = False) -> None:
    from berrypod.storage import migrating  # noqa: PLC0415 - slow to import: Alembic

    def connect() -> dbapi2.Connection:
        return open_connection(path, key, create=new)

    def finish(connection: dbapi2.Connection) -> None:
        origin.stamp(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    migrating.migrate(connect, MIGRATIONS, VERSION_TABLE, then=finish)
