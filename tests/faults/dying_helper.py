"""`python -m tests.faults.dying_helper POINT`: the process that writes the shop's file anew, killed at a point."""

from __future__ import annotations

import os
import signal
import sys

from berrypod.storage import faults
from berrypod.storage.rewriting_process import main


def _die(point: str) -> None:
    if point == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)


faults.on_reach = _die

if __name__ == "__main__":
    sys.exit(main())
