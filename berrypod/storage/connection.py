"""The one place that opens a database connection and sets its pragmas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from sqlcipher3 import dbapi2

from berrypod.settings import Secret
from berrypod.storage.keys import DatabaseKey

BUSY_TIMEOUT_SECONDS = 10.0

LARGEST_IDLE_LOG_BYTES = 64 * 1024 * 1024

# Pages, decrypted, per connection. Hot reads must not decrypt twice: 64 MB hold a small shop's pages and pictures.
CACHE_KIBIBYTES = 65_536

# SQLite's result code: https://sqlite.org/rescode.html
_CORRUPT = 11

# A backup is read once, from its beginning to its end.
IMMUTABLE_CACHE_KIBIBYTES = 4_096


def open_connection(
    path: Path,
    key: DatabaseKey | None,
    *,
    read_only: bool = False,
    create: bool = False,
    cache_kibibytes: int = CACHE_KIBIBYTES,
    busy_timeout: float = BUSY_TIMEOUT_SECONDS,
) -> dbapi2.Connection:
    """Open `path` with `key` (None for a plain file), and read from it, so that a wrong key fails here.

    The connection is in autocommit mode: whoever wants a transaction says BEGIN. It may be used from any thread, by one
    at a time. With `read_only` it refuses to write (`query_only`; it may still recover a write-ahead log, which a file
    opened with `mode=ro` could not). Without it, a file from elsewhere is switched to write-ahead logging. `create`
    makes a new file; without it a missing file is an error, never a new shop.

    :raises sqlcipher3.dbapi2.Error: as the driver gives it; `failures.explain` turns it into words.
    """
    mode = f"mode={'rwc' if create else 'rw'}"
    connection = _connect(path, key, mode, cache_kibibytes=cache_kibibytes, busy_timeout=busy_timeout)
    try:
        _set_pragmas(connection, read_only=read_only)
    except BaseException:
        connection.close()
        raise
    return connection


def open_immutable(
    path: Path,
    key: DatabaseKey | None,
    *,
    cache_kibibytes: int = IMMUTABLE_CACHE_KIBIBYTES,
    cipher: Sequence[str] = (),
) -> dbapi2.Connection:
    """Open a file that nobody writes, a backup say, for reading: without a lock, a journal or a changed byte.

    `open_connection` would switch it to a write-ahead log, and make files beside it. A log that lies beside it is not
    read: see to it that there is none.

    :param cipher: pragmas of SQLCipher for a file of another program (`cipher_page_size = 1024`). None for ours.
    :raises sqlcipher3.dbapi2.Error: as the driver gives it.
    """
    return _connect(path, key, "mode=ro&immutable=1", cache_kibibytes=cache_kibibytes, busy_timeout=0, cipher=cipher)


def open_watching(path: Path, key: DatabaseKey | None) -> dbapi2.Connection:
    """Open a file that others may write, for reading, beside its `-wal` and `-shm`, which must both be there.

    As one more reader under SQLite's locks, with nothing opened for writing: not even the log is recovered or folded,
    and no file is made (which would be root's, if an admin looks with `sudo`). Tried with a file that a kill left.

    :raises sqlcipher3.dbapi2.Error: as the driver gives it; also if the two are not there.
    """
    return _connect(
        path,
        key,
        "mode=ro&readonly_shm=1",
        cache_kibibytes=IMMUTABLE_CACHE_KIBIBYTES,
        busy_timeout=BUSY_TIMEOUT_SECONDS,
    )


def open_as_stranger(path: Path, passphrase: Secret | None, cipher: Sequence[str] = ()) -> dbapi2.Connection:
    """Open a file as the `sqlcipher` command line does: with a passphrase (or none) and SQLCipher's own settings.

    Takes no lock, and reads the first page alone. SQLCipher derives the key itself: some 90 ms.

    :param cipher: pragmas of SQLCipher for other settings than its own (`cipher_compatibility = 3`).
    :raises sqlcipher3.dbapi2.Error: it does not open like that.
    """
    connection = dbapi2.connect(_uri(path, "mode=ro&immutable=1"), isolation_level=None, uri=True)
    try:
        if passphrase is not None:
            connection.set_key(passphrase.reveal())
        for setting in ("cipher_log_level = NONE", *cipher):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("PRAGMA user_version").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(
    path: Path,
    key: DatabaseKey | None,
    mode: str,
    *,
    cache_kibibytes: int,
    busy_timeout: float,
    cipher: Sequence[str] = (),
) -> dbapi2.Connection:
    connection = dbapi2.connect(
        _uri(path, mode),
        timeout=busy_timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        uri=True,
    )
    try:
        if key is not None:
            # Not by PRAGMA: a statement can be traced, this cannot.
            connection.set_key(key.raw())
        # Otherwise SQLCipher writes its HMAC errors to standard error.
        connection.execute("PRAGMA cipher_log_level = NONE")
        for setting in cipher:
            connection.execute(f"PRAGMA {setting}")
        # A view or trigger of a file from elsewhere must not be able to call functions that have side effects.
        connection.execute("PRAGMA trusted_schema = OFF")
        # Memory, whatever the library was built with: a temporary file would hold plaintext.
        connection.execute("PRAGMA temp_store = 2")
        connection.execute(f"PRAGMA cache_size = -{cache_kibibytes}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except UnicodeDecodeError as error:
        # The driver's own error, of which it cannot read the text: a damaged table definition is quoted in it.
        connection.close()
        malformed = dbapi2.DatabaseError("malformed database schema")
        malformed.sqlite_errorcode = _CORRUPT
        raise malformed from error
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{mode}"


def _set_pragmas(connection: dbapi2.Connection, *, read_only: bool) -> None:
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        # A log that grew (a long read kept it from being folded into the file) gives its space back afterwards.
        connection.execute(f"PRAGMA journal_size_limit = {LARGEST_IDLE_LOG_BYTES}").fetchone()
    # FULL: an order that was acknowledged is on the disk, not only on its way there.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")


def open_in_memory() -> dbapi2.Connection:
    """An empty database that is gone when it is closed."""
    return dbapi2.connect(":memory:", isolation_level=None, check_same_thread=False)


def library_versions() -> tuple[str, str]:
    """The versions of SQLCipher and of the SQLite in it, as linked."""
    connection = open_in_memory()
    try:
        row = connection.execute("PRAGMA cipher_version").fetchone()
        return (str(row[0]) if row else "not linked", dbapi2.sqlite_version)
    finally:
        connection.close()
