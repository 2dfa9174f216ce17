"""An archive of backups over one storage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from berrypod.archive.objects import ObjectStorage
from berrypod.declarations import Delivered, KeptCopy, Snapshot


class Archive:
    """Being written."""

    def __init__(self, storage: ObjectStorage, *, work_folder: Callable[[], Path]) -> None:
        """`work_folder` is asked at each use: a private folder on this machine for temporary files and indexes."""
        self.storage = storage
        self._work_folder = work_folder

    async def export(self, snapshot: Snapshot, folder: Path) -> Delivered:
        raise NotImplementedError

    async def list(self) -> Sequence[KeptCopy]:
        raise NotImplementedError

    def open(self, copy_id: str) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def delete(self, copy_id: str) -> None:
        raise NotImplementedError
