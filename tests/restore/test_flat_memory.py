"""Inspecting, re-keying and preparing take the same memory whatever the size of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.backup.making import grow
from tests.conftest import KEY
from tests.restore.badfiles import OTHER_KEY
from tests.storage.processes import python

FLAT = 32_000_000

WORK = """
import asyncio, re, sys
from pathlib import Path
from berrypod.settings import Secret
from berrypod_restore.inspection import inspect
from berrypod_restore.preparation import prepare
from berrypod.storage.rekeying import rekey

small, big, old, new = Path(sys.argv[1]), Path(sys.argv[2]), Secret(sys.argv[3]), Secret(sys.argv[4])

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def work(path):
    found = await inspect(path, old, progress=lambda *_: None)
    assert found.verdict.code == "valid", found.verdict
    await rekey(path, old, new)
    await prepare(path, new)

asyncio.run(work(small))
before = peak()
asyncio.run(work(big))
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
def test_150_mb_take_no_more_than_32_mb(encrypted_settings: Settings, tmp_path: Path) -> None:
    big = encrypted_settings.database_path
    small = tmp_path / "small.db"
    small.write_bytes(big.read_bytes())
    grow(encrypted_settings, 150)
    assert int(python(WORK, small, big, KEY.reveal(), OTHER_KEY.reveal(), timeout=300)) < FLAT
