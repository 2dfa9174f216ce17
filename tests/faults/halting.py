"""`python -m tests.faults.halting ARGUMENTS...`: `berrypod` that halts in the middle of a replacement.

HALT_AT is the point, HALT_FOLDER where `halted` tells the process id, and `go on` lets it go on. Workers read this
module too before they start, as whatever began their parent.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from berrypod.cli import cli
from berrypod.storage import faults

_LONGEST_SECONDS = 60


def _halt(point: str) -> None:
    folder = Path(os.environ["HALT_FOLDER"])
    told = folder / "halted"
    if point != os.environ["HALT_AT"] or told.exists():
        return
    written = folder / "halted.part"
    written.write_text(str(os.getpid()))
    written.rename(told)
    until = time.monotonic() + _LONGEST_SECONDS
    while not (folder / "go on").exists() and time.monotonic() < until:
        time.sleep(0.01)


faults.on_reach = _halt

if __name__ == "__main__":
    cli.main()
