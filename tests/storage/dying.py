"""Work that kills itself, for a process that forks (`tests.faults.forks`)."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from berrypod.storage import faults
from berrypod.storage.converting import decrypt, encrypt
from tests.conftest import KEY


def convert(path: Path, *, back: bool, number: int) -> None:
    """Encrypt a shop (or `back`), and be killed at the moment of that number, if it comes by it."""
    left = number

    def kill(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    faults.on_reach = kill
    asyncio.run((decrypt if back else encrypt)(path, KEY, wait=0))
