"""Where files come from: their names, their pieces, and what lies beside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final

from berrypod import errors
from berrypod.cancelling import in_thread

_LONGEST_FILENAME: Final = 200
_PIECE_BYTES: Final = 1024 * 1024


def plain_name(filename: str | None) -> str | None:
    """A file's name as a client gives it, made fit to be shown: without folders and control characters."""
    name = (filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in name if letter.isprintable()).strip()[:_LONGEST_FILENAME] or None


def cancelled() -> errors.Conflict:
    return errors.Conflict("The upload was cancelled", hint="Nothing of it was kept.")


def journal_beside(path: Path) -> Path | None:
    for end in ("-wal", "-journal"):
        journal = path.with_name(path.name + end)
        if journal.exists() and journal.stat().st_size > 0:
            return journal
    return None


async def pieces_of(path: Path) -> AsyncGenerator[bytes]:
    """:raises StorageError: it cannot be read. Of the disk that it lies on, which may be another than the shop's."""
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        while piece := await _read(path, file):
            yield piece
    finally:
        file.close()


async def _read(path: Path, file: BinaryIO) -> bytes:
    try:
        return await in_thread(lambda: file.read(_PIECE_BYTES))
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> errors.StorageError:
    return errors.StorageError(
        f"{path} cannot be read ({error.strerror})",
        hint="Check that it is there, that you may read it, and that its disk is in order.",
    )


async def close(chunks: AsyncIterator[bytes]) -> None:
    if close := getattr(chunks, "aclose", None):
        with contextlib.suppress(Exception):
            await close()
