"""What the driver's errors mean for an admin."""

from __future__ import annotations

from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.storage.files import BROKEN_DISK_HINT, free_bytes

# SQLite's primary result codes: https://sqlite.org/rescode.html
_BUSY, _NO_MEMORY, _READ_ONLY, _INTERRUPTED, _IO_ERROR = 5, 7, 8, 9, 10
_CORRUPT, _FULL, _CANNOT_OPEN, _NOT_A_DATABASE = 11, 13, 14, 26

# SQLite's shared-memory file takes 32 KiB, and the first commit needs some pages of log.
LEAST_FREE_BYTES = 256 * 1024


def result_code(error: BaseException) -> int:
    """SQLite's primary result code, 0 for an error that is not SQLite's."""
    if isinstance(error, MemoryError):
        return _NO_MEMORY  # The driver makes Python's own error of it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def was_interrupted(error: BaseException) -> bool:
    """True if a query was stopped on purpose."""
    return result_code(error) == _INTERRUPTED


def is_of_the_file(error: BaseException) -> bool:
    """True if what was read is the reason, where statements that are right themselves read a file from elsewhere.

    Neither the disk nor another program is, nor somebody who has stopped it.
    """
    return result_code(error) not in {_BUSY, _READ_ONLY, _INTERRUPTED, _IO_ERROR, _FULL, _CANNOT_OPEN}


def is_unusable_after(error: BaseException) -> bool:
    """True if the connection must be thrown away: one page that fails its HMAC, and SQLCipher fails good ones too.

    SQLCipher 4.12 (sqlcipher3-binary 0.6.0) says "out of memory" to the statements after it.
    """
    return result_code(error) in (_CORRUPT, _NOT_A_DATABASE, _NO_MEMORY)


def explain(error: BaseException, path: Path) -> errors.StorageError:
    """What a driver's error means for a file whose key is known to be right.

    A plain StorageError where there is nothing to say about the file: the program's own error, most likely.
    """
    code = result_code(error)
    if code in (_CORRUPT, _NOT_A_DATABASE):
        return errors.DatabaseDamaged(f"{path} is damaged ({error})")
    if code == _FULL or (code in (_IO_ERROR, _CANNOT_OPEN) and free_bytes(path.parent) < LEAST_FREE_BYTES):
        return errors.DiskFull(f"There is no space left in {path.parent}")
    if code in (_READ_ONLY, _CANNOT_OPEN):
        return errors.FolderNotWritable(f"{path.parent} cannot be written ({error})")
    if code == _IO_ERROR:
        return errors.StorageError(
            f"The disk that holds {path} does not work ({error})",
            hint=BROKEN_DISK_HINT,
        )
    if code == _BUSY:
        return errors.DatabaseLocked(f"Another program has {path} locked")
    # SQLCipher 4.12 says "out of memory" of good pages too, after a damaged one.
    told = "memory ran out, or a page is damaged" if code == _NO_MEMORY else str(error)
    return errors.StorageError(f"{path}: {told}")


def explain_use(error: dbapi2.Error, path: Path, *, writing: bool) -> errors.StorageError | None:
    """As `explain`, for a file that is open; None for what the program must handle (a conflict, a mistake in SQL)."""
    code = result_code(error)
    if isinstance(error, dbapi2.IntegrityError) or (code == _READ_ONLY and not writing):
        return None
    if code == _BUSY:
        return errors.DatabaseBusy()
    explained = explain(error, path)
    return None if type(explained) is errors.StorageError and code != _IO_ERROR else explained
