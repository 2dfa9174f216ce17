"""One of all processes makes the backups; when it ends, another one does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from berrypod_backup.retention.settings import KEY as RETENTION_KEY
from berrypod_backup.retention.settings import RetentionSettings
from berrypod_backup.schedule.leading import Leader, Rhythm
from berrypod_backup.schedule.serving import Serving
from berrypod_backup.schedule.settings import DEFAULT, KEY, SavedSchedule, ScheduleSettings
from berrypod_backup.schedule.state import Pending

from berrypod.settings import Settings
from berrypod.stored import Stored
from tests.backup.making import opened
from tests.backup.schedule.conftest import HOURLY, Led, Pretended
from tests.backup.served import Client
from tests.storage.processes import running
from tests.support.server import RunningServer

QUICK = Rhythm(look=0.01, take_over=0.01, trouble=0.01)


class Telling(Pretended):
    """Says when it is asked for a backup, and never ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def make(self, settings: ScheduleSettings, pending: Pending) -> Any:
        self.asked.set()
        await asyncio.Event().wait()


async def test_of_two_one_leads_and_the_other_takes_over_when_it_ends(led: Led) -> None:
    """Kernel locks hold between two openings of a file, also within one process."""
    await led.set(HOURLY)
    led.now += timedelta(hours=1)
    first, second = (
        Leader(led.leader._context, led.stored, led.states, cast("Serving", serving), QUICK)
        for serving in (Telling(), Telling())
    )
    asked = [cast("Telling", leader.serving).asked for leader in (first, second)]
    async with asyncio.timeout(60), contextlib.AsyncExitStack() as others:
        async with first.running():
            await asked[0].wait()
            await others.enter_async_context(second.running())
            # Longer than the other one needs to look at the lock some times.
            await _looks(led)
            assert not asked[1].is_set()
        while not led.state.last_failure:  # what the first had begun is told as interrupted, by the second
            await asyncio.sleep(0.01)
        led.now += timedelta(minutes=1)
        await asked[1].wait()


async def _looks(led: Led) -> None:
    """Until the lock was looked at from elsewhere ten times."""
    for _ in range(10):
        await asyncio.to_thread(led.states.read)
        await asyncio.sleep(QUICK.take_over)


async def test_a_look_that_fails_is_no_end(led: Led, monkeypatch: pytest.MonkeyPatch) -> None:
    leader = Leader(led.leader._context, led.stored, led.states, cast("Serving", Telling()), QUICK)
    await led.set(HOURLY)
    led.now += timedelta(hours=1)
    failed: list[None] = []

    def read() -> None:
        failed.append(None)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(led.states, "read", read)
        async with asyncio.timeout(60), leader.running():
            while len(failed) < 3:
                await asyncio.sleep(0.01)
            patch.undo()
            await cast("Telling", leader.serving).asked.wait()


# A worker: says of each backup of the schedule that it has made.
_WORKER = """
import asyncio, sys
from pathlib import Path
from berrypod.events import BackupFinished
from berrypod.settings import Settings
from tests.backup.making import shop_with

async def main(path):
    async with shop_with(Settings(environment="test", database_path=Path(path))) as shop:
        print("ready", flush=True)
        told = 0
        while True:
            made = [event for event in shop.third_party.events if isinstance(event, BackupFinished)]
            for event in made[told:]:
                print(event.backup_id, flush=True)
            told = len(made)
            await asyncio.sleep(0.05)

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
"""


async def put(settings: Settings, schedule: ScheduleSettings, *, since: datetime | None = None) -> None:
    """As another process does it. No door of the shop lets times through that are as close, or as old, as these."""
    async with opened(settings) as database:
        saved = SavedSchedule(settings=schedule, since=since or datetime.now(UTC))
        await Stored(database, KEY, SavedSchedule, DEFAULT).put(saved)


async def save(settings: Settings, seconds: float, *, drill: Any = "never", **retention: Any) -> None:
    await put(settings, ScheduleSettings(kind="every", every_hours=seconds / 3600, drill=drill, retries=0))
    async with opened(settings) as database:
        if retention:
            wanted = RetentionSettings(**retention)
            await Stored(database, RETENTION_KEY, RetentionSettings, RetentionSettings()).put(wanted)


def folder_of(settings: Settings) -> Path:
    return settings.database_path.with_name(settings.database_path.name + "-backups")


@pytest.mark.slow
def test_a_killed_ones_work_goes_on_in_another_process(settings: Settings) -> None:
    asyncio.run(save(settings, 1))
    with running(_WORKER, settings.database_path) as first:
        assert first.stdout
        mine = [first.stdout.readline().strip() for _ in range(2)]
        with running(_WORKER, settings.database_path) as second:
            assert second.stdout
            mine.append(first.stdout.readline().strip())
            first.kill()
            first.wait()
            mine += [line.strip() for line in first.stdout]
            others = [second.stdout.readline().strip() for _ in range(3)]
    assert len({*mine, *others}) == len(mine) + len(others)
    manifests = [json.loads(path.read_bytes()) for path in folder_of(settings).glob("*.json")]
    made = {manifest["id"]: manifest for manifest in manifests}
    # By their times: ids tell the second alone, and one that was late may be of the same as the next.
    assert max(made[each]["created_at"] for each in mine) < min(made[each]["created_at"] for each in others)
    assert {"schedule"} == {manifest["origin"] for manifest in manifests}


@pytest.mark.slow
def test_a_server_of_two_workers_makes_each_backup_once_and_leaves_what_the_preview_says(
    settings: Settings, serve: Callable[..., RunningServer]
) -> None:
    """It is switched on by another process while the server runs; each backup is proven, and old ones go meanwhile."""
    with Client.of(serve, settings, workers=2) as client:
        asyncio.run(save(settings, 4, drill="always", enabled=True, last=3, daily=0, weekly=0, monthly=0))
        until = time.monotonic() + 400
        made, proven = set[str](), set[str]()
        while len(made) < 10:
            records = client.http.get("/api/backups").json()["items"]
            proven |= {backup["id"] for backup in _kept(client.http) if backup["proven"]}
            made |= {record["id"] for record in records if record["state"] == "done"}
            assert not [record for record in records if record["state"] in ("failed", "interrupted")]
            assert time.monotonic() < until, client.http.get("/api/backups/schedule").text
            time.sleep(0.1)
        client.http.put("/api/backups/schedule", json={"kind": "off"}).raise_for_status()
        while (status := client.http.get("/api/backups/schedule").json()["status"])["running_since"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert not status["failing"], status
        dues = sorted(name[:15] for name in made)
        assert len(set(dues)) == len(dues), "none twice"
        while not all(backup["proven"] for backup in _kept(client.http)):
            assert time.monotonic() < until
            time.sleep(0.1)
        proven |= {backup["id"] for backup in _kept(client.http)}
        assert made <= proven
        assert 3 <= len(_kept(client.http)) <= 4, "old ones go with each new one"
        (plan, *_) = client.http.post(
            "/api/backups/retention/preview", json=client.http.get("/api/backups/retention").json()
        ).json()
        client.http.post("/api/backups/prune").raise_for_status()
        assert [backup["id"] for backup in _kept(client.http)] == [one["id"] for one in plan["stay"]]


def _kept(http: httpx.Client) -> list[dict[str, Any]]:
    return http.get("/api/backups/archives").json()[0]["backups"]
