"""Bytes over HTTP: from the disk in pieces, with their length and digest, however many they are."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from anyio import create_task_group
from litestar import Request
from litestar.response import Stream
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Send

from berrypod.errors import BrokenOff

log = logging.getLogger("berrypod.web")

_PIECE_BYTES = 256 * 1024


class FileAnswer(Stream):
    """A stream that may break off: then there is a line in the log, and no traceback."""

    def __init__(self, chunks: AsyncIterator[bytes], *, media_type: str, headers: dict[str, str]) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._chunks = chunks

    def to_asgi_response(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, app: None, request: Request[Any, Any, Any], *, headers: dict[str, str] | None = None, **more: Any
    ) -> ASGIStreamingResponse:
        more.pop("type_encoders", None)
        more |= {"media_type": self.media_type, "status_code": self.status_code or more.get("status_code")}
        return _BreakableStream(iterator=self._chunks, headers={**(headers or {}), **self.headers}, **more)


class _BreakableStream(ASGIStreamingResponse):
    async def send_body(self, send: Send, receive: Receive) -> None:
        async with create_task_group() as group:

            async def stream() -> None:
                try:
                    await self._stream(send)
                except BrokenOff as error:
                    log.warning("a download was broken off: %s", error)
                    # The body is left without its end, which is how a server is told to close the connection.
                    group.cancel_scope.cancel()

            group.start_soon(stream)
            await self._listen_for_disconnect(cancel_scope=group.cancel_scope, receive=receive)


def file_answer(
    chunks: AsyncIterator[bytes], *, filename: str, media_type: str, size_bytes: int, sha256: str | None
) -> Stream:
    """An answer that a browser saves as `filename`.

    `Repr-Digest` (RFC 9530) lets a client check what it got; `Content-Length` lets it see that something is missing.
    """
    headers = {
        "content-disposition": _disposition(filename),
        "content-length": str(size_bytes),
        "cache-control": "no-store",
        "accept-ranges": "none",
    }
    if sha256 is not None:
        headers["repr-digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
    return FileAnswer(chunks, media_type=media_type, headers=headers)


async def pieces_of(path: Path, *, complete: Callable[[], None]) -> AsyncGenerator[bytes]:
    """Open a file, and return its bytes. It may be removed meanwhile: an open file stays until it is closed.

    `complete` is called when the last piece was taken. For a connection that broke off it is not.

    :raises FileNotFoundError: it was removed already.
    """
    file = await asyncio.to_thread(path.open, "rb")
    pieces = _pieces(file, complete)
    # A client may go before the first piece is asked for: nothing in the generator would run then.
    weakref.finalize(pieces, file.close)
    return pieces


async def _pieces(file: BinaryIO, complete: Callable[[], None]) -> AsyncGenerator[bytes]:
    try:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(_PIECE_BYTES, left))
            if not piece:
                raise BrokenOff(f"{left} bytes of {Path(file.name).name} are missing")
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
