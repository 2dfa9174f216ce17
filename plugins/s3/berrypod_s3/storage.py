"""The storage of an archive that is a bucket."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from berrypod.archive.objects import StoredObject
from berrypod.errors import BerrypodError
from berrypod_s3.config import S3Config
from berrypod_s3.downloading import Download
from berrypod_s3.pace import Pace
from berrypod_s3.threads import in_thread, to_its_end

if TYPE_CHECKING:
    from berrypod_s3.bucket import Bucket

log = logging.getLogger("berrypod.s3")


class ConfigSource(Protocol):
    """Where the storage is, asked at each use: it may be entered, or changed, while the shop runs."""

    @property
    def identity(self) -> str:
        """See `berrypod.archive.objects.MovableStorage`."""
        ...

    @property
    def location(self) -> str:
        """As it was last known, for people."""
        ...

    async def get(self) -> S3Config:
        """The same object for as long as nothing has changed.

        :raises NotConfigured: nobody has said it.
        """
        ...


class Fixed:
    """A config that is known."""

    def __init__(self, config: S3Config) -> None:
        self._config = config

    @property
    def identity(self) -> str:
        return self._config.location

    @property
    def location(self) -> str:
        return self._config.location

    async def get(self) -> S3Config:
        return self._config


class S3Storage:
    """Objects are those of a bucket below a prefix. Each request is tried several times, with pauses that double.

    The methods raise the errors of `faults`, and NotFound.
    """

    def __init__(self, source: ConfigSource, *, pace: Pace | None = None) -> None:
        self._source = source
        self._pace = pace or Pace()
        self._lock = threading.Lock()
        self._bucket: Bucket | None = None

    @property
    def identity(self) -> str:
        return self._source.identity

    @property
    def location(self) -> str:
        return self._source.location

    async def list(self, prefix: str = "") -> Sequence[StoredObject]:
        bucket = await self.bucket()
        return await in_thread(lambda: bucket.list(prefix))

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """A download that breaks off goes on where it did, unless that happens again and again.

        :raises StorageUnreachable: it did. What was yielded is not the whole.
        """
        download = Download(await self.bucket(), name)
        try:
            while piece := await download.piece():
                yield piece
        finally:
            download.close()

    async def put(self, name: str, source: Path) -> None:
        """Sent in parts if it is big; its size is asked for afterwards. A cancelled one is taken back, or was whole."""
        bucket = await self.bucket()
        size = await in_thread(lambda: source.stat().st_size)
        upload = bucket.upload(name, source)
        await to_its_end(upload.run, upload.cancel)
        await in_thread(lambda: bucket.require_size(name, size))

    async def delete(self, name: str) -> None:
        bucket = await self.bucket()
        await in_thread(lambda: bucket.delete(name))

    def local_path(self, name: str) -> Path | None:
        return None

    async def sweep(self) -> None:
        """Take back uploads that dead processes have left, of whichever machine. A key that may not do this does no
        harm: a rule of the bucket's can do it as well."""
        await self._aborted(lambda bucket: bucket.abort_unfinished(datetime.now(UTC)))

    async def take_back(self, name: str) -> None:
        """As `sweep`, of one object whose sender is known to have ended, at once."""
        await self._aborted(lambda bucket: bucket.abort_uploads(name))

    async def _aborted(self, abort: Callable[[Bucket], int]) -> None:
        bucket = await self.bucket()
        try:
            count = await in_thread(lambda: abort(bucket))
        except BerrypodError as error:
            log.warning("uploads that were not finished are left where they are: %s", error.message)
            return
        if count:
            log.info("%s: %d uploads that nobody finishes were taken back", bucket.config.location, count)

    async def folders(self) -> Sequence[str]:
        """The names of the folders at the top: where archives may be, for somebody who has no prefix to name."""
        bucket = await self.bucket()
        return await in_thread(lambda: [*bucket.folders()])

    async def bucket(self) -> Bucket:
        """The bucket as it is configured now.

        :raises NotConfigured: it is not.
        """
        config = await self._source.get()
        kept = self._bucket
        if kept is not None and kept.config is config:
            return kept
        return await in_thread(lambda: self._made(config))

    def _made(self, config: S3Config) -> Bucket:
        from berrypod_s3.bucket import Bucket  # noqa: PLC0415 - slow to import, for shops that use it alone

        with self._lock:
            if self._bucket is None or self._bucket.config is not config:
                self._bucket = Bucket(config, self._pace)
            return self._bucket
