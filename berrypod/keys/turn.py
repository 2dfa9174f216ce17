"""One change of the key at a time, over all processes; and how far it is, for whoever asks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from berrypod.decoding import decoder
from berrypod.keys.rotation_records import RotationRunning, Running
from berrypod.storage.files import PRIVATE_FILE, translate_os_error

_decoder = decoder(Running)
_LONGEST = 4096

Tell = Callable[[Running], None]


@contextmanager
def turn(path: Path, running: Running) -> Generator[Tell]:
    """Have the lock on `path`; a process that dies lets go of it. What is returned tells how far it is.

    :raises RotationRunning: somebody has it.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise translate_os_error(error, path.parent) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RotationRunning from None

        def tell(now: Running) -> None:
            with suppress(OSError):  # A full disk: nobody sees how far it is.
                os.pwrite(descriptor, msgspec.json.encode(now).ljust(_LONGEST), 0)

        tell(running)
        yield tell
    finally:
        os.close(descriptor)


def under_way(path: Path) -> Running | None:
    """What holds the lock on `path`. Never in the way of whoever wants it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        with suppress(msgspec.MsgspecError):
            return _decoder.decode(os.pread(descriptor, _LONGEST, 0))
    finally:
        os.close(descriptor)
    return None
