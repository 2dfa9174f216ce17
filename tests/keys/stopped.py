"""`python -m tests.keys.stopped ARGUMENTS...`: `berrypod` that gets Ctrl-C when the new file has its place."""

from __future__ import annotations

import os
import signal

from berrypod.cli import cli
from berrypod.storage import faults


def _stop(point: str) -> None:
    if point == "swap.done":
        os.kill(os.getpid(), signal.SIGINT)


faults.on_reach = _stop

if __name__ == "__main__":
    cli.main()
