"""One change of the key at a time, over all processes; and how far it is, for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

from berrypod.decoding import decoder
from berrypod.errors import StorageError
from berrypod.keys.rotation_records import RotationRunning, Running
from berrypod.storage.locks import Taken, note_of_holder, noted

_decoder = decoder(Running)

# A page that asks how far it is has the lock for an instant: that is no change of the key.
_SECONDS = 0.05

Tell = Callable[[Running], None]


@contextmanager
def turn(path: Path, running: Running) -> Generator[Tell]:
    """Have the lock on `path`. What is returned tells how far it is.

    :raises RotationRunning: somebody has it.
    :raises StorageError: the file cannot be made, or written.
    """
    with ExitStack() as stack:
        try:
            write = stack.enter_context(noted(path, msgspec.json.encode(running), seconds=_SECONDS))
        except Taken:
            raise RotationRunning from None

        def tell(now: Running) -> None:
            with suppress(OSError, StorageError):  # A full disk: nobody sees how far it is.
                write(msgspec.json.encode(now))

        yield tell


def under_way(path: Path) -> Running | None:
    """What holds the lock on `path`."""
    with suppress(OSError, msgspec.MsgspecError):
        if note := note_of_holder(path):
            return _decoder.decode(note)
    return None
