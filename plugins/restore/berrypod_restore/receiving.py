"""Taking a file to the disk, piece by piece: with a digest on the fly, and in flat memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from berrypod import errors
from berrypod.cancelling import in_thread
from berrypod.storage.faults import reach
from berrypod.storage.files import (
    PRIVATE_FILE,
    free_bytes,
    fsync_folder,
    make_private_folder,
    people_size,
    require_space,
    translate_os_error,
)
from berrypod.storage.snapshot import SPARE_BYTES
from berrypod_restore.faults import UploadIncomplete, UploadTooLarge
from berrypod_restore.pace import Pace


@dataclass(frozen=True, kw_only=True)
class Received:
    """A file that is whole, and on the disk. `sha256` is of its bytes, in hex."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest file that is taken, in bytes. None: as large as the disk allows."""

    max_bytes: int | None

    def require(self, folder: Path, expected_bytes: int | None) -> None:
        """Check what can be checked before the first byte is taken.

        :raises UploadTooLarge: the file is larger than may be.
        :raises DiskFull: there is no space for it.
        """
        if expected_bytes is not None and self.max_bytes is not None and expected_bytes > self.max_bytes:
            raise _too_large(expected_bytes, self.max_bytes)
        require_space(folder, (expected_bytes or 0) + SPARE_BYTES)

    def require_more(self, folder: Path, received_bytes: int) -> None:
        """The same on the way, where nobody knows how much is to come.

        :raises UploadTooLarge: more has come than may be.
        :raises DiskFull: what is left is for the shop's orders.
        """
        if self.max_bytes is not None and received_bytes > self.max_bytes:
            raise _too_large(received_bytes, self.max_bytes)
        free = free_bytes(folder)
        if free < SPARE_BYTES:
            raise errors.DiskFull(
                f"{people_size(received_bytes)} have come and {people_size(free)} are left in {folder}, of which "
                f"{people_size(SPARE_BYTES)} must stay free for the shop",
                needed_bytes=SPARE_BYTES,
                free_bytes=free,
            )


@dataclass(frozen=True, kw_only=True)
class _Room:
    limits: Limits
    folder: Path
    expected_bytes: int | None

    def require(self, received_bytes: int) -> None:
        """:raises RestoreError: (or DiskFull) no more may come than has."""
        self.limits.require_more(self.folder, received_bytes)
        if self.expected_bytes is not None and received_bytes > self.expected_bytes:
            raise UploadIncomplete(f"More bytes came than the {self.expected_bytes:,} that were announced")


async def receive(
    chunks: AsyncIterator[bytes], target: Path, *, expected_bytes: int | None, limits: Limits, pace: Pace
) -> Received:
    """Write `chunks` to `target`, a new file that its owner alone can read. Whoever calls removes what is there of it
    when this raises.

    :raises UploadTooLarge: more came than may be, or than was announced.
    :raises UploadIncomplete: fewer bytes came than were announced.
    :raises DiskFull: no space was left on the way.
    """
    try:
        file = await in_thread(lambda: _File(target, pace.sync_bytes))
        try:
            room = _Room(limits=limits, folder=target.parent, expected_bytes=expected_bytes)
            await _copy(chunks, file, room, pace.write_bytes)
            if expected_bytes is not None and file.size_bytes != expected_bytes:
                raise UploadIncomplete(
                    f"{file.size_bytes:,} bytes came, and {expected_bytes:,} were announced",
                    received_bytes=file.size_bytes,
                    expected_bytes=expected_bytes,
                )
            await in_thread(file.finish)
        finally:
            file.close()
    except OSError as error:
        raise translate_os_error(error, target.parent) from error
    return Received(size_bytes=file.size_bytes, sha256=file.sha256)


async def _copy(chunks: AsyncIterator[bytes], file: _File, room: _Room, write_bytes: int) -> None:
    waiting: list[bytes] = []
    size = 0

    async def write() -> None:
        nonlocal size
        room.require(file.size_bytes + size)
        piece = b"".join(waiting)
        waiting.clear()
        size = 0
        await in_thread(lambda: file.write(piece))

    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= write_bytes:
            await write()
    if waiting:
        await write()


class _File:
    """Written, hashed and brought to the disk step by step. In a thread."""

    def __init__(self, path: Path, sync_bytes: int) -> None:
        make_private_folder(path.parent)
        self._path = path
        self._sync_bytes = sync_bytes
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        self._digest = hashlib.sha256()
        self._synced = 0
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._digest.update(piece)
        self.size_bytes += len(piece)
        if self.size_bytes - self._synced >= self._sync_bytes:
            os.fdatasync(self._descriptor)
            self._synced = self.size_bytes
        reach("restore.received_piece")

    def finish(self) -> None:
        os.fsync(self._descriptor)
        fsync_folder(self._path.parent)

    def close(self) -> None:
        os.close(self._descriptor)


def _too_large(size: int, most: int) -> UploadTooLarge:
    return UploadTooLarge(
        f"The file has {people_size(size)} ({size:,} bytes) or more, and at most {people_size(most)} are taken",
        size_bytes=size,
        max_bytes=most,
    )
