"""A machine that dies while it sends a backup: what is listed is whole, and the next start removes the rest."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from berrypod_s3.config import S3Config
from berrypod_s3.storage import Fixed, S3Storage

from berrypod.archive.archive import Archive
from berrypod.settings import Settings
from tests.archive.making import bulky
from tests.conftest import KEY
from tests.faults.how_many import part_of
from tests.s3.making import ID, SECRET, Raw
from tests.support.server import environment

_KILLS = part_of(12, percent=50)

WORK = """
import asyncio, sys
from pathlib import Path
from berrypod.archive.archive import Archive, Taking
from berrypod.clock import utc_now
from berrypod.records import new_id
from berrypod.settings import Settings
from berrypod.storage.database import Database
from berrypod.stored import Stored
from berrypod_s3.config import checked
from berrypod_s3.configuring import S3Place
from berrypod_s3.pace import Pace
from berrypod_s3.storage import Fixed, S3Storage

bucket, endpoint, key, secret, work = sys.argv[1:]
config = checked(bucket=bucket, prefix="shop", endpoint=endpoint, region="", path_style="", access_key_id=key,
    secret_access_key=secret)
archive = Archive(S3Storage(Fixed(config), pace=Pace(part_bytes=5_242_880)), work_folder=lambda: Path(work))

async def main():
    database = Database(Settings.from_env())
    await database.open()
    await archive.sweep()
    while True:
        print("begun", flush=True)
        await Stored(database, "test.change", S3Place, S3Place()).put(S3Place(prefix=str(utc_now())))
        await archive.take_live(database, Taking(id=new_id(utc_now())), fast=True)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_whatever_moment_it_dies_what_is_listed_is_whole(
    encrypted_settings: Settings, config: S3Config, storage: S3Storage, raw: Raw, tmp_path: Path
) -> None:
    bulky(encrypted_settings, 2500)
    work = tmp_path / "work"
    chance = random.Random(20260314)
    for _ in range(_KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", WORK, config.bucket, str(config.endpoint), ID, SECRET, str(work)],
            env=environment(encrypted_settings),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0, 1.5))  # a moment, not a wait
        process.kill()
        process.wait(30)
        process.stdout.close()

    archive = Archive(S3Storage(Fixed(config)), work_folder=lambda: work)
    await archive.sweep()
    entries = await archive.entries()
    assert [entry.kind for entry in entries] == ["backup"] * len(entries)
    for entry in entries:
        assert entry.id
        assert (await archive.verify(entry.id, KEY)).verified_at is not None
    for entry in entries:
        await archive.delete(str(entry.id))
    await archive.sweep()
    assert raw.names() == []
    assert raw.unfinished() == []
