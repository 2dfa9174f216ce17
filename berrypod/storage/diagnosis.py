"""Which key opens a file, and if none does, why. The driver says "file is not a database" to all of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage.files import free_bytes
from berrypod.storage.keys import PAGE_BYTES, PLAIN_HEADER, SALT_BYTES, DatabaseKey

_CODE_BUSY, _CODE_READONLY, _CODE_IOERR, _CODE_CORRUPT, _CODE_FULL, _CODE_CANTOPEN, _CODE_NOTADB = (
    5,
    8,
    10,
    11,
    13,
    14,
    26,
)

# SQLite's shared-memory file takes 32 KiB, and the first commit needs some pages of log.
_LEAST_FREE_BYTES = 256 * 1024

_PAGES_PROBED = 64


@dataclass
class _Opened:
    users: int
    key: DatabaseKey | None


# Files that this process has open, by device and inode. POSIX drops all of a process's locks on a file when any
# descriptor of that file is closed: reading the header of a database that is open here would let other processes
# delete its log.
_opened: dict[tuple[int, int], _Opened] = {}
_opened_lock = threading.Lock()


@contextmanager
def unlocked(path: Path, passphrase: Secret | None) -> Generator[DatabaseKey | None]:
    """The key that opens `path`, for as long as connections to it may be open; None for a plain file.

    Derives it (90 ms) unless this process has the file open already.

    :raises StorageError: the subclass that says why the file cannot be opened.
    """
    identity = _identity(path)
    with _opened_lock:
        opened = _opened.get(identity)
        if opened is None:
            opened = _opened[identity] = _Opened(0, find_key(path, passphrase))
        else:
            _compare(opened.key, passphrase, path)
        opened.users += 1
    try:
        yield opened.key
    finally:
        with _opened_lock:
            opened.users -= 1
            if opened.users == 0:
                del _opened[identity]


def _compare(key: DatabaseKey | None, passphrase: Secret | None, path: Path) -> None:
    """Check a passphrase against the key of a file that is open here, and so must not be read."""
    if key is None:
        if passphrase is not None:
            raise errors.KeyNotNeeded(f"SECRET_KEY_DB is set, but {path} is not encrypted")
    elif passphrase is None:
        raise errors.KeyMissing(f"{path} is encrypted, and SECRET_KEY_DB is not set")
    elif DatabaseKey.derive(passphrase, key.salt) != key:
        raise errors.WrongKey(f"SECRET_KEY_DB does not open {path}")


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise errors.DatabaseMissing(f"There is no database at {path}") from None
    except OSError as error:
        raise errors.FolderNotWritable(f"{path} cannot be reached ({error.strerror})") from error
    return status.st_dev, status.st_ino


def find_key(path: Path, passphrase: Secret | None) -> DatabaseKey | None:
    """As `unlocked`, for a file that this process has not open.

    :raises StorageError: the subclass that says why no key was found.
    """
    check_folder(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            first = file.read(PAGE_BYTES)
            if size == 0:
                raise errors.DatabaseEmpty(f"{path} is empty")
            if first.startswith(PLAIN_HEADER):
                if passphrase is not None:
                    raise errors.KeyNotNeeded(f"SECRET_KEY_DB is set, but {path} is not encrypted")
                return None
            if size < PAGE_BYTES:
                raise errors.NotADatabase(f"{path} has {size} bytes: too few for any database")
            if passphrase is None:
                raise errors.KeyMissing(f"{path} is encrypted (or no database at all), and SECRET_KEY_DB is not set")
            key = DatabaseKey.derive(passphrase, first[:SALT_BYTES])
            if not key.authenticates(first, 1) and not _any_page_authentic(file.fileno(), size, key):
                raise errors.WrongKey(f"SECRET_KEY_DB does not open {path}")
            return key
    except PermissionError as error:
        raise errors.FolderNotWritable(
            f"{path} cannot be read ({error.strerror})",
            hint="Give the user that runs Berrypod the ownership of the file.",
        ) from error


def _any_page_authentic(descriptor: int, size: int, key: DatabaseKey) -> bool:
    """True if some page was written with the key: then the key is right, and the first page is damaged."""
    pages = size // PAGE_BYTES
    step = max(1, pages // _PAGES_PROBED)
    return any(
        key.authenticates(os.pread(descriptor, PAGE_BYTES, (number - 1) * PAGE_BYTES), number)
        for number in range(2, pages + 1, step)
    )


def check_folder(path: Path) -> None:
    """Check that SQLite can keep its log beside `path`.

    :raises FolderNotWritable: it cannot.
    :raises DiskFull: there is no space for it.
    """
    folder = path.parent
    if not folder.is_dir():
        raise errors.DatabaseMissing(
            f"There is no folder {folder}", hint="Create the folder, or correct DATABASE_PATH."
        )
    for target in (folder, path):
        if target.exists() and not os.access(target, os.W_OK):
            raise errors.FolderNotWritable(f"{target} cannot be written")
    if free_bytes(folder) < _LEAST_FREE_BYTES:
        raise errors.DiskFull(f"There is no space left in {folder}")


def explain(error: dbapi2.Error, path: Path) -> errors.StorageError:
    """What a driver's error means for a file whose key is known to be right."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (_CODE_CORRUPT, _CODE_NOTADB):
        return errors.DatabaseDamaged(
            f"{path} is damaged, or the {path.name}-wal beside it belongs to another file ({error})"
        )
    if code == _CODE_FULL or (code in (_CODE_IOERR, _CODE_CANTOPEN) and free_bytes(path.parent) < _LEAST_FREE_BYTES):
        return errors.DiskFull(f"There is no space left in {path.parent}")
    if code in (_CODE_READONLY, _CODE_CANTOPEN):
        return errors.FolderNotWritable(f"{path.parent} cannot be written ({error})")
    if code == _CODE_BUSY:
        return errors.DatabaseLocked(f"Another program has {path} locked")
    return errors.StorageError(f"{path}: {error}")
