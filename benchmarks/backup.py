"""What a backup costs: time, bytes, memory, and what a writer feels of it; each way to make one, side by side.

    python -m benchmarks.backup [--sizes 10,100,500] [--runs 5] [--rate 100]

For each size, an encrypted shop is made, and each way is taken in turn, several times: first alone, which gives times
and memory, then beside a writer (`benchmarks.writer`), which gives its 50th and 99th percentile. Medians are printed.

cp              the file, with an fsync: not a backup, but what the disk and the kernel can do
VACUUM INTO     bare, with an fsync
compact         ours by VACUUM INTO
snapshot        ours byte for byte, paced; and `--fast`
incremental     ours, after 1 % of the rows changed; paced and fast

`start` is what comes before copying (for a snapshot, a process of its own is started); `copy` is until the copy is on
the disk; `verify` what comes after, which `cp` and a bare VACUUM INTO leave out. What is kept incrementally is verified
by whoever keeps it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from sqlcipher3 import dbapi2

from benchmarks.memory import Watched, watching
from benchmarks.orders import opened
from benchmarks.shops import hang_pictures
from benchmarks.writer import Writer, writing
from berrypod.settings import Secret, Settings
from berrypod.storage import schema
from berrypod.storage.capture import capture
from berrypod.storage.chunks import chunk_path
from berrypod.storage.connection import open_connection
from berrypod.storage.database import Database
from berrypod.storage.diagnosis import find_key
from berrypod.storage.keys import PAGE_BYTES
from berrypod.storage.snapshot import Method, Stage, make_snapshot

_SETTLE_SECONDS = 0.5
_MEMORY_TARGET = 32.0


@dataclass(frozen=True)
class Run:
    """Moments on the machine's clock: when it was begun, when the copy was on the disk, when all was done.

    `copying` is how many of the seconds up to there were spent on copying.
    """

    begun: float
    copied: float
    done: float
    copying: float
    written_bytes: int

    @property
    def starting(self) -> float:
        return self.copied - self.begun - self.copying

    @property
    def verifying(self) -> float:
        return self.done - self.copied


@dataclass
class Measured:
    """All runs of one way; `peaks` in bytes over idle; `spans` are when it copied beside the writer."""

    runs: list[Run] = field(default_factory=list[Run])
    peaks: list[int] = field(default_factory=list[int])
    spans: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def median(self, name: str) -> float:
        return median(getattr(run, name) for run in self.runs)

    @property
    def copy(self) -> float:
        return self.median("copying")

    @property
    def written(self) -> float:
        return self.median("written_bytes")

    @property
    def peak(self) -> float:
        return max(self.peaks) / 1e6


Way = Callable[[], Awaitable[Run]]


class Ways:
    """Each way to copy one shop."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._target, self._known = folder / "copy.db", folder / "known"
        self._turn = 0

    def all(self) -> dict[str, Way]:
        return {
            "cp": self.cp,
            "VACUUM INTO": self.vacuum_into,
            "compact": lambda: self.snapshot("compact"),
            "snapshot": lambda: self.snapshot("snapshot"),
            "snapshot fast": lambda: self.snapshot("snapshot", fast=True),
            "incremental": lambda: self.incremental(fast=False),
            "incremental fast": lambda: self.incremental(fast=True),
        }

    async def cp(self) -> Run:
        self._target.unlink(missing_ok=True)
        begun = time.monotonic()
        await asyncio.to_thread(subprocess.run, ["cp", self._database.path, self._target], check=True)
        await asyncio.to_thread(_fsync, self._target)
        copied = time.monotonic()
        return Run(begun, copied, copied, copied - begun, self._target.stat().st_size)

    async def vacuum_into(self) -> Run:
        self._target.unlink(missing_ok=True)

        def work(source: dbapi2.Connection) -> None:
            source.execute("VACUUM INTO ?", (str(self._target),))
            _fsync(self._target)

        begun = time.monotonic()
        await self._database.run_in_thread(work, read_only=False)
        copied = time.monotonic()
        return Run(begun, copied, copied, copied - begun, self._target.stat().st_size)

    async def snapshot(self, method: Method, *, fast: bool = False) -> Run:
        self._target.unlink(missing_ok=True)
        copied = 0.0

        def progress(stage: Stage, _: float) -> None:
            nonlocal copied
            if stage == "verifying":
                copied = copied or time.monotonic()

        begun = time.monotonic()
        made = await make_snapshot(self._database, self._target, method=method, fast=fast, progress=progress)
        done = time.monotonic()
        if made.method != method:
            raise SystemExit(f"the snapshot became {made.method}")
        return Run(begun, copied, done, made.copying_seconds, made.facts.size_bytes)

    async def prepare(self, name: str) -> None:
        """What is not measured."""
        if name.startswith("incremental"):
            await self.change_rows()

    async def change_rows(self) -> None:
        """1 % of them."""
        self._turn += 1
        await self._database.run_in_thread(lambda writer: _change(writer, self._turn), read_only=False)

    async def incremental(self, *, fast: bool) -> Run:
        """What was captured before is known; of a big file, the first time takes as long as a copy."""
        begun = time.monotonic()
        staging = self._folder / "staging"
        staging.mkdir(mode=0o700)
        captured = await capture(self._database, staging, self._known, fast=fast)
        done = time.monotonic()
        for chunk in captured.new_chunks:
            kept = chunk_path(self._known, chunk.digest)
            kept.parent.mkdir(exist_ok=True, parents=True)
            chunk.path.rename(kept)
        shutil.rmtree(staging)
        return Run(begun, done, done, captured.copying_seconds, captured.written_bytes)

    async def differing_bytes(self) -> int:
        """Of the pages that differ after 1 % of the rows changed: told by two copies."""
        former, later = self._folder / "former.db", self._folder / "later.db"
        await make_snapshot(self._database, former, method="snapshot", fast=True)
        await self.change_rows()
        await make_snapshot(self._database, later, method="snapshot", fast=True)
        differing = 0
        with former.open("rb") as one, later.open("rb") as other:
            while page := other.read(PAGE_BYTES):
                differing += page != one.read(PAGE_BYTES)
        former.unlink()
        later.unlink()
        return differing * PAGE_BYTES


def _change(writer: dbapi2.Connection, turn: int) -> None:
    """1 % of the pictures get another text, and so are written anew."""
    writer.execute("UPDATE images SET alt = ? WHERE id % 100 = ?", (f"turn {turn}", turn % 100))


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    os.fsync(descriptor)
    os.close(descriptor)


async def measure(settings: Settings, folder: Path, runs: int, rate: float) -> tuple[dict[str, Measured], Writer, int]:
    """Each way, alone and beside a writer. Returns the pages that differ after 1 % of the rows changed, too."""
    passphrase = settings.secret_key_db
    assert passphrase
    async with opened(settings) as database:
        ways = Ways(database, folder)
        await ways.incremental(fast=True)  # the first one
        measured = {name: Measured() for name in ways.all()}
        with watching(os.getpid()) as watched:
            for _ in range(runs):
                for name, way in ways.all().items():
                    await ways.prepare(name)
                    await _alone(way, measured[name], watched)
        differing = await ways.differing_bytes()
        with writing(settings.database_path, passphrase, rate) as writer:
            for _ in range(runs):
                for name, way in ways.all().items():
                    await ways.prepare(name)
                    await asyncio.sleep(_SETTLE_SECONDS)
                    run = await way()
                    measured[name].spans.append((run.begun, run.copied))
        return measured, writer, differing


async def _alone(way: Way, measured: Measured, watched: Watched) -> None:
    # What earlier ways left to be written is not this one's to wait for.
    await asyncio.to_thread(os.sync)
    watched.begin()
    idle = watched.peak
    measured.runs.append(await way())
    watched.look()
    measured.peaks.append(watched.peak - idle)


def show(megabytes: int, size: int, measured: dict[str, Measured], writer: Writer, differing: int) -> None:
    print(f"\n{size / 1e6:,.0f} MB ({megabytes} MB of pictures)")
    heads = {"start": 7, "copy": 8, "verify": 8, "MB/s": 7, "written": 12, "memory": 9, "writer p50": 12, "p99": 8}
    print(" " * 18 + "".join(f"{head:>{width}}" for head, width in heads.items()))
    for name, one in measured.items():
        print(
            f"{name:18}{one.median('starting'):7.2f}{one.copy:8.3f}{one.median('verifying'):8.2f}"
            f"{size / 1e6 / one.copy:7.0f}{one.written / 1e6:9.1f} MB{one.peak:6.1f} MB"
            f"{writer.percentile(50, one.spans):9.2f} ms{writer.percentile(99, one.spans):5.0f} ms"
        )
    cp, bare = measured["cp"], measured["VACUUM INTO"]

    def ratio(what: str, value: float, limit: float, *, least: bool = False) -> None:
        met = value >= limit if least else value <= limit
        print(f"  {what:66}{value:8.2f}   {'at least' if least else 'at most'} {limit:g}{'' if met else '   NOT MET'}")

    ratio("compact, copying: times VACUUM INTO", measured["compact"].copy / bare.copy, 1.15)
    if megabytes >= 100:
        ratio("snapshot fast, copying: times cp", measured["snapshot fast"].copy / cp.copy, 1.25)
    ratio("incremental fast, copying: times cp", measured["incremental fast"].copy / cp.copy, 1.5)
    ratio("incremental: bytes written, times those of changed pages", measured["incremental"].written / differing, 1.5)
    ratio("snapshot: MB a second", size / 1e6 / measured["snapshot"].copy, 200, least=True)
    paced = writer.percentile(99, measured["snapshot"].spans)
    ratio("snapshot: writer's p99, times that beside VACUUM INTO", paced / writer.percentile(99, bare.spans), 3)
    ours = max(one.peak for name, one in measured.items() if name not in ("cp", "VACUUM INTO"))
    ratio("memory over idle, MB", ours, _MEMORY_TARGET)


def make_shop(settings: Settings, megabytes: int) -> None:
    """A shop with so much of pictures, and rows that may change."""
    schema.create(settings.database_path, settings.secret_key_db)
    hang_pictures(settings, megabytes)
    key = find_key(settings.database_path, settings.secret_key_db)
    with closing(open_connection(settings.database_path, key)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,500", help="in megabytes; 2000 takes some ten minutes")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=100.0, help="transactions a second of the writer")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured")
    arguments = parser.parse_args()
    for megabytes in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            settings = Settings(database_path=folder / "shop.db", secret_key_db=Secret(secrets.token_urlsafe(48)))
            make_shop(settings, megabytes)
            size = settings.database_path.stat().st_size
            show(megabytes, size, *asyncio.run(measure(settings, folder, arguments.runs, arguments.rate)))


if __name__ == "__main__":
    main()
