"""Files written so that a crash leaves the old one or the new one, and temporary files that never stay behind."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from berrypod.errors import DiskFull, FolderNotWritable, StorageError
from berrypod.storage.faults import reach

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

# Browsers and other programs have files that end with .part, and in the folder of the database: only our pattern is
# ours.
_PART_NAME = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{12}\.part")
_CLAIM_SUFFIX = ".berrypod-claim"

BROKEN_DISK_HINT = "Look at the system's log (`dmesg`) for errors of the disk, and make a backup while you can."


def make_private_folder(folder: Path) -> Path:
    """Make the folder, and those above it, readable by its owner alone.

    :raises FolderNotWritable: it cannot be made.
    """
    # One by one: `parents=True` would make those above it with the default mode.
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        try:
            missing.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            raise translate_os_error(error, missing) from error
    return folder


def write_durably(path: Path, content: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Write `content` so that `path` holds the whole of it or what was there before, whatever happens in between.

    :raises DiskFull: no space is left.
    :raises FolderNotWritable: the folder cannot be written.
    """
    temporary = temporary_path(path)
    try:
        with claimed(temporary):
            _write_and_rename(temporary, path, content, mode)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error


def _write_and_rename(temporary: Path, path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, opened with its mode
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        reach("files.written")
        temporary.replace(path)
        reach("files.renamed")
        fsync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_path(path: Path) -> Path:
    """A name beside `path` that nothing else has, and that the next start knows as a leftover."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")


def is_temporary(name: str) -> bool:
    """True for a name of `temporary_path`, and for what `claimed` puts beside one: no file that anybody looks for."""
    return _PART_NAME.fullmatch(name.removesuffix(_CLAIM_SUFFIX)) is not None or name.endswith(_CLAIM_SUFFIX)


class FileMark(NamedTuple):
    """Tells whether a file is still the one that was looked at. Times are in nanoseconds."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int


def file_mark(path: Path) -> FileMark:
    """:raises FileNotFoundError: there is none."""
    status = path.stat()
    return FileMark(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def rename_to_new(path: Path, target: Path) -> None:
    """Give a file that is whole its name, unless something has that name already.

    :raises FileExistsError: something has. `path` stays as it is.
    """
    try:
        os.link(path, target)
    except FileExistsError:
        raise
    except OSError:
        # A disk that knows no links (a USB stick). Between the look and the rename, nothing else is likely to come.
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        path.rename(target)
    else:
        path.unlink()


def fsync_folder(folder: Path) -> None:
    """Make renames and removals in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written to the file system of `folder`."""
    return shutil.disk_usage(folder).free


def require_space(folder: Path, needed: int) -> None:
    """Check that `needed` bytes are free, with the numbers in the error.

    :raises DiskFull: they are not.
    """
    free = free_bytes(folder)
    if free < needed:
        raise DiskFull(
            f"{people_size(needed)} are needed in {folder}, and {people_size(free)} are free",
            needed_bytes=needed,
            free_bytes=free,
        )


def people_size(size: int) -> str:
    """A size in people's units: decimal, as disks are sold ("8.4 MB")."""
    if size < 1000:
        return f"{size} bytes" if size != 1 else "1 byte"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95 or unit == "TB":
            return f"{value:.1f} {unit}"
    raise AssertionError("unreachable")


_TROUBLES: Final = (
    ({errno.EIO}, "The disk that holds {folder} does not work ({why})", BROKEN_DISK_HINT),
    (
        {errno.ENOLCK, errno.EOPNOTSUPP},
        "The disk that holds {folder} does not know how to lock a file ({why})",
        "Choose a folder on another disk. If it is a network share, see whether it can be mounted with locks.",
    ),
    (
        {errno.EMFILE, errno.ENFILE},
        "No more files can be opened ({why})",
        "Raise the limit (`ulimit -n`), and start again.",
    ),
)


def translate_os_error(error: OSError, folder: Path) -> Exception:
    """The error as one of ours with a hint, where it is one that an admin can do something about."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"There is no space left in {folder}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FolderNotWritable(f"{folder} cannot be written ({error.strerror})")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return FolderNotWritable(
            f"{folder} cannot be made: a file is in its place", hint="Choose another folder, or move that file away."
        )
    for numbers, words, hint in _TROUBLES:
        if error.errno in numbers:
            return StorageError(words.format(folder=folder, why=error.strerror), hint=hint)
    return error


@contextmanager
def claimed(path: Path) -> Generator[None]:
    """Mark a temporary file or folder as in use: `sweep` leaves it alone for as long as this process lives.

    A kernel lock on a file beside it, so that nothing needs to be cleaned up after a kill. Not on the file itself:
    opening and closing a database in a process that has it open would drop SQLite's locks.

    :raises FolderNotWritable: (or DiskFull) the folder cannot be written.
    """
    marker = _claim_path(path)
    try:
        descriptor = _lock_new(marker)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        yield
    finally:
        with suppress(OSError):  # `sweep` removes it as well, and what went wrong in the block matters more.
            marker.unlink(missing_ok=True)
        os.close(descriptor)


def is_claimed(path: Path) -> bool:
    """True while some living process holds `claimed(path)`."""
    with _unclaimed(path) as free:
        return not free


def sweep(folder: Path, *, of: Path | None = None, spare: Callable[[Path], bool] | None = None) -> list[Path]:
    """Remove what dead processes left in `folder`: parts of files, and what they had claimed. Nobody else's files.

    :param of: remove only parts of this file: for a folder that is not our own.
    :param spare: says of what stays, though whoever claimed it has died.
    :returns: what was removed.
    """
    removed: list[Path] = []
    if not folder.is_dir():
        return removed
    names = [path.name for path in folder.iterdir()]
    claimed_names = {name.removesuffix(_CLAIM_SUFFIX) for name in names if name.endswith(_CLAIM_SUFFIX)}
    targets = claimed_names | {name for name in names if _PART_NAME.fullmatch(name)}
    if of is not None:
        targets = {name for name in targets if (part := _PART_NAME.fullmatch(name)) and part["name"] == of.name}
    for name in sorted(targets):
        target = folder / name
        with _unclaimed(target) as free:
            if free and not (spare and spare(target)):
                removed += _remove(target)
                _claim_path(target).unlink(missing_ok=True)
    return removed


def _lock_new(marker: Path) -> int:
    """Create `marker` and lock it; again, if a sweep removed it between the two."""
    while True:
        descriptor = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        with suppress(FileNotFoundError):
            if marker.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


@contextmanager
def _unclaimed(path: Path) -> Generator[bool]:
    """True if nobody claims `path`; and nobody can while the block runs, where a claim was left behind."""
    try:
        descriptor = os.open(_claim_path(path), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield True
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _claim_path(path: Path) -> Path:
    return path.with_name(path.name + _CLAIM_SUFFIX)


def _remove(path: Path) -> list[Path]:
    """Remove a file (with the journals that SQLite may have left beside it) or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
        return [path]
    removed: list[Path] = []
    for candidate in (path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))):
        with suppress(FileNotFoundError):
            candidate.unlink()
            removed.append(candidate)
    return removed
