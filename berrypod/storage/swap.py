"""Putting another file in the place of the shop's, so that a crash at any instant leaves the one or the other, whole.

Measured: a write-ahead log of the former file beside the new one silently shows old data, or destroys the new. So the
log is folded into the former file and gone, on the disk, before the name changes hands:

    look           the former file is looked at for the last time
    log_folded     its log is in the file and gone; which SQLite refuses while any program has the file open
    carried        what must survive was carried into the new one
    journalled     a note of what is about to happen lies beside the file, on the disk
    linked         the former file has a second name, under which it goes on living
    log_gone       no log is left beside it (of one too damaged to be folded, the log goes with it, under its new name)
    renamed        the new file has the name of the shop's file; by one rename, which is atomic
    checked        the new file opens
    told           what became of it is written down; the note goes

Whoever opens a file with such a note beside it finishes what was begun, or takes it back (`swap_journal.recover`). All
of it is done with the gate held alone, in a thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.diagnosis import find_key
from berrypod.storage.failures import explain, is_unusable_after
from berrypod.storage.faults import reach
from berrypod.storage.files import FileMark, file_mark, translate_os_error
from berrypod.storage.journals import has_journal
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.swap_journal import Journal
from berrypod.storage.swap_outcomes import Operation

log = logging.getLogger("berrypod.storage")

Connect = Callable[[], dbapi2.Connection]

Stage = Literal["looking", "carrying", "replacing", "checking"]

_BUSY_MILLISECONDS = 500

_CLOSE_IT = "Close the program that has the shop's file open (DB Browser, `sqlcipher`), and try again."


@dataclass(frozen=True, kw_only=True)
class Swap:
    """What is to be put in the place of the shop's file.

    `staged` becomes the shop's file, and loses its own name. It lies on the same file system, has a write-ahead log
    that is empty or none, and is just what was verified: `staged_mark`. `former` is a new name for the file that is
    replaced.

    `look` sees the former file a last time, or None if it cannot be opened; what it raises stops everything, and
    nothing has changed. `carry` may write into the staged one what must survive; it is called if the former can be
    opened.
    """

    id: str
    operation: Operation
    staged: Path
    staged_key: DatabaseKey | None
    staged_mark: FileMark
    former: Path
    look: Callable[[dbapi2.Connection | None], None]
    carry: Callable[[dbapi2.Connection, dbapi2.Connection], None]
    progress: Callable[[Stage], None] = lambda _: None


def replace(path: Path, connect: Connect | None, swap: Swap) -> None:
    """Put `swap.staged` in the place of `path`. The caller has the gate alone, and no connection open.

    :param connect: opens the former file; None if it cannot be opened.
    :raises DatabaseDamaged: the new file does not open. The former one is back.
    :raises DiskFull: (and other StorageErrors) it could not be done. The former file is where it was.
    """
    try:
        with_log = _settle_former(path, connect, swap)
        _require_alone(swap.staged)
        swap.progress("replacing")
        journal = Journal.begin(
            path,
            replacement=swap.id,
            operation=swap.operation,
            staged=swap.staged,
            former=swap.former,
            with_log=with_log,
        )
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        reach("swap.journalled")
        journal.exchange()
        swap.progress("checking")
        _check(path, swap.staged_key)
        reach("swap.checked")
    except Exception as error:
        journal.give_up(error)
        if isinstance(error, OSError):
            raise translate_os_error(error, path.parent) from error
        raise
    journal.end()


def fold_log(path: Path, passphrase: Secret | None) -> bool:
    """Make a file whole that a killed process has left with a log, a former database say. Nobody has it open.

    False if it has none, or is too damaged for that: then it is left as it is.
    """
    if not any(path.with_name(path.name + end).exists() for end in ("-wal", "-shm", "-journal")):
        return False
    try:
        with closing(open_connection(path, find_key(path, passphrase))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (errors.StorageError, dbapi2.Error, MemoryError) as error:
        log.warning("the log of %s cannot be folded: %s", path, error)
        return False
    return not has_journal(path)


def _settle_former(path: Path, connect: Connect | None, swap: Swap) -> bool:
    """Look at the former file, carry, and fold its log. True if its log cannot be folded and must go along with it."""
    try:
        former = _opened(connect)
    except dbapi2.Error as error:
        raise explain(error, path) from error
    if former is None:
        swap.progress("looking")
        swap.look(None)
        _require_unchanged(swap)
        if has_journal(swap.staged):  # Of an undo that was killed while it carried.
            _use_staged(swap, lambda _: None)
        return has_journal(path)
    with closing(former):
        swap.progress("looking")
        swap.look(former)
        _require_unchanged(swap)
        folded = _fold_log(former, path)
        swap.progress("carrying")
        _carry(former, swap)
    reach("swap.former_closed")
    left = has_journal(path)
    if folded and left:
        raise errors.DatabaseLocked(f"Another program writes to {path}", hint=_CLOSE_IT)
    return left


def _fold_log(former: dbapi2.Connection, path: Path) -> bool:
    """Leave write-ahead logging, which folds the log into the file and removes it. False if the file is too damaged.

    SQLite refuses it while anybody else has the file open: a program that knows nothing of the gate would otherwise go
    on writing to the file that is replaced.
    """
    try:
        former.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}").fetchone()
        former.execute("PRAGMA journal_mode = DELETE").fetchone()
    except (dbapi2.Error, MemoryError) as error:
        if is_unusable_after(error):
            log.warning("the log of the former file cannot be folded, and is set aside with it: %s", error)
            return False
        explained = explain(error, path)
        if isinstance(explained, errors.DatabaseLocked):
            raise errors.DatabaseLocked(f"Another program has {path} open", hint=_CLOSE_IT) from error
        raise explained from error
    reach("swap.log_folded")
    return True


def _opened(connect: Connect | None) -> dbapi2.Connection | None:
    if connect is None:
        return None
    try:
        return connect()
    except (dbapi2.Error, MemoryError) as error:
        if not is_unusable_after(error):
            raise  # It is locked, or the disk is full: that says nothing against the file.
        log.warning("the former file cannot be opened, and is set aside as it is: %s", error)
        return None


def _require_unchanged(swap: Swap) -> None:
    try:
        unchanged = file_mark(swap.staged) == swap.staged_mark
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        raise errors.StorageError(
            f"{swap.staged.name} is not the file that was checked", hint="Stage the file again. Nothing was changed."
        )


def _carry(former: dbapi2.Connection, swap: Swap) -> None:
    def carry(staged: dbapi2.Connection) -> None:
        swap.carry(former, staged)
        reach("swap.carried")

    _use_staged(swap, carry)
    reach("swap.staged_closed")


def _use_staged(swap: Swap, work: Callable[[dbapi2.Connection], None]) -> None:
    """Open the new file where it still lies, and leave no log beside it."""
    try:
        with closing(open_connection(swap.staged, swap.staged_key)) as staged:
            work(staged)
            staged.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, swap.staged) from error


def _require_alone(staged: Path) -> None:
    if has_journal(staged):
        raise errors.StorageError(f"The log of {staged.name} was left behind", hint="Stage the file again.")


def _check(path: Path, key: DatabaseKey | None) -> None:
    """It was verified to its last page before. What is left to see is that it opens where it now lies."""
    try:
        with closing(open_connection(path, key)) as connection:
            schema.check(connection)
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error
