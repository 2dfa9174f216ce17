"""The measuring process: `python -m berrypod_stats.dbstat_process`.

A question in JSON comes on the first line of standard input, the answer goes to standard output, and the
exit status is 0 whenever there is an answer. Standard input stays open for as long as the answer is wanted:
when it closes, whoever asked has gone, and the process ends at once. So a server that is killed leaves no
reader behind that holds on to the write-ahead log.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import msgspec

from berrypod.errors import StorageError
from berrypod.storage.gate import Gate
from berrypod_stats.wire import LONGEST_QUESTION, Answer, Question, Refused

STATUS_NOT_WANTED = 3
_NICENESS = 10
_GATE_SECONDS = 0.5


def main() -> int:
    """Answer one question. Returns the exit status."""
    try:
        question = msgspec.json.decode(sys.stdin.buffer.readline(LONGEST_QUESTION), type=Question)
    except msgspec.DecodeError:
        # Without the decoder's words: they could quote what was sent, and a key may be part of that.
        sys.stderr.write("standard input is no question\n")
        return 2
    threading.Thread(target=_end_when_unwanted, daemon=True).start()
    os.nice(_NICENESS)  # customers come first
    sys.stdout.buffer.write(msgspec.json.encode(_answer(question)) + b"\n")
    sys.stdout.buffer.flush()
    return 0


def _answer(question: Question) -> Answer:
    try:
        from berrypod_stats.measuring import measure  # noqa: PLC0415 - its absence is an answer
    except ImportError as error:
        return Refused(
            "library_missing",
            f"the library that measures tables is not installed or cannot be loaded ({error})",
            "Install it with `pip install apsw-sqlite3mc` and restart Berrypod.",
        )
    gate = Gate(Path(question.path))
    try:
        # As every process that has the file open: who needs it alone waits for this reader, or turns it away.
        gate.enter(timeout=_GATE_SECONDS)
    except StorageError as error:
        return Refused(error.code, error.message, error.hint)
    try:
        return measure(question)
    finally:
        gate.leave()


def _end_when_unwanted() -> None:
    # The descriptor, not sys.stdin: a thread that waits inside its buffer makes the interpreter abort.
    while os.read(0, 4096):
        pass
    os._exit(STATUS_NOT_WANTED)


if __name__ == "__main__":
    sys.exit(main())
