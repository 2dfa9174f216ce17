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

Whoever opens a file with such a note beside it finishes what was begun, or takes it back (`recover`): by the inode it
is known which of the two files has the name. All of it is done with the gate held alone, in a thread.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.storage import schema
from berrypod.storage.connection import open_connection
from berrypod.storage.failures import explain, is_unusable_after
from berrypod.storage.faults import reach
from berrypod.storage.files import (
    FileMark,
    file_mark,
    fsync_folder,
    make_private_folder,
    translate_os_error,
    write_durably,
)
from berrypod.storage.keys import DatabaseKey
from berrypod.storage.log import log_path
from berrypod.storage.swap_outcomes import Operation, Outcome, Result, write_outcome

log = logging.getLogger("berrypod.storage")

Connect = Callable[[], dbapi2.Connection]

# A wrong key or a folder that cannot be written says nothing about the new file.
_BAD_FILE = (errors.DatabaseDamaged, errors.DatabaseEmpty, errors.NotADatabase, errors.ForeignDatabase)

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


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    """The journal: paths are relative to the folder of the shop's file, so that the whole folder may be moved."""

    id: str
    operation: Operation
    staged: str
    former: str
    with_log: bool
    former_inode: int | None
    new_inode: int


def replace(path: Path, connect: Connect | None, swap: Swap) -> None:
    """Put `swap.staged` in the place of `path`. The caller has the gate alone, and no connection open.

    :param connect: opens the former file; None if it cannot be opened.
    :raises DatabaseDamaged: the new file does not open. The former one is back.
    :raises DiskFull: (and other StorageErrors) it could not be done. The former file is where it was.
    """
    try:
        with_log = _settle_former(path, connect, swap)
        if log_path(swap.staged).exists():
            raise errors.StorageError(f"A log was left beside {swap.staged.name}", hint="Stage the file again.")
        note = _Note(
            id=swap.id,
            operation=swap.operation,
            staged=os.path.relpath(swap.staged, path.parent),
            former=os.path.relpath(swap.former, path.parent),
            with_log=with_log,
            former_inode=path.stat().st_ino if path.exists() else None,
            new_inode=swap.staged.stat().st_ino,
        )
        make_private_folder(swap.former.parent)
        swap.progress("replacing")
        write_durably(_note_path(path), msgspec.json.encode(note))
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        reach("swap.journalled")
        _exchange(path, note)
        swap.progress("checking")
        _check(path, swap.staged_key)
        reach("swap.checked")
    except Exception as error:
        _finish(path, note, _take_back(path, note), error)
        if isinstance(error, OSError):
            raise translate_os_error(error, path.parent) from error
        raise
    _finish(path, note, "replaced")


def recover(path: Path, connect_new: Connect) -> Outcome | None:
    """Finish or take back a replacement that a crash cut short. The caller has the gate alone.

    :param connect_new: opens the file that has the name now, to see whether it is whole.
    :returns: what became of it; None if there is none to recover.
    :raises WrongKey: (and others that say nothing against the file) nothing is decided before it can be opened.
    """
    note = _read_note(path)
    if note is None:
        return None
    result: Result = "unchanged"
    problem: Exception | None = None
    if path.exists() and path.stat().st_ino == note.new_inode:
        result = "replaced"
        try:
            connect_new().close()
        except (dbapi2.Error, MemoryError, *_BAD_FILE) as error:
            problem, result = error, _take_back(path, note)
    else:
        _put_former_back(path, note)
    return _finish(path, note, result, problem, interrupted=True)


def is_cut_short(path: Path) -> bool:
    """True if a replacement of the file was begun and not ended. Takes microseconds."""
    return _note_path(path).exists()


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
        return _bytes(log_path(path)) > 0
    with closing(former):
        swap.progress("looking")
        swap.look(former)
        _require_unchanged(swap)
        folded = _fold_log(former, path)
        swap.progress("carrying")
        _carry(former, swap)
    reach("swap.former_closed")
    left = _bytes(log_path(path)) > 0
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
    try:
        with closing(open_connection(swap.staged, swap.staged_key)) as staged:
            swap.carry(former, staged)
            reach("swap.carried")
            staged.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, swap.staged) from error
    reach("swap.staged_closed")


def _exchange(path: Path, note: _Note) -> None:
    staged, former = path.parent / note.staged, path.parent / note.former
    if note.former_inode is not None:
        _second_name(path, former)
    reach("swap.linked")
    if note.with_log:
        log_path(path).rename(log_path(former))
        reach("swap.log_aside")
    _remove_log(path)
    fsync_folder(former.parent)
    fsync_folder(path.parent)
    reach("swap.log_gone")
    staged.rename(path)
    reach("swap.renamed")
    fsync_folder(path.parent)
    fsync_folder(staged.parent)
    reach("swap.durable")


def _second_name(path: Path, former: Path) -> None:
    try:
        os.link(path, former)
    except FileExistsError:
        raise
    except OSError:
        # A disk that knows no links. There is no file of that name for an instant; `recover` knows of it.
        path.rename(former)


def _check(path: Path, key: DatabaseKey | None) -> None:
    """It was verified to its last page before. What is left to see is that it opens where it now lies."""
    try:
        with closing(open_connection(path, key)) as connection:
            schema.check(connection)
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error


def _take_back(path: Path, note: _Note) -> Result:
    """The former file gets its name back; the new one, if it had it, its own."""
    if path.exists() and path.stat().st_ino == note.new_inode:
        if note.former_inode is None:
            return "replaced"  # There was no file before: nothing is better than what there is.
        _remove_log(path)
        staged = path.parent / note.staged
        with suppress(OSError):  # It is only a copy.
            os.link(path, staged)
        (path.parent / note.former).replace(path)
        reach("swap.taken_back")
        _put_former_back(path, note)
        return "returned"
    _put_former_back(path, note)
    return "unchanged"


def _put_former_back(path: Path, note: _Note) -> None:
    """Undo what was done to the former file before the names were exchanged, or what is left of it after."""
    former = path.parent / note.former
    if not path.exists() and former.exists():
        former.rename(path)
    if note.with_log and log_path(former).exists() and not _bytes(log_path(path)):
        log_path(former).rename(log_path(path))
    if former.exists() and path.exists() and former.samefile(path):
        former.unlink()
    if former.parent.exists():
        fsync_folder(former.parent)
    fsync_folder(path.parent)


def _finish(
    path: Path, note: _Note, result: Result, problem: Exception | None = None, *, interrupted: bool = False
) -> Outcome:
    outcome = Outcome(
        id=note.id,
        operation=note.operation,
        result=result,
        at=datetime.now(UTC),
        interrupted=interrupted,
        former=Path(note.former).name if result == "replaced" and note.former_inode is not None else None,
        code=getattr(problem, "code", "storage_error") if problem else None,
        message=(getattr(problem, "message", "") or str(problem)) if problem else None,
    )
    write_outcome(path, outcome)
    reach("swap.told")
    _note_path(path).unlink(missing_ok=True)
    fsync_folder(path.parent)
    reach("swap.done")
    return outcome


def _read_note(path: Path) -> _Note | None:
    try:
        return msgspec.json.decode(_note_path(path).read_bytes(), type=_Note)
    except FileNotFoundError:
        return None


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + "-swap")


def _remove_log(path: Path) -> None:
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
