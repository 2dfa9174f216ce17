"""Work done by another process, or as another user."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# asyncio imports it late, and whom we fork may not be able to read it.
assert concurrent.futures.ThreadPoolExecutor

_NOBODY = 65_534
# What is forked may wait for ever for a lock that another thread had: better a failure than a run without end.
_FORKED_SECONDS = 180.0
_ROOT = Path(__file__).parents[2]


def python(code: str, *arguments: object, timeout: float = 120.0) -> str:
    """Run Python code to its end in a new process. Returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=_ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(code: str, *arguments: object) -> Generator[subprocess.Popen[str]]:
    """Python code in a new process that has printed its first line. It is killed at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), "the process ended at once"
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def stopped_within(work: Callable[[Callable[..., Any]], object]) -> Generator[None]:
    """A process that does the work until the work calls what it is given, and waits there. It is then killed.

    By fork, which spares it the second that the imports take.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:

        def stop(*_: object, **__: object) -> None:
            os.write(writing, b"stopped")
            time.sleep(600)

        try:
            work(stop)
        finally:
            os._exit(1)
    os.close(writing)
    try:
        assert _speaks(reading), "the process that was forked hangs"
        assert os.read(reading, 7), "the work ended before it was stopped"
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)


def _speaks(pipe: int) -> bool:
    return bool(select.select([pipe], [], [], _FORKED_SECONDS)[0])


def can_become_nobody() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def as_nobody(work: Callable[[], Any]) -> Any:
    """Do the work as a user without rights, for whom root's files are what an admin's mistake makes them.

    By fork, so that this user need not be able to read the program. Returns the result; raises what the work raised.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
            try:
                answer = ("result", work())
            except BaseException as error:
                answer = ("error", error)
            os.write(writing, pickle.dumps(answer))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor
        try:
            assert _speaks(reading), "the process that was forked hangs"
            kind, value = pickle.loads(pipe.read())
        finally:
            os.kill(child, signal.SIGKILL)  # it has told everything
            os.waitpid(child, 0)
    if kind == "error":
        raise value
    return value
