"""Which key opens a file, and if none does, why. The driver says "file is not a database" to all of it."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from berrypod import errors
from berrypod.settings import Secret
from berrypod.storage import handover, log
from berrypod.storage.failures import LEAST_FREE_BYTES
from berrypod.storage.files import free_bytes
from berrypod.storage.keys import PAGE_BYTES, PLAIN_HEADER, SALT_BYTES, DatabaseKey

_PAGES_PROBED = 64

_OWN_THE_FILE = "Give the user that runs Berrypod the ownership of the file and of its folder."


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
def unlocked(
    path: Path, passphrase: Secret | None, *, known: Sequence[DatabaseKey] = ()
) -> Generator[DatabaseKey | None]:
    """The key that opens `path`, for as long as connections to it may be open; None for a plain file.

    Derives it (90 ms) unless this process has the file open already, or it is among `known` ones.

    :param known: keys that were derived from this passphrase before.
    :raises StorageError: the subclass that says why the file cannot be opened.
    """
    identity = _identity(path)
    with _opened_lock:
        opened = _opened.get(identity)
        if opened is None:
            opened = _opened[identity] = _Opened(0, find_key(path, passphrase, known=known))
        else:
            _compare(opened.key, passphrase, path, known)
        opened.users += 1
    try:
        yield opened.key
    finally:
        with _opened_lock:
            opened.users -= 1
            if opened.users == 0:
                del _opened[identity]


def _compare(key: DatabaseKey | None, passphrase: Secret | None, path: Path, known: Sequence[DatabaseKey]) -> None:
    """Check a passphrase against the key of a file that is open here, and so must not be read."""
    if key is None:
        if passphrase is not None:
            raise errors.KeyNotNeeded(f"SECRET_KEY_DB is set, but {path} is not encrypted")
    elif passphrase is None:
        raise errors.KeyMissing(f"{path} is encrypted, and SECRET_KEY_DB is not set")
    elif DatabaseKey.derive(passphrase, key.salt) != key:
        heir = handover.heir_of(path, passphrase, known)
        if heir is not None and heir.key_for(key.salt) == key:
            return
        raise errors.WrongKey(f"SECRET_KEY_DB does not open {path}")


def _identity(path: Path) -> tuple[int, int]:
    status = require_file(path)
    return status.st_dev, status.st_ino


def require_file(path: Path) -> os.stat_result:
    """Check that there is a file at `path`.

    :raises DatabaseMissing: there is nothing.
    :raises NotADatabase: it is a folder, a device or the like.
    :raises FolderNotWritable: a folder above it must not be entered.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise errors.DatabaseMissing(f"There is no database at {path}") from None
    except OSError as error:
        raise errors.FolderNotWritable(f"{path} cannot be reached ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise errors.NotADatabase(f"{path} is not a file")
    return status


def find_key(path: Path, passphrase: Secret | None, *, known: Sequence[DatabaseKey] = ()) -> DatabaseKey | None:
    """As `unlocked`, for a file that this process has not open.

    :raises StorageError: the subclass that says why no key was found.
    """
    check_folder(path)
    key = identify(path, passphrase, known=known)
    if key is not None and not log.belongs(path, key):
        raise errors.StrayLog(f"{log.log_path(path)} belongs to another database than {path}")
    return key


def identify(path: Path, passphrase: Secret | None, *, known: Sequence[DatabaseKey] = ()) -> DatabaseKey | None:
    """As `find_key`, by the bytes of the file alone: for a backup, whose folder need not be writable.

    After a change of the shop's key, the former passphrase finds the key as well, until that is confirmed (`handover`).

    :raises DatabaseLocked: this process has it open as its shop.
    :raises StorageError: the subclass that says why no key was found.
    """
    require_closed(path)
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
                if not looks_encrypted(first):
                    raise errors.NotADatabase(f"{path} is no database of any kind")
                raise errors.KeyMissing(f"{path} is encrypted (or no database at all), and SECRET_KEY_DB is not set")
            salt = first[:SALT_BYTES]
            if key := next((key for key in known if key.salt == salt and key.authenticates(first, 1)), None):
                return key
            heir = handover.heir_of(path, passphrase, known)
            if heir is not None and heir.key_for(salt).authenticates(first, 1):
                return heir.key_for(salt)
            key = DatabaseKey.derive(passphrase, salt)
            if not key.authenticates(first, 1) and not _any_page_authentic(file.fileno(), size, key):
                if not looks_encrypted(first):
                    raise errors.NotADatabase(f"{path} is no database of any kind")
                raise errors.WrongKey(f"SECRET_KEY_DB does not open {path}")
            return key
    except PermissionError as error:
        raise errors.FolderNotWritable(f"{path} cannot be read ({error.strerror})", hint=_OWN_THE_FILE) from error


def require_closed(path: Path) -> None:
    """Check that this process may read the file with its own means.

    :raises DatabaseLocked: it has it open as its shop.
    """
    if _identity(path) in _opened:
        raise errors.DatabaseLocked(
            f"{path} is open in this very process",
            hint="Take a backup, and look at that: reading the file itself would drop SQLite's locks on it.",
        )


def looks_encrypted(page: bytes) -> bool:
    """False for text, zeros and the like: 4,096 encrypted bytes have (almost) all of the 256 values."""
    return len(set(page)) > 240


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
    if not os.access(folder, os.W_OK):
        raise errors.FolderNotWritable(f"{folder} cannot be written")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise errors.FolderNotWritable(f"{path} cannot be written", hint=_OWN_THE_FILE)
    if free_bytes(folder) < LEAST_FREE_BYTES:
        raise errors.DiskFull(f"There is no space left in {folder}")
