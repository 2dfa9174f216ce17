"""Bytes over HTTP: from the disk in pieces, with their length and digest, however many they are."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

from litestar.response import Stream

_PIECE_BYTES = 256 * 1024


def file_answer(
    chunks: AsyncIterator[bytes], *, filename: str, media_type: str, size_bytes: int | None, sha256: str | None
) -> Stream:
    """An answer that a browser saves as `filename`.

    `Repr-Digest` (RFC 9530) lets a client check what it got; `Content-Length` lets it see that something is missing.
    """
    headers = {"content-disposition": _disposition(filename), "cache-control": "no-store", "accept-ranges": "none"}
    if size_bytes is not None:
        headers["content-length"] = str(size_bytes)
    if sha256 is not None:
        headers["repr-digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
    return Stream(chunks, media_type=media_type, headers=headers)


async def pieces_of(path: Path, *, complete: Callable[[], None]) -> AsyncGenerator[bytes]:
    """The bytes of a file. It may be removed meanwhile: an open file stays until it is closed.

    `complete` is called when the last piece was taken. For a connection that broke off it is not.
    """
    file = await asyncio.to_thread(path.open, "rb")
    try:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(_PIECE_BYTES, left))
            if not piece:
                return  # cut short: the client sees that bytes are missing
            left -= len(piece)
            yield piece
        # Without waiting for anything: a client that has everything may have gone already.
        complete()
    finally:
        file.close()


def _disposition(filename: str) -> str:
    """RFC 6266: a plain name for all, and the true one for those that read it."""
    plain = "".join(letter if letter.isascii() and letter not in '"\\' else "_" for letter in filename)
    disposition = f'attachment; filename="{plain}"'
    return disposition if plain == filename else f"{disposition}; filename*=UTF-8''{quote(filename, safe='')}"
