"""Long work gives way to customers: a thread that checks or copies a file takes the processors that nobody needs."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

_NICENESS = 10


def give_way() -> None:
    """Lower the priority of the thread that calls this, for good: call it in a thread of its own.

    On Linux, where each thread has a priority; elsewhere it would be the whole process's, and nothing is done.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it, and the work is done all the same
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
