"""Memory stays flat, however big an object is."""

from __future__ import annotations

from pathlib import Path

import pytest
from berrypod_s3.config import S3Config

from tests.s3.making import ID, SECRET
from tests.storage.processes import python

FLAT = 16_000_000

WORK = """
import asyncio, hashlib, re, sys
from pathlib import Path
from berrypod_s3.config import checked
from berrypod_s3.storage import Fixed, S3Storage

small, big, bucket, endpoint, key, secret = sys.argv[1:]
config = checked(bucket=bucket, prefix="", endpoint=endpoint, region="", path_style="", access_key_id=key,
    secret_access_key=secret)
storage = S3Storage(Fixed(config))

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def work(path):
    await storage.put("x", Path(path))
    sent = peak()
    digest, size = hashlib.sha256(), 0
    async for piece in storage.read("x"):
        digest.update(piece)
        size += len(piece)
    assert size == Path(path).stat().st_size
    return sent, digest.hexdigest()

async def main():
    await work(small)
    before = peak()
    sent, digest = await work(big)
    print(sent - before, peak() - sent, digest)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
def test_300_mb_are_sent_and_read_in_flat_memory(config: S3Config, tmp_path: Path) -> None:
    from hashlib import sha256

    small, big = tmp_path / "small", tmp_path / "big"
    small.write_bytes(b"small")
    digest = sha256()
    with big.open("wb") as file:
        for number in range(300):
            piece = sha256(str(number).encode()).digest() * 31_250
            file.write(piece)
            digest.update(piece)
    told = python(WORK, small, big, config.bucket, config.endpoint, ID, SECRET, timeout=300).split()
    assert int(told[0]) < FLAT, "sending"
    assert int(told[1]) < FLAT, "reading"
    assert told[2] == digest.hexdigest()
