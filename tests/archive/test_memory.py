"""Memory stays flat, however big the shop: while a backup is added, read back, fetched and streamed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.backup.making import grow
from tests.conftest import KEY

MEGABYTES = 300
FLAT = 32_000_000

# In a process of its own, of which the peak is known. The helper that captures has its own test.
PROGRAM = """
import asyncio, re, sys
from pathlib import Path
from berrypod.archive.archive import Archive, Taking
from berrypod.archive.folder import FolderStorage
from berrypod.settings import Secret, Settings
from berrypod.storage.database import Database
from tests.archive.making import Elsewhere

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def round(path, folder, elsewhere):
    storage = FolderStorage(folder / "kept")
    archive = Archive(Elsewhere(storage) if elsewhere else storage, work_folder=lambda: folder / "work")
    database = Database(Settings(environment="test", database_path=path, secret_key_db=Secret(sys.argv[4])))
    await database.open()
    manifest = await archive.take_live(database, Taking(id="20260314-120000-00000001"), fast=True)
    await database.close()
    await archive.verify(manifest.id, Secret(sys.argv[4]))
    await archive.fetch(manifest.id, folder / "fetched.db")
    async for _ in archive.open(manifest.id):
        pass
    await archive.delete(manifest.id)

small, big, folder, elsewhere = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[5] == "elsewhere"
folder.mkdir()
asyncio.run(round(small, folder, elsewhere))
(folder / "fetched.db").unlink()
before = peak()
asyncio.run(round(big, folder, elsewhere))
print(peak() - before, (folder / "fetched.db").stat().st_size)
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
def test_a_backup_of_300_mb_takes_no_more_than_32_mb(encrypted_settings: Settings, tmp_path: Path, where: str) -> None:
    small, big = encrypted_settings.database_path, tmp_path / "big.db"
    big.write_bytes(small.read_bytes())
    grow(Settings(environment="test", database_path=big, secret_key_db=KEY), MEGABYTES)
    command = [sys.executable, "-c", PROGRAM, str(small), str(big), str(tmp_path / "ground"), KEY.reveal(), where]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    assert done.returncode == 0, done.stderr
    grown, size = map(int, done.stdout.split())
    assert size > MEGABYTES * 1_000_000
    assert grown < FLAT
