"""Writing what comes from elsewhere into a file."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from berrypod.archive import copying


async def test_no_thread_goes_on_writing_to_a_file_that_was_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is that of the next file that is opened: pieces of a backup would end up in the shop's."""
    begun, go_on = threading.Event(), threading.Event()
    written_all = copying.write_all

    def slow(descriptor: int, content: bytes) -> None:
        begun.set()
        go_on.wait(60)
        written_all(descriptor, content)

    monkeypatch.setattr(copying, "write_all", slow)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"of a backup"

    task = asyncio.ensure_future(copying.write_stream(pieces(), tmp_path / "target"))
    await asyncio.to_thread(begun.wait, 60)
    for _ in range(3):  # as a stream that is broken off
        task.cancel()
        await asyncio.sleep(0)
    another = os.open(tmp_path / "shop.db", os.O_RDWR | os.O_CREAT)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(lambda: None)  # what was handed in before has been done
    os.close(another)
    assert (tmp_path / "shop.db").read_bytes() == b""
