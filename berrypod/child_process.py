"""What all processes of our own have in common, from the side that starts them: how they are started, and their end.

An order goes through standard input, never through an argument or a variable: both can be read by others. It stays open
for as long as the work is wanted, so that a child ends with whoever started it, `kill -9` included.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

_PASSED_ON: Final = {"PATH", "HOME", "LANG", "TMPDIR", "TZ", "VIRTUAL_ENV"}
_PASSED_ON_PREFIXES: Final = ("PYTHON", "LC_", "LD_", "DYLD_")


class CannotStart(Exception):
    """There is no such program, or no process for it; says why."""


def command_of(module: str) -> tuple[str, ...]:
    """What starts a module of ours as a process."""
    # -P: modules come from where they are installed, never from the folder that the server was started in.
    return (sys.executable, "-P", "-m", module)


@asynccontextmanager
async def running(command: Sequence[str], *, longest_line: int, stderr: int | None = None) -> AsyncGenerator[Process]:
    """Start a process that is spoken to through its standard input and output. It has ended when the block has.

    :param longest_line: bytes; `process.stdout.readline()` raises ValueError for a line that is longer.
    :param stderr: None leaves it to the one of this process.
    :raises CannotStart: nothing runs.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            env=_environment(),
            start_new_session=True,  # Ctrl-C in the server's terminal is for the server, which ends this
            limit=longest_line,
        )
    except OSError as error:
        raise CannotStart(error.strerror) from error
    try:
        yield process
    finally:
        await _end(process)


def _environment() -> dict[str, str]:
    """What an interpreter needs to start. Secrets, ours and other plugins', are not among that."""
    return {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }


async def _end(process: Process) -> None:
    """Leave no process behind, whatever happened.

    A loop that ends cancels everything, what waits here as well, and more than once: nobody is left to notice the end
    of the process then. So a cancellation waits until it has ended, which takes a killed one a moment.
    """
    # Both pipes: asyncio says that a process has ended only when its output has too, which nobody may have read.
    transport: asyncio.SubprocessTransport = vars(process)["_transport"]
    for pipe in (transport.get_pipe_transport(0), transport.get_pipe_transport(1)):
        if pipe is not None:
            pipe.close()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    cancelled: asyncio.CancelledError | None = None
    while process.returncode is None:
        try:
            await process.wait()
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
