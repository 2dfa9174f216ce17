"""A helper process from its own side: an order comes on the first line of standard input, more may follow.

When standard input closes, whoever asked has gone, and the process ends at once: nothing holds on to the shop's log
then.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TypeVar

import msgspec
from sqlcipher3 import dbapi2

from berrypod.errors import BerrypodError, StorageError
from berrypod.storage.failures import explain
from berrypod.storage.files import translate_os_error
from berrypod.storage.helper_wire import LONGEST_LINE, Progress, Refused

STATUS_NOT_WANTED = 3
_NICENESS = 10
_TELL_SECONDS = 0.1

T = TypeVar("T", bound=msgspec.Struct)

# Waits for the next line.
NextLine = Callable[[], str]


def carry_out_order(order: type[T], work: Callable[[T, NextLine], None]) -> int:
    """Carry out one order. Returns the exit status.

    :param work: raises a BerrypodError if it cannot be done, which is passed on.
    """
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        received = msgspec.json.decode(lines.get(), type=order)
    except msgspec.DecodeError:
        # Without the decoder's words: they could quote what was sent, and keys are part of that.
        sys.stderr.write("standard input is no order\n")
        return 2
    try:
        work(received, lambda: lines.get().decode().strip())
    except BerrypodError as error:
        say(Refused(error.code, error.message, error.hint))
        return 1
    return 0


def give_way_to_customers() -> None:
    """Take the processors that nobody else needs, from now on."""
    with suppress(OSError):
        os.nice(_NICENESS)


@contextmanager
def explained(path: Path, undone: str) -> Generator[None]:
    """Turn the driver's errors and the system's into ours.

    :param path: the shop's file.
    :param undone: what could not be done, for errors of the system that have no words of their own.
    """
    try:
        yield
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error
    except OSError as error:
        folder = Path(os.fsdecode(error.filename)).parent if isinstance(error.filename, str | bytes) else path.parent
        translated = translate_os_error(error, folder)
        if isinstance(translated, BerrypodError):
            raise translated from error
        raise StorageError(f"{undone} ({error.strerror})") from error


def teller(stage: str) -> Callable[[float], None]:
    """Tells how far it is, some times a second."""
    last = 0.0

    def tell(share: float) -> None:
        nonlocal last
        if share >= 1 or monotonic() - last >= _TELL_SECONDS:
            last = monotonic()
            say(Progress(stage, share))

    return tell


def say(what: msgspec.Struct) -> None:
    """Say something to whoever asked. Without anybody there, the process ends."""
    line = msgspec.json.encode(what) + b"\n"
    try:
        while line:
            line = line[os.write(1, line) :]
    except BrokenPipeError:
        os._exit(STATUS_NOT_WANTED)


def _listen(lines: queue.SimpleQueue[bytes]) -> None:
    # The descriptor, not sys.stdin: a thread that waits inside its buffer makes the interpreter abort.
    rest = b""
    while received := os.read(0, LONGEST_LINE):
        *whole, rest = (rest + received).split(b"\n")
        for line in whole:
            lines.put(line)
    os._exit(STATUS_NOT_WANTED)
