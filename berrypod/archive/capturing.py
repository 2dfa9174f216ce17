"""Adding a backup of pages: those that are not stored already, in new chunks; and a map that says where each page lies.

Chunks go to the storage while the rest is still being captured, then the map, then the manifest.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from berrypod import errors
from berrypod.archive import layout
from berrypod.archive.entries import listed
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.manifest import Manifest
from berrypod.archive.sparse import sparse_chunks
from berrypod.archive.stock import Stock
from berrypod.archive.taking import Adding, Taking, described
from berrypod.archive.threads import apart, go_on
from berrypod.archive.together import side_by_side
from berrypod.archive.verifying import Verifying
from berrypod.declarations import Snapshot
from berrypod.storage.assembling import PagesChecked
from berrypod.storage.capture import capture
from berrypod.storage.capturing import MAP_NAME, PageCapture, PagesUnfit
from berrypod.storage.chunks import NewChunk, check_chunk, named_pages, read_end
from berrypod.storage.database import Database
from berrypod.storage.faults import reach
from berrypod.storage.files import translate_os_error
from berrypod.storage.keys import PAGE_BYTES, PLAIN_HEADER, SALT_BYTES, DatabaseKey, passphrase_fingerprint
from berrypod.storage.page_map import PageMap, from_bytes
from berrypod.storage.page_source import PageSource
from berrypod.storage.snapshot import Progress

_NOT_READ_BACK: Final = "Look after the disk (`dmesg`), and try again. The shop is unharmed."


@dataclass(frozen=True, kw_only=True)
class State:
    """What was captured. `sha256` is None where it is not known before the file is put together."""

    created_at: datetime
    page_count: int
    sha256: str | None
    salt: bytes
    schema_revision: str
    row_counts: dict[str, int]
    method: str


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked of a capture. `staging` is where chunks and the map come to lie; `wrote` is told each chunk. Pages
    of `distrusted` chunks are stored anew."""

    staging: Path
    known: Path | None
    distrusted: Collection[str]
    wrote: Callable[[NewChunk], None]


Capture = Callable[[Order], Awaitable[State]]
Tell = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Backup:
    """One that is to be added. `key` authenticates its pages; `fingerprint` is of the passphrase."""

    taking: Taking
    capture: Capture
    key: DatabaseKey | None = None
    fingerprint: str | None = None
    tell: Tell | None = None


class _ChunksSpoilt(Exception):
    """Chunks of former backups are damaged or gone, and the new one would need them."""

    def __init__(self, found: PagesChecked) -> None:
        self.found = found


class Capturing:
    """See the module."""

    def __init__(self, stock: Stock, adding: Adding, verifying: Verifying) -> None:
        self._stock, self._adding, self._verifying = stock, adding, verifying

    async def live(self, database: Database, taking: Taking, *, fast: bool, progress: Progress | None) -> Manifest:
        """Of the running shop."""
        key, passphrase = database.key, database.settings.secret_key_db
        elsewhere = self._stock.place.local_chunks is None
        fingerprint = None
        if key is not None and passphrase is not None:
            fingerprint = await asyncio.to_thread(passphrase_fingerprint, passphrase)

        async def captured(order: Order) -> State:
            made = await capture(
                database,
                order.staging,
                order.known,
                distrusted=order.distrusted,
                fast=fast,
                digest=elsewhere,
                progress=partial(progress, "copying") if progress is not None else None,
                wrote=order.wrote,
            )
            return State(
                created_at=made.created_at,
                page_count=made.page_count,
                sha256=made.sha256,
                salt=PLAIN_HEADER if made.salt is None else bytes.fromhex(made.salt),
                schema_revision=made.schema_revision,
                row_counts=made.row_counts,
                method="snapshot",
            )

        tell = partial(progress, "verifying") if progress is not None else None
        return await self._add(Backup(taking=taking, capture=captured, key=key, fingerprint=fingerprint, tell=tell))

    async def of_file(self, snapshot: Snapshot, taking: Taking) -> Manifest:
        """Of a verified file that nobody writes.

        :raises PagesUnfit: its pages have another size than ours.
        """

        async def captured(order: Order) -> State:
            loop = asyncio.get_running_loop()

            def wrote(chunk: NewChunk) -> None:
                loop.call_soon_threadsafe(order.wrote, chunk)

            salt = await apart(lambda stop: _capture(snapshot, order, wrote, stop))
            return State(
                created_at=snapshot.created_at.astimezone(UTC),
                page_count=snapshot.size_bytes // PAGE_BYTES,
                sha256=snapshot.sha256,
                salt=salt,
                schema_revision=snapshot.schema_revision,
                row_counts=dict(snapshot.row_counts),
                method=snapshot.method,
            )

        # Without the key: that all of it is as it was verified, its digest tells.
        return await self._add(Backup(taking=taking, capture=captured, fingerprint=snapshot.key_fingerprint))

    async def _add(self, backup: Backup) -> Manifest:
        """Add a backup. If chunks that it would need are found to be damaged, their pages are stored anew."""
        try:
            return await self._attempt(backup, ())
        except _ChunksSpoilt as spoilt:
            found = spoilt.found
        await self._verifying.set_aside(found.damaged)
        try:
            return await self._attempt(backup, (*found.damaged, *found.missing))
        except _ChunksSpoilt as spoilt:
            raise BackupDamaged(f"What is read back is damaged: {spoilt.found.words}", hint=_NOT_READ_BACK) from None

    async def _attempt(self, backup: Backup, distrusted: Collection[str]) -> Manifest:
        stock, taking = self._stock, backup.taking
        async with self._adding.begun(taking), stock.place.staging() as staging:
            there = listed(await stock.storage.list(layout.CHUNKS)).chunks
            known, storing = await stock.ends.level(there), _Storing(stock, backup.key)
            distrusted = await sparse_chunks(stock) | set(distrusted)
            order = Order(staging=staging, known=known, distrusted=distrusted, wrote=storing.queue.put_nowait)
            state, _ = await side_by_side(storing.ended_by(backup.capture(order)), storing.run())
            content = await asyncio.to_thread((staging / MAP_NAME).read_bytes)
            page_map = await asyncio.to_thread(from_bytes, content)
            map_sha256 = await self._put_map(taking.id, staging / MAP_NAME, content)
            sha256 = await self._verified(page_map, state, backup)
            manifest = described(
                taking,
                created_at=state.created_at,
                size_bytes=state.page_count * PAGE_BYTES,
                sha256=sha256,
                page_count=state.page_count,
                schema_revision=state.schema_revision,
                row_counts=state.row_counts,
                encrypted=page_map.encrypted,
                key_fingerprint=backup.fingerprint,
                salt=state.salt.hex(),
                method=state.method,
                storage="pages",
                stored_bytes=storing.bytes + len(content),
                map_sha256=map_sha256,
            )
            await stock.manifests.put(manifest)
            return manifest

    async def _put_map(self, backup_id: str, path: Path, content: bytes) -> str:
        digest, name = hashlib.sha256(content).hexdigest(), layout.map_name(backup_id)
        await self._stock.storage.put(name, path)
        reach("archive.map_put")
        if await self._stock.place.digest_of(name) != digest:
            raise BackupDamaged(f"{name} is not read back as it was written", hint=_NOT_READ_BACK)
        await asyncio.to_thread(self._stock.maps.keep, digest, content)
        return digest

    async def _verified(self, page_map: PageMap, state: State, backup: Backup) -> str:
        """Read the backup back, as far as it is on this machine: elsewhere, the new chunks were, and the others must
        still be there. Returns its SHA-256.

        :raises _ChunksSpoilt: chunks are damaged or missing.
        :raises DatabaseDamaged: the chunks are as they were written, and have pages that are not.
        """
        if self._stock.place.local_chunks is None:
            # Chunks that were there when it began: another machine, or a rule of the bucket, may have removed some.
            there = listed(await self._stock.storage.list(layout.CHUNKS)).chunks
            if missing := tuple(name for name in page_map.chunks if name not in there):
                raise _ChunksSpoilt(PagesChecked(missing=missing))
            assert state.sha256 is not None, "of what goes elsewhere the digest is asked for"
            return state.sha256
        found = await self._verifying.checked(page_map, backup.key, backup.tell)
        if found.missing or found.damaged:
            raise _ChunksSpoilt(found)
        if found.pages:
            raise _spoilt_shop(found.pages)
        if found.sha256 is None or state.sha256 not in (None, found.sha256):
            raise BackupDamaged("What was written is not what is read back", hint=_NOT_READ_BACK)
        return found.sha256


class _Storing:
    """Puts chunks into the storage as they come. Elsewhere, each is read back; here, all of it is in the end."""

    def __init__(self, stock: Stock, key: DatabaseKey | None) -> None:
        self._stock, self._key = stock, key
        self.queue: asyncio.Queue[NewChunk | None] = asyncio.Queue()
        self.bytes = 0

    async def ended_by(self, capture: Awaitable[State]) -> State:
        """What was captured; no chunk comes after that."""
        state = await capture
        self.queue.put_nowait(None)
        return state

    async def run(self) -> None:
        """Returns when all chunks are stored."""
        while (chunk := await self.queue.get()) is not None:
            await self._put(chunk)
            self.bytes += chunk.size_bytes

    async def _put(self, chunk: NewChunk) -> None:
        stock, name = self._stock, layout.chunk_name(chunk.digest)
        elsewhere = stock.place.local_chunks is None
        end = await apart(lambda _: self._checked(chunk)) if elsewhere else b""
        await stock.storage.put(name, chunk.path)
        reach("archive.chunk_put")
        if elsewhere:
            if await stock.place.digest_of(name) != chunk.digest:
                raise BackupDamaged(f"{name} is not read back as it was written", hint=_NOT_READ_BACK)
            await asyncio.to_thread(stock.ends.keep, chunk.digest, end)
            chunk.path.unlink(missing_ok=True)  # A storage may leave it, and the disk here may be small.

    def _checked(self, chunk: NewChunk) -> bytes:
        """Each page is authenticated while the chunk is here. Returns its end."""
        try:
            check_chunk(chunk.path, chunk.digest, self._key)
        except errors.DatabaseDamaged as error:
            raise _spoilt_shop(error.details.get("pages", ())) from error
        return read_end(chunk.path)


def _spoilt_shop(pages: Collection[int]) -> errors.DatabaseDamaged:
    return errors.DatabaseDamaged(
        f"The shop's file is damaged: {named_pages(sorted(pages)) or 'its pages'} cannot be authenticated"
    )


def _capture(snapshot: Snapshot, order: Order, wrote: Callable[[NewChunk], None], stop: threading.Event) -> bytes:
    """Capture the pages of a file. Returns its salt. In a thread."""
    with snapshot.connection() as connection:
        page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])
    if page_bytes != PAGE_BYTES:
        raise PagesUnfit(f"The pages of the snapshot have {page_bytes:,} bytes")
    descriptor = os.open(snapshot.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        PageCapture(
            source=PageSource(descriptor, snapshot.size_bytes // PAGE_BYTES),
            encrypted=snapshot.encrypted,
            staging=order.staging,
            known=order.known,
            distrusted=order.distrusted,
            fast=False,
            wrote=wrote,
            after_block=lambda _: go_on(stop),
        ).run()
        return os.pread(descriptor, SALT_BYTES, 0)
    except OSError as error:
        raise translate_os_error(error, order.staging) from error
    finally:
        os.close(descriptor)
