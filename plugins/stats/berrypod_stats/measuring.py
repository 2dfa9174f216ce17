"""Reading sizes and rows from the live file. Runs in the measuring process alone.

A second SQLite library in a process that has the file open would drop that process's locks, and a commit
that was reported as done could be lost. Here it is alone with its own descriptors, takes part in the locks as
any reader does, and is read-only down to the descriptor: it can neither checkpoint the write-ahead log nor
remove it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import apsw

from berrypod.storage.keys import PAGE_BYTES, PLAIN_HEADER, DatabaseKey
from berrypod_stats.wire import Answer, BTree, Measured, Question, Refused

_BUSY_TIMEOUT_MILLISECONDS = 5_000
_CACHE_KIBIBYTES = 16_384

_REPLACED = "The file was replaced while the shop was running. Restart Berrypod with the key of this file."
_DAMAGED = "Copy the file somewhere safe before anything else, then restore the newest backup."


def measure(question: Question) -> Answer:
    """Measure the file, or say why it cannot be measured. Raises nothing that the file can cause."""
    begun = time.monotonic()
    path = Path(question.path)
    try:
        header, proven = _look_at_bytes(path, question)
    except FileNotFoundError:
        return Refused("file_gone", f"{path.name} is not there", "Check DATABASE_PATH, then restart Berrypod.")
    except EOFError:
        return Refused(
            "file_empty",
            f"{path.name} has no bytes",
            "Keep a copy of the file; a backup can be put in its place.",
        )
    except OSError as error:
        return Refused(
            "file_unreadable",
            f"{path.name} cannot be read: {error.strerror}",
            "Give the user that runs Berrypod permission to read the database.",
        )
    if header == "plain" and question.key is not None:
        return Refused(
            "key_not_needed",
            f"a key was given, but {path.name} is not encrypted",
            _REPLACED,
        )
    try:
        connection = _open(path, question)
        try:
            return _read(connection, header=header, proven=proven, begun=begun)
        finally:
            connection.close()
    except apsw.Error as error:
        return _explain(error, path, keyed=question.key is not None, proven=proven)


def _look_at_bytes(path: Path, question: Question) -> tuple[Literal["plain", "not plain"], bool]:
    """What the first bytes are, and whether page 1 authenticates with the key.

    Called before the connection is opened: closing another descriptor of the file would drop its locks. A
    page that a checkpoint is writing can be read half old and half new, so a mismatch is looked at again.
    """
    key = question.key and DatabaseKey(bytes.fromhex(question.key.derived), bytes.fromhex(question.key.salt))
    page = b""
    for pause in (0.0, 0.02, 0.2):
        time.sleep(pause)
        with path.open("rb") as file:
            page = file.read(PAGE_BYTES)
        if not page:
            raise EOFError
        if page.startswith(PLAIN_HEADER):
            return "plain", False
        if key and key.authenticates(page, 1):
            return "not plain", True
    return "not plain", False


def _open(path: Path, question: Question) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        if question.key is not None:
            connection.pragma("cipher", "sqlcipher")
            connection.pragma("legacy", 4)
            connection.pragma("key", f"raw:{question.key.derived}{question.key.salt}")
        # Whoever closes last copies the log into the file and deletes it. The read-only descriptor alone
        # prevents that today; this says so.
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_timeout(_BUSY_TIMEOUT_MILLISECONDS)
        connection.pragma("temp_store", 2)  # memory: a temporary file would hold plaintext
        connection.pragma("cache_size", -_CACHE_KIBIBYTES)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: apsw.Connection, *, header: Literal["plain", "not plain"], proven: bool, begun: float) -> Answer:
    connection.execute("BEGIN")
    tables_of = _tables_of(connection)
    statement = "SELECT name, pageno, pgsize, unused FROM dbstat WHERE aggregate = TRUE"
    btrees = [
        BTree(name, tables_of.get(name) or name, "index" if name in tables_of else "table", pages, size, unused)
        for name, pages, size, unused in connection.execute(statement)
    ]
    measured = Measured(
        page_size=_number(connection, "page_size"),
        page_count=_number(connection, "page_count"),
        free_pages=_number(connection, "freelist_count"),
        header=header,
        cipher_proven=proven,
        btrees=btrees,
        rows=_count_rows(connection),
        seconds=time.monotonic() - begun,
    )
    connection.execute("COMMIT")
    if measured.other_pages < 0:
        return Refused(
            "database_damaged",
            "some pages of the file belong to two tables at once",
            _DAMAGED,
        )
    return measured


def _tables_of(connection: apsw.Connection) -> dict[str, str]:
    """The table of each index."""
    statement = "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index'"
    return {str(name): str(table) for name, table in connection.execute(statement)}


def _count_rows(connection: apsw.Connection) -> dict[str, int]:
    """Rows of every table that has pages of its own; a virtual table has none."""
    statement = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0"
    names = [str(name) for (name,) in connection.execute(statement)]
    counts: dict[str, int] = {}
    for name in ("sqlite_schema", *names):
        quoted = name.replace('"', '""')
        for (count,) in connection.execute(f'SELECT count(*) FROM "{quoted}"'):  # noqa: S608 - names of the file's own tables
            counts[name] = count
    return counts


def _number(connection: apsw.Connection, pragma: str) -> int:
    value = connection.pragma(pragma)
    if not isinstance(value, int):
        raise apsw.CorruptError(f"PRAGMA {pragma} gave {value!r}")
    return value


def _explain(error: apsw.Error, path: Path, *, keyed: bool, proven: bool) -> Refused:
    """The error in words. SQLite says "file is not a database" for a wrong key, no key and damage alike."""
    if isinstance(error, apsw.NotADBError) and keyed and not proven:
        return Refused("wrong_key", f"the key does not open {path.name}", _REPLACED)
    if isinstance(error, apsw.NotADBError) and not keyed:
        return Refused("key_missing", f"{path.name} is encrypted, and no key was given", _REPLACED)
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
        return Refused(
            "database_damaged",
            f"pages of {path.name} are damaged ({error})",
            _DAMAGED,
        )
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Refused(
            "database_busy",
            f"another program holds {path.name} for itself",
            "It is tried again by itself; nothing needs to be done.",
        )
    return Refused(
        "measurement_failed",
        f"SQLite could not read {path.name} ({error})",
        "It is tried again by itself. If it stays, look at the server's log.",
    )
