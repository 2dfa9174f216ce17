"""What is on its way when the database is replaced gets to its end: an upload, a download, a stream of events."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from berrypod.settings import Settings
from tests.backup.making import grow
from tests.faults.served import Program, stocked
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

_MEGABYTES = 20
"""More than all buffers between the server and its client: the server is in the middle of it when the client waits."""


class Halved:
    """A body whose second half is sent when that is allowed."""

    def __init__(self, file: Path) -> None:
        self._content = file.read_bytes()
        self._middle = len(self._content) // 2
        self.go_on = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield self._content[: self._middle]
        assert self.go_on.wait(60)
        yield self._content[self._middle :]

    @property
    def headers(self) -> dict[str, str]:
        return {"content-type": "application/octet-stream", "content-length": str(len(self._content))}


def test_an_upload_a_download_and_events_go_on_over_a_restore(
    encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    token = stocked(encrypted_settings)
    backup = Path(shutil.copy(encrypted_settings.database_path, tmp_path / "backup.db"))
    grow(encrypted_settings, _MEGABYTES)
    large = Path(shutil.copy(encrypted_settings.database_path, tmp_path / "large.db"))
    program = Program(serve(encrypted_settings).url, token)
    made = _made_backup(program)
    staged, halved = program.staged(backup), Halved(large)
    with ThreadPoolExecutor(2) as pool, program.stream("GET", f"{made['address']}/download") as download:
        received = download.iter_raw(1_000_000)
        digest = hashlib.sha256(next(received))
        upload = pool.submit(program.post, "/api/restores", content=halved, headers=halved.headers)
        events = pool.submit(_events, program, _under_way(program))

        before = encrypted_settings.database_path.stat().st_ino
        assert program.ended(program.apply(staged))["outcome"] == "replaced"
        assert encrypted_settings.database_path.stat().st_ino != before
        assert not upload.done()
        assert not events.done()

        for piece in received:
            digest.update(piece)
        halved.go_on.set()
        assert program.ended(upload.result(60), "ready")["sha256"] == hashlib.sha256(large.read_bytes()).hexdigest()
    assert digest.hexdigest() == made["snapshot"]["sha256"]
    states = events.result(60)
    assert (states[0], states[-1]) == ("uploading", "ready")


def _made_backup(program: Program) -> dict[str, Any]:
    """A backup to download, with its address."""
    address = program.post("/api/backups").headers["location"]
    until = time.monotonic() + 60
    while (backup := program.get(address).json())["state"] != "ready":
        assert backup["state"] in ("queued", "copying", "verifying", "exporting"), backup
        assert time.monotonic() < until, backup
    return {**backup, "address": address}


def _under_way(program: Program) -> str:
    """The address of the upload of which some bytes have come."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for record in program.get("/api/restores").json()["items"]:
            if record["state"] == "uploading" and record["received_bytes"]:
                return f"/api/restores/{record['id']}"
    raise AssertionError("nothing of the upload has come")


def _events(program: Program, address: str) -> list[str]:
    """The states that are told, to the end."""
    with program.stream("GET", f"{address}/events") as response:
        lines = list(response.iter_lines())
    assert "event: end" in lines
    return [json.loads(line[6:])["state"] for line in lines if line.startswith("data: {")]
