"""Shops with an archive, of which backups are drilled; and ways to spoil what lies in it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import berrypod_restore.plugin
from berrypod_backup.archives import Archives
from berrypod_backup.drill.service import Drill, DrillPace

from berrypod.archive.archive import Archive
from berrypod.archive.folder import FolderStorage
from berrypod.archive.manifest import Manifest
from berrypod.archive.taking import Taking
from berrypod.context import PluginContext
from berrypod.declarations import BackupExporter, RestoreGuard, RestoreRehearsal, Snapshot
from berrypod.events import Event
from berrypod.parts import Parts, create_parts
from berrypod.plugins import Plugins, PluginSource
from berrypod.records import new_id
from berrypod.settings import Settings
from berrypod.storage.snapshot import make_snapshot
from tests.support.third_party import ThirdParty

QUICK = DrillPace(look_seconds=0.02)
ADA = "admin:ada@example.org"
SHED = "shed"


@dataclass
class Shop:
    """A shop that is open, with an archive, as one process sees it."""

    parts: Parts
    third_party: ThirdParty
    archive: Archive
    folder: Path
    drill: Drill

    @property
    def context(self) -> PluginContext:
        return self.drill.context

    @property
    def events(self) -> list[Event]:
        """What happened to backups so far."""
        assert self.parts.plugins.flush(60)
        return [event for event in self.third_party.events if event.name.startswith("backup.")]

    async def backup(self, *, pages: bool = False) -> Manifest:
        """A backup of the shop as it is, kept in the archive."""
        database = self.parts.database
        path = database.path.with_name("snapshot-of-a-test.db")
        made = await make_snapshot(database, path, overwrite=True)
        facts = made.facts
        snapshot = Snapshot(
            id=new_id(made.created_at),
            created_at=made.created_at,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            method=made.method,
            schema_revision=facts.schema_revision,
            row_counts=dict(facts.row_counts),
            encrypted=facts.encrypted,
            path=path,
            opener=made.open,
        )
        manifest = await self.archive.take_file(snapshot, Taking(id=snapshot.id, pages=pages))
        path.unlink(missing_ok=True)
        return manifest

    def stored(self, ending: str) -> Path:
        """The one object of the archive with this ending."""
        (found,) = self.folder.rglob(f"*{ending}")
        return found

    def parts_of_backups(self) -> list[Path]:
        """All that the archive stores but manifests."""
        return [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".json"]

    def left_over(self) -> list[str]:
        """What drills have left beside their records."""
        return [path.name for path in (self.context.work_folder() / "drills" / "data").iterdir()]

    def digest(self) -> str:
        """Of the shop's own file."""
        return hashlib.sha256(self.parts.database.path.read_bytes()).hexdigest()


@asynccontextmanager
async def shop_with(
    settings: Settings,
    *,
    exporters: Sequence[BackupExporter] = (),
    guards: Sequence[RestoreGuard] = (),
    rehearsals: Sequence[RestoreRehearsal] = (),
    restores: bool = True,
) -> AsyncGenerator[Shop]:
    """The shop of `settings`, open and running. Without `restores`, the restore plugin is not installed."""
    folder = settings.database_path.with_name("archive")
    work_folder = settings.database_path.with_name("archive-work")

    def private() -> Path:
        work_folder.mkdir(mode=0o700, exist_ok=True)
        return work_folder

    archive = Archive(FolderStorage(folder), work_folder=private)
    shed = BackupExporter(name=SHED, title="Shed", description="For a test.", archive=archive)
    third_party = ThirdParty(guards, [shed, *exporters], rehearsals)
    sources = [PluginSource.of(third_party, "third_party")]
    if restores:
        sources.append(PluginSource.of(berrypod_restore.plugin, "restore"))
    parts = create_parts(settings, Plugins.discover(settings, sources, installed=False))
    assert [report.error for report in parts.plugins.report()] == [None] * len(sources)
    context = parts.context("backup")
    drill = Drill(context, Archives(context), QUICK)
    async with parts.opened(), drill.running():
        yield Shop(parts, third_party, archive, folder, drill)


def changed(path: Path, change: Callable[[bytearray], None]) -> None:
    """Change the bytes of a file."""
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)


def flip(content: bytearray) -> None:
    """One bit in the middle."""
    content[len(content) // 2] ^= 1
