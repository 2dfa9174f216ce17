"""A drill takes the same memory in the shop's process, whatever the size of the backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.conftest import KEY
from tests.storage.processes import python

FLAT = 32_000_000

WORK = """
import asyncio, re, sys
from pathlib import Path
from berrypod.settings import Secret, Settings
from tests.backup.drill.making import SHED, shop_with
from tests.backup.making import grow

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def kept(settings):
    async with shop_with(settings) as shop:
        return (await shop.backup(pages=True)).id

async def drilled(settings, backup_id):
    async with shop_with(settings) as shop:
        assert (await shop.drill.run(SHED, backup_id, None)).problem is None

settings = Settings(environment="test", database_path=Path(sys.argv[1]), secret_key_db=Secret(sys.argv[2]))
asyncio.run(drilled(settings, asyncio.run(kept(settings))))
grow(settings, 150)
big = asyncio.run(kept(settings))
before = peak()
asyncio.run(drilled(settings, big))
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
def test_a_drill_of_150_mb_takes_no_more_than_32_mb(encrypted_settings: Settings) -> None:
    assert int(python(WORK, encrypted_settings.database_path, KEY.reveal(), timeout=300)) < FLAT
