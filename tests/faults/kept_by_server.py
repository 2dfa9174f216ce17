"""A server that makes the backups that are due, and others that are asked for, while customers order; it is killed."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
from berrypod_backup.retention import settings as retention
from berrypod_backup.schedule import settings as schedule
from berrypod_backup.schedule.state import States

from berrypod.stored import Stored
from tests.backup.making import opened
from tests.faults import commands, keeping
from tests.faults.commands import Printed
from tests.faults.forks import Forks
from tests.faults.keeping import ENVIRONMENT, Found
from tests.faults.served import Customers, Program, notes_in, stocked
from tests.faults.work import settings_of
from tests.support.server import RunningServer, start_server

_LONGEST_LIFE_SECONDS = 2.5
_QUIET_SECONDS = 180


@dataclass
class ServedShop:
    """It lives through all kills."""

    path: Path
    forks: Forks
    where: Counter[str] = field(default_factory=Counter[str])
    verified: int = 0
    bad: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])
    confirmed: set[str] = field(default_factory=set[str])

    def kill_at_random(self, times: int, chance: random.Random) -> None:
        token = stocked(settings_of(self.path))
        asyncio.run(self._schedule())
        for number in range(times):
            self._make_overdue()
            server = self._start()
            with _keeping(Program(server.url, token)), Customers(server.url, f"life {number}").ordering(2) as customers:
                time.sleep(chance.uniform(0, _LONGEST_LIFE_SECONDS))  # the moment, and no wait for anything
                server.kill()
            self.confirmed |= customers.confirmed.keys()
            self.where["while a backup was made" if self._in_hand() else "between backups"] += 1
            self._judge(number, token)

    def _start(self) -> RunningServer:
        return start_server(settings_of(self.path), env=ENVIRONMENT)

    def _judge(self, number: int, token: str) -> None:
        self._note(self._look())
        if number % 2:
            self._until_quiet(token)
        else:
            arguments = ["backup", "create", "--json"]
            printed: Printed = self.forks.run(
                commands.run, path=self.path, arguments=arguments, env=ENVIRONMENT
            ).result()
            assert printed.status == 0, printed
        found = self._look()
        self._note(found)
        objects = keeping.objects_in(self.path.with_name(f"{self.path.name}-backups"))
        left = [*found.others, *found.active, *keeping.in_vain(objects), *keeping.left_on_disk(self.path.parent)]
        self.left += [f"left over after the kill of life {number}: {name}" for name in left]
        lost = self.confirmed - notes_in(self.path)
        self.bad += [f"an order was confirmed and is not in the shop: {note}" for note in lost]

    def _until_quiet(self, token: str) -> None:
        """Run the server until what the dead have left is gone, and whatever it makes is made."""
        server = self._start()
        program, until = Program(server.url, token), time.monotonic() + _QUIET_SECONDS
        while self._in_hand() or any(one["state"] in _ACTIVE for one in _items(program)):
            assert time.monotonic() < until, (self._in_hand(), server.output)
            time.sleep(0.05)
        server.stop()

    def _in_hand(self) -> list[str]:
        """What somebody works on, or has left; but for the log of the shop, which is open."""
        return [name for name in keeping.left_on_disk(self.path.parent) if not name.endswith(("-wal", "-shm"))]

    def _look(self) -> Found:
        found: Found = self.forks.run(keeping.look, path=self.path, env=ENVIRONMENT).result()
        return found

    def _note(self, found: Found) -> None:
        self.verified += found.verified
        self.bad += found.broken

    async def _schedule(self) -> None:
        """A backup each minute; the last three are kept."""
        since = datetime.now(UTC) - timedelta(days=1)
        settings = schedule.ScheduleSettings(kind="every", every_hours=1 / 60, retry_seconds=1)
        keeps = retention.RetentionSettings(enabled=True, last=3, daily=0, weekly=0, monthly=0, manual=True)
        async with opened(settings_of(self.path)) as database:
            await Stored(database, schedule.KEY, schedule.SavedSchedule, schedule.DEFAULT).put(
                schedule.SavedSchedule(settings=settings, since=since)
            )
            await Stored(database, retention.KEY, retention.RetentionSettings, retention.DEFAULT).put(keeps)

    def _make_overdue(self) -> None:
        """So that one begins with the next start: the least that a schedule knows are minutes."""
        states = States(lambda: self.path.with_name(f"{self.path.name}-work") / "backup")
        if (state := states.read()) is not None:
            states.write(msgspec.structs.replace(state, counted=state.counted - timedelta(minutes=5)))


_ACTIVE = ("queued", "copying", "verifying", "exporting")


def _items(program: Program) -> list[dict[str, str]]:
    return program.get("/api/backups").json()["items"]


@contextmanager
def _keeping(program: Program) -> Generator[None]:
    """Ask for one backup after another, until the server has gone."""

    def ask() -> None:
        try:
            while True:
                response = program.post("/api/backups", json={"exporters": ["keep"]})
                assert response.status_code == 202, response.text
                while program.get(response.headers["location"]).json()["state"] in _ACTIVE:
                    time.sleep(0.02)
        except httpx.HTTPError:
            return

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
