"""Writing files at a pace that leaves the disk to others."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final

from berrypod.archive.threads import go_on
from berrypod.cancelling import in_thread
from berrypod.storage.files import PRIVATE_FILE, translate_os_error

# As a snapshot's: bigger steps, written out at once, would keep customers' orders waiting for the disk.
_STEP_BYTES: Final = 2_000_000


def copy_file(source: Path, target: Path, stop: threading.Event) -> None:
    """Copy `source` to the new file `target`, private and on the disk. In a thread.

    :raises OSError: the disk refuses.
    """
    with source.open("rb", buffering=0) as file:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            while piece := file.read(_STEP_BYTES):
                go_on(stop)
                write_all(descriptor, piece)
                os.fdatasync(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def file_sha256(path: Path, stop: threading.Event) -> str:
    """The SHA-256 of a file, in hex. In a thread.

    :raises FileNotFoundError: there is none.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_STEP_BYTES):
            go_on(stop)
            digest.update(piece)
    return digest.hexdigest()


def write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


async def write_stream(pieces: AsyncIterator[bytes], target: Path) -> str:
    """Write what comes into the new file `target`, private and on the disk. Returns its SHA-256, in hex.

    :raises DiskFull: no space is left.
    """
    digest, unsynced = hashlib.sha256(), 0

    def write(piece: bytes) -> None:
        nonlocal unsynced
        write_all(descriptor, piece)
        digest.update(piece)
        unsynced += len(piece)
        if unsynced >= _STEP_BYTES:
            os.fdatasync(descriptor)
            unsynced = 0

    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            # Each to its end: a thread that goes on would write into whatever file has the number next.
            async for piece in pieces:
                await in_thread(partial(write, piece))
            await in_thread(partial(os.fsync, descriptor))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise translate_os_error(error, target.parent) from error
    return digest.hexdigest()
