"""Writing a chunk: page by page, with its digest on the way (the format is in `chunks`)."""

from __future__ import annotations

import hashlib
import os
import struct
from contextlib import suppress
from pathlib import Path

from berrypod.storage.chunks import ENTRY_BYTES, MOST_PAGES, NewChunk, chunk_path, end_of, mark_of
from berrypod.storage.faults import reach
from berrypod.storage.files import PRIVATE_FILE, make_private_folder, temporary_path
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.pacing import PacedWriting


class ChunkWriter:
    """Writes one chunk into a folder that nobody else writes to; its name comes with its last page.

    What is given up, or left by a kill, has a temporary name, which `files.sweep` removes. The caller brings the
    folders to the disk when all is written.

    :param encrypted: whether the pages are.
    :param paced: spare those who wait for the disk (`pacing`).
    """

    def __init__(self, folder: Path, *, encrypted: bool, paced: bool = True) -> None:
        self._folder, self._encrypted = folder, encrypted
        self._temporary = temporary_path(folder / "chunk")
        self._digest = hashlib.sha256()
        self._entries = bytearray()
        self._last = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(self._temporary, flags, PRIVATE_FILE)
        self._pacing = PacedWriting(self._descriptor) if paced else None

    def __len__(self) -> int:
        """The pages that it has."""
        return len(self._entries) // ENTRY_BYTES

    def add(self, number: int, pages: bytes | memoryview) -> None:
        """Add pages that follow one another in the database, from page `number` on. Returns when they are written.

        :raises ValueError: they are not of higher numbers than the last one, or too many.
        :raises OSError: the disk refuses.
        """
        count = len(pages) // PAGE_BYTES
        if number <= self._last or len(self) + count > MOST_PAGES:
            raise ValueError(f"{count} pages from {number} on do not fit after {len(self)} up to {self._last}")
        for at in range(count):
            page = pages[at * PAGE_BYTES : (at + 1) * PAGE_BYTES]
            self._entries += struct.pack("<I", number + at) + mark_of(page, encrypted=self._encrypted)
        self._last = number + count - 1
        self._write(pages)
        if self._pacing is not None:
            self._pacing.wrote(len(pages))

    def finish(self) -> NewChunk:
        """Bring it to the disk, and give it its name. If there is one of that name, it is the same.

        :raises OSError: (or FolderNotWritable, DiskFull) the disk refuses.
        """
        self._write(end_of(self._entries, encrypted=self._encrypted))
        if self._pacing is not None:
            self._pacing.end()
        os.fsync(self._descriptor)
        size = os.fstat(self._descriptor).st_size
        os.close(self._descriptor)
        self._descriptor = -1
        reach("chunks.written")
        digest = self._digest.hexdigest()
        path = chunk_path(self._folder, digest)
        make_private_folder(path.parent)
        self._temporary.replace(path)
        reach("chunks.named")
        return NewChunk(digest, path, size, len(self))

    def give_up(self) -> None:
        """Remove what there is, unless it was finished."""
        if self._descriptor >= 0:
            if self._pacing is not None:
                with suppress(OSError):  # what is given up need not reach the disk
                    self._pacing.end()
            os.close(self._descriptor)
            self._descriptor = -1
            self._temporary.unlink(missing_ok=True)

    def _write(self, content: bytes | memoryview) -> None:
        self._digest.update(content)
        view = memoryview(content)
        while view:
            view = view[os.write(self._descriptor, view) :]
