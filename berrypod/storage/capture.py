"""Capturing a state of the shop's file: what is not kept already, as chunks, and a map of all of its pages.

One consistent state, without a page decrypted, while the shop goes on (`standstill`): done in a process of its own
(`capture_process`), as a process that has the file open must not read it by other means than SQLite's. Of a file that
nobody writes, a snapshot say, `berrypod.archive.capturing` does it with the same parts (`capturing.PageCapture`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar, cast

from berrypod import errors
from berrypod.child_process import command_of
from berrypod.storage import capture_wire as wire
from berrypod.storage import origin
from berrypod.storage.capturing import MAP_NAME, CaptureFailed, CaptureOutrun, PagesUnfit
from berrypod.storage.chunks import NewChunk, chunk_path
from berrypod.storage.database import Database
from berrypod.storage.helper import Helper, helping
from berrypod.storage.helper_wire import WireKey
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.page_map import read_map
from berrypod.storage.standstill import Bounds

__all__ = ["BOUNDS", "Bounds", "CaptureFailed", "CaptureOutrun", "Captured", "PagesUnfit", "capture"]

COMMAND: Final = command_of("berrypod.storage.capture_process")

# The log is folded again as soon as the copy has ended. At 200 MB a second, 10 minutes are 120 GB.
BOUNDS: Final = Bounds(log_bytes=1_000_000_000, seconds=600.0)

Progress = Callable[[float], None]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Captured:
    """A state that was captured. All of it is on the disk, and nothing of it was verified.

    `created_at` (UTC) is the moment of the state: what was committed later is not in it. `salt` (hex) is the file's, of
    an encrypted one. `row_counts` and `schema_revision` were read from that very state. `sha256` is of the whole, if
    that was asked for. `used_chunks` are the names of all chunks that the map needs; `new_chunks` those that no folder
    had. `written_bytes` are those of the new ones and of the map. `held_ms` is how long writers were kept waiting;
    `copying_seconds` how long reading and writing took, and `seconds` all of it, with starting a process.
    """

    created_at: datetime
    page_count: int
    size_bytes: int
    encrypted: bool
    salt: str | None
    schema_revision: str
    row_counts: dict[str, int]
    map_path: Path
    map_sha256: str
    sha256: str | None
    new_chunks: tuple[NewChunk, ...]
    used_chunks: tuple[str, ...]
    written_bytes: int
    changed_pages: int
    held_ms: float
    copying_seconds: float
    seconds: float


async def capture(
    database: Database,
    staging: Path,
    known: Path | None,
    *,
    distrusted: Collection[str] = (),
    fast: bool = False,
    digest: bool = False,
    bounds: Bounds = BOUNDS,
    progress: Progress | None = None,
    wrote: Callable[[NewChunk], None] | None = None,
) -> Captured:
    """Capture the shop's file as it is now: pages that are in no chunk below `known` go into new ones in `staging`.

    Takes the time of reading the file, and of writing what has changed. A cancellation ends it at once, and so does
    closing the database. What it has written by then is left in `staging`, which is the caller's to remove.

    :param staging: a private folder, empty, on the file system on which chunks are kept. Chunks come to lie in it as
        `aa/<sha256>`, and the map as `map`.
    :param known: a folder of chunks, or of the ends of chunks (`chunks`); None if nothing is kept yet.
    :param distrusted: names of chunks there that were found damaged: what they have is stored anew.
    :param fast: as fast as it goes, whoever else waits for the disk.
    :param digest: compute the SHA-256 of the whole, for whom it costs more to put it together: 0.6 s for 1 GB.
    :param bounds: how long the file may be held, and how long its log may grow meanwhile.
    :param progress: called in the event loop with the share (0 to 1) that is done.
    :param wrote: called in the event loop with each new chunk, as soon as it is on the disk.
    :raises CaptureOutrun: the bounds were reached.
    :raises PagesUnfit: a plain file with pages of another size than 4,096 bytes.
    :raises DiskFull: (or FolderNotWritable) the staging folder, or the shop's, cannot be written.
    :raises DatabaseClosed: the file was closed or replaced meanwhile.
    :raises CaptureFailed: the process that does it ended.
    """
    begun, key, new = time.monotonic(), database.key, list[NewChunk]()
    order = _order(database, staging, known, distrusted=distrusted, fast=fast, digest=digest, bounds=bounds)
    await stamp(database)
    answers = cast("type[wire.WroteChunk | wire.Captured]", wire.WroteChunk | wire.Captured)
    async with copying_helper(database, order, answers, progress or _nobody) as helper:
        while isinstance(said := await helper.answer(), wire.WroteChunk):
            new.append(NewChunk(said.digest, chunk_path(staging, said.digest), said.size_bytes, said.pages))
            if wrote is not None:
                wrote(new[-1])
    salt = key.salt.hex() if key is not None else None
    return await asyncio.to_thread(told, said, staging, salt, new, time.monotonic() - begun)


async def stamp(database: Database) -> None:
    """Note the version of the program in the file, once after each update: its copies tell by which they were made."""
    await database.run_in_thread(origin.stamp, read_only=False)


@asynccontextmanager
async def copying_helper(
    database: Database, order: wire.Order, answers: type[T], progress: Progress
) -> AsyncGenerator[Helper[T]]:
    """A process that copies the shop's file as ordered. Whoever must have the file alone ends it: it can be done again.

    :raises DatabaseClosed: that was so.
    :raises CaptureFailed: it ended by itself.
    """
    closed, running = False, list[Helper[T]]()

    def stop() -> None:
        nonlocal closed
        closed = True
        for helper in running:
            helper.kill()

    # Left when the process is dead: until then it has the file open.
    with database.interruptible(stop, waited_for=True):
        try:
            async with helping(
                COMMAND,
                order,
                answers,
                tell=lambda _, share: progress(share),
                failed=CaptureFailed,
                known=(CaptureOutrun, PagesUnfit),
            ) as helper:
                running.append(helper)
                if closed:
                    helper.kill()
                yield helper
        except errors.StorageError:
            if closed:
                raise errors.DatabaseClosed("The database was closed or replaced while it was copied") from None
            raise


def _nobody(_: float) -> None:
    """Nobody wants to know."""


def _order(
    database: Database,
    staging: Path,
    known: Path | None,
    *,
    distrusted: Collection[str],
    fast: bool,
    digest: bool,
    bounds: Bounds,
) -> wire.CaptureOrder:
    return wire.CaptureOrder(
        path=str(database.path),
        key=WireKey.of(database.key) if database.key is not None else None,
        staging=str(staging.absolute()),
        known=str(known.absolute()) if known is not None else None,
        distrusted=list(distrusted),
        fast=fast,
        digest=digest,
        log_bytes=bounds.log_bytes,
        seconds=bounds.seconds,
    )


def told(said: wire.Captured, staging: Path, salt: str | None, new: Sequence[NewChunk], seconds: float) -> Captured:
    """What was captured, with what is known on this side. Reads the map."""
    map_path = staging / MAP_NAME
    return Captured(
        created_at=datetime.fromtimestamp(said.created_at, UTC),
        page_count=said.page_count,
        size_bytes=said.page_count * PAGE_BYTES,
        encrypted=salt is not None,
        salt=salt,
        schema_revision=said.schema_revision,
        row_counts=said.row_counts,
        map_path=map_path,
        map_sha256=said.map_sha256,
        sha256=said.sha256,
        new_chunks=tuple(new),
        used_chunks=read_map(map_path).chunks,
        written_bytes=sum(chunk.size_bytes for chunk in new) + said.map_bytes,
        changed_pages=said.changed_pages,
        held_ms=said.held_seconds * 1000,
        copying_seconds=said.copying_seconds,
        seconds=seconds,
    )
