"""Processes that may die: a process of their own has imported everything, and forks for each piece of work.

A new interpreter takes a second and a half until it has imported the shop, a fork some milliseconds: hundreds of kills
become affordable. That process has no thread and no event loop, so that its forks are sound; a test's process has both.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).parents[2]
_LONGEST_SECONDS = 180.0


@dataclass(frozen=True)
class _Work:
    function: Callable[..., Any]
    arguments: dict[str, Any]
    kill_after: float | None
    forked: bool


@dataclass(frozen=True)
class Ended:
    """How a piece of work ended: killed; or with its answer, or with the traceback of what it raised."""

    killed: bool
    answer: Any
    failure: str | None
    seconds: float

    def result(self) -> Any:
        """:raises AssertionError: it did not come to its end."""
        assert self.failure is None, self.failure
        assert not self.killed, f"it was killed, or hung, after {self.seconds:.1f} s"
        return self.answer


class Forks:
    """Does work in forks of a process that is ready for it. Functions and arguments are pickled."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def ready(cls) -> Generator[Forks]:
        process = subprocess.Popen(
            [sys.executable, "-c", "from tests.faults.forks import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        try:
            yield cls(process)
        finally:
            process.kill()
            process.communicate()

    def run(self, function: Callable[..., Any], *, kill_after: float | None = None, **arguments: Any) -> Ended:
        """Call `function` in a fork, and wait until it has ended.

        :param kill_after: seconds after which it gets SIGKILL, wherever it is.
        """
        return self._ask(_Work(function, arguments, kill_after, forked=True))

    def prepare(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Call `function` in the process itself: what it remembers is there in all forks that follow."""
        return self._ask(_Work(function, arguments, None, forked=False)).result()

    def _ask(self, work: _Work) -> Ended:
        assert self._process.stdin
        assert self._process.stdout
        pickle.dump(work, self._process.stdin)
        self._process.stdin.flush()
        ended: Ended = pickle.load(self._process.stdout)
        return ended


def serve() -> None:
    """Do what is asked for on standard input until that ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What the work prints is no answer.
    while True:
        try:
            work: _Work = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        ended = _fork(work) if work.forked else Ended(False, *_call(work), 0.0)
        pickle.dump(ended, answers)
        answers.flush()


def _call(work: _Work) -> tuple[Any, str | None]:
    try:
        return work.function(**work.arguments), None
    except BaseException:
        return None, traceback.format_exc()


def _fork(work: _Work) -> Ended:
    started = time.monotonic()
    gc.freeze()  # A collection in the fork would touch, and so copy, all that it shares.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(_call(work), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb", 0) as pipe:
        told = _read(pipe, started + (_LONGEST_SECONDS if work.kill_after is None else work.kill_after))
    if told is None:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    answer, failure = pickle.loads(told) if told and not os.WIFSIGNALED(status) else (None, None)
    return Ended(os.WIFSIGNALED(status), answer, failure, time.monotonic() - started)


def _read(pipe: IO[bytes], deadline: float) -> bytes | None:
    """What comes until the end; None if that does not come in time."""
    told = b""
    while select.select([pipe], [], [], max(deadline - time.monotonic(), 0))[0]:
        piece = pipe.read(65_536)
        if not piece:
            return told
        told += piece
    return None
