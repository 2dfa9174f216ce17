"""A process that was started for a piece of work is gone when the work is, in whatever way that ends."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from pathlib import Path

import pytest

from berrypod.child_process import CannotStart, running

WAITS = (sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read(); sys.stdin.close()")
# Goes on when its order's pipe closes: it has to be killed.
DEAF = (sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def ready(command: tuple[str, ...], started: asyncio.Future[int]) -> None:
    async with running(command, longest_line=1_000) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        started.set_result(process.pid)
        await asyncio.Event().wait()


@pytest.mark.parametrize("command", [WAITS, DEAF], ids=["waits", "deaf"])
@pytest.mark.parametrize("cancellations", [1, 2, 3])
async def test_however_often_the_work_is_cancelled_its_process_is_gone_first(
    command: tuple[str, ...], cancellations: int
) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(ready(command, started))
    pid = await started

    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert gone(pid)


def test_a_loop_that_ends_in_the_middle_leaves_neither_process_nor_transport() -> None:
    """What is left of it would end in an error when it is collected: there is no loop any more."""
    pids: list[int] = []

    async def leave() -> None:
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(ready(DEAF, started))
        pids.append(await started)
        task.cancel()  # and nobody waits: `asyncio.run` cancels what is left
        await asyncio.sleep(0)

    asyncio.run(leave())
    gc.collect()

    assert gone(pids[0])


def test_an_answer_that_nobody_read_leaves_no_transport() -> None:
    """A reader that is full pauses: the end of the output is never seen."""

    async def ask() -> int:
        command = (sys.executable, "-c", "import sys; sys.stdout.write('x' * 60_000); sys.stdout.flush(); input()")
        async with running(command, longest_line=100) as process:
            assert process.stdout is not None
            assert await process.stdout.read(1) == b"x"
            return process.pid

    pid = asyncio.run(ask())
    gc.collect()

    assert gone(pid)


async def test_what_the_work_raises_comes_through(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with running(WAITS, longest_line=1_000):
            (tmp_path / "nothing").read_bytes()


@pytest.mark.parametrize("program", ["/nowhere/python", "/"])
async def test_what_is_no_program_is_said_so(program: str) -> None:
    with pytest.raises(CannotStart, match=r"No such file|Permission denied"):
        async with running((program,), longest_line=1_000):
            pass
