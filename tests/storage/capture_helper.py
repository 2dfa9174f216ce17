"""`python -m tests.storage.capture_helper POINT WHAT`: the process that copies the shop's file, and what befalls it.

At the point it is killed (`kill`), or an error of the disk comes (`ENOSPC`, `EIO`), or it tells a file that it is there
and waits (`halt:PATH`). With `unseen`, it does not look how much space there is.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from pathlib import Path

from berrypod.storage import capture_process, faults, standstill


def _befall(point: str) -> None:
    wanted, what = sys.argv[1:]
    if point != wanted:
        return
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what.startswith("halt:"):
        Path(what.removeprefix("halt:")).touch()
        threading.Event().wait()
    else:
        number = getattr(errno, what)
        raise OSError(number, os.strerror(number))


def _look_not(folder: Path, needed: int) -> None:
    """There is enough."""


if __name__ == "__main__":
    if sys.argv[2] == "unseen":
        capture_process.require_space = standstill.require_space = _look_not
    else:
        faults.on_reach = _befall
    sys.exit(capture_process.main())
