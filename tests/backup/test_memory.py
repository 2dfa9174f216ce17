"""Memory stays flat, however big the shop: while a backup is made, checked and fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from berrypod.settings import Settings
from tests.backup.making import grow
from tests.backup.served import Client

MEGABYTES = 150
FLAT = 32_000_000


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc, which is Linux's")
def test_a_backup_of_150_mb_takes_no_more_than_32_mb(encrypted_settings: Settings, serve: Any, tmp_path: Path) -> None:
    with Client.of(serve, encrypted_settings) as client:
        client.fetch(client.ended(client.start()), tmp_path / "warm.db")
    grow(encrypted_settings, MEGABYTES)
    with Client.of(serve, encrypted_settings) as client:
        for _ in range(20):
            assert httpx.get(f"{client.server.url}/", timeout=60).status_code == 200
        before = peak_bytes(client.server.process.pid)
        address = client.ended(client.start())
        made = peak_bytes(client.server.process.pid)
        path = client.fetch(address, tmp_path / "copy.db")
        after = peak_bytes(client.server.process.pid)
    assert path.stat().st_size > MEGABYTES * 1_000_000
    assert made - before < FLAT
    assert after - made < FLAT / 2
