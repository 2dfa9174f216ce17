"""What all processes of our own have in common, from the side that starts them: their environment, and their end.

An order goes through standard input, never through an argument or a variable: both can be read by others. It stays open
for as long as the work is wanted, so that a child ends with whoever started it, `kill -9` included.
"""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from contextlib import suppress
from typing import Final

_PASSED_ON: Final = {"PATH", "HOME", "LANG", "TMPDIR", "TZ", "VIRTUAL_ENV"}
_PASSED_ON_PREFIXES: Final = ("PYTHON", "LC_", "LD_", "DYLD_")


def environment() -> dict[str, str]:
    """What an interpreter needs to start. Secrets, ours and other plugins', are not among that."""
    return {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }


async def end(process: Process) -> None:
    """Leave no process behind, whatever happened; shielded: a second cancellation must leave no zombie."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await asyncio.shield(asyncio.ensure_future(process.wait()))
