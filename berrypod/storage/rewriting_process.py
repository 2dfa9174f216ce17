"""The process that writes the shop's file anew: `python -m berrypod.storage.rewriting_process`.

An order comes on the first line of standard input, and is carried out until the new file is level with the shop's. Then
one word a line says what next: `catch up` again, `proven`, `finish`. Each is answered by a line (`rewriting_wire`).
When standard input closes, whoever asked has gone, and the process ends at once: nothing holds on to the log then.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

import msgspec
from sqlcipher3 import dbapi2

from berrypod.errors import BerrypodError, StorageError
from berrypod.storage import rewriting_wire as wire
from berrypod.storage.failures import explain
from berrypod.storage.files import translate_os_error
from berrypod.storage.rewriting import Bounds, Level, Rewriting

STATUS_NOT_WANTED = 3
_NICENESS = 10
_TELL_SECONDS = 0.1


def main() -> int:
    """Carry out one order. Returns the exit status."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        order = msgspec.json.decode(lines.get(), type=wire.Order)
    except msgspec.DecodeError:
        # Without the decoder's words: they could quote what was sent, and keys are part of that.
        sys.stderr.write("standard input is no order\n")
        return 2
    with suppress(OSError):
        os.nice(_NICENESS)  # customers come first
    try:
        _carry_out(order, lines)
    except BerrypodError as error:
        _say(wire.Refused(error.code, error.message, error.hint))
        return 1
    return 0


def _carry_out(order: wire.Order, lines: queue.SimpleQueue[bytes]) -> None:
    """:raises StorageError: it cannot be done; nothing holds the file then."""
    path = Path(order.path)
    rewriting = Rewriting(
        path, order.old.key(), Path(order.target), order.new.key(), Bounds(order.log_bytes, order.seconds)
    )
    try:
        rewriting.begin()
        rewriting.copy(_teller("copying"))
        _say(_done(rewriting.catch_up(_teller("catching_up"))))
        while True:
            match lines.get().decode().strip():
                case wire.CATCH_UP:
                    _say(_done(rewriting.catch_up(_teller("catching_up"))))
                case wire.PROVEN:
                    rewriting.proven()
                case wire.FINISH:
                    level = rewriting.finish()
                    rewriting.close()  # The last one to close it folds the log: before anybody is told.
                    _say(_done(level))
                    return
                case _:
                    raise StorageError("The process that writes the file anew was asked for something unknown")
    except (dbapi2.Error, MemoryError) as error:
        raise explain(error, path) from error
    except OSError as error:
        translated = translate_os_error(error, path.parent)
        if isinstance(translated, BerrypodError):
            raise translated from error
        raise StorageError(f"{path} cannot be written anew ({error.strerror})") from error
    finally:
        rewriting.close()


def _teller(stage: str) -> Callable[[float], None]:
    """Tells how far it is, some times a second."""
    last = 0.0

    def tell(share: float) -> None:
        nonlocal last
        if share >= 1 or monotonic() - last >= _TELL_SECONDS:
            last = monotonic()
            _say(wire.Progress(stage, share))

    return tell


def _done(level: Level) -> wire.Done:
    return wire.Done(level.pages, level.caught_up, level.last)


def _say(what: wire.Said) -> None:
    line = msgspec.json.encode(what) + b"\n"
    try:
        while line:
            line = line[os.write(1, line) :]
    except BrokenPipeError:
        os._exit(STATUS_NOT_WANTED)


def _listen(lines: queue.SimpleQueue[bytes]) -> None:
    # The descriptor, not sys.stdin: a thread that waits inside its buffer makes the interpreter abort.
    rest = b""
    while received := os.read(0, wire.LONGEST_LINE):
        *whole, rest = (rest + received).split(b"\n")
        for line in whole:
            lines.put(line)
    os._exit(STATUS_NOT_WANTED)


if __name__ == "__main__":
    sys.exit(main())
