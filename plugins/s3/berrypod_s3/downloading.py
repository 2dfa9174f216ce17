"""Downloads: one that breaks off goes on where it did, and one that cannot is an error, never a shorter object."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from berrypod_s3.faults import StorageAltered, StorageSlow, StorageUnreachable
from berrypod_s3.threads import in_thread

if TYPE_CHECKING:
    from berrypod_s3.bucket import Bucket, Opened

log = logging.getLogger("berrypod.s3")


class Download:
    """An object that is read piece by piece."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self._bucket = bucket
        self._name = name
        self._opened: Opened | None = None
        self._reading: asyncio.Future[bytes] | None = None
        self._etag: str | None = None
        self._offset = 0
        self._broken_at = 0
        self._breaks = 0

    async def piece(self) -> bytes:
        """The next piece; nothing at the end.

        :raises NotFound: there is no such object.
        :raises StorageUnreachable: it broke off again and again, with next to nothing in between.
        """
        bucket = self._bucket
        while True:
            try:
                opened = self._opened = self._opened or await self._open()
                piece = await self._read(opened)
                break
            except (StorageUnreachable, StorageSlow) as error:
                self.close()
                self._opened = None
                if not self._may_go_on():
                    raise
                log.info("%s: going on with %s at byte %d", error.message, self._name, self._offset)
        self._offset += len(piece)
        if not piece and self._offset != opened.size_bytes:
            raise StorageAltered(f"{bucket.config.location} gave {self._offset:,} bytes of {self._name}, and not all")
        return piece

    def close(self) -> None:
        """Give the connection up."""
        if self._opened is None:
            return
        body, reading = self._opened.body, self._reading
        if reading is None or reading.done():
            body.close()
        else:
            # Closing it under the thread that reads would wait for that thread, which the event loop may not.
            reading.add_done_callback(lambda _: body.close())

    def _may_go_on(self) -> bool:
        """A line that breaks after every few bytes counts as one that gives none: it would be asked without end."""
        if self._offset - self._broken_at >= self._bucket.pace.piece_bytes:
            self._breaks = 0
        self._broken_at = self._offset
        self._breaks += 1
        return self._breaks < self._bucket.pace.attempts

    async def _open(self) -> Opened:
        bucket, name, offset, etag = self._bucket, self._name, self._offset, self._etag
        opened = await in_thread(lambda: bucket.open(name, offset=offset, etag=etag))
        self._etag = opened.etag
        return opened

    async def _read(self, opened: Opened) -> bytes:
        bucket, name = self._bucket, self._name
        self._reading = asyncio.ensure_future(in_thread(lambda: bucket.read(opened, name)))
        try:
            return await asyncio.shield(self._reading)
        except asyncio.CancelledError:
            self._reading.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody else looks
            raise
