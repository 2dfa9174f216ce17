"""A restore in the middle of a scheduled backup: the restore does not wait, and the backup is made afterwards."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from berrypod_backup.schedule.settings import ScheduleSettings

from berrypod.settings import Settings
from tests.backup.making import grow
from tests.backup.schedule.test_turns import put
from tests.faults.served import Customers, Program, command, former_files, notes_in, stocked
from tests.support.server import RunningServer

_MEGABYTES = 200
"""To copy that takes a second or more: the restore comes in the middle."""


@pytest.mark.slow
def test_a_restore_during_a_scheduled_backup_is_done_and_the_backup_is_made_again(
    encrypted_settings: Settings, serve: Callable[..., RunningServer], tmp_path: Path
) -> None:
    """With two workers, and customers who order meanwhile. Where the schedule stands is beside the file, and stays."""
    token = stocked(encrypted_settings)
    replacement = Path(shutil.copy(encrypted_settings.database_path, tmp_path / "replacement.db"))
    grow(encrypted_settings, _MEGABYTES)
    server = serve(encrypted_settings, workers=2)
    program = Program(server.url, token)
    staged = program.staged(replacement)
    # Due once a month, and missed an hour ago: it is made up for at once, and no other one comes in between.
    monthly = ScheduleSettings(kind="every", every_hours=24 * 31, drill="never", retries=4, retry_seconds=1)
    since = datetime.now(UTC) - timedelta(days=40)
    with Customers(server.url).ordering(2) as customers:
        asyncio.run(put(encrypted_settings, monthly, since=since))
        cut_short = _until(lambda: _copying(program))
        assert program.ended(program.apply(staged))["outcome"] == "replaced"
        customers.wait_for(3)
        status = _until(lambda: _succeeded(program))
    server.stop()

    failed, made = status["last_failure"], status["last_success"]
    assert (failed["backup_id"], failed["trouble"]["code"]) == (cut_short["id"], "database_closed")
    assert (made["due"], made["attempts"]) == (failed["due"], failed["attempts"] + 1)
    verified = command(encrypted_settings, "backup", "verify", made["backup_id"])
    assert verified.returncode == 0, verified.stderr
    (former,) = former_files(encrypted_settings)
    kept = notes_in(former) | notes_in(encrypted_settings.database_path)
    assert set(customers.confirmed) <= kept, "each order is in the shop, or in what the restore put aside"
    assert not customers.failures


def _copying(program: Program) -> dict[str, Any] | None:
    """The scheduled backup, while it is copied."""
    backups = program.get("/api/backups").json()["items"]
    return next((one for one in backups if one["state"] == "copying" and one["progress"] > 0), None)


def _succeeded(program: Program) -> dict[str, Any] | None:
    status = program.get("/api/backups/schedule").json()["status"]
    return status if status["last_success"] else None


def _until(look: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    until = time.monotonic() + 60
    while (found := look()) is None:
        assert time.monotonic() < until, "it does not come about"
        time.sleep(0.01)
    return found
