"""Kernel locks: one has it, and whoever waits gets it when that one ends."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from berrypod.errors import StorageError
from berrypod.storage.locks import Taken, locked, note_of_holder, noted, one_of_all


async def test_of_all_that_want_it_one_has_it_and_then_the_next(tmp_path: Path) -> None:
    having: list[int] = []
    most: list[int] = []

    async def want(number: int) -> None:
        async with one_of_all(tmp_path / "lock", look_seconds=0.001):
            having.append(number)
            most.append(len(having))
            await asyncio.sleep(0.002)
            having.remove(number)

    await asyncio.gather(*(want(number) for number in range(5)))
    assert most == [1] * 5


async def test_a_process_that_is_killed_lets_go_of_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = f"""
from pathlib import Path
from berrypod.storage.locks import locked
with locked(Path({str(path)!r})):
    print("held", flush=True)
    input()
"""
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), one_of_all(path, look_seconds=0.001):
            """Never."""
    holder.kill()
    holder.communicate()
    async with asyncio.timeout(30), one_of_all(path, look_seconds=0.001):
        """It is free."""


def test_whoever_waits_for_a_moment_goes_on_when_it_is_free(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError), locked(tmp_path / "file" / "lock"):
        """Never."""


class TestNotes:
    def test_who_comes_second_is_told_who_has_it(self, tmp_path: Path) -> None:
        path = tmp_path / "lock"
        assert note_of_holder(path) is None
        with noted(path, b"a long first note") as write:
            assert note_of_holder(path) == b"a long first note"
            write(b"second")
            with pytest.raises(Taken) as taken, noted(path, b"another's"):
                """Never."""
            assert (taken.value.note, note_of_holder(path)) == (b"second", b"second")
        assert note_of_holder(path) is None

    def test_who_looks_in_the_same_moment_is_not_in_the_way(self, tmp_path: Path) -> None:
        """Whoever looks has the lock for an instant: a change of the key was refused for that, now and then."""
        path = tmp_path / "lock"
        path.touch()
        descriptor = os.open(path, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        looking = threading.Timer(0.02, os.close, [descriptor])
        looking.start()
        with noted(path, b"", seconds=10):
            """It is ours."""
        looking.join()
