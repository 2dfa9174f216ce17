"""Adding a backup to an archive: its pages or its file first, which are read back, and the manifest last.

What is interrupted was never there: without a manifest it is no backup, and what there is of it goes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from berrypod import __version__
from berrypod.archive import layout
from berrypod.archive.copying import copy_file
from berrypod.archive.deleting import Deleting
from berrypod.archive.faults import BackupDamaged
from berrypod.archive.manifest import Manifest, Origin
from berrypod.archive.stock import Stock
from berrypod.archive.threads import apart
from berrypod.clock import utc_now
from berrypod.declarations import Snapshot
from berrypod.errors import BackupError, BerrypodError, Conflict
from berrypod.records import is_id
from berrypod.storage.faults import reach
from berrypod.storage.files import require_space, translate_os_error
from berrypod.storage.keys import PAGE_BYTES, SALT_BYTES
from berrypod.storage.snapshot import SPARE_BYTES

log = logging.getLogger("berrypod.archive")

# A deletion frees chunks in seconds; a storage elsewhere may need longer.
_WAIT_SECONDS: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Taking:
    """What is asked for. `id` as of `berrypod.records.new_id`; `made_by` as in events; `note` is for people. `shop` is
    a name that no other shop has: it tells whose it is where several keep theirs in one place.

    `pages`: store pages that are not there already, and not one file with all of them.
    """

    id: str
    origin: Origin = "manual"
    made_by: str | None = None
    note: str = ""
    shop: str | None = None
    pages: bool = True
    now: Callable[[], datetime] = utc_now

    def __post_init__(self) -> None:
        if not is_id(self.id):
            raise BackupError(f"{self.id[:100]!r} is no id of a backup", hint="Use `berrypod.records.new_id`.")


class Adding:
    """See the module."""

    def __init__(self, stock: Stock, deleting: Deleting) -> None:
        self._stock, self._deleting = stock, deleting

    async def file(self, snapshot: Snapshot, taking: Taking) -> Manifest:
        """Add a verified file as a whole.

        :raises Conflict: there is one of this id.
        :raises DiskFull: (and other errors of the storage) nothing of it is left then.
        """
        name = layout.file_name(taking.id)
        async with self.begun(taking), self._stock.place.staging() as folder:
            copy = folder / "file"
            salt = await apart(lambda stop: _copied(snapshot.path, copy, stop))
            await self._stock.storage.put(name, copy)
            reach("archive.file_put")
            if await self._stock.place.digest_of(name) != snapshot.sha256:
                raise BackupDamaged(
                    "What was written is not what is read back", hint="Look after the disk (`dmesg`), and try again."
                )
            manifest = described(
                taking,
                created_at=snapshot.created_at.astimezone(UTC),
                size_bytes=snapshot.size_bytes,
                sha256=snapshot.sha256,
                page_count=snapshot.size_bytes // PAGE_BYTES,
                schema_revision=snapshot.schema_revision,
                row_counts=dict(snapshot.row_counts),
                encrypted=snapshot.encrypted,
                key_fingerprint=snapshot.key_fingerprint,
                salt=salt.hex(),
                method=snapshot.method,
                storage="file",
                stored_bytes=snapshot.size_bytes,
            )
            await self._stock.manifests.put(manifest)
            return manifest

    @asynccontextmanager
    async def begun(self, taking: Taking) -> AsyncGenerator[None]:
        """Add a backup in the block, together with others who do. If that fails, nothing of it stays.

        :raises Conflict: there is one of this id.
        :raises ArchiveBusy: chunks are being freed, for longer than one would wait.
        """
        async with self._stock.place.locked(alone=False, seconds=_WAIT_SECONDS):
            await self._deleting.remove_given_up()
            if await self._stock.storage.list(f"{layout.PREFIX}{taking.id}."):
                raise Conflict(f"There is a backup {taking.id} here already", hint="Each is kept once in an archive.")
            async with self._stock.place.unfinished(taking.id):
                try:
                    yield
                except BaseException:
                    await self._clean_up(taking.id)
                    raise
                await self._stock.place.finished(taking.id)

    async def _clean_up(self, backup_id: str) -> None:
        """What does not work now is done by the next start: the note of it stays."""
        try:
            await self._deleting.take_back(backup_id)
        except BerrypodError as error:
            log.warning("what there is of backup %s is removed later: %s", backup_id, error.message)


def described(taking: Taking, **facts: Any) -> Manifest:
    """The manifest of what was just read back and found whole."""
    now = taking.now()
    return Manifest(
        id=taking.id,
        finished_at=now,
        verified_at=now,
        app_version=__version__,
        origin=taking.origin,
        made_by=taking.made_by,
        shop=taking.shop,
        note=taking.note,
        **facts,
    )


def _copied(source: Path, target: Path, stop: threading.Event) -> bytes:
    """Copy a file. Returns its salt."""
    try:
        require_space(target.parent, source.stat().st_size + SPARE_BYTES)
        copy_file(source, target, stop)
        with source.open("rb") as file:
            return file.read(SALT_BYTES)
    except OSError as error:
        raise translate_os_error(error, target.parent) from error
