"""The app as uvicorn's workers make it: each in a process of its own, from the environment."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading

from litestar.types import ASGIApp

from berrypod.app import create_app
from berrypod.settings import Settings
from berrypod.web.forwarded import behind_proxies

log = logging.getLogger("berrypod")


def create() -> ASGIApp:
    _end_with_parent()
    settings = Settings.from_env()
    return behind_proxies(create_app(settings), settings)


def _end_with_parent() -> None:
    """Stop when the process that started this one is killed.

    uvicorn's workers would go on serving: nobody could stop them by what was started, and the port stayed taken.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        log.error("the process that started this worker has ended: it ends, too")
        os.kill(os.getpid(), signal.SIGTERM)  # as an orderly stop: what is in flight ends first

    threading.Thread(target=wait, name="berrypod-parent", daemon=True).start()
