"""What is done with an archive by a process that may be killed, or that meets a full disk."""

from __future__ import annotations

import asyncio
import random
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from berrypod.archive.archive import Archive, Taking
from berrypod.archive.faults import ArchiveBusy, CopyUnknown
from berrypod.archive.folder import FolderStorage
from berrypod.declarations import Snapshot
from berrypod.errors import BerrypodError
from berrypod.storage.connection import open_immutable
from berrypod.storage.verification import VerifiedFile, verify
from tests.archive.making import Elsewhere
from tests.conftest import KEY
from tests.faults.work import Stop, Told, watch

Doing = Literal["add pages", "add file", "delete", "sweep", "update"]

FIRST, SECOND, NEW = "20260314-120000-00000001", "20260314-120000-00000002", "20260314-120000-00000003"


@dataclass(frozen=True)
class Ground:
    """A folder with an archive of two backups, and the file of a third one. Copied for each kill."""

    folder: Path
    elsewhere: bool

    @property
    def archive(self) -> Archive:
        storage = FolderStorage(self.folder / "kept")
        return Archive(Elsewhere(storage) if self.elsewhere else storage, work_folder=lambda: self.folder / "work")

    def copied(self, target: Path) -> Ground:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder, target)
        return Ground(target, self.elsewhere)

    def snapshot(self, facts: VerifiedFile) -> Snapshot:
        path = self.folder / "new.db"
        return Snapshot(
            id=NEW,
            created_at=datetime(2026, 3, 14, 12, tzinfo=UTC),
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            method="snapshot",
            schema_revision=facts.schema_revision,
            row_counts=dict(facts.row_counts),
            encrypted=facts.encrypted,
            path=path,
            opener=lambda: open_immutable(path, facts.key),
        )


async def do(ground: Ground, doing: Doing) -> object:
    archive = ground.archive
    match doing:
        case "add pages" | "add file":
            path = ground.folder / "new.db"
            facts = await verify(path, KEY)
            return await archive.take_file(ground.snapshot(facts), Taking(id=NEW, pages=doing == "add pages"))
        case "delete":
            return await archive.delete(FIRST)
        case "sweep":
            return await archive.sweep()
        case "update":
            return await archive.verify(FIRST, KEY)


def work(ground: Ground, doing: Doing, stop: Stop | None) -> Told:
    """Do it, until the point where it is stopped."""
    points = watch(stop)
    try:
        asyncio.run(do(ground, doing))
    except BerrypodError as error:
        return Told(points, error.message, error.code, error.hint)
    return Told(points)


def churn(ground: Ground, seed: int) -> None:
    """Add and delete, beside another process that does the same."""
    asyncio.run(_churn(ground, random.Random(seed)))


async def _churn(ground: Ground, chance: random.Random) -> None:
    archive, facts = ground.archive, await verify(ground.folder / "new.db", KEY)
    for number in range(12):
        taking = Taking(id=f"20260314-1200{number:02}-{chance.randbytes(4).hex()}", pages=chance.random() < 0.7)
        await archive.take_file(ground.snapshot(facts), taking)
        ids = [entry.id for entry in await archive.entries() if entry.kind == "backup" and entry.id]
        if len(ids) > 2:
            with suppress(CopyUnknown, ArchiveBusy):  # the other process was quicker, or is at it
                await archive.delete(chance.choice(ids))
