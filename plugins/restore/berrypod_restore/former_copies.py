"""The databases that were replaced, among the backups that are kept: to be downloaded, proven, or restored again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from berrypod.declarations import BackupExporter, KeptCopy
from berrypod.errors import NotFound
from berrypod_restore.faults import FormerUnknown
from berrypod_restore.formers import Formers
from berrypod_restore.names import FORMER_COPIES
from berrypod_restore.sources import pieces_of


class FormerCopies:
    """See `berrypod.declarations.KeptCopies`. One that could not be opened is no backup, and is not among them."""

    def __init__(self, formers: Formers) -> None:
        self._formers = formers

    def list(self) -> Sequence[KeptCopy]:
        return [
            KeptCopy(
                id=former.id, filename=former.filename, created_at=former.replaced_at, size_bytes=former.size_bytes
            )
            for former in self._formers.all()
            if former.openable
        ]

    async def open(self, copy_id: str) -> AsyncGenerator[bytes]:
        async for piece in pieces_of(await asyncio.to_thread(self._path, copy_id)):
            yield piece

    def delete(self, copy_id: str) -> None:
        """:raises FormerNeeded: it is the newest, which an undo needs."""
        self._path(copy_id)
        self._formers.remove(copy_id)

    def _path(self, copy_id: str) -> Path:
        try:
            return self._formers.path_of(self._formers.get(copy_id).id)
        except FormerUnknown as error:
            raise NotFound(error.message) from None


def former_exporter(formers: Formers) -> BackupExporter:
    """It makes nothing: it lists what restores have put aside."""
    return BackupExporter(
        name=FORMER_COPIES,
        title="Before a restore",
        description="The shop as it was before it was replaced. Undo puts it back.",
        kept=FormerCopies(formers),
    )
