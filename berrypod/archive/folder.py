"""The storage of an archive that is a folder on this machine."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
import threading
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from berrypod.archive.copying import copy_file
from berrypod.archive.faults import NameRefused
from berrypod.archive.layout import CHUNKS, DAMAGED
from berrypod.archive.objects import StoredObject
from berrypod.archive.threads import apart, go_on
from berrypod.cancelling import in_thread
from berrypod.errors import FolderNotWritable, NotFound
from berrypod.storage.faults import reach
from berrypod.storage.files import (
    PRIVATE_FILE,
    claimed,
    fsync_folder,
    is_temporary,
    make_private_folder,
    sweep,
    temporary_path,
    translate_os_error,
)

_PART: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_MOST_PARTS: Final = 3
_PIECE_BYTES: Final = 1_048_576
_STAGING: Final = ".staging"


def _nothing_against_it() -> None:
    """Most folders are good."""


class FolderStorage:
    """Objects are files below `path`, which is made, for its owner alone, when the first one is put.

    Symbolic links are no objects, and none is followed: what lies elsewhere is neither read nor written.
    """

    def __init__(self, path: Path, *, check: Callable[[], None] = _nothing_against_it) -> None:
        """:param check: called before each use; raises what is wrong with the folder."""
        self._path = path
        self._check = check

    @property
    def location(self) -> str:
        return str(self._path)

    async def list(self, prefix: str = "") -> Sequence[StoredObject]:
        """:raises StorageError: the folder cannot be read. One that does not exist is empty."""
        # To its end: a disk of the network that hangs is known by calls that do not end, and is then asked no more.
        return await in_thread(partial(self._list, prefix))

    async def read(self, name: str) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open, name)
        try:
            while piece := await in_thread(partial(file.read, _PIECE_BYTES)):  # before anybody closes it
                yield piece
        except OSError as error:
            raise translate_os_error(error, self._path) from error
        finally:
            file.close()

    async def put(self, name: str, source: Path) -> None:
        """Moves the file where it lies on the same disk."""
        await apart(lambda stop: self._put(name, source, stop))

    async def delete(self, name: str) -> None:
        await asyncio.to_thread(self._delete, name)

    def local_path(self, name: str) -> Path | None:
        """:raises NameRefused: a symbolic link is in the way."""
        return self._inside(name)

    def staging_folder(self) -> Path:
        """See `objects.StagingStorage`."""
        return make_private_folder(self._root() / _STAGING)

    async def sweep(self) -> None:
        """See `objects.SweptStorage`."""
        await asyncio.to_thread(self._sweep)

    # --- in threads ---

    def _list(self, prefix: str) -> list[StoredObject]:
        self._check()
        try:
            return [found for found in _below(self._path, "") if found.name.startswith(prefix)]
        except OSError as error:
            raise translate_os_error(error, self._path) from error

    def _open(self, name: str) -> BinaryIO:
        self._check()
        path = self._inside(name)
        try:
            # NONBLOCK: a named pipe would keep the thread for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"There is no file {name} in {self._path}") from None
        except OSError as error:
            raise translate_os_error(error, self._path) from error
        return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor

    def _put(self, name: str, source: Path, stop: threading.Event) -> None:
        try:
            root = self._root()
            target = self._inside(name)
            self._make_folders(root, target)
            self._move(source, target, stop)
            fsync_folder(target.parent)
        except OSError as error:
            raise translate_os_error(error, self._path) from error

    def _move(self, source: Path, target: Path, stop: threading.Event) -> None:
        _bring_to_disk(source)
        go_on(stop)
        reach("archive.put")
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            temporary = temporary_path(target)
            with claimed(temporary):
                try:
                    copy_file(source, temporary, stop)
                    temporary.replace(target)
                finally:
                    temporary.unlink(missing_ok=True)
            source.unlink()
        reach("archive.stored")

    def _delete(self, name: str) -> None:
        self._check()
        path = self._inside(name)
        try:
            path.unlink()
            reach("archive.deleted")
            fsync_folder(path.parent)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise translate_os_error(error, self._path) from error

    def _sweep(self) -> None:
        self._check()
        try:
            for folder in (self._path / _STAGING, self._path, self._path / "chunks", *self._path.glob("chunks/??")):
                if not folder.is_symlink():
                    sweep(folder)
        except OSError as error:
            raise translate_os_error(error, self._path) from error

    # --- names ---

    def _root(self) -> Path:
        """The folder, made if need be: it alone. Those above it are missing where a disk is not mounted.

        :raises FolderNotWritable: it cannot be made.
        """
        self._check()
        if not self._path.parent.is_dir():
            raise FolderNotWritable(
                f"There is no folder {self._path.parent} to keep backups in",
                hint="Make it, or see whether its disk is mounted.",
            )
        if not self._path.exists():
            make_private_folder(self._path)
            fsync_folder(self._path.parent)
        return self._path

    def _inside(self, name: str) -> Path:
        """Where the object is.

        :raises NameRefused: it could be outside of the folder.
        """
        parts = name.split("/")
        if len(parts) > _MOST_PARTS or not all(map(_PART.fullmatch, parts)):
            raise NameRefused(f"{name[:200]!r} is no name for a file in {self._path}")
        path = self._path
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise NameRefused(f"{path} is a symbolic link, and links are not followed")
        return path

    def _make_folders(self, root: Path, target: Path) -> None:
        for folder in reversed(target.relative_to(root).parents[:-1]):
            if not (root / folder).exists():
                make_private_folder(root / folder)
                fsync_folder((root / folder).parent)


def _below(folder: Path, before: str) -> Generator[StoredObject]:
    """All files in the folder and in those below it, but for what is being written."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    except PermissionError:
        if not before or before.startswith((CHUNKS, DAMAGED)):
            raise
        return  # `lost+found` of a whole disk, say: root's, and nothing of ours is in it
    for entry in entries:
        name = before + _readable(entry.name)
        if is_temporary(entry.name) or entry.is_symlink() or name == _STAGING:
            continue
        if entry.is_dir(follow_symlinks=False):
            # What lies deeper is not ours, and may be a whole disk.
            if name.count("/") < _MOST_PARTS - 1:
                yield from _below(folder / entry.name, f"{name}/")
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # it has just been deleted
            continue
        if stat.S_ISREG(status.st_mode):
            modified_at = datetime.fromtimestamp(status.st_mtime, UTC)
            yield StoredObject(name=name, size_bytes=status.st_size, modified_at=modified_at)


def _readable(name: str) -> str:
    """Bytes that are no UTF-8 as escapes: such a file is not ours, and is shown, never opened."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _bring_to_disk(path: Path) -> None:
    path.chmod(PRIVATE_FILE)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
