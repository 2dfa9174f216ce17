"""Making a snapshot: a consistent copy of the shop's file while the shop goes on, under the same key, and verified.

compact     by `VACUUM INTO`: one read transaction, so that orders go on; no page that nobody uses; every page
            encrypted anew, at some 100 MB a second
snapshot    byte for byte, at the speed of a copy, by a process of its own (`capture_process`): no page is decrypted,
            and one that has not changed has the same bytes as in the snapshot before

A copy that came to be is believed only after it was opened as a stranger would (`verification`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Literal

from sqlcipher3 import dbapi2

from berrypod import errors
from berrypod.storage import capture_wire as wire
from berrypod.storage import origin, schema
from berrypod.storage.capture import BOUNDS, Bounds, copying_helper, stamp
from berrypod.storage.capturing import CaptureOutrun, PagesUnfit
from berrypod.storage.connection import open_immutable
from berrypod.storage.database import Database
from berrypod.storage.failures import explain, is_unusable_after
from berrypod.storage.files import (
    PRIVATE_FILE,
    claimed,
    fsync_folder,
    rename_to_new,
    require_space,
    sweep,
    temporary_path,
    translate_os_error,
)
from berrypod.storage.helper_wire import WireKey
from berrypod.storage.journals import remove_database
from berrypod.storage.verification import VerifiedFile, verify
from berrypod.storage.watching import Watcher

Stage = Literal["copying", "verifying"]
Method = Literal["compact", "snapshot"]
Progress = Callable[[Stage, float], None]

# What is left to the shop, which goes on writing while its copy grows.
SPARE_BYTES = 32_000_000

# Each page is needed once. VACUUM takes as much again for the copy.
_CACHE_KIBIBYTES = 4_096

_LEFT_ALONE = "It was left alone. Choose another name, or let it be overwritten (`--force`)."


@dataclass(frozen=True, kw_only=True)
class SnapshotFile:
    """A snapshot that was verified. `created_at` (UTC) is when it was begun: later orders are not in it.

    `method` is how it came to be in the end. `copying_seconds` is how long the copying took, until the copy was on the
    disk: without what came before (another process had to be started, say), and without the verification.
    """

    path: Path
    created_at: datetime
    method: Method
    facts: VerifiedFile
    copying_seconds: float = 0.0

    def open(self) -> dbapi2.Connection:
        """A connection that can only read. Close it before the file is removed."""
        return open_immutable(self.path, self.facts.key)


async def expected_bytes(database: Database) -> int:
    """How big a snapshot would be about now: the pages in use. Takes a moment, however big the file."""
    return await database.fetch(_used_bytes)


async def make_snapshot(
    database: Database,
    target: Path,
    *,
    method: Method = "compact",
    fast: bool = False,
    bounds: Bounds = BOUNDS,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> SnapshotFile:
    """Copy the shop's file to `target`: whole, verified, readable by its owner alone, and on the disk; or not at all.

    Until then it has a temporary name in the same folder, which a kill leaves behind and the next call for the same
    `target` removes (as does `files.sweep`). A cancellation ends it within moments.

    :param method: `snapshot` becomes `compact` where the shop writes more meanwhile than `bounds` let it, or where a
        plain file has pages of an unusual size. The result says so.
    :param fast: a `snapshot` as fast as it goes, whoever else waits for the disk.
    :param progress: called in the event loop, with the share (0 to 1) of the stage that is done.
    :raises Conflict: `target` exists, and may not be overwritten.
    :raises DiskFull: there is no space for it, or none was left on the way.
    :raises FolderNotWritable: the folder of `target` cannot be written.
    :raises DatabaseDamaged: the copy is not as it should be; most likely because the shop's file is not either.
    :raises CaptureFailed: the process that makes a `snapshot` ended.
    """
    report = progress or _nobody
    try:
        _refuse_existing(target, overwrite=overwrite)
        sweep(target.parent, of=target)
        expected = await (expected_bytes(database) if method == "compact" else database.fetch(_file_bytes))
        await asyncio.to_thread(_check_target, target, expected)
        created_at = datetime.now(UTC)
        with _temporary(target) as temporary:
            seconds = None
            if method == "snapshot":
                seconds = await _copy_raw(database, temporary, fast, bounds, report)
            if seconds is None:
                method = "compact"
                begun = monotonic()
                await _copy(database, temporary, report)
                seconds = monotonic() - begun
            report("verifying", 0.0)
            facts = await _verify(database, temporary)
            await asyncio.to_thread(_publish, temporary, target, overwrite=overwrite)
    except OSError as error:
        raise translate_os_error(error, target.parent) from error
    report("verifying", 1.0)
    return SnapshotFile(path=target, created_at=created_at, method=method, facts=facts, copying_seconds=seconds)


def _nobody(stage: Stage, share: float) -> None:
    """Nobody wants to know."""


def _used_bytes(connection: dbapi2.Connection) -> int:
    pages, free, size = _numbers(connection, "page_count", "freelist_count", "page_size")
    return (pages - free) * size


def _file_bytes(connection: dbapi2.Connection) -> int:
    pages, size = _numbers(connection, "page_count", "page_size")
    return pages * size


def _numbers(connection: dbapi2.Connection, *pragmas: str) -> list[int]:
    return [int(connection.execute(f"PRAGMA {pragma}").fetchone()[0]) for pragma in pragmas]


def _refuse_existing(target: Path, *, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise errors.Conflict(f"There is a file already: {target}", hint=_LEFT_ALONE)


def _check_target(target: Path, expected: int) -> None:
    try:
        str(target).encode()
    except UnicodeEncodeError:
        raise errors.BackupError(f"The name {target!r} is not UTF-8", hint="Choose another name.") from None
    if not target.parent.is_dir():
        raise errors.FolderNotWritable(f"There is no folder {target.parent}", hint="Make it, or choose another one.")
    require_space(target.parent, expected + SPARE_BYTES)


@contextmanager
def _temporary(target: Path) -> Generator[Path]:
    """A name in the target's folder that no other process sweeps away meanwhile; gone afterwards."""
    temporary = temporary_path(target)
    with claimed(temporary):
        try:
            yield temporary
        finally:
            remove_database(temporary)


async def _copy_raw(database: Database, temporary: Path, fast: bool, bounds: Bounds, report: Progress) -> float | None:
    """Copy byte for byte. Returns the seconds of it; None where this shop cannot be copied like that at present."""
    await stamp(database)
    order = _copy_order(database, temporary, fast, bounds)
    try:
        async with copying_helper(database, order, wire.Copied, lambda share: report("copying", share)) as helper:
            return (await helper.answer()).copying_seconds
    except (CaptureOutrun, PagesUnfit):
        await asyncio.to_thread(temporary.unlink, missing_ok=True)
        return None


def _copy_order(database: Database, temporary: Path, fast: bool, bounds: Bounds) -> wire.CopyOrder:
    return wire.CopyOrder(
        path=str(database.path),
        key=WireKey.of(database.key) if database.key is not None else None,
        target=str(temporary.absolute()),
        fast=fast,
        log_bytes=bounds.log_bytes,
        seconds=bounds.seconds,
    )


async def _copy(database: Database, temporary: Path, report: Progress) -> None:
    loop = asyncio.get_running_loop()

    def tell(share: float) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know
            loop.call_soon_threadsafe(report, "copying", share)

    try:
        # Not read_only: VACUUM INTO is refused by query_only, though it writes nothing to the shop's file.
        await database.run_in_thread(lambda source: _vacuum_into(source, temporary, tell), read_only=False)
    except (dbapi2.Error, MemoryError) as error:
        source_is_bad = is_unusable_after(error)
        raise explain(error, database.path if source_is_bad else temporary) from error


def _vacuum_into(source: dbapi2.Connection, temporary: Path, tell: Callable[[float], None]) -> None:
    """In a thread. SQLite would make the file itself, readable by everybody: so it finds an empty one."""
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        watcher = Watcher(descriptor, _used_bytes(source), tell)
        # Once after each update: the copy tells by which version it was made.
        origin.stamp(source)
        source.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        # The copy's syncs are the watcher's. The shop's file is not written on this connection.
        source.execute("PRAGMA synchronous = OFF")
        with watcher.watching():
            source.execute("VACUUM INTO ?", (str(temporary),))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _verify(database: Database, temporary: Path) -> VerifiedFile:
    """Never trust: the copy must open with the shop's own passphrase, and as what the shop's file is."""
    try:
        facts = await verify(temporary, database.settings.secret_key_db)
    except errors.KeyNotNeeded:
        raise errors.BackupError("The copy came out unencrypted. It was deleted.") from None
    if facts.schema_revision != schema.head():
        raise errors.BackupError(f"The copy has schema {facts.schema_revision}, not {schema.head()}. It was deleted.")
    return facts


def _publish(temporary: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(target)
    else:
        try:
            rename_to_new(temporary, target)
        except FileExistsError:
            _refuse_existing(target, overwrite=False)
    fsync_folder(target.parent)
