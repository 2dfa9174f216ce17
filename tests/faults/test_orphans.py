"""A server whose first process is killed: its workers do not go on without it."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from berrypod.settings import Settings
from tests.support.server import RunningServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]


def children_of(pid: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_workers_of_a_killed_parent_stop_in_good_order(
    encrypted_settings: Settings, serve: Callable[..., RunningServer]
) -> None:
    """Otherwise they would keep the port and the file, and what one starts next would be told that both are in use."""
    server = serve(encrypted_settings, workers=2)
    ends = [os.pidfd_open(child) for child in children_of(server.process.pid)]
    assert len(ends) >= 2
    server.kill()
    try:
        for end in ends:
            assert select.select([end], [], [], 60)[0], f"a process goes on without its parent:\n{server.output}"
    finally:
        for end in ends:
            os.close(end)
    assert not encrypted_settings.database_path.with_name(encrypted_settings.database_path.name + "-wal").exists()
