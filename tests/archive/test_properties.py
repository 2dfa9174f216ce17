"""Whatever is added and deleted, in any order: each backup that is left is whole, and no chunk is there in vain."""

from __future__ import annotations

import asyncio
import hashlib
import random
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from berrypod.archive.archive import Archive, Taking
from berrypod.archive.folder import FolderStorage
from berrypod.archive.manifest import Manifest
from berrypod.declarations import Snapshot
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.page_map import read_map
from tests.archive.making import Elsewhere

MOST_PAGES = 12

# What is done: pages change (and the file grows or shrinks) and a backup is added, or one is deleted, or all is swept.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, MOST_PAGES), st.integers(0, 2**32), st.booleans()),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("sweep")),
    ),
    max_size=12,
)


class PageSize:
    """All that is asked of the connection to a file."""

    def execute(self, _: str) -> PageSize:
        return self

    def fetchone(self) -> tuple[int]:
        return (PAGE_BYTES,)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Ground:
    """An archive, and what its backups must come out as. Files are bytes: nobody looks into them here."""

    archive: Archive
    folder: Path
    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])
    pages: list[bytes] = field(default_factory=list[bytes])
    added: int = 0
    written: int = 0

    async def add(self, count: int, seed: int, whole: bool) -> None:
        chance = random.Random(seed)
        self.pages = [page for page in self.pages[:count] if page]
        self.pages += [b""] * (count - len(self.pages))
        self.pages = [page if page and chance.random() < 0.7 else chance.randbytes(PAGE_BYTES) for page in self.pages]
        content = b"".join(self.pages)
        path = self.folder / "snapshot"
        path.write_bytes(content)
        self.added += 1
        at = datetime(2026, 3, 14, tzinfo=UTC) + timedelta(seconds=self.added)
        manifest = await self.archive.take_file(
            Snapshot(
                id="a",
                created_at=at,
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                method="snapshot",
                schema_revision="1",
                row_counts={},
                encrypted=False,
                path=path,
                opener=PageSize,  # pyright: ignore[reportArgumentType]
            ),
            Taking(id=f"{at:%Y%m%d-%H%M%S}-{seed:08x}"[:24], pages=not whole),
        )
        self.kept[manifest.id] = content
        self.written += manifest.stored_bytes

    async def delete(self, place: int) -> None:
        if self.kept:
            backup_id = sorted(self.kept)[place % len(self.kept)]
            await self.archive.delete(backup_id)
            del self.kept[backup_id]

    async def judge(self) -> None:
        entries = await self.archive.entries()
        assert {entry.id: entry.problem for entry in entries} == dict.fromkeys(self.kept)
        needed = set[str]()
        for entry in entries:
            manifest = entry.manifest
            assert isinstance(manifest, Manifest)
            assert b"".join([piece async for piece in self.archive.open(manifest.id)]) == self.kept[manifest.id]
            if manifest.storage == "pages":
                needed |= set(read_map(self.folder / "kept" / f"berrypod-backup-{manifest.id}.map").chunks)
        assert {path.name for path in (self.folder / "kept").glob("chunks/*/*")} == needed


async def _run(steps: list[tuple[str, int, int, bool]], *, elsewhere: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        storage = FolderStorage(folder / "kept")
        archive = Archive(Elsewhere(storage) if elsewhere else storage, work_folder=lambda: folder / "work")
        ground = Ground(archive, folder)
        for method, *arguments in steps:
            if method == "sweep":
                await archive.sweep()
            else:
                await getattr(ground, method)(*arguments)
        await ground.judge()


@given(STEPS, st.booleans())
@settings(max_examples=25)
def test_each_backup_that_is_left_is_whole_and_no_chunk_is_there_in_vain(
    steps: list[tuple[str, int, int, bool]], elsewhere: bool
) -> None:
    asyncio.run(_run(steps, elsewhere=elsewhere))


async def _months(folder: Path) -> tuple[float, float]:
    """Backups of a shop of which some pages never change and the others often do; the last three are kept.

    Returns how much is stored in the end, and how much was written for what had changed.
    """
    ground = Ground(Archive(FolderStorage(folder / "kept"), work_folder=lambda: folder / "work"), folder)
    pages, changed = 600, 0
    await ground.add(pages, 0, whole=False)
    first = ground.written
    for seed in range(1, 30):
        before = list(ground.pages)
        await ground.add(pages, seed, whole=False)
        changed += sum(page != other for page, other in zip(before, ground.pages, strict=True))
        if len(ground.kept) > 3:
            await ground.delete(0)
    await ground.judge()
    stored = sum(path.stat().st_size for path in folder.glob("kept/chunks/*/*"))
    return stored / (pages * PAGE_BYTES), (ground.written - first) / (changed * PAGE_BYTES)


def test_what_is_stored_and_written_stays_in_proportion_over_months(tmp_path: Path) -> None:
    """Three backups, each of which has changed 30 % of the pages: 1.6 times the pages are needed."""
    stored, written = asyncio.run(_months(tmp_path))

    assert stored < 3
    assert written < 1.5
