"""Long work on files: in threads of their own, which give way to customers, and end when nobody waits any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from berrypod.cancelling import to_its_end
from berrypod.storage.answers import Answer
from berrypod.storage.priority import give_way

T = TypeVar("T")


class Stopped(Exception):
    """The work was not wanted any more. Whoever waited for it was cancelled, and never sees this."""


def go_on(stop: threading.Event) -> None:
    """:raises Stopped: it is not wanted any more."""
    if stop.is_set():
        raise Stopped


async def apart(work: Callable[[threading.Event], T]) -> T:
    """Do the work. Not in asyncio's own threads: passwords are hashed there, and must not wait for a disk.

    Cancelling sets the event, and waits until the work has ended: what it used can be removed then.
    """
    stop, answer = threading.Event(), Answer[T]()

    def run() -> None:
        give_way()
        answer.settle(lambda: work(stop))

    threading.Thread(target=run, name="berrypod-archive", daemon=True).start()
    return await to_its_end(answer.future, stop=stop.set)
